"""The rule on the runtime: `src/labkart/` and `src/hydra_plugins/` are as the template gave them."""

import hashlib
from collections.abc import Iterator
from typing import ClassVar

from . import sums
from .rule import Finding, Rule
from .tree import OURS, Tree

MANIFEST = "src/labkart.sha256"


class EditedRuntime(Rule):
    """src/labkart/ and src/hydra_plugins/ are as the template made them."""

    reason = "An update of the template replaces them: what you write there is lost, or stands in its way."
    fix = (
        "Get the original back: `git restore -SW src/labkart src/hydra_plugins` before a commit, `git log -- <file>`"
        " and `git restore -s <commit> <file>` after it, and `labkart update` for the template's newest. What you"
        " need of your own goes to `src/<package>/`. A wish or a mistake of ours: open an issue at the template's"
        " address (.cruft.json has it), with the diff."
    )
    says: ClassVar[dict[str, str]] = {
        "new": "no file of the template's",
        "missing": "of the template, and not there",
        "changed": "edited since the template made it",
        "none": "not there, so that nobody can tell whether the runtime was edited",
    }

    def look(self, tree: Tree) -> Iterator[Finding]:
        manifest = tree.root / MANIFEST
        if not manifest.is_file():
            yield self.at(MANIFEST, "none")
            return
        locked, _ = sums.read(manifest.read_bytes())
        now = {path: _digest(tree, path) for path in tree.files if path.startswith(OURS) and tree.is_plain(path)}
        for path, what in sums.differences(locked, now):
            yield self.at(path, what)


def _digest(tree: Tree, path: str) -> str:
    """Of a file with the ends of lines that it had in the template, whatever git made of them here."""
    return hashlib.sha256((tree.root / path).read_bytes().replace(b"\r\n", b"\n")).hexdigest()
