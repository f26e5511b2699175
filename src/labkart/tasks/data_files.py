"""What a task reads beside its upstream tasks: declared files and folders, and the reading of undeclared ones."""

import functools
import importlib.abc
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import luigi

from labkart import digests, project
from labkart.errors import LabkartError
from labkart.fingerprint import imports

_log = logging.getLogger(__name__)

# Readers in C++ that Python's audit hook does not see, and a writer: classes and functions; a path comes first.
_UNSEEN = {
    "pyarrow": ("OSFile", "input_stream", "memory_map"),
    "pyarrow.csv": ("open_csv", "read_csv"),
    "pyarrow.dataset": ("dataset", "parquet_dataset"),
    "pyarrow.feather": ("read_feather", "read_table"),
    "pyarrow.json": ("open_json", "read_json"),
    "pyarrow.orc": ("ORCFile", "read_table"),
    "pyarrow.parquet": (
        "ParquetDataset",
        "ParquetFile",
        "ParquetWriter",
        "read_metadata",
        "read_schema",
        "read_table",
    ),
}
# What these readers call the path that they open.
_PATHS = ("input_file", "metadata_path", "path", "path_or_paths", "source", "where")
# Not inputs: code, which is in the fingerprint, and what Labkart keeps itself.
_CODE = (".py", ".pyc", ".so")


class DataFile(luigi.Parameter[Path]):
    """A file that a task reads: `table: DataFile = DataFile()`, then `pd.read_csv(self.table)`.

    Its value is a path, in `conf/` relative to the project. The task's id covers the file's content, so that a new
    version is computed anew, and an earlier one is found again when the file comes back.
    """

    def normalize(self, x: str | os.PathLike[str]) -> Path:
        return project.current().root / x

    def parse(self, x: str) -> Path:
        return self.normalize(x)

    def serialize(self, x: Path) -> str:
        return project.current().short(Path(x))

    def digest(self, path: Path, owner: str) -> str:
        """The sha256 of what is there now; `owner` is told in the error when it is not what was declared."""
        wrong = self.lack(path)
        try:
            if not wrong:
                with (
                    imports.ignore_file_access()
                ):  # a task that is made while another one runs is not read by that one
                    return digests.content_digest(path)
        except OSError as error:
            wrong = _unreadable(path, error)
        raise LabkartError(f"{owner}: {wrong}")

    def lack(self, path: Path) -> str:
        """What is wrong, and what to do, where nothing of its kind is there; empty where all is well."""
        try:
            if self._fits(path):
                return ""
        except OSError as error:
            return _unreadable(path, error)
        there = f"{project.current().short(path)} is no {self._kind} that is there"
        return f"{there}. Put the {self._kind} there, or name another one in conf/."

    _kind = "file"

    def _fits(self, path: Path) -> bool:
        return path.is_file()

    def _warn_on_wrong_param_type(self, param_name: str, param_value: Any) -> None:
        pass


def _unreadable(path: Path, error: OSError) -> str:
    why = error.strerror or error
    return f"{project.current().short(path)} cannot be read: {why}. Mend that, or name another one in conf/."


class DataFolder(DataFile):
    """A folder that a task reads, with all files in it, at any depth: `images: DataFolder = DataFolder()`."""

    _kind = "folder"

    def _fits(self, path: Path) -> bool:
        return path.is_dir()


class Reads:
    """The project's files that a task's run opens and has not declared, by their paths from the root."""

    def __init__(self, declared: Iterable[Path]) -> None:
        here = project.current()
        self._root = here.root
        known = (Path(os.path.normpath(Path.cwd() / each)) for each in declared)
        self._known = [here.outputs, here.root / "uv.lock", *known]
        self._written: set[str] = set()
        self._perhaps: set[str] = set()
        self.paths: dict[str, digests.Stamp | None] = {}

    @contextmanager
    def noticed(self) -> Iterator[None]:
        """Notice them while the block runs."""
        with imports.watch_file_access(self._opened):
            yield

    def _opened(self, name: str, reads: bool | None) -> None:
        path = os.path.normpath(Path.cwd() / name)
        if reads is False:
            self._written.add(path)
        elif (
            path.startswith(f"{self._root}{os.sep}")
            and path not in self._written
            and not imports.is_installed(path)
        ):
            file = Path(path)
            inside = file.relative_to(self._root)
            hidden = any(part.startswith((".", "__pycache__")) for part in inside.parts)
            if not (
                hidden
                or path.endswith(_CODE)
                or any(file.is_relative_to(known) for known in self._known)
            ):
                if reads is None and file.is_dir() and inside.parts[0] != "data":
                    return  # where a program works, and not what it reads
                for each in self._files(inside):
                    if reads is None and each not in self.paths:
                        self._perhaps.add(each)
                    self.paths.setdefault(each, digests.stamp(self._root / each))

    def states(self, owner: str) -> list[digests.FileState]:
        """What they were when the task opened them, or what it made of them itself; without those that are gone.

        Raises:
            LabkartError: somebody else changed one since.
        """
        for path, before in list(self.paths.items()):
            file = self._root / path
            if path in self._perhaps and digests.stamp(file) != before:
                del self.paths[path]  # so the other program has written it
            elif str(file) not in self._written and digests.stamp(file) not in (before, None):
                raise LabkartError(f"{path} changed while {owner} ran. Run it again.")
        return [
            digests.file_state(self._root / path, self._root)
            for path in self.paths
            if (self._root / path).exists()
        ]

    def _files(self, inside: Path) -> list[str]:
        below = [file for _, file in digests.files(self._root / inside)]
        return [file.relative_to(self._root).as_posix() for file in below if file.is_file()]


