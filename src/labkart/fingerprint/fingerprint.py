"""The code that a task class reaches by name, and the versions of the packages it imports.

Read from the files of what was imported. If reading cannot be sure, everything counts: to compute a
result again costs time, a stale one costs trust. Knows no parameters and no ids.
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
# Goes into every fingerprint: a change of what counts is made here, deliberately, and computes
# every task again.
SCHEMA = 2
_PLAIN = (bool, bytes, complex, float, int, str, type(None))

# What is recorded of code: by file, by name, a digest. While it is gathered, a list of digests.
Code = dict[str, dict[str, str]]
_Parts = dict[str, list[str]]


@dataclass(frozen=True)
class Fingerprint:
    """What a task's result depends on beside its parameters and inputs.

    Attributes:
        code: by file (`my_thesis/tasks/train.py`) the digest of each definition that is reached
            (`TrainForest.run`).
        packages: by name the version of each package that this code imports, and of those that
            these need.
    """

    code: Code
    packages: dict[str, str]

    @cached_property
    def digest(self) -> str:
        """The sha256 of all of it, and of the rule that made it."""
        code = sorted((file, *part) for file, parts in self.code.items() for part in parts.items())
        content = repr((SCHEMA, code, sorted(self.packages.items())))
        return hashlib.sha256(content.encode()).hexdigest()


def fingerprint_of(task: type) -> Fingerprint:
    """The fingerprint of a task class, as this process imported it."""
    reading = _readings.current()
    if task not in reading.fingerprints:
        reading.fingerprints[task] = reading.fingerprint(task)
        reading.modules.sources.keep()
    return reading.fingerprints[task]


def still_holds(task: type) -> bool:
    """Whether the code read for a class is what this process imported since, also in `run()`."""
    files = _readings.last.files.get(task, {}) if _readings.last else {}
    return all(imports.as_imported(file, name) for name, file in files.items())


def has_replacements() -> bool:
    """Whether a constant, a function or a method was replaced in this process since it was read.

    If so, what was read is forgotten.
    """
    replaced = _readings.last is not None and _readings.last.is_outdated()
    if replaced:
        _readings.last = None
    return replaced


class _Reading:
    """One reading of the project's files.

    It holds for as long as this process imports no more of them and replaces nothing.

    Attributes:
        fingerprints: the fingerprints of the classes that somebody asked for.
        files: the files that were read for each of them, by module.
        objects: what the names of the reached definitions referred to, by identity.
    """

    def __init__(self) -> None:
        self.generation = imports.generation()
        self.modules = Modules()
        self.reach = Reach(self.modules)
        self.fingerprints: dict[type, Fingerprint] = {}
        self.files: dict[type, dict[str, str]] = {}
        self.objects: dict[DefinitionRef, dict[int, Any]] = {}

    def is_outdated(self) -> bool:
        """Whether a name of a reached definition refers to another object now."""
        return any(
            _bound_objects(ref).keys() != objects.keys() for ref, objects in self.objects.items()
        )

    def fingerprint(self, task: type) -> Fingerprint:
        """Gather what a class reaches, with the effects of import-time code, and note the parts."""
        classes = self._own_classes(task)
        reached = self.reach.reachable(classes)
        modules = {ref.module for ref in reached}
        self.objects |= {ref: _bound_objects(ref) for ref in reached if ref.number is not None}
        self.files[task] = {
            module.name: module.file for module in modules if module.file and module.current
        }
        externals = [
            external for ref in reached for external in self.reach.references(ref).externals
        ]
        code = self._parts(reached)
        if self._is_unsure(reached, externals):
            code |= self._everything()
            versions = packages.foreign_versions()
        else:
            versions = self._versions(task, reached, externals)
        if _is_unsaved(task, classes) or NO_SOURCE in reached:
            code[task.__module__] = {task.__qualname__: secrets.token_hex()}
        for module in modules:
            if not module.current:  # edited since it was imported: it is not the code that runs
                code[module.key] = {"": secrets.token_hex()}
        return Fingerprint(code, {**versions, "Python": "{}.{}".format(*sys.version_info)})

    def _versions(
        self, task: type, reached: set[DefinitionRef], externals: Iterable[External]
    ) -> dict[str, str]:
        """The packages that the code imports, and those that hold the code itself.

        A package that is installed in place is read like the project's own code, and has a version.
        """
        modules = [external.dotted for external in [*externals, *self._unused(reached)]]
        modules += self.files[task]
        modules += [base.__module__ for base in task.__mro__]
        names = {module.partition(".")[0] for module in modules}
        return packages.required_versions(names - RUNTIMES)

    def _own_classes(self, task: type) -> list[DefinitionRef]:
        """The definitions of a class and of those it inherits from, if they are the project's."""
        classes = []
        for base in task.__mro__:
            if module := self.modules.find(base.__module__):
                numbers = module.bindings.get(base.__qualname__.partition(".")[0], [None])
                classes += [DefinitionRef(module, number) for number in numbers]
        return classes

    def _is_unsure(self, reached: set[DefinitionRef], externals: list[External]) -> bool:
        unsure = any(ref.number is not None and ref.definition.unsure for ref in reached)
        dotted = {external.dotted for external in externals}
        return unsure or NO_SOURCE in reached or any(map(syntax.is_unsure, dotted))

    def _everything(self) -> Code:
        """The digests of all code that the project could reach, and of what it read at import."""
        code = {file: {"": sha256} for file, sha256 in self.modules.everything().items()}
        for module in self.modules.imported:
            read = {name: " ".join(digests) for name, digests in _read_at_import(module).items()}
            code[module.key] = {**code.get(module.key, {}), **read}
        return code

    def _parts(self, reached: set[DefinitionRef]) -> Code:
        """The digests to record, by file and name."""
        code: dict[str, _Parts] = {}
        for ref in sorted(reached - {NO_SOURCE}, key=lambda ref: (ref.module.key, ref.number or 0)):
            parts = code.setdefault(ref.module.key, {})
            if ref.number is not None:
                self._add_definition(parts, ref)
            elif not ref.module.source:
                parts[""] = [ref.module.sha256]
        for module in {ref.module for ref in reached}:
            code.setdefault(module.key, {}).update(self._import_parts(module, reached))
        for module, order in self.reach.orders(reached).items():
            code.setdefault(module.key, {})["order of imports"] = order
        return {
            file: {name: " ".join(digests) for name, digests in parts.items()}
            for file, parts in code.items()
            if parts
        }

    def _add_definition(self, parts: _Parts, ref: DefinitionRef) -> None:
        for name, digest in ref.definition.parts.items():
            parts.setdefault(name or "at import", []).append(digest)
        for external in self.reach.references(ref).externals:
            name = f"import {external.name}"
            parts[name] = sorted({*parts.get(name, ()), external.origin})
        parts |= _assigned_since(ref)

    def _import_parts(self, module: Module, reached: Container[DefinitionRef]) -> _Parts:
        """What a module does when it is imported, beside what its definitions say."""
        parts = _read_at_import(module) | _order(module, reached)
        unused = sorted(external.origin for external in self._unused({DefinitionRef(module, None)}))
        return parts | ({"import": unused} if unused else {})

    def _unused(self, reached: Iterable[DefinitionRef]) -> list[External]:
        """What the files import and never mention: for what it does when it is imported."""
        origins = {
            origin for ref in reached if ref.module.source for origin in ref.module.source.unused
        }
        targets = [target for origin in origins for target in self.modules.follow("", origin)]
        return [
            target
            for target in targets
            if isinstance(target, External)
            and (target.origin.endswith(":*") or target.dotted.partition(".")[0] not in _KNOWN)
        ]


