"""What a definition reaches by the names that it mentions, and what import-time code does to that."""

import inspect
import sys
from collections.abc import Collection, Iterable
from types import FunctionType
from typing import NamedTuple

from labkart.fingerprint import imports
from labkart.fingerprint.modules import RUNTIMES, DefinitionRef, External, Module, Modules

# Decorators that give back what they decorate, or a wrapper of it, and change nothing else.
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
    """What a definition mentions: the project's definitions, installed things, and what a `requires()` alone names."""

    places: list[DefinitionRef]
    externals: list[External]
    required: list[DefinitionRef]


# What named tuples and dataclasses call the file of the methods that they make from what a class says.
_GENERATED = ("<string>", "<attrs generated>")

# Stands for code that is in no file.
NO_SOURCE = DefinitionRef(Module("", None, None, "", [], True), None)


class Reach:
    """Follows names from definition to definition; remembers what it found."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._known: dict[DefinitionRef, References] = {}
        self._imported: dict[Module, list[Module]] = {}
        self._handles: dict[DefinitionRef, tuple[bool, set[DefinitionRef]]] = {}

    def reachable(self, starts: Iterable[DefinitionRef]) -> set[DefinitionRef]:
        """All that can matter to definitions: what they reach, and what runs at import and concerns any of it."""
        return self._with_effects(self._closure(starts))

    def orders(self, reached: Collection[DefinitionRef]) -> dict[Module, list[str]]:
        """The order of imports where more than one of the modules behind them does something that was reached."""
        acting = [place for place in reached if place.number is not None and place.definition.acts]
        concerned = {place.module for place in acting if self._effect(place) != (False, set())}
        concerned = {
            module for module in concerned if not module.name.startswith("__m")
        }  # a script comes last
        modules = dict.fromkeys([*self._modules.imported, *(place.module for place in reached)])
        found = dict[Module, list[str]]()
        for module in modules if len(concerned) > 1 else ():
            statements = module.source.imports.values() if module.source else ()
            origins = dict.fromkeys(origin for each in statements for origin in each)
            behind = {origin: concerned & self._behind(origin) for origin in origins}
            if len(set().union(*behind.values())) > 1 and sum(map(bool, behind.values())) > 1:
                found[module] = [origin for origin, modules in behind.items() if modules]
        return found

    def _behind(self, origin: str) -> set[Module]:
        """The modules that an import runs, if nothing has imported them before."""
        waiting = [
            target.module
            for target in self._modules.follow("", origin)
            if isinstance(target, DefinitionRef)
        ]
        found = set(waiting)
        while waiting:
            new = [each for each in self._imports(waiting.pop()) if each not in found]
            found.update(new)
            waiting += new
        return found

    def _closure(self, starts: Iterable[DefinitionRef]) -> set[DefinitionRef]:
        """All that is reached. Task classes that only a `requires()` names are not: their code is in their own ids."""
        seen: dict[DefinitionRef, bool] = {}
        waiting = [(place, True) for place in starts]
        while waiting:
            place, wholly = waiting.pop()
            if (before := seen.get(place)) or before is wholly:
                continue
            seen[place] = wholly
            around = self.references(place)
            waiting += [(each, wholly) for each in around.places if wholly or not _is_task(each)]
            waiting += [(each, False) for each in around.required if not _is_task(each)]
        return set(seen)

    def references(self, place: DefinitionRef) -> References:
        """What a definition mentions."""
        found = self._known.get(place)
        if found is None:
            found = self._known[place] = self._look_around(place)
        return found

    def _look_around(self, place: DefinitionRef) -> References:
        module = place.module
        if place.number is None:
            count = len(module.source.definitions) if module.source else 0
            inside = [DefinitionRef(module, number) for number in range(count)]
            return References(
                inside + [DefinitionRef(each, None) for each in self._modules.below(module)], [], []
            )
        definition = place.definition
        targets = self._resolved(place, *definition.mentions) + self._imported_inside(place)
        asked = self._resolved(place, *definition.requires)
        places = [
            target for target in targets if isinstance(target, DefinitionRef)
        ] + self._put_in_place(place)
        externals = [target for target in (*targets, *asked) if isinstance(target, External)]
        return References(
            places, externals, [target for target in asked if isinstance(target, DefinitionRef)]
        )

    def _imported_inside(self, place: DefinitionRef) -> list[DefinitionRef | External]:
        """The modules that a function imports without a word of them: for what they do when they are imported."""
        statements = place.definition.imports.items()
        mentions = [f"{each}." for each in place.definition.mentions] if statements else []
        silent = [
            origins
            for name, origins in statements
            if not any(each.startswith(f"{name}.") for each in mentions)
        ]
        return [
            target
            for origins in silent
            for each in origins
            for target in self._modules.follow("", each)
        ]

    def _put_in_place(self, place: DefinitionRef) -> list[DefinitionRef]:
        """Where functions are defined that took a definition's place after it was made."""
        loaded = sys.modules.get(place.module.name)
        found = []
        for name in place.definition.names if loaded else ():
            held = vars(loaded).get(name)
            held = list(vars(held).values()) if isinstance(held, type) else [held]
            for function in filter(None, map(_function, held)):
                file = function.__code__.co_filename
                generated = file in _GENERATED and function.__name__.startswith("__")
                if file != place.module.file and not generated and not imports.is_installed(file):
                    other = self._modules.find(function.__module__)
                    top = function.__qualname__.partition(".")[0]
                    numbers = other.bindings.get(top, [None]) if other else []
                    found += (
                        [DefinitionRef(other, number) for number in numbers]
                        if other
                        else [NO_SOURCE]
                    )
        return found

    def _with_effects(self, reached: set[DefinitionRef]) -> set[DefinitionRef]:
        """Add what import-time code does to anything that was reached: registers, replaces, sets up."""
        size = -1
        while size != len(reached):
            size = len(reached)
            for place in self._effects(reached):
                always, handles = self._effect(place)
                if place not in reached and (always or not handles.isdisjoint(reached)):
                    reached = reached | self._closure([place])
        return reached

    def _effects(self, reached: set[DefinitionRef]) -> list[DefinitionRef]:
        """The definitions that do something at import, in all modules that are or will be imported."""
        modules = dict.fromkeys([*self._modules.imported, *(place.module for place in reached)])
        waiting = list(modules)
        while waiting:
            module = waiting.pop()
            # What a module that was imported imports has been imported with it.
            for needed in [] if module.name in sys.modules else self._imports(module):
                if needed not in modules:
                    modules[needed] = None
                    waiting.append(needed)
        every = ((module, module.source.definitions) for module in modules if module.source)
        places = [
            DefinitionRef(module, n)
            for module, each in every
            for n, definition in enumerate(each)
            if definition.acts
        ]
        return [place for place in places if self._effect(place) != (False, set())]

    def _imports(self, module: Module) -> list[Module]:
        if module not in self._imported:
            inside = [each.imports for each in module.source.definitions] if module.source else []
            statements = [module.source.imports, *inside] if module.source else []
            origins = {
                origin for every in statements for origins in every.values() for origin in origins
            }
            targets = [target for origin in origins for target in self._modules.follow("", origin)]
            parent = self._modules.find(module.name.rpartition(".")[0])
            found = [target.module for target in targets if isinstance(target, DefinitionRef)]
            self._imported[module] = found + ([parent] if parent else [])
        return self._imported[module]

    def _effect(self, place: DefinitionRef) -> tuple[bool, set[DefinitionRef]]:
        """Whether a definition may change anything at import, and else the definitions whose users it concerns."""
        if place not in self._handles:
            self._handles[place] = self._look_for_effect(place)
        return self._handles[place]

    def _look_for_effect(self, place: DefinitionRef) -> tuple[bool, set[DefinitionRef]]:
        definition, handles = place.definition, set[DefinitionRef]()
        # A script that uses the tasks is not what they are made of; what it replaces in them is seen all the same.
        always = definition.always and not place.module.name.startswith("__m")
        always = always or "?" in (*definition.sets, *definition.decorators)
        for name in definition.sets:
            targets = self._resolved(place, name)
            always = always or not targets  # `vars()["name"] = ...`
            for target in targets:
                always = always or isinstance(target, External)
                handles |= (
                    set() if isinstance(target, External) else {target, *self._inside(target)}
                )
        for name in definition.decorators:
            for target in self._resolved(place, name):
                if isinstance(target, External):
                    always = always or not _is_pure(target.dotted)
                else:
                    handles |= self._states([target]) | ({target} if "." in name else set())
        for name in definition.calls:
            handles |= self._states(
                [each for each in self._resolved(place, name) if isinstance(each, DefinitionRef)]
            )
        for base in self._hooking(place):
            handles |= self._states([base]) | {base}
        return always, handles

    def _resolved(self, place: DefinitionRef, *names: str) -> list[DefinitionRef | External]:
        module, statements = place.module, place.definition.imports
        return [
            target for name in names for target in self._modules.resolve(module, name, statements)
        ]

    def _inside(self, place: DefinitionRef) -> list[DefinitionRef]:
        return self.references(place).places if place.number is None else []

    def _states(self, places: list[DefinitionRef]) -> set[DefinitionRef]:
        """What these reach that may hold what others put there."""
        return {
            each
            for each in self._closure(places)
            if each.number is not None and each.definition.state
        }

    def _hooking(self, place: DefinitionRef) -> set[DefinitionRef]:
        """The classes above one that act when they are inherited."""
        found, waiting = set[DefinitionRef](), [place]
        while waiting:
            current = waiting.pop()
            for base in self._resolved(current, *current.definition.bases):
                if (
                    isinstance(base, DefinitionRef)
                    and base.number is not None
                    and base not in found
                ):
                    found.add(base)
                    waiting.append(base)
        return {base for base in found if base.definition.hooks}


def _is_task(place: DefinitionRef) -> bool:
    loaded = sys.modules.get(place.module.name)
    held = [
        getattr(loaded, name, None)
        for name in (place.definition.names if place.number is not None else ())
    ]
    return any(isinstance(each, type) and hasattr(each, "make_unique_id") for each in held)


def _is_pure(dotted: str) -> bool:
    return (dotted.partition(".")[0] in _PURE | RUNTIMES) and "regist" not in dotted.lower()


def _function(held: object) -> FunctionType | None:
    """The function in a method, a property or a decorated function."""
    held = held.fget if isinstance(held, property) else getattr(held, "__func__", held)
    held = inspect.unwrap(held) if callable(held) and hasattr(held, "__wrapped__") else held
    return held if isinstance(held, FunctionType) else None
