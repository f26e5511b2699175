"""The rule on files that code writes by itself, past the outputs of tasks. Knows usual calls."""

import ast
import re
from collections.abc import Iterator
from typing import ClassVar

from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree

# Methods of pandas, Matplotlib and paths, each with the place of the path among its arguments.
_METHODS = re.compile(
    r"to_(?:csv|excel|feather|hdf|html|json|latex|markdown|parquet|pickle|stata|xml)|savefig|imsave"
    r"|save|savez|savez_compressed|savetxt"
)
_OF_PATHS = {"mkdir", "rename", "replace", "rmdir", "touch", "unlink", "write_bytes", "write_text"}
_WRITES = re.compile(r"[rbt]*[wax+][wrabxt+]*")
_ALLOWED = ("outputs/", "reports/", "/")  # of absolute paths another rule speaks


class StrayWrite(Rule):
    """Code writes no file by its name: a task has `self.dump` and `self.log_...` for that."""

    reason = (
        "A file that every run overwrites belongs to none of them, and in data/raw/ it changes"
        " what others start from."
    )
    fix = (
        "`self.dump(...)` keeps the result of a task, `self.log_table`, `log_figure` and"
        " `log_artifact` what a person looks at, and `self.checkpoint_dir` is a folder for what a"
        " long run needs to go on."
    )
    messages: ClassVar[dict[str, str]] = {"write": '{call} writes "{file}"'}

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Look at the calls in the package's modules that name a file by a text."""
        for path, module in tree.code.items():
            for node in ast.walk(module):
                if not isinstance(node, ast.Call):
                    continue
                name = _written_file(node)
                if name and not name.startswith(_ALLOWED):
                    call = ast.unparse(node.func)
                    yield self.finding(path, "write", node.lineno, call=call, file=name)


def _written_file(call: ast.Call) -> str:
    """The file that a call writes, as far as its text says; empty if it writes none."""
    match call:
        case ast.Call(func=ast.Name("open"), args=[file, *rest]):
            return _text(file) if _is_written(rest, call.keywords) else ""
        case ast.Call(func=ast.Attribute(value=owner, attr="open"), args=rest):
            return _path(owner) if _is_written(rest, call.keywords) else ""
        case ast.Call(func=ast.Attribute(value=owner, attr=name)) if name in _OF_PATHS:
            return _path(owner)
        case ast.Call(func=ast.Attribute(attr=name), args=[file, *_]) if _METHODS.fullmatch(name):
            return _text(file)
    return ""


def _is_written(rest: list[ast.expr], keywords: list[ast.keyword]) -> bool:
    modes = [*rest[:1], *(keyword.value for keyword in keywords if keyword.arg == "mode")]
    texts = [mode.value for mode in modes if isinstance(mode, ast.Constant)]
    return any(isinstance(text, str) and _WRITES.fullmatch(text) for text in texts)


def _text(node: ast.expr) -> str:
    """The beginning of a path that is written as a text; empty if it is something else."""
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr([ast.Constant(str(text)), *_]):
            return f"{text}..."
    return _path(node)


def _path(node: ast.expr) -> str:
    """The same of `Path("...")`, also with parts behind it."""
    match node:
        case ast.BinOp(left=left, op=ast.Div()):
            beginning = _path(left)
            return beginning and f"{beginning.rstrip('/')}/..."
        case ast.Call(func=ast.Name("Path") | ast.Attribute(attr="Path"), args=[part, *_]):
            return _text(part)
    return ""
