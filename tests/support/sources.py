"""The library's code as syntax trees, each read once for all tests of it."""

import ast
from functools import cache
from pathlib import Path


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def nodes(file: Path) -> list[ast.AST]:
    """All parts of the tree, as `ast.walk` gives them."""
    return list(ast.walk(tree(file)))
