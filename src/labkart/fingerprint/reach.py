"""What a definition reaches by the names that it mentions, and what import-time code does to it.

Makes no digests.
"""

import inspect
import sys
from collections.abc import Collection, Iterable
from types import FunctionType
from typing import NamedTuple

from labkart.fingerprint import imports
from labkart.fingerprint.modules import (
    RUNTIMES,
    DefinitionRef,
    External,
    Module,
    Modules,
    Target,
)

# The decorators of these packages return what they decorate, or a wrapper, and change nothing else.
_PURE = {
    "abc",
    "attr",
    "attrs",
    "beartype",
    "contextlib",
    "dataclasses",
    "enum",
    "functools",
    "hypothesis",
    "jax",
}
_PURE |= {
    "jaxtyping",
    "numba",
    "numpy",
    "pytest",
    "tenacity",
    "torch",
    "typing",
    "typing_extensions",
    "warnings",
}


class References(NamedTuple):
    """What a definition mentions.

    Attributes:
        definitions: definitions of the project.
        externals: what belongs to installed packages.
        required: definitions that only a `requires()` names.
    """

    definitions: list[DefinitionRef]
    externals: list[External]
    required: list[DefinitionRef]


# How named tuples and dataclasses name the file of the methods that they generate.
_GENERATED = ("<string>", "<attrs generated>")

# Stands for code that is in no file.
NO_SOURCE = DefinitionRef(Module("", None, None, "", [], True), None)

# Whether something may change anything at import, and else the definitions that it may change.
Effect = tuple[bool, set[DefinitionRef]]


