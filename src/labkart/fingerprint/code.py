"""The code that counts for a class, as the files say it: digests by file and name.

Knows nothing of what this process has set or replaced since the import.
"""

import hashlib
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from labkart import digests, project
from labkart.digests import Stamp
from labkart.fingerprint import harmless, imports
from labkart.fingerprint.modules import External, Module, Modules, Ref
from labkart.fingerprint.reach import Reach
from labkart.installed_files import is_installed

# By file (`my_thesis/tasks/train.py`) the digest of each statement (`TrainForest.run`).
Code = dict[str, dict[str, str]]
# A task's class, and the classes of its parameters' values.
Classes = tuple[type, ...]
_KNOWN = harmless.RUNTIMES | sys.stdlib_module_names


class FileUse(NamedTuple):
    """A file that was read for a fingerprint.

    Attributes:
        key: its name in `Code`.
        stamp: its stamp then; None for a part of an archive.
        sha256: the digest of its content.
        counts: "whole", "partly", "late" if a function imports it, or "not" if it is imported and
            does nothing.
    """

    key: str
    stamp: Stamp | None
    sha256: str
    counts: str


class TaskCode:
    """What counts for a task.

    Attributes:
        known: the statements that count.
        is_sourceless: whether one of the classes is not as a file says.

    Args:
        reach: follows names.
        classes: what it is, first its own.
    """

    def __init__(self, modules: Modules, reach: Reach, classes: Classes) -> None:
        self._all, self._reach, self._classes = modules, reach, classes
        starts = [ref for it in classes for base in it.__mro__ for ref in reach.bound(base)]
        own = [it for it in classes if not is_installed(_file(it))]
        files = {ref.module.name for ref in starts}
        self.is_sourceless = any(
            it.__module__ not in files or "<locals>" in it.__qualname__ for it in own
        )
        entry = modules.find(project.current().entry.partition(":")[0])
        self._roots = [ref.module for ref in starts]
        if entry:
            lazily = [it for ref in reach.statements(entry) for it in reach.lazily(ref)]
            self._roots[:0] = [entry, *lazily]
        self.known, self._modules, self._order = reach.reached(starts, self._roots)

    @cached_property
    def is_unsure(self) -> bool:
        """Whether code is reached that names do not show, so that all code counts."""
        names = any(map(harmless.is_unsure, self._external_names))
        return names or any(ref.statement.is_unsure for ref in self.known)

    @cached_property
    def all_packages(self) -> bool:
        """Whether the versions of all packages count."""
        reads_versions = any(it.startswith("importlib.metadata") for it in self._external_names)
        return self.is_unsure or reads_versions

    @cached_property
    def imports(self) -> set[str]:
        """The top-level modules that the code imports, and those that hold the code itself.

        A package that is installed in place is read like the project's own code, and has a version.
        """
        names = {*self._external_names, *(ref.module.name for ref in self.known)}
        names |= {base.__module__ for it in self._classes for base in it.__mro__}
        return {name.partition(".")[0] for name in names} - harmless.RUNTIMES

    @cached_property
    def unnamed(self) -> list[str]:
        """The top-level modules that no package names, which may come and go too."""
        return [top for top in sorted(self.imports - _KNOWN) if self._all.is_unnamed(top)]

    @cached_property
    def _everything(self) -> dict[str, FileUse]:
        """All code of the project, if all of it counts."""
        files = self._all.everything(self._modules) if self.is_unsure else {}
        return {file: _whole(file, key) for file, key in files.items()}

    @cached_property
    def files(self) -> dict[str, FileUse]:
        """The files that were read for it."""
        counting = {ref.module for ref in self.known}
        static = {ref.module for ref in self._reach.imported(self._roots)}
        files: dict[str, FileUse] = {}
        for module in self._modules:
            how = "partly" if module in static else "late"
            how = how if module in counting else "not"
            if module.file:
                files[module.file] = FileUse(module.key, module.stamp, module.sha256, how)
        late = {file: use for file, use in files.items() if use.counts == "late"}
        return files | self._everything | late

    @cached_property
    def parts(self) -> Code:
        """The digests."""
        code: dict[str, dict[str, list[str]]] = {}
        words = {word for ref in self.known for word in ref.statement.words}
        for ref in sorted(self.known, key=lambda ref: (ref.module.key, ref.number or 0)):
            parts = code.setdefault(ref.module.key, {})
            for name, digest in self._parts(ref, words):
                if digest not in parts.setdefault(name, []) or not name.startswith("import "):
                    parts[name].append(digest)
        for module in self._modules:
            if unused := self._unused.get(module):
                code.setdefault(module.key, {})["import"] = [it.origin for it in unused]
        order = [
            f"{ref.module.key}: {', '.join(ref.statement.names) or ref.statement.text}"
            for ref in self._order
        ]
        if len(order) > 1:
            own = code.setdefault(f"{self._classes[0].__module__.replace('.', '/')}.py", {})
            own["order"] = [hashlib.sha256("\n".join(order).encode()).hexdigest()[:12]]
        digests = {
            key: {name: " ".join(parts[name]) for name in parts}
            for key, parts in code.items()
            if parts
        }
        whole = {use.key: {"": use.sha256} for use in self._everything.values()}
        unknown = [module for module in self._modules if module.text is None]
        tokens = {module.key: {"": imports.token(module.file)} for module in unknown}
        return digests | whole | tokens

    def _parts(self, ref: Ref, words: set[str]) -> Iterator[tuple[str, str]]:
        """The digests of a statement, and of the imports that it uses."""
        if ref.number is None:
            if not ref.module.is_readable:
                yield "", ref.module.sha256
            return
        is_task = self._reach.is_task(ref)
        for name, digest in ref.statement.parts.items():
            is_scheduling = is_task and name in ref.statement.scheduling
            if not is_scheduling or name.rpartition(".")[2] in words:
                yield name, digest
        for name, origins in self._reach.references(ref).origins.items():
            yield f"import {name}", " ".join(origins)
        for origins in ref.module.origins.values():
            for origin in origins:
                if origin.startswith("__future__"):
                    yield "import __future__", origin

    @cached_property
    def _external_names(self) -> set[str]:
        """What the code uses of installed packages."""
        references = [self._reach.references(ref) for ref in self.known]
        targets = [target for it in references for target in it.targets]
        unused = [target for targets in self._unused.values() for target in targets]
        return {target.dotted for target in [*targets, *unused] if isinstance(target, External)}

    @cached_property
    def _unused(self) -> dict[Module, list[External]]:
        """What each file imports and never mentions: for what it does when it is imported."""
        return {module: list(self._unused_in(module)) for module in self._modules}

    def _unused_in(self, module: Module) -> Iterator[External]:
        mentions = {name.partition(".")[0] for it in module.statements for name in it.mentions}
        unused = [name for name in module.origins if "." not in name and name not in mentions]
        origins = [origin for name in unused for origin in module.origins[name]]
        for target in (target for origin in origins for target in self._all.follow(origin)):
            if isinstance(target, External):
                is_known = target.dotted.partition(".")[0] in _KNOWN
                if target.origin.endswith(":*") or not is_known:
                    yield target


def _file(definition: type) -> str:
    """The file of a class's module; empty if it has none."""
    return str(getattr(sys.modules.get(definition.__module__), "__file__", None) or "")


def _whole(file: str, key: str) -> FileUse:
    """A file of which all counts, as this process imported it, or will."""
    stamp = digests.stamp(file)
    text = imports.imported_text(file) if imports.is_loaded(file) else Path(file).read_bytes()
    return FileUse(key, stamp, hashlib.sha256(text or b"").hexdigest(), "whole")
