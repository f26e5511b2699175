"""The names in a tree of Python code: what it mentions and imports, as it is written.

Does not know which of them are local, and what they refer to.
"""

import ast
import re
from collections.abc import Iterator
from contextlib import suppress

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_TASK_PARAMETERS = ("TaskInstanceParameter", "ListTaskInstanceParameter")
_CACHES = ("cache", "cached_property", "lru_cache")
_AT_NAME = re.compile(r"@(\w+)")  # pandas' `query("x > @LIMIT")`


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute or a name; "" of other code."""
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.append(node.attr)
        node = node.value
    return ".".join([node.id, *words[::-1]]) if isinstance(node, ast.Name) else ""


def base_name(node: ast.expr) -> str:
    """The name of a base class; `Generic` of `Generic[T]`."""
    return dotted(node.value if isinstance(node, ast.Subscript) else node)


def decorator_name(node: ast.expr) -> str:
    """The name of a decorator; `register` of `@register("a")`."""
    return dotted(node.func if isinstance(node, ast.Call) else node)


def is_cached(node: ast.AST) -> bool:
    """Whether a decorator of a function keeps what it returns."""
    names = map(decorator_name, getattr(node, "decorator_list", []))
    return any(name.rpartition(".")[2] in _CACHES for name in names)


def mentioned_names(node: ast.AST) -> Iterator[str]:
    """The names in a tree as long as they are written; `@name` in annotations and queries.

    An upstream task's class in a parameter is a type: that task's code is in its own id.
    """
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if name := dotted(node):
            yield name
        elif isinstance(node, ast.Global):
            yield from node.names
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (f"@{name}" for name in _AT_NAME.findall(node.value))
        elif isinstance(node, ast.AnnAssign) and _is_task_parameter(node.annotation):
            waiting += [node.target, *([node.value] if node.value else [])]
        elif not (isinstance(node, ast.Call) and _is_task_parameter(node.func)):
            waiting += ast.iter_child_nodes(node)
            for part in (getattr(node, "annotation", None), getattr(node, "returns", None)):
                yield from _quoted_names(part)


def _quoted_names(annotation: ast.AST | None) -> Iterator[str]:
    for part in ast.walk(annotation) if annotation else ():
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            with suppress(SyntaxError, ValueError):
                tree = ast.parse(part.value, mode="eval")
                yield from (f"@{name.removeprefix('@')}" for name in mentioned_names(tree))


def _is_task_parameter(node: ast.expr) -> bool:
    node = node.value if isinstance(node, ast.Subscript) else node
    return dotted(node).rpartition(".")[2] in _TASK_PARAMETERS


def imported_names(
    node: ast.AST, package: str, is_inner: bool = False
) -> Iterator[tuple[str, str, bool]]:
    """Each name that is imported, its origin, and whether a function imports it."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            yield alias.asname or top, alias.name if alias.asname else top, is_inner
            if top != alias.name and not alias.asname:
                yield alias.name, alias.name, is_inner  # it binds no name, but is imported
    elif isinstance(node, ast.ImportFrom):
        parent = package.rsplit(".", node.level - 1)[0] if node.level else ""
        origin = ".".join(filter(None, [parent, node.module]))
        for alias in node.names:
            yield alias.asname or alias.name, f"{origin}:{alias.name}", is_inner
    elif not isinstance(node, ast.expr):
        is_inner = is_inner or isinstance(node, FUNCTIONS)  # those of a class run at import
        for part in ast.iter_child_nodes(node):
            yield from imported_names(part, package, is_inner)