class Reach:
    """Follows names from definition to definition, and remembers where they led."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._references: dict[DefinitionRef, References] = {}
        self._imported: dict[Module, list[Module]] = {}
        self._effects_of: dict[DefinitionRef, Effect] = {}

    def reachable(self, starts: Iterable[DefinitionRef]) -> set[DefinitionRef]:
        """All that can matter: what definitions reach, and import-time code that concerns it."""
        return self._with_effects(self._closure(starts))

    def orders(self, reached: Collection[DefinitionRef]) -> dict[Module, list[str]]:
        """The order of imports, by module, if several of them do something that was reached."""
        acting = [
            ref for ref in reached if ref.number is not None and ref.definition.has_import_effects
        ]
        concerned = {ref.module for ref in acting if self._effect(ref) != (False, set())}
        # A script comes last.
        concerned = {module for module in concerned if not module.name.startswith("__m")}
        modules = dict.fromkeys([*self._modules.imported, *(ref.module for ref in reached)])
        orders = dict[Module, list[str]]()
        for module in modules if len(concerned) > 1 else ():
            statements = module.source.imports.values() if module.source else ()
            origins = dict.fromkeys(origin for origins in statements for origin in origins)
            run = {origin: concerned & self._modules_run_by(origin) for origin in origins}
            acting_origins = [origin for origin, modules in run.items() if modules]
            if len(acting_origins) > 1 and len(set().union(*run.values())) > 1:
                orders[module] = acting_origins
        return orders

    def _modules_run_by(self, origin: str) -> set[Module]:
        """The modules that an import runs, if nothing has imported them before."""
        waiting = [
            target.module
            for target in self._modules.follow("", origin)
            if isinstance(target, DefinitionRef)
        ]
        modules = set(waiting)
        while waiting:
            new = [module for module in self._imports(waiting.pop()) if module not in modules]
            modules.update(new)
            waiting += new
        return modules

    def _closure(self, starts: Iterable[DefinitionRef]) -> set[DefinitionRef]:
        """All that is reached.

        Task classes that only a `requires()` names are not: their code is in their own ids.
        """
        reached: dict[DefinitionRef, bool] = {}  # whether also its own task classes count
        waiting = [(ref, True) for ref in starts]
        while waiting:
            ref, wholly = waiting.pop()
            if ref in reached and (reached[ref] or not wholly):
                continue
            reached[ref] = wholly
            references = self.references(ref)
            for other in references.definitions:
                if wholly or not _is_task(other):
                    waiting.append((other, wholly))
            waiting += [(other, False) for other in references.required if not _is_task(other)]
        return set(reached)

    def references(self, ref: DefinitionRef) -> References:
        """What a definition mentions."""
        if ref not in self._references:
            self._references[ref] = self._find_references(ref)
        return self._references[ref]

    def _find_references(self, ref: DefinitionRef) -> References:
        module = ref.module
        if ref.number is None:
            count = len(module.source.definitions) if module.source else 0
            inside = [DefinitionRef(module, number) for number in range(count)]
            below = [DefinitionRef(inner, None) for inner in self._modules.below(module)]
            return References(inside + below, [], [])
        definition = ref.definition
        targets = self._resolved(ref, *definition.mentions) + self._imported_inside(ref)
        required = self._resolved(ref, *definition.requires)
        externals = [target for target in (*targets, *required) if isinstance(target, External)]
        definitions = _definitions(targets) + self._replacements(ref)
        return References(definitions, externals, _definitions(required))

    def _imported_inside(self, ref: DefinitionRef) -> list[Target]:
        """The modules that a function imports and never mentions: for what they do at import."""
        statements = ref.definition.imports.items()
        mentions = [f"{mention}." for mention in ref.definition.mentions] if statements else []
        silent = [
            origin
            for name, origins in statements
            if not any(mention.startswith(f"{name}.") for mention in mentions)
            for origin in origins
        ]
        return [target for origin in silent for target in self._modules.follow("", origin)]

    def _replacements(self, ref: DefinitionRef) -> list[DefinitionRef]:
        """Where functions are defined that replaced a definition after it was made."""
        loaded = sys.modules.get(ref.module.name)
        replacements = []
        for name in ref.definition.names if loaded else ():
            value = vars(loaded).get(name)
            values = list(vars(value).values()) if isinstance(value, type) else [value]
            for function in filter(None, map(_function, values)):
                if _is_foreign(function, ref.module):
                    replacements += self._definitions_of(function)
        return replacements

    def _definitions_of(self, function: FunctionType) -> list[DefinitionRef]:
        module = self._modules.find(function.__module__)
        if not module:
            return [NO_SOURCE]
        numbers = module.bindings.get(function.__qualname__.partition(".")[0], [None])
        return [DefinitionRef(module, number) for number in numbers]

    def _with_effects(self, reached: set[DefinitionRef]) -> set[DefinitionRef]:
        """Add the import-time code that registers, replaces or sets up what was reached."""
        size = -1
        while size != len(reached):
            size = len(reached)
            for ref in self._effects(reached):
                always, handles = self._effect(ref)
                if ref not in reached and (always or not handles.isdisjoint(reached)):
                    reached = reached | self._closure([ref])
        return reached

    def _effects(self, reached: set[DefinitionRef]) -> list[DefinitionRef]:
        """The definitions that do something at import, in modules that are or will be imported."""
        modules = dict.fromkeys([*self._modules.imported, *(ref.module for ref in reached)])
        waiting = list(modules)
        while waiting:
            module = waiting.pop()
            # What a module that was imported imports has been imported with it.
            for needed in [] if module.name in sys.modules else self._imports(module):
                if needed not in modules:
                    modules[needed] = None
                    waiting.append(needed)
        acting = [
            DefinitionRef(module, number)
            for module in modules
            for number, definition in enumerate(module.source.definitions if module.source else ())
            if definition.has_import_effects
        ]
        return [ref for ref in acting if self._effect(ref) != (False, set())]

    def _imports(self, module: Module) -> list[Module]:
        if module not in self._imported:
            definitions = module.source.definitions if module.source else []
            statements = [definition.imports for definition in definitions]
            statements += [module.source.imports] if module.source else []
            origins = {
                origin
                for statement in statements
                for origins in statement.values()
                for origin in origins
            }
            targets = [target for origin in origins for target in self._modules.follow("", origin)]
            modules = [target.module for target in targets if isinstance(target, DefinitionRef)]
            parent = self._modules.find(module.name.rpartition(".")[0])
            self._imported[module] = modules + ([parent] if parent else [])
        return self._imported[module]

    def _effect(self, ref: DefinitionRef) -> Effect:
        """Whether a definition may change anything at import, and what it may change."""
        if ref not in self._effects_of:
            self._effects_of[ref] = self._find_effect(ref)
        return self._effects_of[ref]

    def _find_effect(self, ref: DefinitionRef) -> Effect:
        definition = ref.definition
        effects = [self._assignment(ref, name) for name in definition.assigned_parts]
        effects += [self._decoration(ref, name) for name in definition.decorators]
        for name in definition.calls:
            called = _definitions(self._resolved(ref, name))
            effects.append((False, self._states(called)))
        for base in self._hooking(ref):
            effects.append((False, self._states([base]) | {base}))
        # A script that uses the tasks is not part of them; what it replaces in them is seen anyway.
        anything = definition.has_side_effects and not ref.module.name.startswith("__m")
        anything = anything or "?" in (*definition.assigned_parts, *definition.decorators)
        changed = set[DefinitionRef]().union(*(refs for _, refs in effects))
        return anything or any(always for always, _ in effects), changed

    def _assignment(self, ref: DefinitionRef, name: str) -> Effect:
        """The effect of an assignment to a part of something."""
        targets = self._resolved(ref, name)
        definitions = _definitions(targets)
        inside = [ref for target in definitions for ref in self._inside(target)]
        # Without a target it is `vars()["name"] = ...`; in an installed package it concerns all.
        anything = len(definitions) < len(targets) or not targets
        return anything, {*definitions, *inside}

    def _decoration(self, ref: DefinitionRef, name: str) -> Effect:
        """The effect of a decorator."""
        targets = self._resolved(ref, name)
        anything = any(
            isinstance(target, External) and not _is_pure(target.dotted) for target in targets
        )
        definitions = _definitions(targets)
        changed = set[DefinitionRef]().union(*(self._states([ref]) for ref in definitions))
        return anything, changed | (set(definitions) if "." in name else set())

    def _resolved(self, ref: DefinitionRef, *names: str) -> list[Target]:
        module, statements = ref.module, ref.definition.imports
        return [
            target for name in names for target in self._modules.resolve(module, name, statements)
        ]

    def _inside(self, ref: DefinitionRef) -> list[DefinitionRef]:
        return self.references(ref).definitions if ref.number is None else []

    def _states(self, refs: list[DefinitionRef]) -> set[DefinitionRef]:
        """What these reach that may hold what others put there."""
        return {
            ref
            for ref in self._closure(refs)
            if ref.number is not None and ref.definition.is_mutable
        }

    def _hooking(self, ref: DefinitionRef) -> set[DefinitionRef]:
        """The classes above one that act when they are inherited."""
        bases, waiting = set[DefinitionRef](), [ref]
        while waiting:
            current = waiting.pop()
            for base in _definitions(self._resolved(current, *current.definition.bases)):
                if base.number is not None and base not in bases:
                    bases.add(base)
                    waiting.append(base)
        return {base for base in bases if base.definition.acts_on_subclass}


def _definitions(targets: Iterable[Target]) -> list[DefinitionRef]:
    return [target for target in targets if isinstance(target, DefinitionRef)]


def _is_task(ref: DefinitionRef) -> bool:
    loaded = sys.modules.get(ref.module.name)
    names = ref.definition.names if ref.number is not None else ()
    values = [getattr(loaded, name, None) for name in names]
    return any(isinstance(value, type) and hasattr(value, "make_unique_id") for value in values)


def _is_foreign(function: FunctionType, module: Module) -> bool:
    """Whether a function was defined elsewhere in the project, or in no file."""
    file = function.__code__.co_filename
    is_generated = file in _GENERATED and function.__name__.startswith("__")
    return file != module.file and not is_generated and not imports.is_installed(file)


def _is_pure(dotted: str) -> bool:
    return (dotted.partition(".")[0] in _PURE | RUNTIMES) and "regist" not in dotted.lower()


def _function(value: object) -> FunctionType | None:
    """The function in a method, a property or a decorated function."""
    value = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
    value = inspect.unwrap(value) if callable(value) and hasattr(value, "__wrapped__") else value
    return value if isinstance(value, FunctionType) else None
