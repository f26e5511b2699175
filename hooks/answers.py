"""What the template makes of the answers: the package's name, and texts as they may stand in TOML and YAML."""

import hashlib
import json
import keyword
import re
import sys
from pathlib import Path

from cookiecutter.exceptions import FailedHookException
from jinja2.ext import Extension

# Packages that the generated project imports: one of the same name would hide them.
TAKEN = {
    "conf", "data", "filelock", "gokart", "hydra", "hydra_plugins", "labkart", "luigi", "matplotlib", "mlflow", "notebooks",
    "numpy", "omegaconf", "outputs", "pandas", "pytest", "reports", "rich", "ruff", "scipy", "sklearn", "src", "tests",
}  # fmt: skip


def package_name(slug: str) -> str:
    """The importable name that follows from a slug.

    Raises:
        FailedHookException: the slug cannot name a folder and a package; cookiecutter prints the sentence and writes nothing.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", slug) or len(slug) > 40:
        raise FailedHookException(
            f'project_slug "{slug}": use at most 40 lower-case letters, digits and hyphens, a letter first, as in "my-thesis".'
        )
    name = slug.replace("-", "_")
    if keyword.iskeyword(name) or name in sys.stdlib_module_names or name in TAKEN:
        raise FailedHookException(
            f'project_slug "{slug}": Python or Labkart uses the name {name}. Choose another, as in "{slug}-study".'
        )
    return name


def quoted(text: str) -> str:
    """The text in double quotes, right in TOML and in YAML: both read JSON's escapes."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def runtime_sums() -> str:
    """The files of the runtime as `sha256sum` lists them, for a project to know whether somebody edited them."""
    root = Path(__file__).parents[1] / "{{cookiecutter.project_slug}}"
    files = sorted(file for name in ("labkart", "hydra_plugins") for file in (root / "src" / name).rglob("*"))
    files = [file for file in files if file.is_file() and "__pycache__" not in file.parts]
    lines = {file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    return "\n".join(f"{lines[path]}  {path}" for path in sorted(lines))


class Answers(Extension):
    """Makes both functions filters of the template."""

    def __init__(self, environment):
        super().__init__(environment)
        environment.filters.update(package_name=package_name, quoted=quoted)
        environment.globals.update(runtime_sums=runtime_sums)
