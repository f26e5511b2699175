"""The files of the runtime as they were made, for a project to know whether somebody edited them."""

import hashlib
from pathlib import Path


def runtime_sums() -> str:
    """The runtime's files as `sha256sum` lists them."""
    root = Path(__file__).parents[1] / "{{cookiecutter.project_slug}}"
    files = sorted(file for name in ("labkart", "hydra_plugins") for file in (root / "src" / name).rglob("*"))
    files = [file for file in files if file.is_file() and "__pycache__" not in file.parts]
    lines = {file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    return "\n".join(f"{lines[path]}  {path}" for path in sorted(lines))