def report_undeclared(task: str, params: Mapping[str, str], paths: Iterable[str]) -> None:
    """Say which lines declare what a task read. Where CI runs, for nobody reads its warnings, that is an error."""
    for path, count in _gathered(paths):
        what, them = (path, "it") if count == 1 else (f"{count} files of {path}", "them")
        said = f"{task} reads {what} without declaring {them}. {_remedy(task, params, path, them)}"
        if os.environ.get("CI", "").lower() not in ("", "0", "false"):
            raise LabkartError(said)
        _log.warning(said)


def _gathered(paths: Iterable[str]) -> Iterator[tuple[str, int]]:
    """The files with 1 each; or, of which there are many in one folder, that one with their number."""
    folders = dict[str, list[str]]()
    for path in paths:
        folders.setdefault(str(Path(path).parent), []).append(path)
    for folder, files in folders.items():
        yield from (
            [(folder, len(files))]
            if len(files) > 3 and folder != "."
            else ((file, 1) for file in files)
        )


def _remedy(task: str, params: Mapping[str, str], path: str, them: str) -> str:
    root = project.current().root
    for param, text in params.items():
        named = Path(os.path.normpath(root / text))
        if named != root and (root / path).is_relative_to(named):
            kind = "DataFolder" if named.is_dir() else "DataFile"
            return f'{task}.{param} names {them}: declare "{param}: {kind} = {kind}()" there.'
    kind = "DataFile" if them == "it" else "DataFolder"
    name = (
        "".join(letter if letter.isidentifier() else "_" for letter in Path(path).stem).strip("_")
        or "file"
    )
    lines = f'"{name}: {kind} = {kind}()" to {task}, "{name}: {path}" to its settings in conf/'
    return f"Add {lines}, and read self.{name}."


class _Finder(importlib.abc.MetaPathFinder):
    """Lets the readers that the audit hook does not see tell what they open, as soon as they are imported."""

    def find_spec(
        self, name: str, path: Any, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path) if name in _UNSEEN else None
        if spec and spec.loader:
            run = spec.loader.exec_module
            spec.loader.exec_module = lambda module: (run(module), _patch(module))[0]  # type: ignore[method-assign]
        return spec


def _patch(module: ModuleType) -> None:
    for name in _UNSEEN[module.__name__]:
        reader = getattr(module, name, None)
        if isinstance(reader, type) and name != "OSFile":
            reads = not name.endswith("Writer")
            reader.__init__ = _telling(reader.__init__, place=1, reads=reads)  # type: ignore[method-assign]
        elif reader:
            telling = _telling_file(reader) if name == "OSFile" else _telling(reader, place=0)
            setattr(module, name, telling)
            _tells[id(reader)] = telling


def _telling(reader: Callable[..., Any], place: int, reads: bool = True) -> Callable[..., Any]:
    @functools.wraps(reader)
    def read(*args: Any, **kwargs: Any) -> Any:
        named = [kwargs[name] for name in _PATHS if name in kwargs]
        source = args[place] if len(args) > place else next(iter(named), None)
        for each in source if isinstance(source, list | tuple) else [source]:
            imports.report_open(each, reads)
        return reader(*args, **kwargs)

    return read


def _telling_file(kind: type) -> type:
    """A class in C is closed, so one that inherits from it tells."""

    def new(cls: type, path: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        imports.report_open(path, reads="r" in mode)
        return kind.__new__(cls, path, mode, *args, **kwargs)  # type: ignore[call-overload]

    return type(kind.__name__, (kind,), {"__new__": new})


def _patch_late() -> None:
    """The readers that were imported before Labkart, also under the names that a student's module gave them."""
    for name in sys.modules.keys() & _UNSEEN:
        _patch(sys.modules[name])
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if module.__name__ == "__main__" or (file and not imports.is_installed(file)):
            for name, value in list(vars(module).items()):
                if id(value) in _tells:
                    setattr(module, name, _tells[id(value)])


_tells: dict[int, Any] = {}
_patch_late()
sys.meta_path.insert(0, _Finder())
