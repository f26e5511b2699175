"""What the project's modules hold in memory, to see what a block of code changes there.

Knows plain values, containers, and the attributes of the project's own classes and objects; of
other objects only which ones they are.
"""

import sys
from argparse import Namespace
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, is_dataclass
from enum import Enum
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import luigi
from omegaconf import OmegaConf

from labkart import project
from labkart.installed_files import is_installed
from labkart.tasks.values import UnknownValueError, exact_text


class Name(NamedTuple):
    """A name of a module, and the module's file."""

    module: str
    file: str
    name: str


# The parts of a value (`["rate"]`, `.rate`), each with a text.
_Parts = dict[str, str]
_CONTAINERS = (list, tuple, deque, set, frozenset, dict)
_LARGE = 1000  # longer containers are told apart by the identities of their items
# What Python and luigi set on classes while these are used.
_OTHERS = ("_abc_", "_namespace_at_class_time", "_unconsumed_params")
_PLAIN = (bool, bytes, complex, float, int, str, Enum, type(None))


def read() -> dict[Name, _Parts]:
    """What the names of the project's modules refer to now."""
    state: dict[Name, _Parts] = {}
    for module, file in _project_modules():
        for name, value in list(vars(module).items()):
            if not name.startswith("__") and not isinstance(value, ModuleType):
                parts: _Parts = {}
                _collect(value, "", module.__name__, parts, set())
                state[Name(module.__name__, file, name)] = parts
    return state


def differences(before: Mapping[Name, _Parts], after: Mapping[Name, _Parts]) -> dict[Name, str]:
    """The first changed part of each changed name.

    A module that was imported meanwhile changes nothing: what it does then is code, and so is what
    it registers elsewhere.
    """
    modules = {name.module for name in before}
    new_modules = {name.module for name in after} - modules
    changed: dict[Name, str] = {}
    for name in [*after, *(name for name in before if name not in after)]:
        old, new = before.get(name, {}), after.get(name, {})
        if name.module in modules and old != new:
            code = tuple(
                part for part, text in new.items() if text.partition(":")[0] in new_modules
            )
            parts = [part for part in {**new, **old} if old.get(part) != new.get(part)]
            parts = [part for part in parts if not (code and part.startswith(code))]
            if parts:
                changed[name] = parts[0]
    return changed


def _project_modules() -> list[tuple[ModuleType, str]]:
    """The modules of the project and their files, found once for the same modules."""
    modules = list(sys.modules.values())
    root = f"{project.current().root}/"
    if (root, modules) != (_found.root, _found.modules):
        own = [(module, str(getattr(module, "__file__", None))) for module in modules]
        own = [(module, file) for module, file in own if file.startswith(root)]
        _found.own = [
            (module, file)
            for module, file in own
            if isinstance(module, ModuleType) and not is_installed(file)
        ]
        _found.root, _found.modules = root, modules
    return _found.own


@dataclass
class _Modules:
    """The modules of a moment, and those of the project among them."""

    root: str = ""
    modules: list[ModuleType] = field(default_factory=list)
    own: list[tuple[ModuleType, str]] = field(default_factory=list)


# A sweep asks many times, and Python has one list of modules.
_found = _Modules()


def _collect(value: Any, path: str, module: str, parts: _Parts, seen: set[int]) -> None:
    """Collect a value's parts at any depth, each with what tells it from another."""
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
        items = tuple(map(id, value)) if len(value) > _LARGE else ()
        return f"{type(value).__name__} {hash(items)}"
    if type(value).__module__ == "numpy":
        with suppress(UnknownValueError):
            return exact_text(value)
    kind = value if isinstance(value, type | FunctionType) else type(value)
    return f"{kind.__module__}:{kind.__qualname__} {id(value)}"


def _items(value: Any, module: str) -> Iterator[tuple[str, Any]]:
    """The parts of a value that code may change."""
    is_code = isinstance(value, type | FunctionType)
    if is_code and (value.__module__ != module or not value.__dict__):
        return  # most values of a module
    if OmegaConf.is_config(value):
        value = OmegaConf.to_container(value)
    if isinstance(value, _CONTAINERS) and len(value) > _LARGE:
        return
    if isinstance(value, list | tuple | deque):
        yield from ((f"[{number}]", item) for number, item in enumerate(value))
    elif isinstance(value, set | frozenset):
        yield from ((f"[{item!r}]", True) for item in value)
    elif isinstance(value, dict):
        yield from ((f"[{key!r}]", item) for key, item in list(value.items()))
    elif _has_own_attributes(value, module):
        for name, item in list(getattr(value, "__dict__", {}).items()):
            if not name.startswith(("__", *_OTHERS)):
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
    is_own = bool(file) and not is_installed(str(file))
    return is_own and not isinstance(value, luigi.Task)
