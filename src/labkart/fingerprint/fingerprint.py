"""The code that a task class reaches by name, and the versions of the packages which that code imports.

Read from the files of what was imported. Where reading cannot be sure, everything counts: a result that is computed
again costs time, a stale one costs trust.
"""

import hashlib
import secrets
import sys
from collections.abc import Container, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from labkart import packages
from labkart.digests import content_digest
from labkart.fingerprint import imports, syntax
from labkart.fingerprint.modules import RUNTIMES, DefinitionRef, External, Module, Modules
from labkart.fingerprint.reach import NO_SOURCE, Reach

_KNOWN = RUNTIMES | sys.stdlib_module_names
# Goes into every fingerprint: a change of what counts is made here, deliberately, and computes every task again.
SCHEMA = 2
_PLAIN = (bool, bytes, complex, float, int, str, type(None))


@dataclass(frozen=True)
class Fingerprint:
    """What a task's result depends on beside its parameters and inputs.

    Attributes:
        code: by file (`my_thesis/tasks/train.py`) the digest of each definition that is reached (`TrainForest.run`).
        packages: by name the version of each package that this code imports, and of those that these need.
    """

    code: dict[str, dict[str, str]]
    packages: dict[str, str]

    @cached_property
    def digest(self) -> str:
        code = sorted((file, *part) for file, parts in self.code.items() for part in parts.items())
        return hashlib.sha256(
            repr((SCHEMA, code, sorted(self.packages.items()))).encode()
        ).hexdigest()


def fingerprint_of(task: type) -> Fingerprint:
    """The fingerprint of a task class, as this process imported it."""
    reading = _reading()
    if task not in reading.done:
        reading.done[task] = reading.fingerprint(task)
        reading.modules.sources.keep()
    return reading.done[task]


def still_holds(task: type) -> bool:
    """Whether the code that was read for a class is what this process imported since, for example inside of `run()`."""
    files = _readings[-1].files.get(task, {}) if _readings else {}
    return all(imports.as_imported(file, name) for name, file in files.items())


def has_replacements() -> bool:
    """Whether something took the place of what was read, in this process: a constant, a function, a method.

    What was read is forgotten then.
    """
    places = [each for reading in _readings for each in reading.held.items()]
    found = any(_bound_objects(place).keys() != held.keys() for place, held in places)
    if found:
        _readings.clear()
    return found


def _reading() -> "_Reading":
    """One reading of the project's files, for as long as this process imports no more of them and replaces nothing."""
    if not _readings or _readings[-1].generation != imports.generation():
        _readings[:] = [_Reading()]
    return _readings[-1]


_readings: list["_Reading"] = []


