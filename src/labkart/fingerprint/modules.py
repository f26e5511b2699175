"""The project's modules as files, imported or not, and what a name in one of them stands for."""

import builtins
import hashlib
import os
import sys
from dataclasses import dataclass, field
from functools import cached_property
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import NamedTuple

from labkart import project
from labkart.fingerprint import imports
from labkart.fingerprint.source import Definition, Source
from labkart.fingerprint.source_cache import SourceCache

# The machinery around a task, not its computation.
RUNTIMES = {"gokart", "hydra_plugins", "labkart", "luigi"}


@dataclass(eq=False)
class Module:
    """A module of the project.

    Attributes:
        file: where it is; nothing for a folder without `__init__.py`.
        source: what is in the file; nothing where it is no Python that can be read.
        sha256: the digest of the file's content.
        search: of a package, the folders in which its modules are.
        current: whether the file still is what this process imported.
    """

    name: str
    file: str | None
    source: Source | None
    sha256: str
    search: list[str]
    current: bool
    bindings: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place, definition in enumerate(self.source.definitions if self.source else ()):
            for name in definition.names:
                self.bindings.setdefault(name, []).append(place)

    @cached_property
    def key(self) -> str:
        """Its file as a person names it, the same in every checkout: `my_thesis/tasks/train.py`."""
        _, suffix = os.path.splitext(self.file or "")  # noqa: PTH122 (asked often)
        return self.name.replace(".", "/") + ("/__init__.py" if self.search else suffix)

    def binds(self, name: str) -> bool:
        return name in self.bindings or bool(self.source and name in self.source.imports)


class DefinitionRef(NamedTuple):
    """A definition in a module, by its number there; or the whole module."""

    module: Module
    number: int | None

    @property
    def definition(self) -> Definition:
        assert self.module.source and self.number is not None
        return self.module.source.definitions[self.number]


class External(NamedTuple):
    """Something of an installed package: the name in our code, its import's origin, and all of it as it is written."""

    name: str
    origin: str
    dotted: str


