"""The project's modules as files, and what a name in one of them refers to.

Imports none of them, and does not know what a statement does.
"""

import ast
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import NamedTuple

from labkart import digests, packages, project
from labkart.digests import Stamp
from labkart.fingerprint import finder, imports, statements
from labkart.fingerprint.harmless import RUNTIMES
from labkart.fingerprint.names import FUNCTIONS
from labkart.fingerprint.statements import Statement
from labkart.installed_files import is_installed

_NOTHING = Statement(ast.Pass(), "")
_CODE = {".py", ".pyx", ".ipynb", ".sh", ".so", ".pyd", ".R", ".jl"}


@dataclass(eq=False)
class Module:
    """A module of the project.

    Attributes:
        name: its full name.
        file: where it is; "" for a folder without `__init__.py`.
        folders: the folders of a package's modules.
        text: the content of the file as this process imported it, or will import it; None if
            nobody knows what it imported.
        stamp: the file's stamp when it was read; None for a part of an archive.
    """

    name: str
    file: str
    folders: list[str]
    text: bytes | None = b""
    stamp: Stamp | None = None

    @cached_property
    def key(self) -> str:
        """Its file as a person names it, the same in every checkout: `my_thesis/tasks/train.py`."""
        suffix = "/__init__.py" if self.folders else Path(self.file).suffix
        return self.name.replace(".", "/") + suffix

    @cached_property
    def sha256(self) -> str:
        """The digest of the file's content."""
        return hashlib.sha256(self.text or b"").hexdigest()

    @cached_property
    def _parsed(self) -> list[Statement] | None:
        is_python = self.file.endswith(".py")
        return _parse(self.text or b"", self.name, bool(self.folders)) if is_python else None

    @property
    def statements(self) -> list[Statement]:
        """What is in the file; empty if it is not Python that can be read."""
        return self._parsed or []

    @property
    def is_readable(self) -> bool:
        """Whether it is Python that can be read, or only a folder."""
        return self._parsed is not None or not self.file

    @cached_property
    def bindings(self) -> dict[str, list[int]]:
        """The numbers of the statements that bind a name, but for imports."""
        bindings: dict[str, list[int]] = {}
        for number, statement in enumerate(self.statements):
            for name in [] if statement.is_import else statement.names:
                bindings.setdefault(name, []).append(number)
        return bindings

    @cached_property
    def origins(self) -> dict[str, list[str]]:
        """The origins of what it imports when it is imported, by name."""
        origins: dict[str, list[str]] = {}
        for statement in self.statements:
            for name, parts in statement.imports.items():
                origins[name] = [*origins.get(name, ()), *parts]
        return origins


class Ref(NamedTuple):
    """A statement in a module, by its number there; or the whole module."""

    module: Module
    number: int | None

    @property
    def statement(self) -> Statement:
        """The statement; an empty one for the whole module."""
        return _NOTHING if self.number is None else self.module.statements[self.number]

    @property
    def is_definition(self) -> bool:
        """Whether it defines a function or a class."""
        return isinstance(self.statement.node, (*FUNCTIONS, ast.ClassDef))

    def binds(self, name: str) -> bool:
        """Whether a name means what it binds, and not a part of it."""
        return name.rpartition(".")[2] in self.statement.names or "." not in name


class External(NamedTuple):
    """Something of an installed package: where it is imported from, and how the code names it."""

    origin: str
    dotted: str


Target = Ref | External


