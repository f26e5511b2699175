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
        return _is_plain_alone(ref) and self.is_made_plainly(ref, node)

    def is_made_plainly(self, ref: Ref, node: ast.AST) -> bool:
        """Whether a class in a statement has no metaclass, and no base that does something then."""
        return _has_no_maker(node) and all(map(_is_plain_alone, self.inherited(ref, node)))

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


def _is_plain_alone(target: Target) -> bool:
    """Whether it is a class that does nothing to those that inherit it, but for its own bases."""
    if isinstance(target, External):
        return harmless.is_plain_class(target.dotted)
    node = target.statement.node
    is_class = isinstance(node, ast.ClassDef)
    return is_class and _HOOKS.isdisjoint(map(member_name, node.body)) and _has_no_maker(node)


def _has_no_maker(node: ast.AST) -> bool:
    """Whether a class has no metaclass, and is no enum with methods that run for each member."""
    assert isinstance(node, ast.ClassDef)
    is_enum = any(base_name(base).endswith(("Enum", "Flag")) for base in node.bases)
    if is_enum and not _ENUM_HOOKS.isdisjoint(map(member_name, node.body)):
        return False
    return all(dotted(word.value).endswith("ABCMeta") for word in node.keywords)
