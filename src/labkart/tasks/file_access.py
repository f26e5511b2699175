"""What a task's run opens without declaring it: which files, and the lines that would declare them.

Python's audit hook sees what Python opens (see `fingerprint.imports`); `readers` adds those in C++
that it does not see.
"""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labkart import digests, project
from labkart.errors import LabkartError
from labkart.fingerprint import imports
from labkart.tasks import readers

_log = logging.getLogger(__name__)
readers.install()

# Not inputs: code is in the fingerprint.
_CODE = (".py", ".pyc", ".so")
_MANY = 3  # more files of one folder are reported as that folder


class UndeclaredReads:
    """The project's files that a task's run opens and has not declared."""

    def __init__(self, declared: Iterable[Path]) -> None:
        current = project.current()
        self._root = current.root
        paths = (Path(os.path.normpath(Path.cwd() / path)) for path in declared)
        self._ignored = [current.outputs, current.root / "uv.lock", *paths]
        self._written: set[str] = set()
        self._uncertain: set[str] = set()
        # From the project's root, each with its stamp when it was opened.
        self.paths: dict[str, digests.Stamp | None] = {}

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Collect them while the block runs."""
        with imports.watch_file_access(self._on_open):
            yield

    def states(self, owner: str) -> list[digests.FileState]:
        """The files' present states, without those that are gone.

        Raises:
            LabkartError: another process changed one since the task opened it.
        """
        for path, stamp in list(self.paths.items()):
            file = self._root / path
            current_stamp = digests.stamp(file)
            if path in self._uncertain and current_stamp != stamp:
                del self.paths[path]  # the other program has written it
            elif str(file) not in self._written and current_stamp not in (stamp, None):
                raise LabkartError(f"{path} changed while {owner} ran. Run it again.")
        files = (self._root / path for path in self.paths)
        return [digests.file_state(file, self._root) for file in files if file.exists()]

    def _on_open(self, name: str, reads: bool | None) -> None:
        """Note that a file was opened; `reads` is None if only another program knows."""
        path = os.path.normpath(Path.cwd() / name)
        if reads is False:
            self._written.add(path)
        elif path not in self._written and self._may_be_input(path):
            self._add(Path(path), certain=reads is not None)

    def _may_be_input(self, path: str) -> bool:
        if not path.startswith(f"{self._root}{os.sep}") or path.endswith(_CODE):
            return False
        file = Path(path)
        parts = file.relative_to(self._root).parts
        if any(part.startswith((".", "__pycache__")) for part in parts):
            return False
        ignored = any(file.is_relative_to(folder) for folder in self._ignored)
        return not ignored and not imports.is_installed(path)

    def _add(self, file: Path, *, certain: bool) -> None:
        if not certain and file.is_dir() and file.relative_to(self._root).parts[0] != "data":
            return  # the folder in which a program works, and not what it reads
        for _, path in digests.files(file):
            if not path.is_file():
                continue
            name = path.relative_to(self._root).as_posix()
            if not certain and name not in self.paths:
                self._uncertain.add(name)
            self.paths.setdefault(name, digests.stamp(path))


@dataclass(frozen=True)
class _Input:
    """One file that a task reads, or many files of one folder, in words."""

    path: str  # from the project's root
    text: str
    kind: str = "DataFile"
    pronoun: str = "it"


def report_undeclared(task: str, params: Mapping[str, str], paths: Iterable[str]) -> None:
    """Warn of files that a task read undeclared, with the lines that declare them.

    Raises:
        LabkartError: it runs in CI, where nobody reads warnings.
    """
    for read in _by_folder(paths):
        remedy = _remedy(task, params, read)
        message = f"{task} reads {read.text} without declaring {read.pronoun}. {remedy}"
        if os.environ.get("CI", "").lower() not in ("", "0", "false"):
            raise LabkartError(message)
        _log.warning(message)


def _by_folder(paths: Iterable[str]) -> Iterator[_Input]:
    """The files one by one, but many files of one folder as that folder."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(str(Path(path).parent), []).append(path)
    for folder, files in folders.items():
        if len(files) > _MANY and folder != ".":
            yield _Input(folder, f"{len(files)} files of {folder}", "DataFolder", "them")
        else:
            yield from (_Input(path, path) for path in files)


def _remedy(task: str, params: Mapping[str, str], read: _Input) -> str:
    """What to write, and where: a parameter of the task may name the file already."""
    root = project.current().root
    for param, text in params.items():
        value = Path(os.path.normpath(root / text))
        if value != root and (root / read.path).is_relative_to(value):
            kind = "DataFolder" if value.is_dir() else "DataFile"
            remedy = f'declare "{param}: {kind} = {kind}()" there.'
            return f"{task}.{param} names {read.pronoun}: {remedy}"
    letters = (letter if letter.isidentifier() else "_" for letter in Path(read.path).stem)
    name = "".join(letters).strip("_") or "file"
    declaration = f'"{name}: {read.kind} = {read.kind}()" to {task}'
    setting = f'"{name}: {read.path}" to its settings in conf/'
    return f"Add {declaration}, {setting}, and read self.{name}."
