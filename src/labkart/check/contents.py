"""Rules on the content of files: size, outputs of notebooks, and whether they can be read."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from labkart.check.rule import Finding, Rule
from labkart.check.tree import TEXT_FILES, Tree
from labkart.language import translate

_LARGEST = 5_000_000  # bytes
_LARGEST_DATA = 50_000_000  # from here on GitHub warns; it refuses 100 MB


class LargeFile(Rule):
    """No file outside data/ is larger than 5 MB, and none in data/ that git has 50 MB."""

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


class UnreadableFile(Rule):
    """Code is Python, a notebook is JSON, and these, settings and texts are UTF-8."""

    reason = "A file that cannot be read cannot be run, checked or shown."
    fix = 'Fix the line. For "not UTF-8", open the file in an editor and save it as UTF-8.'
    messages: ClassVar[dict[str, str]] = {
        "encoding": "not UTF-8, from byte {byte} on",
        "python": "not Python: {why}",
        "notebook": "not a notebook: {why}",
        "denied": "cannot be opened: {why}",
    }

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Find files that their own tools cannot read."""
        for path in tree.files:
            if path.endswith(TEXT_FILES):
                yield from self._read(tree, path)

    def _read(self, tree: Tree, path: str) -> Iterator[Finding]:
        try:
            text = tree.text(path)
            if text is not None and path.endswith((".py", ".pyi")):
                compile(text, path, "exec", dont_inherit=True)
            elif text is not None and path.endswith(".ipynb"):
                _cells(text)
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            yield self.finding(path, "encoding", line, byte=error.start)
        except json.JSONDecodeError as error:
            yield self.finding(path, "notebook", error.lineno, why=error.msg)
        except SyntaxError as error:
            yield self.finding(path, "python", error.lineno or 0, why=error.msg)
        except (ValueError, RecursionError) as error:
            yield self.finding(path, "notebook" if path.endswith(".ipynb") else "python", why=error)
        except OSError as error:
            yield self.finding(path, "denied", why=error.strerror or error)


class MergeMarker(Rule):
    """No file has the marks of a merge that somebody has not finished."""

    reason = "git leaves both versions there, and which of them was meant only its author knows."
    fix = (
        "Keep what is right of both sides, and delete the lines `<<<<<<<`, `=======` and `>>>>>>>`."
    )
    messages: ClassVar[dict[str, str]] = {"marker": "a merge is not finished here"}

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Look for the first mark of each conflict, or the last one if only that was left."""
        for path, _ in tree.texts():
            for line in tree.lines(path, "<{7} ") or tree.lines(path, ">{7} "):
                yield self.finding(path, "marker", line)


class NotebookOutput(Rule):
    """A notebook in git has no outputs and no execution counts."""

    reason = "They change in every run, so nobody can read the diff, and may show private data."
    fix = (
        "Clear the outputs before you commit (in the notebook's menu). If a figure should stay,"
        " make it in a task with `self.log_figure`, or with `labkart report`."
    )
    messages: ClassVar[dict[str, str]] = {"cell": "cell {cell} has {what}"}

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Find cells that were run; a file that is not a notebook is another rule's."""
        for path, text in tree.texts():
            try:
                cells = _cells(text) if path.endswith(".ipynb") else []
            except ValueError:
                continue
            for number, cell in enumerate(cells, 1):
                full = [key for key in ("outputs", "execution_count") if cell.get(key)]
                if full:
                    yield self.finding(path, "cell", cell=number, what=" + ".join(full))


def _cells(text: str) -> list[dict[str, Any]]:
    """The cells of a notebook. Raises ValueError if it is not one."""
    try:
        notebook: Any = json.loads(text)
    except RecursionError as error:
        raise ValueError(error) from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise ValueError(translate('it has no list of "cells"'))
    return cells
