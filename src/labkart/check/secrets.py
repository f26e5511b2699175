"""The rule on secrets in files."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from labkart import digests, packages, project
from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree
from labkart.files import read_json, write_atomically
from labkart.records import secrets

_SHOWN = 60  # characters of a line
_LARGE = 100_000  # characters from which a file is not looked through again


class Secret(Rule):
    """No password, key or token stands in a file."""

    reason = "What was pushed once is known for ever, whatever a later commit removes."
    fix = (
        "Make the secret worthless first: change the password, revoke the token. Then keep the new one in a"
        ' variable of the environment, and write ${oc.env:NAME,""} in conf/ or os.environ[...] in code.'
    )
    says: ClassVar[dict[str, str]] = {"shown": "looks like a secret: {line}"}

    def look(self, tree: Tree) -> Iterator[Finding]:
        clean = _Clean(tree)
        for path, text in tree.texts():
            if path == "uv.lock" or clean.knows(path, text):
                continue
            found = sorted(secrets.spans(text))
            masked = _masked(text, found).split("\n") if found else []
            for line in dict.fromkeys(text.count("\n", 0, start) + 1 for start, _ in found):
                yield self.at(path, "shown", line, line=_short(masked[line - 1]))
            if not found:
                clean.add(path, text)
        clean.keep()


class _Clean:
    """Large files without a secret, remembered while they and what is installed are the same: looking takes long."""

    def __init__(self, tree: Tree) -> None:
        self._root, self._memo = tree.root, project.current().outputs / "memos" / "secrets.json"
        self._now = dict[str, list[object]]()

    @cached_property
    def _before(self) -> dict[str, list[object]]:
        found = read_json(self._memo)
        return found if isinstance(found, dict) else {}

    @cached_property
    def _state(self) -> str:
        return f"{digests.content_digest(Path(secrets.__file__))} {packages.installed_packages().versions.get('detect-secrets')}"

    def knows(self, path: str, text: str) -> bool:
        if len(text) < _LARGE or self._before.get(path) != self._mark(path):
            return False
        self.add(path, text)
        return True

    def add(self, path: str, text: str) -> None:
        stamp = digests.stamp(self._root / path)
        if len(text) >= _LARGE and stamp and digests.settled(stamp):
            self._now[path] = self._mark(path)

    def _mark(self, path: str) -> list[object]:
        return [digests.stamp(self._root / path), self._state]

    def keep(self) -> None:
        if self._now:
            with suppress(OSError):
                write_atomically(self._memo, json.dumps(self._now).encode())


def _masked(text: str, found: list[secrets.Span]) -> str:
    """The text without the secrets; each takes as many lines as before."""
    kept, end = list[str](), 0
    for start, stop in found:
        first = max(start, end)
        kept.append(text[end:first])
        if first < stop:
            kept.append(secrets.MASK + "\n" * text.count("\n", first, stop))
        end = max(end, stop)
    return "".join([*kept, text[end:]])


def _short(line: str) -> str:
    line = re.sub(r"\s+", " ", line).strip()
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
