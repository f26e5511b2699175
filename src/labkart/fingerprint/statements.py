"""One file of Python code, parsed and not run: its statements, what each binds and mentions.

Python's own symbol table tells which names are a function's own. Knows one file at a time, and not
what its names refer to.
"""

import ast
import hashlib
import re
import symtable
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property

from labkart.fingerprint import harmless
from labkart.fingerprint.names import FUNCTIONS, dotted, imported_names, mentioned_names

_NEVER_RUN = re.compile(r"(?:\w+\.)?TYPE_CHECKING|__name__ == '__main__'|'__main__' == __name__")
_COMPREHENSIONS = ("listcomp", "setcomp", "dictcomp", "genexpr")
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_CONTAINERS = {"defaultdict", "OrderedDict", "deque", "Counter"}
_CONTAINERS |= {"dict", "list", "set", *(f"collections.{name}" for name in _CONTAINERS)}
_CATCHING = (ast.Try, ast.TryStar, ast.With, ast.AsyncWith)
_LONGEST = 5000  # characters of a text that may name a path


class Statement:
    """A statement at the top of a file.

    Attributes:
        node: its tree, without docstrings.
        text: the tree as Python writes it, so that comments and formatting do not count.
        names: what it binds at the top of the module; "*" for all names of another module.
        imports: the origins of what it imports at import, by name: `module`, or `module:name`.
        inner: the origins of what its functions import, by name.
        tried: the origins of what is imported where an error may be caught, by name.

    Args:
        node: its tree.
        package: the package that relative imports start from.

    Raises:
        SyntaxError: it is not a statement of a module.
        ValueError: it cannot be written as text.
    """

    def __init__(self, node: ast.stmt, package: str) -> None:
        self.node, self.text = node, ast.unparse(node)
        self.is_import = isinstance(node, ast.Import | ast.ImportFrom)
        self.names: list[str] = []
        self._outer, self._local = set[str](), set[str]()
        self._look_at_scope(symtable.symtable(self.text, "", "exec"))
        self.imports: dict[str, list[str]] = {}
        self.inner: dict[str, list[str]] = {}
        for name, origin, is_inner in imported_names(node, package):
            (self.inner if is_inner else self.imports).setdefault(name, []).append(origin)
        self.tried: dict[str, list[str]] = {}
        blocks = ast.walk(node) if self.imports or self.inner else ()
        for block in (block for block in blocks if isinstance(block, _CATCHING)):
            for name, origin, _ in imported_names(block, package):
                self.tried.setdefault(name, []).append(origin)
        self.names += ["*"] if "*" in self.imports else []

    def _look_at_scope(self, table: symtable.SymbolTable) -> None:
        is_top, is_function = table.get_type() == "module", table.get_type() == "function"
        is_comprehension = table.get_name() in _COMPREHENSIONS
        for symbol in table.get_symbols():
            name, is_global = symbol.get_name(), symbol.is_global()
            if is_global or (symbol.is_referenced() and not is_function):
                self._outer.add(name)
            is_outside = is_top or (is_comprehension and is_global)  # a walrus binds there
            if is_outside and (symbol.is_assigned() or symbol.is_imported()):
                self.names.append(name)
            elif not (is_top or is_global):
                self._local.add(name)
        for scope in table.get_children():
            self._look_at_scope(scope)

    @property
    def _members(self) -> list[ast.stmt]:
        return self.node.body if isinstance(self.node, ast.ClassDef) else []

    @cached_property
    def mentions(self) -> set[str]:
        """The names of the module that it reads, dotted as they are written."""
        return self._named_in(self.node)

    @cached_property
    def required(self) -> set[str]:
        """Those of them that only a class's `requires()` reads."""
        requires = [part for part in self._members if member_name(part) == "requires"]
        rest = [part for part in ast.iter_child_nodes(self.node) if part not in requires]
        if not requires:
            return set()
        return self.mentions - {name for part in rest for name in self._named_in(part)}

    def _named_in(self, node: ast.AST) -> set[str]:
        known = self._outer | {*self.inner}
        return {
            name.removeprefix("@")
            for name in mentioned_names(node)
            if name.startswith("@") or name.partition(".")[0] in known
        }

    def outer_names(self, node: ast.AST) -> set[str]:
        """The names of the module in a part of it, without those that may be local as well."""
        return {name for name in self._named_in(node) if self.is_outer(name)}

    def is_outer(self, name: str) -> bool:
        """Whether a dotted name certainly is the module's."""
        first = name.partition(".")[0]
        return first in self.inner or (first in self._outer and first not in self._local)

    @cached_property
    def words(self) -> set[str]:
        """Attributes, arguments and whole texts, by which code may be found without its name."""
        words = set[str]()
        for node in ast.walk(self.node):
            if isinstance(node, ast.Attribute):
                words.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
            elif isinstance(node, ast.keyword) and getattr(node.value, "value", True):
                words.add(node.arg or "")
            elif isinstance(node, ast.Yield | ast.YieldFrom):
                words.add("yield")
        return words

    @cached_property
    def is_unsure(self) -> bool:
        """Whether it reaches code in a way that names do not show."""
        has_words = not harmless.UNSURE_WORDS.isdisjoint(self.words)
        calls = [node for node in ast.walk(self.node) if isinstance(node, ast.Call)]
        evaluates = any(getattr(node.func, "attr", "") == "eval" and node.args for node in calls)
        space = any(dotted(node.func) in ("locals", "vars") and not node.args for node in calls)
        return has_words or evaluates or space or any(map(harmless.is_unsure, self.mentions))

    @cached_property
    def parts(self) -> dict[str, str]:
        """A digest of it; of a class one per method and attribute too, to name what changed."""
        if self.is_import:
            return {"import *": _digest(self.text)} if "*" in self.names else {}
        node, parts = self.node, dict[str, list[str]]()
        if not isinstance(node, ast.ClassDef):
            return {", ".join(self.names) or "at import": _digest(self.text)}
        rest = [ast.unparse(part) for part in [*node.decorator_list, *node.bases]]
        rest += [f"{word.arg}={ast.unparse(word.value)}" for word in node.keywords]
        for member in node.body:
            name, text = member_name(member), ast.unparse(member)
            if name:
                parts.setdefault(f"{node.name}.{name}", []).append(_digest(text))
            if not isinstance(member, ast.Pass) and not _is_for_scheduler(member):
                rest.append(name or text)
        digests = {name: " ".join(digests) for name, digests in parts.items()}
        return {node.name: _digest(repr(rest)), **digests}

    @cached_property
    def scheduling(self) -> set[str]:
        """The parts of a class that only luigi's scheduler reads, if it is a task's."""
        return {
            f"{self.names[0]}.{member_name(member)}"
            for member in self._members
            if _is_for_scheduler(member)
        }

    @cached_property
    def literal(self) -> str | None:
        """The value of an assignment as Python writes it; None if it is not plain."""
        value = self.node.value if isinstance(self.node, ast.Assign | ast.AnnAssign) else None
        return literal(value) if value else None

    @property
    def is_container(self) -> bool:
        """Whether it binds a name to a container of its own, or a plain value."""
        return _binds_new(self.node) and len(self.names) == 1

    def texts(self) -> Iterator[tuple[str, int]]:
        """Its string literals, each with its line; of f-strings what has a text in quotes."""
        pieces = set[ast.AST]()
        for node in ast.walk(self.node):
            if isinstance(node, ast.JoinedStr):
                pieces.update(node.values)
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(node, ast.Constant) and isinstance(value, str):
                is_piece = node in pieces and not {"'", '"'}.intersection(value)
                if 0 < len(value) <= _LONGEST and not is_piece:
                    yield value, node.lineno


