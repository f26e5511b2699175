"""The packages of a record, installed by uv in an environment of their own, which is kept for the next time.

Never the student's own environment. Knows no git and no experiment.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from labkart import project, signals
from labkart.errors import LabkartError
from labkart.files import read_text
from labkart.records import redact

_NO_ANSWER = subprocess.CompletedProcess[str]([], 1, "", "uv is not installed")


@dataclass(frozen=True)
class RecordedEnvironment:
    """What a record says was installed.

    Attributes:
        python: the version, as `3.12.4`.
        lock: the text of `uv.lock`; empty where there was none.
        packages: `name==version` of all that was there but the project itself.
        elsewhere: the names of those that came from no registry; only the lock knows where from.
    """

    python: str
    lock: str
    packages: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()

    @classmethod
    def of(cls, folder: Path, python: str, name: str) -> "RecordedEnvironment":
        """Read what lies beside a record; `name` is the project's. Raises LabkartError where nothing does."""
        lock, listed = (
            read_text(folder / "uv.lock"),
            read_text(folder / "packages.txt").splitlines(),
        )
        if not (lock or listed):
            where = project.current().short(folder)
            raise LabkartError(
                f"{where} has neither uv.lock nor packages.txt, so nobody knows what was installed."
            )
        ours = re.sub(r"[-_.]+", "-", name).lower()
        others = [
            line.strip() for line in listed if "==" in line and line.partition("==")[0] != ours
        ]
        return cls(
            python,
            lock,
            tuple(line for line in others if " @ " not in line),
            tuple(line.partition("==")[0] for line in others if " @ " in line),
        )

    def key(self, python: str) -> str:
        text = "\n".join([python, self.lock, *self.packages])
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:12]


def install(wanted: RecordedEnvironment, root: Path) -> tuple[Path, list[str]]:
    """Install it for the project in `root`, whose `uv.lock` becomes the recorded one.

    Returns:
        The environment's Python, and in words what is not as it was.

    Raises:
        LabkartError: there is no uv, no such Python, or a package that cannot be had any more.
    """
    python = _python(wanted.python)
    place = project.current().outputs / "environments" / wanted.key(python)
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        if place.exists() and not (place / "pyvenv.cfg").exists():  # uv was killed
            shutil.rmtree(place)
        if wanted.lock:
            (root / "uv.lock").write_bytes(wanted.lock.encode(errors="surrogateescape"))
            words = ("--frozen", "--inexact", "--no-install-project", "--python", python)
            _must(_uv("sync", *words, cwd=root, UV_PROJECT_ENVIRONMENT=str(place)))
        elif not place.exists():
            _must(_uv("venv", "--no-project", "--python", python, str(place), cwd=root))
        os.utime(place)  # `labkart clean` removes those that nobody used for a while
        there = _installed(place)
        if other := [
            line for line in wanted.packages if line not in there
        ]:  # installed beside the lock
            _must(_uv("pip", "install", "--no-deps", "--python", str(place), *other, cwd=root))
    names = {line.partition("==")[0].partition(" ")[0] for line in there}
    said = [
        f"{name} came from no registry and is not installed"
        for name in wanted.elsewhere
        if name not in names
    ]
    return place / "bin" / "python", said


def missing(wanted: RecordedEnvironment) -> list[str]:
    """In words, what uv does not find any more; nothing is installed."""
    if not _program():
        return [_NO_UV]
    found = []
    if not _finds(wanted.python):
        found.append(
            f"Python {wanted.python} is not on this machine; uv would look for it on the net"
        )
    with tempfile.TemporaryDirectory() as empty:
        words = ("--dry-run", "--no-deps", "--target", empty, "--python-version", wanted.python)
        if wanted.packages and (done := _uv("pip", "install", *words, *wanted.packages)).returncode:
            found.append(f"packages: {_why(done)}")
    return found


_NO_UV = "uv is not installed, and it installs the recorded packages. Run: pip install uv"


def _program() -> str | None:
    """uv as it started this command, or as it is found."""
    return os.environ.get("UV") or shutil.which("uv")


def _python(version: str) -> str:
    """The version, or else its series where this machine has no more of it."""
    if not _program():
        raise LabkartError(_NO_UV)
    if _finds(version) or _uv("python", "install", "--quiet", version).returncode == 0:
        return version
    series = version.rpartition(".")[0]
    if _finds(series):
        return series
    raise LabkartError(
        f"Python {version} is not on this machine, and uv cannot get it. Install Python {series}."
    )


def _finds(version: str) -> bool:
    return _uv("python", "find", "--no-project", "--system", version).returncode == 0


def _installed(place: Path) -> set[str]:
    return set(_must(_uv("pip", "freeze", "--python", str(place))).stdout.splitlines())


def _uv(*words: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Ask uv, without the settings that would lead it to the student's environment or past the recorded lock."""
    clean = {name: value for name, value in os.environ.items() if name not in _STRANGE}
    command = [_program() or "uv", "--no-progress", "--color", "never", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        with signals.child_process(command, cwd=cwd, env=clean | variables, **pipes) as process:
            said, errors = process.communicate()
    except OSError:
        return _NO_ANSWER
    return subprocess.CompletedProcess(command, process.returncode, said, errors)


_STRANGE = (
    "CONDA_PREFIX",
    "PYTHONHOME",
    "PYTHONPATH",
    "UV_EXACT",
    "UV_FROZEN",
    "UV_LOCKED",
    "UV_NO_SYNC",
)
_STRANGE += ("UV_ISOLATED", "UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "VIRTUAL_ENV")


def _must(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    if done.returncode:
        raise LabkartError(f"The recorded packages cannot be installed: {_why(done)}")
    return done


def _why(done: subprocess.CompletedProcess[str]) -> str:
    """What uv says was wrong, in a line."""
    lines = [
        re.sub(r"^[^\w`'\"]*(?:error: |cause: )?", "", line).strip()
        for line in done.stderr.splitlines()
    ]
    wrong = [
        line for line in lines if line and not re.match(r"Using |Resolved |warning: |hint: ", line)
    ]
    return redact.redact_text(" ".join(wrong))[:400] or "uv does not say why"