class Modules:
    """All modules of the project that somebody asked for, as they are now."""

    def __init__(self) -> None:
        self._found: dict[str, Module | None] = {}
        self._resolved: dict[tuple[Module, str], list[DefinitionRef | External]] = {}
        self.sources = SourceCache()

    def find(self, name: str) -> Module | None:
        """A module of the project by its full name; nothing where it is installed, or is not there at all."""
        if name not in self._found:
            self._found[name] = None
            self._found[name] = self._make(name)
        return self._found[name]

    @cached_property
    def imported(self) -> list[Module]:
        """The project's modules that this process has imported."""
        return [module for name in imports.imported_modules() if (module := self.find(name))]

    def everything(self) -> dict[str, str]:
        """The digests of all code that the project could reach: all files beside and below its imported modules."""
        here = project.current()
        tops = {module.name.partition(".")[0]: module for module in self.imported}
        folders = {
            Path(each) for name in tops if (top := self.find(name)) for each in top.search
        } | {here.root / "src"}
        found = {module.key: module.sha256 for module in tops.values()}
        for folder in folders:
            top = "" if folder == here.root / "src" else f"{folder.name}/"
            for file in sorted(folder.rglob("*.py")):
                key = top + file.relative_to(folder).as_posix()
                if key.partition("/")[0] not in RUNTIMES and file.is_file():
                    found[key] = hashlib.sha256(file.read_bytes()).hexdigest()
        return found

    def below(self, package: Module) -> list[Module]:
        """The modules in a package, at any depth."""
        found = []
        for folder in package.search:
            for file in sorted(Path(folder).rglob("*.py")):
                words = file.relative_to(folder).with_suffix("").parts
                name = ".".join([package.name, *(words[:-1] if words[-1] == "__init__" else words)])
                found += [module for module in [self.find(name)] if module]
        return found

    def resolve(
        self, module: Module, mention: str, local: dict[str, list[str]]
    ) -> list[DefinitionRef | External]:
        """What a name in a module stands for; `local` are the imports inside the definition that mentions it."""
        first = mention.partition(".")[0]
        if first in local:
            return self._resolve(module, mention.split("."), local, set())
        if not (module.binds(first) or module.binds("*")):  # a builtin, as most names are
            return []
        found = self._resolved.get((module, mention))
        if found is None:
            found = self._resolved[module, mention] = self._resolve(
                module, mention.split("."), {}, set()
            )
        return found

    def follow(self, name: str, origin: str) -> list[DefinitionRef | External]:
        """What an import's origin stands for."""
        return self._follow(name, origin, [], set())

    def _resolve(
        self,
        module: Module,
        words: list[str],
        local: dict[str, list[str]],
        seen: set[tuple[str, str]],
    ) -> list[DefinitionRef | External]:
        first = words[0]
        if (module.name, first) in seen or not module.source:
            return []
        seen.add((module.name, first))
        found: list[DefinitionRef | External] = [
            DefinitionRef(module, number) for number in module.bindings.get(first, ())
        ]
        origins = [*local.get(first, ()), *module.source.imports.get(first, ())]
        if not origins and first not in module.bindings:
            origins = [
                each
                for each in _behind_stars(module, first)
                if self._has(each, hasattr(builtins, first))
            ]
        for origin in origins:
            found += self._follow(first, origin, words[1:], seen)
        return found

    def _has(self, origin: str, sure: bool, seen: tuple[str, ...] = ()) -> bool:
        """Whether `module:name` may be meant by a name that came with `import *`; if `sure`, of the project alone."""
        base, _, name = origin.partition(":")
        module = self.find(base)
        if module is None or not module.source or origin in seen:
            return module is None and not sure
        return bool(
            module.binds(name)
            or self.find(f"{base}.{name}")
            or any(self._has(each, sure, (*seen, origin)) for each in _behind_stars(module, name))
        )

    def _follow(
        self, name: str, origin: str, rest: list[str], seen: set[tuple[str, str]]
    ) -> list[DefinitionRef | External]:
        base, _, attribute = origin.partition(":")
        words = [attribute, *rest] if attribute else rest
        module = self.find(base)
        if module is None:
            return [External(name, origin, ".".join([base, *words]))]
        found = list[DefinitionRef | External]()
        while words:
            bound = self._resolve(module, words, {}, seen) if module.binds(words[0]) else []
            found += bound
            inner = self.find(f"{module.name}.{words[0]}")
            if inner is None and bound:
                return found
            if inner is None:
                break
            module, words = inner, words[1:]
        if words and module.binds("*") and (behind := self._resolve(module, words, {}, seen)):
            return found + behind
        # `module.__name__` says nothing of what is in it.
        if not (words and words[0].startswith("__")) or words[0] == "__dict__":
            found.append(DefinitionRef(module, None))
        return found

    def _make(self, name: str) -> Module | None:
        top, _, _ = name.partition(".")
        spec = None if top in RUNTIMES else self._spec(name)
        if spec is None:
            return None
        file, search = spec.origin, list(spec.submodule_search_locations or ())
        if not spec.has_location or not file:  # a folder without __init__.py, or something built in
            outside = not search or all(
                map(imports.is_installed, (f"{folder}/" for folder in search))
            )
            return None if outside else Module(name, None, Source([], {}, []), "", search, True)
        if imports.is_installed(file):
            return None
        try:
            source, sha256, stamp = self.sources.read(name, file, bool(search))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        return Module(name, file, source, sha256, search, imports.as_imported(file, name, stamp))

    def _spec(self, name: str) -> ModuleSpec | None:
        module = sys.modules.get(name)
        file = getattr(module, "__dict__", {}).get("__file__")
        if module and isinstance(file, str):  # also where it has no spec, as a script has none
            inside = module.__dict__.get("__path__")
            spec = ModuleSpec(name, None, origin=file)
            spec.submodule_search_locations = None if inside is None else list(inside)
            spec.has_location = True
            return spec
        parent, _, _ = name.rpartition(".")
        around = self.find(parent) if parent else None
        if parent and not (around and around.search):
            return None
        try:
            return PathFinder.find_spec(name, around.search if around else None)
        except (ImportError, ValueError):
            return None


def _behind_stars(module: Module, name: str) -> list[str]:
    """What a name may stand for that came with `import *`, if it is there."""
    stars = module.source.imports.get("*", ()) if module.source else ()
    return [origin.replace(":*", f":{name}") for origin in stars]
