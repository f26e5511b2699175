"""The packages of a record, installed by uv in an environment that is kept for the next time.

Knows the record's `packages.txt` and `uv.lock`, and the wheels of an archive; not git and no
experiment. Never touches the student's own environment.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import InvalidRequirement, Requirement

from labkart import project, signals
from labkart.errors import LabkartError
from labkart.files import read_json
from labkart.language import bilingual, mistake, translate
from labkart.records.file_lock import file_lock
from labkart.records.record import ExperimentRecord
from labkart.results.reproduce import uv
from labkart.secrets import redact

# Names a folder with packages, and `index.json` that says which file is which requirement.
WHEELS = "LABKART_WHEELS"


@dataclass(frozen=True)
class RecordedEnvironment:
    """The packages that a record lists.

    Attributes:
        python: the version, such as `3.12.4`.
        lock: the text of `uv.lock`; empty if there was none.
        packages: the lines of `packages.txt`: all but the project itself.
    """

    python: str
    lock: str
    packages: tuple[Requirement, ...]

    @classmethod
    def of(cls, experiment: ExperimentRecord) -> "RecordedEnvironment":
        """Read the lists that belong to a record.

        Raises:
            LabkartError: there is no list, or one of its lines is not a requirement.
        """
        lock, packages = experiment.text("uv.lock"), experiment.text("packages.txt")
        place = project.current().short(experiment.folder)
        if not (lock or packages):
            raise mistake(
                "{place} has neither uv.lock nor packages.txt, so its packages are unknown.",
                place=place,
            )
        try:
            python = str(experiment.environment.get("python"))
            return cls(python, lock, tuple(map(Requirement, packages.splitlines())))
        except InvalidRequirement as error:
            file, reason = f"{place}/packages.txt", " ".join(str(error).split())
            raise LabkartError(f"{file}: {reason}") from None

    def key(self, python: str) -> str:
        """The name of the environment's folder."""
        packed = [str(path) for path in self.wheels().values()]
        text = "\n".join([python, self.lock, *map(str, self.packages), *packed])
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:12]

    def folders(self) -> dict[str, Path]:
        """The folders of the packages that came from one, by name."""
        urls = {package.name: package.url or "" for package in self.packages}
        return {
            name: Path(url2pathname(urlsplit(url).path))
            for name, url in urls.items()
            if url.startswith("file:")
        }

    def missing_folders(self) -> list[str]:
        """A sentence for each package whose folder does not exist."""
        return [
            translate(
                "{name} was installed from {folder}, which does not exist. Put it there "
                "again: without {name} the run cannot be repeated",
                name=name,
                folder=folder,
            )
            for name, folder in self.folders().items()
            if not (folder.exists() or name in self.wheels())
        ]

    def wheels(self) -> dict[str, Path]:
        """The packages that the archive has which the variable `LABKART_WHEELS` names, by name."""
        folder = os.environ.get(WHEELS)
        files = read_json(Path(folder, "index.json")) if folder else None
        packed: dict[str, str] = files if isinstance(files, dict) else {}
        lines = {package.name: redact.redact_text(str(package)) for package in self.packages}
        return {
            name: Path(folder or "", packed[line]).absolute()
            for name, line in lines.items()
            if line in packed
        }


def install(recorded: RecordedEnvironment, root: Path) -> tuple[Path, list[str]]:
    """Install the packages for the project in `root`, whose `uv.lock` becomes the recorded one.

    Returns:
        The environment's Python, and in words what may not be as recorded.

    Raises:
        LabkartError: uv, this Python or a package is not available.
    """
    python = _available_python(recorded.python)
    place = project.current().outputs / "environments" / recorded.key(python)
    place.parent.mkdir(parents=True, exist_ok=True)
    with (
        file_lock(place.with_name(f"{place.name}.lock")),
        _whole_or_none(place),
        signals.temporary_folder() as scratch,  # uv leaves its locks
    ):
        variables = {"UV_PROJECT_ENVIRONMENT": str(place), "TMPDIR": str(scratch)}
        for command in _commands(recorded, root, place, python):
            done = uv.run(*command, cwd=root, **variables)
            if done.returncode:
                error = translate(
                    "The recorded packages cannot be installed: {error}", error=uv.error(done)
                )
                raise LabkartError("\n".join([error, *recorded.missing_folders()]))
        os.utime(place)  # `labkart clean` removes those that were not used for a while
    return place / "bin" / "python", list(_notes(recorded))