class _Reading:
    def __init__(self) -> None:
        self.generation = imports.generation()
        self.modules = Modules()
        self.done: dict[type, Fingerprint] = {}
        self.files: dict[type, dict[str, str]] = {}
        self.held: dict[DefinitionRef, dict[int, Any]] = {}
        self.reach = Reach(self.modules)

    def fingerprint(self, task: type) -> Fingerprint:
        """Gather what a class reaches, then what import-time code adds to that, and write down the parts."""
        tops = self._own_classes(task)
        unsaved = "<locals>" in task.__qualname__ or not any(
            place.module.name == task.__module__ for place in tops
        )
        reached = self.reach.all(tops)
        modules = {place.module for place in reached}
        self.held |= {place: _bound_objects(place) for place in reached if place.number is not None}
        self.files[task] = {
            module.name: module.file for module in modules if module.file and module.current
        }
        code, externals = (
            self._parts(reached),
            [each for place in reached for each in self.reach.around(place).externals],
        )
        if self._is_unsure(reached, externals):
            code = {**code, **self._everything()}
            versions = packages.foreign_versions()
        else:
            names = {each.dotted.partition(".")[0] for each in [*externals, *self._unused(reached)]}
            # Packages that are installed in place are read like the project's own code, and have a version too.
            homes = {
                name.partition(".")[0]
                for name in [*self.files[task], *(base.__module__ for base in task.__mro__)]
            }
            versions = packages.required_versions((names | homes) - RUNTIMES)
        if (
            unsaved or NO_SOURCE in reached
        ):  # typed at a prompt or made in a function: no file tells all of it
            code[task.__module__] = {task.__qualname__: secrets.token_hex()}
        for module in (module for module in modules if not module.current):
            code[module.key] = {
                "": secrets.token_hex()
            }  # edited since it was imported: what runs is not what is there
        return Fingerprint(code, {**versions, "Python": "{}.{}".format(*sys.version_info)})

    def _own_classes(self, task: type) -> list[DefinitionRef]:
        """The definitions of a class and of those it inherits from, as far as they are the project's."""
        found = []
        for base in task.__mro__:
            if module := self.modules.find(base.__module__):
                numbers = module.bindings.get(base.__qualname__.partition(".")[0], [None])
                found += [DefinitionRef(module, number) for number in numbers]
        return found

    def _is_unsure(self, reached: set[DefinitionRef], externals: list[External]) -> bool:
        unsure = any(place.number is not None and place.definition.unsure for place in reached)
        return (
            unsure
            or NO_SOURCE in reached
            or any(map(syntax.is_unsure, {each.dotted for each in externals}))
        )

    def _everything(self) -> dict[str, dict[str, str]]:
        """The digests of all that the project could reach: all files of code, and what they read at import."""
        code = {file: {"": sha256} for file, sha256 in self.modules.everything().items()}
        for module in self.modules.imported:
            read = {name: " ".join(each) for name, each in _read_at_import(module).items()}
            code[module.key] = {**code.get(module.key, {}), **read}
        return code

    def _parts(self, reached: set[DefinitionRef]) -> dict[str, dict[str, str]]:
        """The digests to keep, by file and name."""
        code: dict[str, dict[str, list[str]]] = {}
        for place in sorted(
            reached - {NO_SOURCE}, key=lambda place: (place.module.key, place.number or 0)
        ):
            parts = code.setdefault(place.module.key, {})
            if place.number is None:
                if not place.module.source:
                    parts[""] = [place.module.sha256]
                continue
            for name, digest in place.definition.parts.items():
                parts.setdefault(name or "at import", []).append(digest)
            for name, origin in {
                (each.name, each.origin) for each in self.reach.around(place).externals
            }:
                parts[f"import {name}"] = sorted({*parts.get(f"import {name}", ()), origin})
            parts |= _set_since(place)
        for module in {place.module for place in reached}:
            parts = code.setdefault(module.key, {})
            parts |= _read_at_import(module)
            parts |= _order(module, reached)
            if unused := sorted(
                each.origin for each in self._unused({DefinitionRef(module, None)})
            ):
                parts["import"] = unused
        for module, order in self.reach.orders(reached).items():
            code.setdefault(module.key, {})["order of imports"] = order
        return {
            file: {name: " ".join(each) for name, each in parts.items()}
            for file, parts in code.items()
            if parts
        }

    def _unused(self, reached: Iterable[DefinitionRef]) -> list[External]:
        """What the files import without a word of it afterwards: for what it does when it is imported."""
        origins = {
            origin
            for place in reached
            if place.module.source
            for origin in place.module.source.unused
        }
        targets = [target for origin in origins for target in self.modules.follow("", origin)]
        external = [target for target in targets if isinstance(target, External)]
        return [
            each
            for each in external
            if each.origin.endswith(":*") or each.dotted.partition(".")[0] not in _KNOWN
        ]


def _read_at_import(module: Module) -> dict[str, list[str]]:
    """The digests of the files, other than code, that a module read while it was imported."""
    found = dict[str, list[str]]()
    for name in sorted(imports.read_at_import(module.file) if module.file else ()):
        with suppress(OSError):  # looked for, and not there
            found.setdefault(f"reads {Path(name).name}", []).append(content_digest(Path(name)))
    return found


def _order(module: Module, reached: Container[DefinitionRef]) -> dict[str, list[str]]:
    """Of what is bound or done at import, the order, where another one could have another result."""
    if not module.source:
        return {}
    here = [
        each
        for number, each in enumerate(module.source.definitions)
        if DefinitionRef(module, number) in reached
    ]
    bound = [name for each in here for name in each.names]
    again = len(bound) > len(set(bound))
    moved = [
        each for each in here if again or each.always or each.sets or each.calls or each.decorators
    ]
    found = {
        f"imports of {name}": each for name, each in module.source.imports.items() if len(each) > 1
    }
    if len(moved) > 1:
        found["order"] = [
            hashlib.sha256(repr([each.parts for each in moved]).encode()).hexdigest()[:12]
        ]
    return found


def _bound_objects(place: DefinitionRef) -> dict[int, Any]:
    """What the names of a definition stand for in this process, by identity; of a class, also what it is made of."""
    loaded = vars(sys.modules.get(place.module.name, object))
    found = [loaded.get(name) for name in place.definition.names]
    inside = [value for each in found if isinstance(each, type) for value in vars(each).values()]
    return {id(each): each for each in [*found, *inside]}


def _set_since(place: DefinitionRef) -> dict[str, list[str]]:
    """A constant that is not what its definition says: some other code has set it."""
    loaded, definition = sys.modules.get(place.module.name), place.definition
    if not loaded or definition.literal is None or len(definition.names) != 1:
        return {}
    name = definition.names[0]
    held = vars(loaded).get(name)
    alone = len(place.module.bindings[name]) == 1 and isinstance(held, _PLAIN)
    return (
        {f"{name}, as it was set": [repr(held)]}
        if alone and repr(held) != definition.literal
        else {}
    )
