"""Rules on the content of files: size, unfinished merges, secrets, and outputs of notebooks."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree
from labkart.secrets import masking
from labkart.secrets.names import Names

_LARGEST = 5_000_000  # bytes
_LARGEST_DATA = 50_000_000  # from here on GitHub warns; it refuses 100 MB
_LONGEST = 60  # characters of a line


class LargeFile(Rule):
    """No file outside data/ is larger than 5 MB, and no file in data/ that is in git than 50 MB."""

    reason = (
        "git keeps every version of it forever, every clone carries all of them, and GitHub takes"
        " no file of more than 100 MB."
    )
    fix = (
        "Move inputs to data/raw/. Leave the outputs of tasks in outputs/. Add other files, and"
        " inputs that are too large for git, to .gitignore, and write in the README where to get"
        " them: data/raw.sha256 (`labkart check --lock-data`) tells whether a download is the same"
        " file. Or let Git LFS keep it: `git lfs track` before the commit. If git already has it:"
        " `git rm --cached`."
    )
    messages: ClassVar[dict[str, str]] = {
        "large": "{size} MB",
        "data": "{size} MB, too large for git",
    }

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Find large files that git has or would add; of data, those that Git LFS does not keep."""
        for path in tree.files:
            if path == "uv.lock" or not tree.is_plain(path):
                continue
            size = (tree.root / path).stat().st_size
            is_data = path.startswith("data/")
            if size > (_LARGEST_DATA if is_data else _LARGEST) and not tree.is_in_lfs(path):
                yield self.finding(path, "data" if is_data else "large", size=f"{size / 1e6:.1f}")


class MergeMarker(Rule):
    """No file contains the marks of an unfinished merge."""

    reason = "git leaves both versions there, and only the author knows which one is right."
    fix = (
        "Keep what is right of both sides, and delete the lines `<<<<<<<`, `=======` and `>>>>>>>`."
    )
    messages: ClassVar[dict[str, str]] = {"marker": "a merge is not finished here"}

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Look for the first mark of each conflict, or the last one if only that was left."""
        for path, _ in tree.texts():
            for line in tree.lines(path, "<{7} ") or tree.lines(path, ">{7} "):
                yield self.finding(path, "marker", line)


class Secret(Rule):
    """No file contains a password, key or token."""

    reason = "A secret that was pushed once stays known, whatever a later commit removes."
    fix = (
        "First make the secret worthless: change the password, revoke the token. Then keep the new"
        ' one in an environment variable, and write ${{oc.env:NAME,""}} in conf/ or os.environ[...]'
        " in code. If it is no secret, add its name to not-secrets in [tool.labkart] of"
        " pyproject.toml."
    )
    messages: ClassVar[dict[str, str]] = {"shown": "looks like a secret: {line}"}

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Find the lines of text files in which a secret starts."""
        names = Names.current()
        for path, text in tree.texts():
            spans = sorted(masking.find(text, path, names))
            masked = masking.mask(text, spans).split("\n") if spans else []
            for line in dict.fromkeys(text.count("\n", 0, start) + 1 for start, _ in spans):
                shown = " ".join(masked[line - 1].split())
                if len(shown) > _LONGEST:
                    shown = f"{shown[:_LONGEST]}…"
                yield self.finding(path, "shown", line, line=shown)


class NotebookOutput(Rule):
    """A notebook in git has no outputs and no execution counts."""

    reason = "They change in every run, so nobody can read the diff, and may show private data."
    fix = (
        "Clear the outputs before you commit (in the notebook's menu). If a figure should stay,"
        " make it in a task with `self.log_figure`, or with `labkart report`."
    )
    messages: ClassVar[dict[str, str]] = {"cell": "cell {cell} has {what}"}

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Find cells that were run; a file that is not a notebook is ruff's affair."""
        for path, text in tree.texts():
            for number, cell in enumerate(_cells(text) if path.endswith(".ipynb") else (), 1):
                full = [key for key in ("outputs", "execution_count") if cell.get(key)]
                if full:
                    yield self.finding(path, "cell", cell=number, what=" + ".join(full))


def _cells(text: str) -> list[dict[str, Any]]:
    """The cells of a notebook; none if it is not one."""
    try:
        return list(map(dict, json.loads(text)["cells"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
