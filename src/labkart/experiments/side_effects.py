"""What the pipeline function changes beside the tasks that it returns, where a task would see it.

An id covers parameters and code, not what the project's modules hold in memory, nor the
environment: a change that a task would see is refused. Knows plain values, containers, and the
attributes of the project's own classes and objects; of other objects only which ones they are.
"""

import os
import sys
from argparse import Namespace
from array import array
from collections import ChainMap, UserDict, UserList, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, is_dataclass
from enum import Enum
from functools import lru_cache
from types import FunctionType, MappingProxyType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import luigi
from omegaconf import OmegaConf

from labkart import project
from labkart.fingerprint import fingerprint, imports
from labkart.installed_files import is_installed
from labkart.language import mistake, translate
from labkart.tasks.params import UnknownValueError, exact_text
from labkart.tasks.task import Task

# Variables about hardware and threads, which are in no id anyway.
_HARDWARE = ("CUDA", "CUBLAS", "NVIDIA", "HIP_", "OMP_", "MKL_", "OPENBLAS_", "NUMEXPR_", "KMP_")
_HARDWARE += ("VECLIB_", "TF_CPP_", "TOKENIZERS_", "PYTORCH_", "JAX_PLATFORM", "XLA_")
_SEQUENCES = (list, tuple, deque, UserList, array, bytearray)
_MAPPINGS = (dict, ChainMap, UserDict, MappingProxyType)
_CONTAINERS = (*_SEQUENCES, *_MAPPINGS, set, frozenset)
_LARGE = 1000  # longer containers are told apart by the identities of their items
# What Python and luigi set on classes while these are used.
_OTHERS = ("__", "_abc_", "_namespace_at_class_time", "_unconsumed_params")
_PLAIN = (bool, bytes, complex, float, int, str, Enum, type(None))


class Name(NamedTuple):
    """A name of a module, and the module's file."""

    module: str
    file: str
    name: str


# The parts of a value (`["rate"]`, `.rate`), each with a text that tells it from another.
_Parts = dict[str, str]


@dataclass
class Effects:
    """What blocks of the student's code changed.

    Attributes:
        parts: the first changed part of each name of a module, as `["rate"]`.
        variables: the earlier values of the environment variables that they set or removed.
        reloads: how often code had been loaded again; then the changes are undone.
    """

    parts: dict[Name, str] = field(default_factory=dict)
    variables: dict[str, str | None] = field(default_factory=dict)
    reloads: int = field(default_factory=imports.reload_count)

    def check(self, tasks: Iterable[Task[Any]]) -> None:
        """Refuse what one of these tasks would see.

        Raises:
            LabkartError: says what is changed, and what to do.
        """
        for kind in {type(task): None for task in tasks}:
            for change in [*self._parts_in(kind), *self._variables_in(kind)]:
                raise mistake(
                    "{entry} changes {change}, which {task} uses, and no id covers it."
                    " Let it be a parameter: make({task}, ..., name=value).",
                    entry=project.current().entry,
                    change=change,
                    task=kind.get_task_family(),
                )

    def _parts_in(self, task: type) -> Iterator[str]:
        """The changed parts that a task class reaches."""
        for name, part in self.parts.items():
            if _reaches(task, name):
                yield translate("{name} of {module}", name=f"{name.name}{part}", module=name.module)

    def _variables_in(self, task: type) -> Iterator[str]:
        """The changed variables that a task class names."""
        changed = {name for name, text in self.variables.items() if os.environ.get(name) != text}
        if changed:
            texts = {literal.text for literal in fingerprint.literals(task)}
            for name in sorted(changed & texts):
                yield translate("the variable {name}", name=name)


# The process has one set of modules and one environment, and so one list of changes.
_seen = Effects()


@contextmanager
def watched() -> Iterator[Effects]:
    """Note what the block changes in the project's modules and in the environment.

    A change by an earlier block of this process is still there, and counts.
    """
    if _seen.reloads != imports.reload_count():
        vars(_seen).update(vars(Effects()))
    environment, state = dict(os.environ), _read_modules()
    yield _seen
    _seen.parts |= _differences(state, _read_modules())
    for name in {name for name, _ in environment.items() ^ os.environ.items()}:
        if not name.startswith(_HARDWARE):
            _seen.variables.setdefault(name, environment.get(name))


