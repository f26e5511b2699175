"""The project's modules as files, imported or not, and what a name in one of them refers to.

Does not know what a definition does, and follows no definition to the next.
"""

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
        name: its full name.
        file: where it is; None for a folder without `__init__.py`.
        source: what is in the file; None if it is not Python that can be read.
        sha256: the digest of the file's content.
        search: the folders of a package's modules.
        current: whether the file still is what this process imported.
        bindings: the numbers of the definitions that bind a name.
    """

    name: str
    file: str | None
    source: Source | None
    sha256: str
    search: list[str]
    current: bool
    bindings: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, definition in enumerate(self.source.definitions if self.source else ()):
            for name in definition.names:
                self.bindings.setdefault(name, []).append(number)

    @cached_property
    def key(self) -> str:
        """Its file as a person names it, the same in every checkout: `my_thesis/tasks/train.py`."""
        _, suffix = os.path.splitext(self.file or "")  # noqa: PTH122 (asked often)
        return self.name.replace(".", "/") + ("/__init__.py" if self.search else suffix)

    def binds(self, name: str) -> bool:
        """Whether a name is defined or imported at the top of the module."""
        return name in self.bindings or bool(self.source and name in self.source.imports)


class DefinitionRef(NamedTuple):
    """A definition in a module, by its number there; or the whole module."""

    module: Module
    number: int | None

    @property
    def definition(self) -> Definition:
        """The definition; there must be a number."""
        assert self.module.source is not None
        assert self.number is not None
        return self.module.source.definitions[self.number]


class External(NamedTuple):
    """Something of an installed package.

    Attributes:
        name: the name in the project's code.
        origin: where it is imported from.
        dotted: all of it, as the code writes it.
    """

    name: str
    origin: str
    dotted: str


# What a name refers to.
Target = DefinitionRef | External


class Modules:
    """The modules of the project that somebody asked for, as they are now."""

    def __init__(self) -> None:
        self._modules: dict[str, Module | None] = {}
        self._resolved: dict[tuple[Module, str], list[Target]] = {}
        self.sources = SourceCache()

    def find(self, name: str) -> Module | None:
        """A module of the project by its full name; None if it is installed or missing."""
        if name not in self._modules:
            self._modules[name] = None
            self._modules[name] = self._make(name)
        return self._modules[name]

    @cached_property
    def imported(self) -> list[Module]:
        """The project's modules that this process has imported."""
        return [module for name in imports.imported_modules() if (module := self.find(name))]

    def everything(self) -> dict[str, str]:
        """The digests of all code that the project could reach, by file.

        That is all code beside and below the modules that are imported.
        """
        src = project.current().root / "src"
        tops = {module.name.partition(".")[0]: module for module in self.imported}
        digests = {module.key: module.sha256 for module in tops.values()}
        packages = [package for package in map(self.find, tops) if package]
        folders = {src} | {Path(folder) for package in packages for folder in package.search}
        for folder in folders:
            prefix = "" if folder == src else f"{folder.name}/"
            for file in sorted(folder.rglob("*.py")):
                key = prefix + file.relative_to(folder).as_posix()
                if key.partition("/")[0] not in RUNTIMES and file.is_file():
                    digests[key] = hashlib.sha256(file.read_bytes()).hexdigest()
        return digests

    def below(self, package: Module) -> list[Module]:
        """The modules in a package, at any depth."""
        modules = []
        for folder in package.search:
            for file in sorted(Path(folder).rglob("*.py")):
                parts = file.relative_to(folder).with_suffix("").parts
                inner = parts[:-1] if parts[-1] == "__init__" else parts
                module = self.find(".".join([package.name, *inner]))
                modules += [module] if module else []
        return modules

    def resolve(self, module: Module, mention: str, local: dict[str, list[str]]) -> list[Target]:
        """What a name in a module refers to.

        Args:
            module: where it is mentioned.
            mention: the name, dotted as far as it is written.
            local: the imports inside the definition that mentions it.
        """
        first = mention.partition(".")[0]
        if first in local:
            return self._resolve(module, mention.split("."), local, set())
        if not (module.binds(first) or module.binds("*")):  # a builtin, as most names are
            return []
        key = module, mention
        if key not in self._resolved:
            self._resolved[key] = self._resolve(module, mention.split("."), {}, set())
        return self._resolved[key]

    def follow(self, name: str, origin: str) -> list[Target]:
        """What an import's origin refers to."""
        return self._follow(name, origin, [], set())

    def _resolve(
        self,
        module: Module,
        words: list[str],
        local: dict[str, list[str]],
        seen: set[tuple[str, str]],
    ) -> list[Target]:
        first = words[0]
        if (module.name, first) in seen or not module.source:
            return []
        seen.add((module.name, first))
        targets: list[Target] = [
            DefinitionRef(module, number) for number in module.bindings.get(first, ())
        ]
        origins = [*local.get(first, ()), *module.source.imports.get(first, ())]
        if not origins and first not in module.bindings:
            is_builtin = hasattr(builtins, first)
            stars = _star_origins(module, first)
            origins = [origin for origin in stars if self._has(origin, is_builtin)]
        for origin in origins:
            targets += self._follow(first, origin, words[1:], seen)
        return targets

    def _has(self, origin: str, sure: bool, seen: tuple[str, ...] = ()) -> bool:
        """Whether a name that came with `import *` may be `module:name`.

        Args:
            origin: `module:name`.
            sure: whether an installed module, whose names are unknown, does not count.
            seen: the origins that led to this one.
        """
        base, _, name = origin.partition(":")
        module = self.find(base)
        if module is None or not module.source or origin in seen:
            return module is None and not sure
        return bool(
            module.binds(name)
            or self.find(f"{base}.{name}")
            or any(self._has(star, sure, (*seen, origin)) for star in _star_origins(module, name))
        )

    def _follow(
        self, name: str, origin: str, rest: list[str], seen: set[tuple[str, str]]
    ) -> list[Target]:
        base, _, attribute = origin.partition(":")
        words = [attribute, *rest] if attribute else rest
        module = self.find(base)
        if module is None:
            return [External(name, origin, ".".join([base, *words]))]
        targets = list[Target]()
        while words:
            bound = self._resolve(module, words, {}, seen) if module.binds(words[0]) else []
            targets += bound
            inner = self.find(f"{module.name}.{words[0]}")
            if inner is None and bound:
                return targets
            if inner is None:
                break
            module, words = inner, words[1:]
        starred = self._resolve(module, words, {}, seen) if words and module.binds("*") else []
        if starred:
            return targets + starred
        # `module.__name__` says nothing of what is in it.
        if not (words and words[0].startswith("__")) or words[0] == "__dict__":
            targets.append(DefinitionRef(module, None))
        return targets

    def _make(self, name: str) -> Module | None:
        top, _, _ = name.partition(".")
        spec = None if top in RUNTIMES else self._spec(name)
        if spec is None:
            return None
        file, search = spec.origin, list(spec.submodule_search_locations or ())
        if not spec.has_location or not file:  # a folder without __init__.py, or something built in
            if all(imports.is_installed(f"{folder}/") for folder in search):
                return None
            return Module(name, None, Source([], {}, []), "", search, True)
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
            folders = module.__dict__.get("__path__")
            spec = ModuleSpec(name, None, origin=file)
            spec.submodule_search_locations = None if folders is None else list(folders)
            spec.has_location = True
            return spec
        parent, _, _ = name.rpartition(".")
        package = self.find(parent) if parent else None
        if parent and not (package and package.search):
            return None
        try:
            return PathFinder.find_spec(name, package.search if package else None)
        except (ImportError, ValueError):
            return None


def _star_origins(module: Module, name: str) -> list[str]:
    """Where a name may come from that came with `import *`, if it exists there."""
    stars = module.source.imports.get("*", ()) if module.source else ()
    return [origin.replace(":*", f":{name}") for origin in stars]
