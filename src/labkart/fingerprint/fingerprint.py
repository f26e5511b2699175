"""What a task class depends on: the code that counts for it, and the versions of its packages.

Read from the files of what was imported, and compared with what this process runs. Knows no
parameters and no ids.
"""

import hashlib
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from labkart import digests, file_states, opened_files, packages
from labkart.digests import content_digest
from labkart.fingerprint import imports, live
from labkart.fingerprint.code import Classes, Code, FileUse, TaskCode
from labkart.fingerprint.modules import Modules
from labkart.fingerprint.reach import Reach

# Goes into every fingerprint: a change of what counts is made here, deliberately, and computes
# every task again.
SCHEMA = 4


@dataclass(frozen=True)
class Fingerprint:
    """What a task's result depends on beside its parameters and inputs.

    Attributes:
        code: by file the digest of each statement that counts.
        packages: by name the version of each package that this code imports, and of those that
            these need.
        files: the files that were read for it.
    """

    code: Code
    packages: dict[str, str]
    files: dict[str, FileUse] = field(compare=False, default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """The sha256 of all of it, and of the rule that made it."""
        code = sorted((file, *part) for file, parts in self.code.items() for part in parts.items())
        content = repr((SCHEMA, code, sorted(self.packages.items())))
        return hashlib.sha256(content.encode()).hexdigest()

    def files_that_count(self, *how: str) -> set[str]:
        """The files that count "whole", "partly", or "late" if a function imports them."""
        return {file for file, use in self.files.items() if use.counts in how}

    def late_reads(self) -> set[str]:
        """What modules read at import that a function imports: known only after a run."""
        late = self.files_that_count("late")
        return {name for file in late for name in imports.read_at_import(file)}

    def other_file(self) -> str | None:
        """A file that was loaded after it was read, and had changed meanwhile, or None.

        What this process had imported before may be edited: it runs what was imported.
        """
        used = {file: imports.used_digest(file) for file in self.files}
        others = [file for file, use in self.files.items() if used[file] not in (None, use.sha256)]
        return next(iter(others), None)


class Literal(NamedTuple):
    """A text in reached code: the whole literal, its line, and the absolute path of its file."""

    text: str
    line: int
    file: str


def fingerprint_of(*classes: type) -> Fingerprint:
    """The fingerprint of a task class and of those of its values, as this process imported them."""
    with opened_files.ignored():
        return _readings.current().fingerprint(classes)


def literals(task: type) -> list[Literal]:
    """The string literals of the code that a task class reaches, by file and line.

    That is its own code, what it reaches by name, and what happens at import that counts for it.
    """
    with opened_files.ignored():
        refs = _readings.current().code((task,)).known
    texts = {Literal(*text, ref.module.file) for ref in refs for text in ref.statement.texts()}
    return sorted(texts, key=lambda literal: (literal.file, literal.line, literal.text))


def has_replacements() -> bool:
    """Whether code was replaced in this process, or a file that it may still load has changed.

    If so, what is known of the classes is forgotten.
    """
    replaced = _readings.last is not None and _readings.last.is_outdated()
    if replaced:
        _readings.last = None
    return replaced


class _Reading:
    """One reading of the project's files, which holds until more of them are imported."""

    def __init__(self) -> None:
        self.generation = imports.generation()
        self._modules = Modules()
        self._reach = Reach(self._modules)
        self._codes: dict[Classes, TaskCode] = {}
        self._states: dict[Classes, live.State] = {}
        self._fingerprints: dict[Classes, Fingerprint] = {}

    def code(self, classes: Classes) -> TaskCode:
        """What counts for some classes together."""
        if classes not in self._codes:
            self._codes[classes] = TaskCode(self._modules, self._reach, classes)
            self._states[classes] = live.state(self._codes[classes].known)
        return self._codes[classes]

    def is_outdated(self) -> bool:
        """Whether a reached definition is another one now, or a file that may be loaded changed."""
        states = self._states.items()
        if any(live.state(self._codes[classes].known) != state for classes, state in states):
            return True
        uses = [use for code in self._codes.values() for use in code.files.items()]
        return any(
            digests.stamp(file) != use.stamp for file, use in uses if not imports.is_loaded(file)
        )

    def fingerprint(self, classes: Classes) -> Fingerprint:
        """What counts for classes, as the files say it and as this process runs it."""
        if classes not in self._fingerprints:
            code, state = self.code(classes), self._states[classes]
            parts = {key: dict(digests) for key, digests in code.parts.items()}
            for key, name, value in state.constants:
                parts[key][f"{name}, as it was set"] = value
            for file, use in code.files.items():
                # What others read is known only after a run: see `late_reads`.
                if use.counts in ("partly", "whole") and (read := _read_at_import(file)):
                    parts.setdefault(use.key, {}).update(read)
            if state.functions or code.is_sourceless:
                # It was typed at a prompt, or made or changed by a function: no file says all.
                token = imports.token((classes, state.functions, imports.reload_count()))
                parts[classes[0].__module__] = {classes[0].__qualname__: token}
            versions = _versions(code)
            self._fingerprints[classes] = Fingerprint(parts, versions, code.files)
        return self._fingerprints[classes]


@dataclass
class _Readings:
    """The last reading of this process, which has one set of modules, and so one reading.

    Attributes:
        last: it; None if nothing was read.
    """

    last: _Reading | None = None

    def current(self) -> _Reading:
        """The last reading, or a new one if more of the project was imported since."""
        if self.last is None or self.last.generation != imports.generation():
            self.last = _Reading()
        return self.last


_readings = _Readings()


def _versions(code: TaskCode) -> dict[str, str]:
    if code.all_packages:
        versions = packages.foreign_versions()
    else:
        versions = dict.fromkeys(code.unnamed, "") | packages.required_versions(code.imports)
    return {**versions, "Python": "{}.{}".format(*sys.version_info)}


def _read_at_import(file: str) -> dict[str, str]:
    """The digests of the files, other than code, that a module's file read when it was imported.

    Of a folder the names in it.
    """
    read: dict[str, str] = {}
    for name in sorted(imports.read_at_import(file)):
        with suppress(OSError):  # it looked for a file that does not exist
            names = file_states.names(name)
            digest = content_digest(Path(name)) if names is None else file_states.digest(names)
            part = f"reads {Path(name).name}"
            read[part] = " ".join([*read.get(part, "").split(), digest])
    return read
