"""What a class inherits, and whether a class does anything when it is made, inherited or used.

Knows no effects of functions.
"""

import ast

from labkart.fingerprint import harmless
from labkart.fingerprint.modules import External, Modules, Ref, Target
from labkart.fingerprint.names import base_name, decorator_name, dotted
from labkart.fingerprint.statements import member_name

_HOOKS = {"__init_subclass__", "__subclasshook__", "__prepare__", "__class_getitem__", "mro"}
_ENUM_HOOKS = {"__init__", "__new__", "_generate_next_value_", "_missing_"}


class Classes:
    """Answers questions about classes."""

    def __init__(self, modules: Modules) -> None:
        self.resolve = modules.resolve

    def targets(self, ref: Ref, name: str) -> list[Target]:
        """What a name refers to; a builtin one has no origin, and a local one no name either."""
        is_outer = ref.statement.is_outer(name)
        known = self.resolve(ref, name) if is_outer else []
        return known or [External("", name if is_outer else "")]

    def is_plain(self, ref: Ref) -> bool:
        """Whether a statement is a class that does nothing when it is inherited or used."""
        node = ref.statement.node
        if not isinstance(node, ast.ClassDef) or _has(_HOOKS, node):
            return False
        return self.is_made_plainly(ref, node)

    def is_made_plainly(self, ref: Ref, node: ast.ClassDef) -> bool:
        """Whether nothing of the project runs when a class in a statement is made."""
        inherited = self.inherited(ref, node)
        nodes = [base.statement.node for base in inherited if isinstance(base, Ref)]
        names = [base.dotted for base in inherited if isinstance(base, External)]
        is_enum = any(name.endswith(("Enum", "Flag")) for name in names)
        if is_enum and any(_has(_ENUM_HOOKS, it) for it in [node, *nodes]):
            return False  # they run for each member
        if any(map(_has_metaclass, [node, *nodes])) or any(_has(_HOOKS, it) for it in nodes):
            return False
        are_classes = all(isinstance(it, ast.ClassDef) for it in nodes)
        return are_classes and all(map(harmless.is_plain_class, names))

    def is_task(self, ref: Ref) -> bool:
        """Whether a class is a task's."""
        inherited = self.inherited(ref, ref.statement.node)
        return any(isinstance(it, External) and harmless.is_task(it.dotted) for it in inherited)

    def inherited(self, ref: Ref, node: ast.AST) -> list[Target]:
        """What a class in a statement inherits, at any height."""
        inherited = dict[Target, None]()
        waiting = [(ref, node)]
        while waiting:
            owner, current = waiting.pop()
            names = [base_name(base) for base in getattr(current, "bases", [])]
            for base in [it for name in names for it in self.targets(owner, name)]:
                # A class may have the name that it imports its base by.
                is_itself = base == owner and current is owner.statement.node
                if base not in inherited and not is_itself:
                    inherited[base] = None
                    waiting += [(base, base.statement.node)] if isinstance(base, Ref) else []
        return list(inherited)

    def is_kept(self, ref: Ref) -> bool:
        """Whether a definition is what its statement says, not what a decorator made of it."""
        decorators = self._decorators(ref, ref.statement.node)
        return all(isinstance(it, External) and it.dotted in harmless.KEEPING for it in decorators)

    def is_wrapped(self, ref: Ref, method: ast.AST) -> bool:
        """Whether a decorator of the project's may call something where a method is called."""
        return any(isinstance(it, Ref) for it in self._decorators(ref, method))

    def _decorators(self, ref: Ref, node: ast.AST) -> list[Target]:
        names = map(decorator_name, getattr(node, "decorator_list", []))
        return [target for name in names for target in self.targets(ref, name)]


def _has(names: set[str], node: ast.AST) -> bool:
    """Whether a class has a member with one of these names."""
    return not names.isdisjoint(map(member_name, getattr(node, "body", [])))


def _has_metaclass(node: ast.AST) -> bool:
    """Whether a class may have one: other keywords are for what it inherits."""
    keywords = getattr(node, "keywords", [])
    metaclasses = [word.value for word in keywords if word.arg in (None, "metaclass")]
    return any(not dotted(metaclass).endswith("ABCMeta") for metaclass in metaclasses)