class Modules:
    """The modules of the project that somebody asked for."""

    def __init__(self) -> None:
        self.find = cache(self._find)

    def is_unnamed(self, top: str) -> bool:
        """Whether a module of no package, and not of the project, can be imported."""
        is_known = top in packages.installed_packages().providers or self.find(top)
        return not is_known and self._spec(top) is not None

    def everything(self, found: Iterable[Module]) -> dict[str, str]:
        """All code of the project, wherever Python or another program finds it.

        Args:
            found: modules that may be elsewhere.

        Returns:
            The files, each with its name in every checkout.
        """
        root = project.current().root
        folders = {Path(folder).absolute() for folder in sys.path}
        folders |= {Path(folder) for module in found for folder in module.folders}
        tops = {root} | {top for top in folders if not root.is_relative_to(top)}
        tops = {top for top in tops if not is_installed(f"{top}/")}
        outer = [top for top in tops if not any(other in tops for other in top.parents)]
        return {
            str(file): file.relative_to(root if top == root else top.parent).as_posix()
            for top in sorted(outer)
            for file in _files(top)
        }

    def below(self, package: Module) -> list[Module]:
        """The modules in a package, at any depth."""
        modules = []
        for folder in package.folders:
            for file in _files(Path(folder)):
                parts = file.relative_to(folder).with_suffix("").parts
                inner = parts[:-1] if parts[-1] == "__init__" else parts
                modules.append(self.find(".".join([package.name, *inner])))
        return [module for module in modules if module and module is not package]

    def run_by(self, imports: dict[str, list[str]]) -> list[Module]:
        """The modules that imports run, without what these import."""
        origins = [origin.partition(":") for origins in imports.values() for origin in origins]
        names = [name for base, _, part in origins for name in (base, f"{base}.{part}")]
        modules = [self.find(name) for name in names if name[-1:] not in ("", ".", "*")]
        return [module for module in modules if module]

    def resolve(self, ref: Ref, mention: str) -> list[Target]:
        """What a name in a statement refers to."""
        words = mention.split(".")
        inner = ref.statement.inner.get(words[0], [])
        return self._resolve(ref.module, words, inner, set())

    def follow(self, origin: str) -> list[Target]:
        """What an import's origin refers to."""
        return self._follow(origin, [], set())

    def _resolve(
        self, module: Module, words: list[str], inner: list[str], seen: set[tuple[str, str]]
    ) -> list[Target]:
        first = words[0]
        if (module.name, first) in seen:
            return []
        seen.add((module.name, first))
        targets: list[Target] = [Ref(module, number) for number in module.bindings.get(first, ())]
        origins = [*inner, *module.origins.get(first, ())]
        for origin in origins:
            targets += self._follow(origin, words[1:], seen)
        if not (targets or origins):
            for origin in module.origins.get("*", ()):
                targets += self._starred(origin.partition(":")[0], words, seen)
        return targets

    def _starred(self, base: str, words: list[str], seen: set[tuple[str, str]]) -> list[Target]:
        """What a name refers to that `from base import *` may have bound."""
        module = self.find(base)
        targets = self._resolve(module, words, [], seen) if module else []
        if module and not targets and self.find(f"{base}.{words[0]}"):
            return self._follow(f"{base}:{words[0]}", words[1:], seen)
        return targets

    def _follow(self, origin: str, rest: list[str], seen: set[tuple[str, str]]) -> list[Target]:
        base, _, attribute = origin.partition(":")
        words = [attribute, *rest] if attribute else rest
        module = self.find(base)
        if module is None:
            return [External(origin, ".".join([base, *words]))]
        targets = list[Target]()
        while words:
            bound = self._resolve(module, words, [], seen)
            targets += bound
            inner = self.find(f"{module.name}.{words[0]}")
            if inner is None and bound:
                return targets
            if inner is None:
                break
            module, words = inner, words[1:]
        # `module.__name__` says nothing of what is in it.
        if not (words and words[0].startswith("__")) or words[0] == "__dict__":
            targets.append(Ref(module, None))
        return targets

    def _find(self, name: str) -> Module | None:
        """A module of the project by its full name; None if it is installed or missing."""
        spec = None if name.partition(".")[0] in RUNTIMES else self._spec(name)
        if spec is None:
            return None
        file, folders = spec.origin, list(spec.submodule_search_locations or ())
        if not spec.has_location or not file:  # a folder without __init__.py, or something built in
            is_known = all(is_installed(f"{folder}/") for folder in folders)
            return None if is_known else Module(name, "", folders)
        if is_installed(file):
            return None
        try:
            stamp = digests.stamp(file)
            is_loaded = imports.is_loaded(file)
            text = imports.imported_text(file) if is_loaded else finder.read(file, spec)
        except OSError:
            return None
        return Module(name, file, folders, text, stamp)

    def _spec(self, name: str) -> ModuleSpec | None:
        parent, _, _ = name.rpartition(".")
        package = self.find(parent) if parent else None
        return finder.find_spec(name, package.folders if package else [])


def _files(top: Path) -> Iterator[Path]:
    """The files of code below a folder, or an archive; no outputs, environments or caches."""
    if top.is_file():
        yield top
    outputs = str(project.current().outputs)
    for folder, folders, names in os.walk(top):
        folders[:] = [
            name
            for name in sorted(folders)
            if not name.startswith((".", "__pycache__", "node_modules"))
            and f"{folder}/{name}" != outputs
            and not is_installed(f"{folder}/{name}/")
            and not Path(folder, name, "pyvenv.cfg").exists()
        ]
        files = [Path(folder, name) for name in sorted(names)]
        code = (file for file in files if file.suffix in _CODE or file.name == "Makefile")
        yield from filter(Path.is_file, code)


@cache
def _parse(text: bytes, name: str, is_package: bool) -> list[Statement] | None:
    """A file's statements; None if it is not Python that can be read."""
    try:
        return statements.parse(text, name, is_package)
    except (SyntaxError, ValueError, RecursionError):
        return None
