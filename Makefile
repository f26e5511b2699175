# Two commands: `make demo` shows Labkart, `make test` proves it.
# Both set up all they need in this folder, with git, make, Python 3.11 to 3.13 and pip (or uv); the system stays as it is.

UV := $(CURDIR)/.tools/bin/uv
DEMO := demo/my-thesis

.PHONY: demo test bench pictures

demo: $(UV)
	@test -d $(DEMO) || $(UV) tool run cookiecutter . --no-input --output-dir demo > demo.log || { cat demo.log; exit 1; }
	@rm -f demo.log
	@cd $(DEMO) && $(UV) sync --quiet
	@$(DEMO)/.venv/bin/labkart run
	@echo
	@echo "The last line opens it in a browser. Another model: $(DEMO)/.venv/bin/labkart run model=forest"

test: $(UV)
	@$(UV) run --quiet pytest --numprocesses logical

bench: $(UV)
	@$(UV) run --quiet benchmarks/run.py

pictures: $(UV)
	@$(UV) run --quiet tests/pictures.py

$(UV):
	@if command -v uv > /dev/null; then uv pip install --quiet --target .tools uv; \
	else python3 -m pip install --quiet --disable-pip-version-check --target .tools uv; fi
