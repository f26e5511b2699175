"""The paths for which expressions in a module stand, as far as its texts say. Runs no code."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

_PATH = ("Path", "pathlib.Path")
_OTHER = re.compile(r"str|(?:os\.)?fspath|(?:(?:os\.)?path\.|osp\.)?join")


class Paths:
    """Reads how paths begin in a module. A name counts if the module binds it just once."""

    def __init__(self, module: ast.Module) -> None:
        bound = Counter(name for node in ast.walk(module) for name in _bound(node))
        self._values = {
            target.id: node.value
            for node in ast.walk(module)
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value
            for target in getattr(node, "targets", [getattr(node, "target", None)])
            if isinstance(target, ast.Name) and bound[target.id] == 1
        }

    def beginning(self, node: ast.expr) -> str:
        """The text with which a path begins, and "..." for the rest; empty if it is unknown."""
        value = self._value(node)
        if isinstance(value, ast.Constant):
            return value.value if isinstance(value.value, str) else ""
        first, rest = _parts(value)
        text = self.beginning(first) if first else ""
        if not text or "..." in text:
            return text
        return f"{text.rstrip('/')}{rest}" if rest.startswith("/") else f"{text}{rest}"

    def is_path(self, node: ast.expr) -> bool:
        """Whether an expression is a `Path`, and no text."""
        match self._value(node):
            case (
                ast.BinOp(left=first, op=ast.Div())
                | ast.Call(func=ast.Attribute(first, "joinpath" | "resolve" | "with_suffix"))
            ):
                return self.is_path(first)
            case ast.Call(func=function):
                return ast.unparse(function) in _PATH
        return False

    def _value(self, node: ast.expr) -> ast.expr:
        """What a name stands for; any other expression itself."""
        value = self._values.get(node.id) if isinstance(node, ast.Name) else None
        # Only what stands above it: nothing leads to itself.
        is_above = value and (value.end_lineno or 0) < node.lineno
        return self._value(value) if value and is_above else node


def _parts(node: ast.expr) -> tuple[ast.expr | None, str]:
    """The part with which a path begins, and what a message writes for the rest."""
    match node:
        case ast.JoinedStr([ast.FormattedValue(value=first) | first, *rest]):
            return first, "..." if rest else ""
        case (
            ast.BinOp(left=first, op=ast.Div())
            | ast.Call(func=ast.Attribute(first, "joinpath" | "resolve" | "with_suffix"))
        ):
            return first, "/..."
        case (
            ast.BinOp(left=ast.Constant(str(text)), op=ast.Mod())
            | ast.Call(func=ast.Attribute(value=ast.Constant(str(text)), attr="format"))
        ):
            return ast.Constant(re.split("[%{]", text)[0]), "..."
        case ast.BinOp(left=first, op=ast.Add()):
            return first, "..."
        case ast.Call(func=function, args=[first, *rest]):
            name = ast.unparse(function)
            if name in _PATH or _OTHER.fullmatch(name):
                return first, "/..." if rest else ""
    return None, ""


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node itself binds."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias():
            yield node.asname or node.name.partition(".")[0]
