"""Readers in C++ that Python's audit hook does not see: patched, so that they report their files.

Knows pyarrow, and the names under which a student's module may have imported its readers.
"""

import functools
import importlib.abc
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from labkart.fingerprint import imports

# The readers, and a writer: classes and functions whose first argument is a path.
_READERS = {
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
_PATH_ARGUMENTS = ("input_file", "metadata_path", "path", "path_or_paths", "source", "where")

# The patched readers by the ids of the original ones, which stay alive in what wraps them.
_patched: dict[int, Any] = {}


@functools.cache
def install() -> None:
    """Patch the readers that are imported, once, and from now on those that will be."""
    for name in sys.modules.keys() & _READERS:
        _patch(sys.modules[name])
    _patch_students_names()
    sys.meta_path.insert(0, _ReaderFinder())


class _ReaderFinder(importlib.abc.MetaPathFinder):
    """Patches the readers that the audit hook does not see when they are imported."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in _READERS else None
        if spec and spec.loader:
            _patch_after_import(spec.loader)
        return spec


def _patch_after_import(loader: Any) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        _patch(module)

    loader.exec_module = exec_module


def _patch(module: ModuleType) -> None:
    """Let a module's readers report what they open."""
    for name in _READERS[module.__name__]:
        reader = getattr(module, name, None)
        if reader is None:
            continue
        if name == "OSFile":
            _replace(module, name, _reporting_class(reader))
        elif isinstance(reader, type):
            reads = not name.endswith("Writer")
            constructor = _reporting(reader.__init__, position=1, reads=reads)
            reader.__init__ = constructor  # type: ignore[method-assign]
        else:
            _replace(module, name, _reporting(reader, position=0))


def _replace(module: ModuleType, name: str, patched: Any) -> None:
    _patched[id(getattr(module, name))] = patched
    setattr(module, name, patched)


def _reporting(reader: Callable[..., Any], position: int, reads: bool = True) -> Callable[..., Any]:
    """A reader that reports the path at a position, or under one of the usual names."""

    @functools.wraps(reader)
    def read(*args: Any, **kwargs: Any) -> Any:
        values = [kwargs[name] for name in _PATH_ARGUMENTS if name in kwargs]
        source = args[position] if len(args) > position else next(iter(values), None)
        for path in source if isinstance(source, list | tuple) else [source]:
            imports.report_open(path, reads)
        return reader(*args, **kwargs)

    return read


def _reporting_class(base: type) -> type:
    """A class that inherits from one in C and reports: the one in C cannot be patched."""

    def new(cls: type, path: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        imports.report_open(path, reads="r" in mode)
        return base.__new__(cls, path, mode, *args, **kwargs)  # type: ignore[call-overload]

    return type(base.__name__, (base,), {"__new__": new})


def _patch_students_names() -> None:
    """Patch the readers in modules of the student that have imported them by name."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if module.__name__ != "__main__" and (not file or imports.is_installed(file)):
            continue
        for name, value in list(vars(module).items()):
            if id(value) in _patched:
                setattr(module, name, _patched[id(value)])
