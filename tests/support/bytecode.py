"""What one environment has compiled, linked into others: the first start there takes 10 s less.

As a program it stands for uv: `bytecode.py ENVIRONMENT UV WORDS...` runs uv with these words, and
then links what that environment has compiled into the one that uv filled.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# What the tests are about is compiled anew.
_OURS = ("labkart", "hydra_plugins")


def packages(environment: Path) -> Path:
    """The folder of an environment that its packages are in."""
    (folder,) = environment.glob("lib/python*/site-packages")
    return folder


def share_bytecode(environment: Path, new: Path) -> None:
    """Link what an environment has compiled into one that uv has made.

    uv links the files of both from its cache, so Python takes what was compiled from the same file,
    and compiles what differs.
    """
    site = packages(new)
    _link(packages(environment), lambda folder: site / folder / "__pycache__")


def keep_bytecode(environment: Path, prefix: Path) -> None:
    """Link it to where Python looks for it if the variable `PYTHONPYCACHEPREFIX` is this prefix."""
    site = packages(environment)
    _link(site, lambda folder: prefix / site.relative_to("/") / folder)


def _link(site: Path, place: Callable[[str], Path]) -> None:
    for folder, names, files in os.walk(site):
        inside, _, last = folder.removeprefix(f"{site}/").rpartition("/")
        if last != "__pycache__":
            names[:] = [name for name in names if folder != str(site) or name not in _OURS]
            continue
        there = place(inside)
        if there.name == "__pycache__" and not there.parent.is_dir():
            continue
        there.mkdir(parents=True, exist_ok=True)
        known = {file.name for file in there.iterdir()}
        for name in set(files) - known:
            try:
                (there / name).hardlink_to(f"{folder}/{name}")
            except OSError:  # another disk, where the files of packages are no links either
                return


def _filled(words: list[str]) -> Iterator[Path]:
    """The environments that a command of uv may have filled."""
    places = [".venv", os.environ.get("UV_PROJECT_ENVIRONMENT", ""), *words]
    for place in filter(None, places):
        for folder in (Path(place), Path(place).parent.parent):
            if (folder / "pyvenv.cfg").exists() and next(folder.glob("lib/python*"), None):
                yield folder.absolute()


def write_sharing_uv(file: Path, uv: str, environment: Path) -> None:
    """Write a program that stands for uv, and links what an environment has compiled."""
    words = [sys.executable, "-S", __file__, environment, shutil.which(uv) or uv]
    file.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n', encoding="utf-8")
    file.chmod(0o755)


def main(environment: str, uv: str, *words: str) -> int:
    code = subprocess.run([uv, *words], check=False).returncode
    for folder in set(_filled([*words])):
        share_bytecode(Path(environment), folder)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
