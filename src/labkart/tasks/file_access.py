"""What a task's run opens without declaring it: which files, and the lines that would declare them.

Python's audit hook sees what Python opens (see `opened_files`). For what a library in
another language opens see `named_paths`. Of data of installed packages, such as scikit-learn's
`iris.csv`, the record has the digests; the version of the package is in the task's id.
"""

import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from labkart import digests, opened_files, project
from labkart.errors import LabkartError
from labkart.installed_files import is_installed
from labkart.language import join_sentences, mistake, translate, translate_count

_log = logging.getLogger(__name__)

_MANY = 3  # more files of one folder are reported as that folder

# A package reads many files of its own: what kind of file it is tells data from the rest.
_PACKAGES = re.compile(r".*/(?:dist|site)-packages/")
# Files that hold data wherever they are, without the endings of compressed ones.
_TABLES = {
    *(".arff", ".csv", ".dta", ".feather", ".h5", ".hdf5", ".mat", ".npy", ".npz", ".parquet"),
    *(".rda", ".rdata", ".sav", ".tsv", ".xls", ".xlsx"),
}
# Others that do if they are in a folder of such a name.
_OTHERS = {".dat", ".data", ".gif", ".jpeg", ".jpg", ".json", ".pkl", ".png", ".tif", ".txt"}
_FOLDERS = {"data", "_data", "datasets", "sample_data", "sampledata"}
_COMPRESSED = {".bz2", ".gz", ".xz", ".zip", ".zst"}


class UndeclaredReads:
    """The project's files that a task's run opens and has not declared."""

    def __init__(self, declared: Iterable[Path]) -> None:
        current = project.current()
        self._root = current.root
        paths = (Path(os.path.normpath(Path.cwd() / path)) for path in declared)
        self._ignored = list(paths)
        self._written: set[str] = set()
        self._listed: dict[str, None] = {}
        self.library_data = LibraryData()
        self._uncertain: set[str] = set()
        # From the project's root, each with its stamp when it was opened.
        self.paths: dict[str, digests.Stamp | None] = {}

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Collect them while the block runs."""
        with opened_files.watched(self._on_open):
            yield

    def add(self, names: Iterable[str]) -> None:
        """Add files that were read for the task, though not while it ran."""
        for name in names:
            self._on_open(name, reads=True)

    def states(self, owner: str) -> list[digests.FileState]:
        """The present states of files and folders, without those that are gone.

        Raises:
            LabkartError: another process changed one since the task opened it.
        """
        for path, stamp in list(self.paths.items()):
            file = self._root / path
            current_stamp = digests.stamp(file)
            if path in self._uncertain and current_stamp != stamp:
                del self.paths[path]  # the other program has written it
            elif str(file) not in self._written and current_stamp not in (stamp, None):
                raise mistake(
                    "{path} changed while {task} ran. Run it again.", path=path, task=owner
                )
        files = (self._root / path for path in self.paths)
        states = [digests.file_state(file, self._root) for file in files if file.exists()]
        folders = (self._root / path for path in self._folders())
        return states + [digests.content_state(path, self._root) for path in folders]

    def to_declare(self) -> list[str]:
        """The files, and the folders that were listed but for those of which files were read."""
        parents = {parent for path in self.paths for parent in _parents(path)}
        return [*self.paths, *(path for path in self._folders() if path not in parents)]

    def _folders(self) -> list[str]:
        """The folders that were listed and not written into: all that is in them counts."""
        left = dict.fromkeys(
            path for path in self._listed if not self.wrote(path) and (self._root / path).is_dir()
        )
        return [path for path in left if left.keys().isdisjoint(_parents(path))]

    def _on_open(self, name: str, reads: bool | None) -> None:
        """Note that a file was opened or a folder listed; `reads` is None if it is not certain."""
        path = os.path.abspath(name)  # noqa: PTH100 (quicker, for each file)
        if reads:
            self.library_data.add(path)
        if reads is False:
            self._written.add(path)
        elif path in self._written or not self._may_be_input(path):
            return
        elif reads and Path(path).is_dir():
            if may_be_data(Path(path)):
                self._listed[Path(path).relative_to(self._root).as_posix()] = None
        else:
            self._add(Path(path), certain=reads is not None)

    def wrote(self, path: str) -> bool:
        """Whether the run wrote a file, or one in a folder; from the project's root."""
        place = str(self._root / path)
        return any(file == place or file.startswith(f"{place}{os.sep}") for file in self._written)

    def _may_be_input(self, path: str) -> bool:
        ignored = any(Path(path).is_relative_to(folder) for folder in self._ignored)
        return not ignored and may_be_input(path)

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


def _parents(path: str) -> list[str]:
    return [str(parent) for parent in PurePosixPath(path).parents]


