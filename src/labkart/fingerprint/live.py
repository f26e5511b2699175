"""Where this process runs other code than the files say: what was set or replaced since the import.

Reads no file.
"""

import inspect
import sys
from collections.abc import Collection
from types import FunctionType
from typing import Any, NamedTuple

from labkart.fingerprint.modules import Ref
from labkart.installed_files import is_installed

_PLAIN = (bool, bytes, complex, float, int, str, type(None))
# How named tuples and dataclasses name the file of the methods that they generate.
_GENERATED = ("<string>", "<attrs generated")


class State(NamedTuple):
    """What differs from the files.

    Attributes:
        constants: those that other code has set: the file's key, the name and the value.
        functions: those in the place of others that none of these statements defines.
    """

    constants: list[tuple[str, str, str]]
    functions: frozenset[FunctionType]


def state(refs: Collection[Ref]) -> State:
    """What differs now from these statements."""
    constants, functions = list[tuple[str, str, str]](), set[FunctionType]()
    for ref in refs:
        loaded = vars(sys.modules.get(ref.module.name, object))
        for name in ref.statement.names:
            if name in loaded:
                value = loaded[name]
                members = vars(value).values() if isinstance(value, type) else [value]
                candidates = filter(None, map(_function, members))
                functions |= {function for function in candidates if _is_foreign(function, ref)}
                if _is_set(value, ref):
                    constants.append((ref.module.key, name, repr(value)))
    unknown = {it for it in functions if not any(_defines(ref, it) for ref in refs)}
    return State(sorted(constants), frozenset(unknown))


def _is_set(value: object, ref: Ref) -> bool:
    """Whether a constant differs from the one statement that binds it."""
    names, literal = ref.statement.names, ref.statement.literal
    is_once = len(names) == 1 and len(ref.module.bindings.get(names[0], ())) == 1
    return is_once and literal is not None and isinstance(value, _PLAIN) and repr(value) != literal


def _is_foreign(function: FunctionType, ref: Ref) -> bool:
    """Whether a function was defined elsewhere in the project, or in no file."""
    source = function.__code__.co_filename
    is_generated = source.startswith(_GENERATED) and function.__name__.startswith("__")
    return source != ref.module.file and not is_generated and not is_installed(source)


def _defines(ref: Ref, function: FunctionType) -> bool:
    """Whether a function's code is in a statement, or in a module that counts whole."""
    code, node = function.__code__, ref.statement.node
    if code.co_filename != ref.module.file:
        return False
    if ref.number is None:
        return True
    start = min([node.lineno, *(it.lineno for it in getattr(node, "decorator_list", []))])
    return start <= code.co_firstlineno <= (node.end_lineno or 0)


def _function(value: Any) -> FunctionType | None:
    """The function in a method, a property or a decorated function."""
    value = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
    value = inspect.unwrap(value) if callable(value) and hasattr(value, "__wrapped__") else value
    return value if isinstance(value, FunctionType) else None
