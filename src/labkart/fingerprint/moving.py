"""Values that may change where they are read: iterators, and objects that count or remember.

Knows no effects of functions.
"""

import ast
from collections.abc import Iterable, Iterator
from functools import cache

from labkart.fingerprint import harmless
from labkart.fingerprint.classes import Classes
from labkart.fingerprint.modules import External, Ref, Target
from labkart.fingerprint.names import FUNCTIONS, dotted, is_cached

_MAKERS = ("__init__", "__new__", "__post_init__")
_ITERATOR = External("", "iter")


class Moving:
    """Finds such values."""

    def __init__(self, classes: Classes) -> None:
        self._classes = classes
        self.is_moving = cache(self._is_moving)

    def _is_moving(self, ref: Ref) -> bool:
        """Whether what a statement binds may change where it is read; of a class its attributes."""
        node = ref.statement.node
        members = [it for it in getattr(node, "body", []) if not isinstance(it, FUNCTIONS)]
        waiting = list(self._makers(ref, members if isinstance(node, ast.ClassDef) else [node]))
        seen = set[Target]()
        while waiting:
            target = waiting.pop()
            if isinstance(target, External):
                if harmless.is_iterator(target.dotted):
                    return True
            elif target not in seen:
                seen.add(target)
                if _keeps_values(target.statement.node):
                    return True
                waiting += self._makers(target, [target.statement.node])
                waiting += self._classes.inherited(target, target.statement.node)
        return False

    def _makers(self, ref: Ref, nodes: Iterable[ast.AST]) -> Iterator[Target]:
        """What makes the values in code, but for those that are used up where they are made."""
        used = set[ast.AST]()
        for part in (part for node in nodes for part in ast.walk(node)):
            if isinstance(part, ast.comprehension | ast.For):
                used.add(part.iter)
            elif isinstance(part, ast.withitem) and _called(part.context_expr) == "open":
                used.add(part.context_expr)
            elif isinstance(part, ast.Call):
                targets = self._classes.targets(ref, dotted(part.func))
                if all(isinstance(it, External) for it in targets):
                    used.update(part.args)
                yield from [] if part in used else targets
            elif isinstance(part, ast.GeneratorExp) and part not in used:
                yield _ITERATOR


def _called(node: ast.expr) -> str:
    """The name of what is called; empty if nothing is."""
    return dotted(node.func) if isinstance(node, ast.Call) else ""


def _keeps_values(node: ast.AST) -> bool:
    """Whether what a function or class makes may change by its use.

    A generator does, and an object that sets attributes after it was made, or has a cache.
    """
    members = [it for it in ast.iter_child_nodes(node) if getattr(it, "name", "") not in _MAKERS]
    return any(
        isinstance(part, ast.Yield | ast.YieldFrom)
        or is_cached(part)
        or (isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store))
        for member in members
        for part in ast.walk(member)
    )