def _reaches(task: type, name: Name) -> bool:
    """Whether a task class uses a name of a module, by what its id is made of."""
    for file, parts in fingerprint.fingerprint_of(task).code.items():
        if name.file.endswith(f"/{file}"):
            names = {top.partition(".")[0] for part in parts for top in part.split(", ")}
            return name.name in names or "" in names
    return False


def _differences(before: Mapping[Name, _Parts], after: Mapping[Name, _Parts]) -> dict[Name, str]:
    """The first changed part of each changed name.

    A module that was imported meanwhile changes nothing: what it does then is code, and so is what
    it registers elsewhere.
    """
    modules = {name.module for name in before}
    new_modules = {name.module for name in after} - modules
    changed: dict[Name, str] = {}
    for name in {**after, **before}:
        old, new = before.get(name, {}), after.get(name, {})
        if name.module in modules and old != new:
            code = tuple(
                part for part, text in new.items() if text.partition(":")[0] in new_modules
            )
            for part in {**new, **old}:
                if old.get(part) != new.get(part) and not (code and part.startswith(code)):
                    changed.setdefault(name, part)
    return changed


def _read_modules() -> dict[Name, _Parts]:
    """What the names of the project's modules refer to now."""
    state: dict[Name, _Parts] = {}
    for module_name, file in _project_modules(f"{project.current().root}/", tuple(sys.modules)):
        for name, value in list(vars(sys.modules[module_name]).items()):
            if not name.startswith("__") and not isinstance(value, ModuleType):
                parts: _Parts = {}
                _collect(value, "", module_name, parts, set())
                state[Name(module_name, file, name)] = parts
    return state


@lru_cache(maxsize=1)  # a sweep asks many times
def _project_modules(root: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """The imported modules of the project, and their files."""
    files = {
        name: str(getattr(sys.modules[name], "__file__", None))
        for name in names
        if isinstance(sys.modules[name], ModuleType)
    }
    return [
        (name, file)
        for name, file in files.items()
        if file.startswith(root) and not is_installed(file)
    ]


def _collect(value: Any, path: str, module: str, parts: _Parts, seen: set[int]) -> None:
    """Collect a value's parts at any depth."""
    if isinstance(value, _PLAIN):
        parts[path] = exact_text(value)
        return
    parts[path] = _mark(value)
    if id(value) not in seen:
        seen.add(id(value))
        for key, item in _items(value, module):
            _collect(item, f"{path}{key}", module, parts, seen)


def _mark(value: Any) -> str:
    """What tells a value from another one, beside its parts."""
    if isinstance(value, _CONTAINERS):
        items = value.values() if isinstance(value, _MAPPINGS) else value
        identities = tuple(map(id, items)) if len(value) > _LARGE else ()
        return f"{type(value).__name__} {hash(identities)}"
    if type(value).__module__ == "numpy":
        with suppress(UnknownValueError):
            return exact_text(value)
    kind = value if isinstance(value, type | FunctionType) else type(value)
    return f"{kind.__module__}:{kind.__qualname__} {id(value)}"


def _items(value: Any, module: str) -> Iterator[tuple[str, Any]]:
    """The parts of a value that code may change."""
    if OmegaConf.is_config(value):
        value = OmegaConf.to_container(value)
    if isinstance(value, _CONTAINERS) and len(value) > _LARGE:
        return
    if isinstance(value, _SEQUENCES):
        yield from ((f"[{number}]", item) for number, item in enumerate(value))
    elif isinstance(value, set | frozenset):
        yield from ((f"[{item!r}]", True) for item in value)
    elif isinstance(value, _MAPPINGS):
        yield from ((f"[{key!r}]", item) for key, item in list(value.items()))
    elif _has_own_attributes(value, module):
        slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        attributes = {name: getattr(value, name) for name in slots if hasattr(value, name)}
        for name, item in {**attributes, **getattr(value, "__dict__", {})}.items():
            if not name.startswith(_OTHERS):
                yield f".{name}", item


def _has_own_attributes(value: Any, module: str) -> bool:
    """Whether the attributes are the student's: of the module's classes, of the project's objects.

    Those of tasks are looked at by themselves.
    """
    if isinstance(value, type | FunctionType):
        return value.__module__ == module
    if isinstance(value, SimpleNamespace | Namespace) or is_dataclass(value):
        return True
    file = getattr(sys.modules.get(type(value).__module__), "__file__", None)
    return bool(file) and not is_installed(str(file)) and not isinstance(value, luigi.Task)
