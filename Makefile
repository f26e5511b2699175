# Two commands: `make demo` shows Labkart, `make test` proves it.
# Both set up all they need in this folder, with git, make, Python 3.11 to 3.13 and pip (or uv); the system stays as it is.

UV := $(CURDIR)/.tools/bin/uv
DEMO := demo/my-thesis
SITE := site

# A shell that sets it would compile every package again in every process: three times the time.
unexport PYTHONDONTWRITEBYTECODE

SERVICES := tests/project tests/services tests/template
# What `make unit` runs of the rooms; CI on macOS runs more.
UNIT ?= not thorough and not integration

.PHONY: demo test test-all unit lint docs links bench pictures

demo: $(UV)
	@test -d $(DEMO) || echo "Making $(DEMO) and installing its packages; this takes a minute the first time."
	@test -d $(DEMO) || $(UV) tool run cookiecutter . --no-input --output-dir demo > demo.log || { cat demo.log; exit 1; }
	@rm -f demo.log
	@cd $(DEMO) && $(UV) sync --quiet
	@$(DEMO)/.venv/bin/labkart run
	@echo
	@echo "The last line opens it in a browser. Another model: $(DEMO)/.venv/bin/labkart run model=forest"

test: $(UV)
	@$(UV) run --quiet pytest --numprocesses logical -m 'not thorough'

# What is marked `thorough`: it takes longer than all the rest.
test-all: $(UV)
	@$(UV) run --quiet pytest --numprocesses logical -m thorough

# In one process: two would spend a third of the time on importing and collecting the same.
unit: $(UV)
	@$(UV) run --quiet pytest -m '$(UNIT)' $(addprefix --ignore=,$(SERVICES))

lint: $(UV) docs
	@$(UV) run --quiet ruff check
	@$(UV) run --quiet ruff format --check
	@$(UV) run --quiet lint-imports --no-logo
	@$(UV) run --quiet basedpyright
	@$(UV) run --quiet zizmor --quiet --offline --strict-collection --persona pedantic .github '{{cookiecutter.project_slug}}/.github'
	@$(UV) run --quiet check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml '{{cookiecutter.project_slug}}'/.github/workflows/*.yml
	@$(UV) run --quiet check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml '{{cookiecutter.project_slug}}/.github/dependabot.yml'
	@$(UV) run --quiet check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff

# The pages as a site; a warning, such as a link that leads nowhere, is an error.
docs: $(UV)
	@for language in en ja; do \
		$(UV) run --quiet sphinx-build --quiet --fail-on-warning --keep-going --fresh-env \
			--conf-dir docs --define language=$$language docs/$$language $(SITE)/$$language || exit 1; \
	done
	@cp docs/index.html $(SITE)/

# Whether the pages of others to which ours lead still exist; needs the network.
links: $(UV)
	@for language in en ja; do \
		$(UV) run --quiet sphinx-build --quiet --builder linkcheck --conf-dir docs \
			--define language=$$language docs/$$language $(SITE)/links/$$language || exit 1; \
	done

bench: $(UV)
	@$(UV) run --quiet python -m benchmarks.run

pictures: $(UV)
	@$(UV) run --quiet python -m tests.support.pictures

$(UV):
	@if command -v uv > /dev/null; then uv pip install --quiet --target .tools uv; \
	else python3 -m pip install --quiet --disable-pip-version-check --target .tools uv; fi
