"""Rules on what is in files, whatever they are: size, outputs of notebooks; and that they can be read at all."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from labkart.check.rule import Finding, Rule
from labkart.check.tree import READ, Tree

_LARGE = 5_000_000  # bytes


class LargeFile(Rule):
    """No file outside data/ is larger than 5 MB."""

    reason = "git keeps every version of it for ever, and every clone carries all of them."
    fix = (
        "Inputs go to data/raw/. What a task makes stays in outputs/. Add other files to .gitignore, or take them from"
        " a place that you name in the README."
    )
    says: ClassVar[dict[str, str]] = {"large": "{size} MB"}

    def look(self, tree: Tree) -> Iterator[Finding]:
        for path in tree.files:
            if tree.is_plain(path) and not path.startswith("data/") and path != "uv.lock":
                size = (tree.root / path).stat().st_size
                if size > _LARGE:
                    yield self.at(path, "large", size=f"{size / 1e6:.1f}")


class UnreadableFile(Rule):
    """Code is Python, a notebook is JSON, and both, settings and texts are UTF-8."""

    reason = "What cannot be read cannot be run, checked or shown, and which of these comes first is chance."
    fix = 'Mend the line. "Not UTF-8" is the work of an editor: open the file and save it as UTF-8.'
    says: ClassVar[dict[str, str]] = {
        "encoding": "not UTF-8, from byte {byte} on",
        "python": "not Python: {why}",
        "notebook": "not a notebook: {why}",
        "denied": "cannot be opened: {why}",
    }

    def look(self, tree: Tree) -> Iterator[Finding]:
        for path in tree.files:
            if path.endswith(READ):
                yield from self._wrong(tree, path)

    def _wrong(self, tree: Tree, path: str) -> Iterator[Finding]:
        try:
            text = tree.text(path)
            if text is not None and path.endswith((".py", ".pyi")):
                compile(text, path, "exec", dont_inherit=True)
            elif text is not None and path.endswith(".ipynb"):
                _cells(text)
        except UnicodeDecodeError as error:
            yield self.at(
                path, "encoding", error.object.count(b"\n", 0, error.start) + 1, byte=error.start
            )
        except json.JSONDecodeError as error:
            yield self.at(path, "notebook", error.lineno, why=error.msg)
        except SyntaxError as error:
            yield self.at(path, "python", error.lineno or 0, why=error.msg)
        except (ValueError, RecursionError) as error:
            yield self.at(path, "notebook" if path.endswith(".ipynb") else "python", why=error)
        except OSError as error:
            yield self.at(path, "denied", why=error.strerror or error)


class NotebookOutput(Rule):
    """A notebook in git holds no outputs and no execution counts."""

    reason = "They change at each run, so that nobody can read the diff, and they may show data that is not to be shown."
    fix = (
        "Clear the outputs before you commit (in the notebook's menu). A figure that should stay is made by a task and"
        " `self.log_figure`, or by `labkart report`."
    )
    says: ClassVar[dict[str, str]] = {"cell": "cell {cell} has {what}"}

    def look(self, tree: Tree) -> Iterator[Finding]:
        for path, text in tree.texts():
            if path.endswith(".ipynb"):
                yield from self._full(path, text)

    def _full(self, path: str, text: str) -> Iterator[Finding]:
        try:
            cells = _cells(text)
        except ValueError:
            return
        for number, cell in enumerate(cells, 1):
            full = [key for key in ("outputs", "execution_count") if cell.get(key)]
            if full:
                yield self.at(path, "cell", cell=number, what=" + ".join(full))


def _cells(text: str) -> list[dict[str, Any]]:
    """The cells of a notebook. Raises ValueError where it is none."""
    try:
        found: Any = json.loads(text)
    except RecursionError as error:
        raise ValueError(error) from None
    cells = found.get("cells") if isinstance(found, dict) else None
    if not isinstance(cells, list) or not all(isinstance(each, dict) for each in cells):
        raise ValueError('there is no list of "cells" in it')
    return cells
