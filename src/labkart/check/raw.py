"""The rule on inputs: `data/raw/` holds what `data/raw.sha256` lists. Writes that list, too."""

import os
import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree
from labkart.digests import content_digest, files
from labkart.files import write_atomically
from labkart.language import mistake

FOLDER, LOCK = "data/raw", "data/raw.sha256"
_NOT_DATA = {"README.md", ".gitignore", ".gitattributes", ".gitkeep"}
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


class RawData(Rule):
    """The files in data/raw/ have not changed since they were locked."""

    reason = "Only the same data give the same result, and an edited file looks like any other."
    fix = (
        "If the file is new or you meant the change, run `labkart check --lock-data` and commit"
        " data/raw.sha256 (`sha256sum -c` reads it, too). If not, restore the locked version from"
        " git (`git restore -SW data/raw`) or from where you got it."
    )
    messages: ClassVar[dict[str, str]] = {
        "unlocked": "not locked yet (files: {count})",
        "new": "not in data/raw.sha256",
        "missing": "listed in data/raw.sha256, but missing",
        "changed": "its content differs from data/raw.sha256",
        "line": "not a line of sha256sum; run labkart check --lock-data",
        "denied": "cannot be read: {why}",
    }

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Compare the files with the list; files that git ignores may be missing."""
        lock = tree.root / LOCK
        try:
            current = _digests(tree)
            locked, wrong_lines = _parse(lock.read_bytes()) if lock.exists() else ({}, [])
        except OSError as error:
            yield self.finding(_path(tree, error), "denied", why=error.strerror or error)
            return
        if current and not lock.exists():
            yield self.finding(FOLDER, "unlocked", count=len(current))
            return
        for line in wrong_lines:
            yield self.finding(LOCK, "line", line)
        elsewhere = tree.ignored(locked.keys() - current.keys())
        for path, change in _compare(locked, current):
            if change != "missing" or path not in elsewhere:
                yield self.finding(path, change)


def lock_data(tree: Tree) -> dict[str, int]:
    """List what is in `data/raw/` now. Files that git ignores and that are not here stay listed.

    Returns:
        How many files are `new`, `changed` and `missing` since the last time, and how many the
        list has in `all`.

    Raises:
        LabkartError: there are no files, or one of them cannot be read.
    """
    lock = tree.root / LOCK
    try:
        current = _digests(tree)
        previous = _parse(lock.read_bytes())[0] if lock.exists() else {}
        elsewhere = tree.ignored(previous.keys() - current.keys())
        locked = current | {path: previous[path] for path in elsewhere}
        if not locked and not lock.exists():
            raise mistake(
                "{folder}/ has no files to lock. Put your data there first.", folder=FOLDER
            )
        write_atomically(lock, _format(locked))
    except OSError as error:
        why = error.strerror or error
        raise mistake(
            "{file}: {why}. Nothing was locked.", file=_path(tree, error), why=why
        ) from None
    changes = [change for _, change in _compare(previous, locked)]
    counts = {change: changes.count(change) for change in ("new", "changed", "missing")}
    return {"all": len(locked), **counts}


def _digests(tree: Tree) -> dict[str, str]:
    """The digest of each input; a large file is read again only when it was touched."""
    folder = tree.root / FOLDER
    inputs = files(folder) if folder.is_dir() else ()
    return {f"{FOLDER}/{it}": content_digest(file) for it, file in inputs if it not in _NOT_DATA}


def _path(tree: Tree, error: OSError) -> str:
    return str(error.filename or FOLDER).removeprefix(f"{tree.root}/")


def _parse(content: bytes) -> tuple[dict[str, str], list[int]]:
    """The digests by path, and the numbers of the lines that are not sha256sum's."""
    listed, wrong_lines = dict[str, str](), list[int]()
    lines = os.fsdecode(content).replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        if match := _LINE.fullmatch(line):
            listed[match[2]] = match[1]
        elif line:
            wrong_lines.append(number)
    return listed, wrong_lines


def _format(listed: Mapping[str, str]) -> bytes:
    """The list as sha256sum writes it, sorted by path."""
    return os.fsencode("".join(f"{listed[path]}  {path}\n" for path in sorted(listed)))


def _compare(locked: Mapping[str, str], current: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The paths that differ, each with `new`, `missing` or `changed`."""
    for path in sorted({*locked, *current}):
        if path not in locked:
            yield path, "new"
        elif path not in current:
            yield path, "missing"
        elif current[path] != locked[path]:
            yield path, "changed"
