"""Writes the archive: a zip file whose manifest has the digest of every file in it."""

import hashlib
import math
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkart import git, project, signals
from labkart.language import mistake
from labkart.records.record import current_time
from labkart.results.archive import contents, crate, readme, repository, wheels
from labkart.results.archive.contents import Contents
from labkart.results.archive.readme import BUNDLE
from labkart.secrets import redact
from labkart.wording import and_more

MANIFEST = "manifest-sha256.txt"
_CODE = ("src", "conf", "pyproject.toml", "uv.lock", "README.md", "LICENSE", "CITATION.cff")
_LOCKS = ("uv.lock", "packages.txt")
_MOST = 10  # places that a person reads


@dataclass(frozen=True)
class Options:
    """How to make an archive.

    Attributes:
        wheels: whether to pack all packages.
        data_limit: bytes; larger data is described and not packed.
        allow_secrets: whether the repository may have what looks like a secret.
    """

    wheels: bool = False
    data_limit: float = 1e9
    allow_secrets: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.data_limit < math.inf:
            raise mistake("--data-limit must be a number of MB from 0 on.")


def make(file: Path, options: Options) -> Contents:
    """Make the archive of the current project.

    Returns:
        What it consists of.

    Raises:
        LabkartError: there is nothing to archive, the repository has a secret, or the file cannot
            be written. No file is left.
    """
    place = project.current().short(file)
    if file.is_dir():
        raise mistake("{path} is a folder. Name another file.", path=place)
    collected, date = contents.collect(options.data_limit), current_time()
    if not options.allow_secrets:
        _refuse_secrets(repository.secrets(project.current().root, collected.commits))
    with signals.temporary_folder() as scratch:
        packed = wheels.pack(
            collected.experiments.values(), scratch / "wheels", every=options.wheels
        )
        collected.remarks += packed.remarks
        files = {**collected.files, **_made_files(collected, scratch)}
        folder = repository.folder(project.current().root)
        text = readme.write(collected, packed, file.name, folder, date)
        described = {readme.FILE: text.encode()}
        sizes = {name: path.stat().st_size for name, path in files.items()}
        described[crate.FILE] = crate.describe(collected, sizes, _pipeline(files), date)
        try:
            _write(file, files, described)
        except OSError as error:
            reason = error.strerror or error
            raise mistake(
                "{path}: {reason}. Name another file.", path=place, reason=reason
            ) from None
    return collected


def _refuse_secrets(places: list[str]) -> None:
    if not places:
        return
    raise mistake(
        "The repository's history has what looks like a secret: {places}. "
        "The archive would show it to all who get it: first make it worthless. "
        "If it is none, add its name to not-secrets in [tool.labkart] of "
        "pyproject.toml, or use --allow-secrets.",
        places=and_more(places[:_MOST], len(places) - _MOST),
    )


def _made_files(collected: Contents, scratch: Path) -> dict[str, Path]:
    """Make the bundle, the code and the locks in a folder; the files by their paths."""
    root = project.current().root
    other = scratch / "repository"
    collected.remarks += repository.bundle(root, collected.commits, scratch / BUNDLE, other)
    files = {BUNDLE: scratch / BUNDLE}
    names = git.paths(root, "ls-tree", "-z", "--name-only", "HEAD", "--", *_CODE)
    git.run(root, "archive", "--format=zip", "--output", str(scratch / "code.zip"), "HEAD", *names)
    with zipfile.ZipFile(scratch / "code.zip") as zipped:
        zipped.extractall(scratch / "code")
    for record in collected.experiments.values():
        locks = {name: redact.redact_text(record.text(name)) for name in _LOCKS}
        place = scratch / "locks" / hashlib.sha256(repr(locks).encode()).hexdigest()[:12]
        place.mkdir(parents=True, exist_ok=True)
        for name, text in locks.items():
            if text:
                (place / name).write_bytes(text.encode(errors="surrogateescape"))
    for folder in ("code", "locks", "wheels"):
        below = (path for path in sorted((scratch / folder).rglob("*")) if path.is_file())
        files |= {path.relative_to(scratch).as_posix(): path for path in below}
    return files


def _pipeline(files: Mapping[str, Path]) -> str:
    module = project.current().entry.partition(":")[0].replace(".", "/")
    names = (f"code/src/{module}.py", f"code/src/{module}/__init__.py", f"code/{module}.py")
    return next((name for name in names if name in files), "code/pyproject.toml")


def _write(file: Path, files: Mapping[str, Path], texts: Mapping[str, bytes]) -> None:
    """Write the zip file, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        with zipfile.ZipFile(
            temporary, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False
        ) as zipped:
            for name, path in files.items():
                zipped.write(path, name)
            for name, content in texts.items():
                zipped.writestr(name, content)
        with zipfile.ZipFile(temporary, "a", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr(MANIFEST, "".join(_manifest_lines(zipped)))
        temporary.replace(file)
    finally:
        with signals.deferred():
            temporary.unlink(missing_ok=True)


def _manifest_lines(zipped: zipfile.ZipFile) -> Iterator[str]:
    """The digest and the name of each file as it was packed; of an empty folder there is none."""
    for name in sorted(name for name in zipped.namelist() if not name.endswith("/")):
        with zipped.open(name) as opened:
            file: Any = opened  # zipfile's hints do not tell all that it can
            yield f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n"
