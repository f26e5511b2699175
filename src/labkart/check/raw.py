"""The rule on inputs: what is in `data/raw/` is what was locked. Writes the lock, too."""

from collections.abc import Iterator
from typing import ClassVar

from labkart import digests
from labkart.check import sums
from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree
from labkart.errors import LabkartError
from labkart.files import write_atomically

FOLDER, LOCK = "data/raw", "data/raw.sha256"
# Words about the data, and settings of git: no data.
_ABOUT = {"README.md", ".gitignore", ".gitattributes", ".gitkeep"}


class RawData(Rule):
    """What is in data/raw/ has not changed since it was locked."""

    reason = "A result can be made again only from the same data, and a file that was edited by hand looks like any other."
    fix = (
        "Where the file is new, or the change is meant: `labkart check --lock-data`, and commit data/raw.sha256, which"
        " `sha256sum -c` reads, too. Else get the locked version back: from git (`git restore -SW data/raw`), or from"
        " where you have it."
    )
    says: ClassVar[dict[str, str]] = {
        "unlocked": "not locked yet (files: {count})",
        "new": "not in data/raw.sha256",
        "missing": "locked in data/raw.sha256, and not there",
        "changed": "not the content that data/raw.sha256 says",
        "line": "not a line of sha256sum; run labkart check --lock-data",
        "denied": "cannot be read: {why}",
    }

    def look(self, tree: Tree) -> Iterator[Finding]:
        lock = tree.root / LOCK
        try:
            now = _now(tree)
            locked, wrong = sums.read(lock.read_bytes()) if lock.exists() else ({}, [])
        except OSError as error:
            yield self.at(tree_path(tree, error), "denied", why=error.strerror or error)
            return
        if now and not lock.exists():
            yield self.at(FOLDER, "unlocked", count=len(now))
            return
        for line in wrong:
            yield self.at(LOCK, "line", line)
        elsewhere = tree.ignored(locked.keys() - now.keys())  # not in git, and not in this clone
        for path, what in sums.differences(locked, now):
            if what != "missing" or path not in elsewhere:
                yield self.at(path, what)


def lock(tree: Tree) -> dict[str, int]:
    """Write down what is in `data/raw/` now; files that git ignores and this clone does not have stay as they were.

    Returns:
        How many are new, changed and missing since the last time, and how many there are in `all`.
    """
    file = tree.root / LOCK
    try:
        now = _now(tree)
        before = sums.read(file.read_bytes())[0] if file.exists() else {}
        elsewhere = tree.ignored(before.keys() - now.keys())
        after = now | {path: before[path] for path in elsewhere}
        if not after and not file.exists():
            raise LabkartError(f"{FOLDER}/ has no files to lock. Put your data there first.")
        write_atomically(file, sums.write(after))
    except OSError as error:
        raise LabkartError(
            f"{tree_path(tree, error)}: {error.strerror or error}. Nothing was locked."
        ) from None
    found = [what for _, what in sums.differences(before, after)]
    return {"all": len(after)} | {what: found.count(what) for what in ("new", "changed", "missing")}


def tree_path(tree: Tree, error: OSError) -> str:
    """The file that an error speaks of, as a path in the project."""
    return str(error.filename or FOLDER).removeprefix(f"{tree.root}/")


def _now(tree: Tree) -> dict[str, str]:
    """The digest of each input; a file that is large is read again only when it was touched."""
    folder = tree.root / FOLDER
    inside = digests.files(folder) if folder.is_dir() else ()
    return {
        f"{FOLDER}/{name}": digests.content_digest(file)
        for name, file in inside
        if name not in _ABOUT
    }