def parse(text: bytes, module: str, is_package: bool) -> list[Statement]:
    """Parse a file's content.

    Args:
        text: the content.
        module: the module's full name.
        is_package: whether it is a package's `__init__.py`.

    Raises:
        SyntaxError: it is not Python.
        ValueError: it cannot be decoded.
        RecursionError: it is nested too deeply.
    """
    package = module if is_package else module.rpartition(".")[0]
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [part for part in body if not _is_empty(part)] or [ast.Pass()]
    return [Statement(node, package) for node in _executed(tree.body)]


def member_name(member: ast.stmt) -> str:
    """The name that a class's member binds, if it is a method or one attribute."""
    match member:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""


def functions_in(node: ast.AST, depth: int) -> Iterator[ast.AST]:
    """A function, and at the next depth those that are defined in it."""
    yield node
    waiting = list(ast.iter_child_nodes(node)) if depth > 1 else []
    while waiting:
        part = waiting.pop()
        if isinstance(part, FUNCTIONS):
            yield from functions_in(part, depth - 1)
        else:
            waiting += ast.iter_child_nodes(part)


def evaluated(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[ast.expr]:
    """What is evaluated where a function is defined: defaults and annotations."""
    parts: list[ast.expr | None] = [*node.args.defaults, *node.args.kw_defaults]
    parts += [part.annotation for part in ast.walk(node.args) if isinstance(part, ast.arg)]
    return [part for part in [*parts, getattr(node, "returns", None)] if part]


def new_values(function: ast.AST) -> set[str]:
    """The names of a function that mean nothing but new containers and plain values."""
    new, others = set[ast.AST](), set[str]()
    for part in ast.walk(function):
        if isinstance(part, ast.Assign | ast.AnnAssign | ast.AugAssign) and _binds_new(part):
            new.update(part.targets if isinstance(part, ast.Assign) else [part.target])
        elif isinstance(part, ast.arg):
            others.add(part.arg)
        elif isinstance(part, (*FUNCTIONS, ast.ClassDef)) and part is not function:
            others |= _stored(part)
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and part not in new:
            others.add(part.id)
    return {part.id for part in new if isinstance(part, ast.Name)} - others


def _stored(node: ast.AST) -> set[str]:
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}


def _binds_new(node: ast.AST) -> bool:
    """Whether an assignment binds a new container or a plain value, or adds to one."""
    if isinstance(node, ast.AugAssign):
        return True
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    made = dotted(value.func) if isinstance(value, ast.Call) else ""
    is_container = isinstance(value, _DISPLAYS) or made in _CONTAINERS
    return is_container or (value is not None and literal(value) is not None)


def _executed(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run at import, and can matter."""
    for node in body:
        if isinstance(node, ast.If) and _NEVER_RUN.fullmatch(ast.unparse(node.test)):
            yield from _executed(node.orelse)
        elif not isinstance(node, ast.Pass):
            yield node


def _is_empty(node: ast.AST) -> bool:
    """Whether a statement does nothing: a docstring, `...` or `pass`."""
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_constant or isinstance(node, ast.Pass)


def _is_for_scheduler(member: ast.stmt) -> bool:
    """Whether a class's member is a plain value that luigi's scheduler reads of tasks."""
    value = getattr(member, "value", None) if member_name(member) in harmless.SCHEDULING else None
    return isinstance(value, ast.expr) and literal(value) is not None


def literal(node: ast.expr) -> str | None:
    """The value of an expression as Python writes it; None if it is not plain."""
    with suppress(ValueError, TypeError, RecursionError):
        return repr(ast.literal_eval(node))
    return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]