class LibraryData:
    """The data of packages that a task's run reads."""

    def __init__(self) -> None:
        self._files: dict[str, Path] = {}

    def add(self, path: str) -> None:
        """Note that a file of a package is read."""
        match = _PACKAGES.match(path)
        name = path[match.end() :] if match else ""
        if name and _is_data(PurePosixPath(name)):
            self._files[name] = Path(path)

    def digests(self) -> dict[str, str]:
        """The sha256 of each file, by its path among the packages."""
        result = dict[str, str]()
        for name, path in sorted(self._files.items()):
            with suppress(OSError):
                result[name] = digests.file_state(path, path).sha256
        return result


def _is_data(name: PurePosixPath) -> bool:
    kind, is_compressed = name.suffix.lower(), False
    if kind in _COMPRESSED:
        kind, is_compressed = name.with_suffix("").suffix.lower(), True
    is_in_folder = bool(_FOLDERS & set(name.parts[:-1]))
    return kind in _TABLES or (is_in_folder and (kind in _OTHERS or is_compressed))


def may_be_input(path: str) -> bool:
    """Whether an absolute path is the project's, and neither made by a run nor a tool's own."""
    current = project.current()
    if not path.startswith(f"{current.root}{os.sep}") or is_installed(path):
        return False
    file = Path(path)
    # Tools keep their own files in hidden folders; a hidden file may be data.
    parts = file.relative_to(current.root).parts[:-1]
    is_hidden = any(part.startswith((".", "__pycache__")) for part in parts)
    made = (current.outputs, current.root / "uv.lock")
    return not is_hidden and not any(file.is_relative_to(folder) for folder in made)


def may_be_data(path: Path) -> bool:
    """Whether a file or folder of the project may be data: no code, and no report."""
    parts = path.relative_to(project.current().root).parts
    is_made = parts[0] == "reports" or parts[-1] == "__pycache__"
    # Whatever looks for packages lists the folders of `sys.path`.
    has_code = path.is_dir() and (str(path) in sys.path or any(path.glob("*.py")))
    return not is_made and not has_code


@dataclass(frozen=True)
class _Input:
    """One file that a task reads, or many files of one folder, in words."""

    path: str  # from the project's root
    count: int = 1
    kind: str = "DataFile"


def report_undeclared(task: str, params: Mapping[str, str], paths: Iterable[str]) -> None:
    """Warn of files that a task read undeclared, with the lines that declare them.

    Raises:
        LabkartError: as `warn`.
    """
    for read in _by_folder(paths):
        problem = translate_count(
            "{task} reads {path} without declaring it.",
            "{task} reads {count} files of {path} without declaring them.",
            read.count,
            task=task,
            path=read.path,
        )
        warn(join_sentences(problem, _remedy(task, params, read)))


def warn(message: str) -> None:
    """Warn of something undeclared.

    Raises:
        LabkartError: it runs in CI, where nobody reads warnings.
    """
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        raise LabkartError(message)
    _log.warning(message)


def _by_folder(paths: Iterable[str]) -> Iterator[_Input]:
    """The files one by one, but many files of one folder as that folder; and folders."""
    root = project.current().root
    folders: dict[str, list[str]] = {}
    for path in paths:
        if (root / path).is_dir():
            yield _Input(path, kind="DataFolder")
        else:
            folders.setdefault(str(Path(path).parent), []).append(path)
    for folder, files in folders.items():
        if len(files) > _MANY and folder != ".":
            yield _Input(folder, len(files), "DataFolder")
        else:
            yield from map(_Input, files)


def _remedy(task: str, params: Mapping[str, str], read: _Input) -> str:
    """What to write, and where: a parameter of the task may name the file already."""
    root = project.current().root
    for param, text in params.items():
        value = Path(os.path.normpath(root / text))
        if value != root and (root / read.path).is_relative_to(value):
            kind = "DataFolder" if value.is_dir() else "DataFile"
            return translate_count(
                '{task}.{param} names it: declare "{line}" there.',
                '{task}.{param} names them: declare "{line}" there.',
                read.count,
                task=task,
                param=param,
                line=f"{param}: {kind} = {kind}()",
            )
    return declaration(task, read.path, read.kind)


def declaration(task: str, path: str, kind: str) -> str:
    """The lines that declare a path of the project, which no parameter names."""
    letters = (letter if letter.isidentifier() else "_" for letter in Path(path).stem)
    name = "".join(letters).strip("_") or "file"
    return translate(
        'Add "{line}" to {task}, "{setting}" to its settings in conf/, and read self.{name}.',
        line=f"{name}: {kind} = {kind}()",
        task=task,
        setting=f"{name}: {path}",
        name=name,
    )