def _notes(recorded: RecordedEnvironment) -> Iterator[str]:
    """What may not be as recorded: folders change."""
    wheels = recorded.wheels()
    for name, folder in recorded.folders().items():
        if name in wheels:
            yield bilingual(
                "{name} is the archive's, made of {folder}, which may have changed since the run",
                name=name,
                folder=folder,
            )
        else:
            yield bilingual(
                "{name} was installed from {folder}, which may have changed since the run",
                name=name,
                folder=folder,
            )


@contextmanager
def _whole_or_none(place: Path) -> Iterator[None]:
    """Remove a new environment if the block does not come to its end."""
    mark = place / ".whole"
    if place.exists() and not mark.exists():  # uv was killed
        shutil.rmtree(place)
    is_new = not place.exists()
    try:
        yield
        mark.touch()
    except BaseException:
        if is_new:
            with signals.deferred():
                shutil.rmtree(place, ignore_errors=True)
        raise


def _commands(
    recorded: RecordedEnvironment, root: Path, place: Path, python: str
) -> Iterator[list[str]]:
    """Make the environment, then add the packages that the lock does not have."""
    wheels = recorded.wheels()
    is_packed = len(wheels) == len(recorded.packages)
    is_locked = bool(recorded.lock) and not is_packed
    if is_locked:
        (root / "uv.lock").write_bytes(recorded.lock.encode(errors="surrogateescape"))
        apart = [word for name in wheels for word in ("--no-install-package", name)]
        options = ("--frozen", "--inexact", "--no-install-project", *apart)
        yield ["sync", *options, "--python", python]
    elif not place.exists():
        yield ["venv", "--no-project", "--python", python, str(place)]
    # The lock knows a folder that is part of the repository by its place in the checkout.
    locked = {name for name in recorded.folders() if f'\nname = "{name}"\n' in recorded.lock}
    skipped = locked - wheels.keys() if is_locked else set[str]()
    packages = [
        str(wheels.get(package.name, package))
        for package in recorded.packages
        if package.name not in skipped
    ]
    if packages:
        network = ("--no-index", "--offline") if is_packed else ()
        yield ["pip", "install", "--no-deps", *network, "--python", str(place), *packages]


def missing(recorded: RecordedEnvironment) -> list[str]:
    """In words, what uv does not find; nothing is installed."""
    if not uv.program():
        return [uv.describe_absence()]
    missing = list[str]()
    if not _has_python(recorded.python):
        missing.append(
            translate(
                "Python {python} is not on this machine; uv would try to download it",
                python=recorded.python,
            )
        )
    wheels = recorded.wheels()
    packages = [str(wheels.get(package.name, package)) for package in recorded.packages]
    with signals.temporary_folder() as empty:
        target = ("--target", str(empty))
        options = ("--dry-run", "--no-deps", *target, "--python-version", recorded.python)
        done = uv.run("pip", "install", *options, *packages) if packages else None
    if done and done.returncode:
        error = translate("packages: {error}", error=uv.error(done))
        missing += [error, *recorded.missing_folders()]
    return missing


def _available_python(version: str) -> str:
    """The version, or else its series if this machine has only another of it."""
    if not uv.program():
        raise LabkartError(uv.describe_absence())
    if _has_python(version) or uv.run("python", "install", "--quiet", version).returncode == 0:
        return version
    series = version.rpartition(".")[0]
    if _has_python(series):
        return series
    raise mistake(
        "Python {version} is not on this machine, and uv cannot get it. Install Python {series}.",
        version=version,
        series=series,
    )


def _has_python(version: str) -> bool:
    return uv.run("python", "find", "--no-project", "--system", version).returncode == 0