@dataclass
class _Readings:
    """The last reading of this process, which has one set of modules, and so one reading.

    Attributes:
        last: it; None if nothing was read, or if it holds no more.
    """

    last: _Reading | None = None

    def current(self) -> _Reading:
        """The last reading, or a new one if more of the project was imported since."""
        if self.last is None or self.last.generation != imports.generation():
            self.last = _Reading()
        return self.last


_readings = _Readings()


def _is_unsaved(task: type, classes: Iterable[DefinitionRef]) -> bool:
    """Whether a class was typed at a prompt or made in a function: no file says all of it."""
    in_function = "<locals>" in task.__qualname__
    return in_function or not any(ref.module.name == task.__module__ for ref in classes)


def _read_at_import(module: Module) -> _Parts:
    """The digests of the files, other than code, that a module read while it was imported."""
    parts: _Parts = {}
    for name in sorted(imports.read_at_import(module.file) if module.file else ()):
        with suppress(OSError):  # it looked for a file that does not exist
            digest = content_digest(Path(name))
            parts.setdefault(f"reads {Path(name).name}", []).append(digest)
    return parts


def _order(module: Module, reached: Container[DefinitionRef]) -> _Parts:
    """The order of what is bound or done at import, if another one could change a result."""
    if not module.source:
        return {}
    definitions = [
        definition
        for number, definition in enumerate(module.source.definitions)
        if DefinitionRef(module, number) in reached
    ]
    names = [name for definition in definitions for name in definition.names]
    if len(names) == len(set(names)):  # nothing is bound twice
        definitions = [
            definition
            for definition in definitions
            if definition.has_side_effects
            or definition.assigned_parts
            or definition.calls
            or definition.decorators
        ]
    imported = module.source.imports.items()
    parts = {f"imports of {name}": origins for name, origins in imported if len(origins) > 1}
    if len(definitions) > 1:
        order = repr([definition.parts for definition in definitions])
        parts["order"] = [hashlib.sha256(order.encode()).hexdigest()[:12]]
    return parts


def _bound_objects(ref: DefinitionRef) -> dict[int, Any]:
    """The objects that a definition's names refer to in this process, and what its classes hold."""
    loaded = vars(sys.modules.get(ref.module.name, object))
    bound = [loaded.get(name) for name in ref.definition.names]
    members = [value for cls in bound if isinstance(cls, type) for value in vars(cls).values()]
    return {id(value): value for value in [*bound, *members]}


def _assigned_since(ref: DefinitionRef) -> _Parts:
    """A constant that differs from its definition, because other code has assigned it."""
    loaded, definition = sys.modules.get(ref.module.name), ref.definition
    if not loaded or definition.literal is None or len(definition.names) != 1:
        return {}
    name = definition.names[0]
    value = vars(loaded).get(name)
    bound_once = len(ref.module.bindings[name]) == 1
    if not bound_once or not isinstance(value, _PLAIN) or repr(value) == definition.literal:
        return {}
    return {f"{name}, as it was set": [repr(value)]}
