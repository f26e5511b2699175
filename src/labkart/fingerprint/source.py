"""A file of Python code, read and not run: what it defines, what each definition mentions, what happens at import."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from labkart.fingerprint import syntax

_BLOCKS = (ast.If, ast.Try, ast.TryStar, ast.With, ast.For, ast.While, ast.Match)
_INSIDE = (ast.stmt, ast.ExceptHandler, ast.match_case)
_NEVER_RUN = {"TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'"}
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


@dataclass(slots=True)
class Definition:
    """A statement at the top of a file, with what it contains.

    Attributes:
        names: what it binds, for example a function's name.
        parts: a digest of its syntax tree; of a class one a method or attribute too (`Model`, `Model.fit`).
        mentions: the names that it reads, see `syntax.mentions`.
        requires: of a class, those that its `requires()` alone reads.
        imports: names that it imports inside, with their origins.
        bases: of a class, its bases.
        literal: of an assignment, its value where that is plain, as Python writes it.
        unsure: it reaches code in a way that names do not show.
        state: it may hold something that code elsewhere changes, such as a register.
        hooks: of a class, that it may act when it is inherited.
        always: it may change anything when it runs at import.
        sets: names of which it changes a part at import (`REGISTER["x"] = ...`, `Model.rate = ...`).
        calls: names that it calls at import, and so may change what these hold.
        decorators: the decorators, as names.
    """

    names: list[str] = field(default_factory=list)
    parts: dict[str, str] = field(default_factory=dict)
    mentions: list[str] = field(default_factory=list)
    requires: list[str] = field(default_factory=list)
    imports: dict[str, list[str]] = field(default_factory=dict)
    bases: list[str] = field(default_factory=list)
    literal: str | None = None
    unsure: bool = False
    state: bool = False
    hooks: bool = False
    always: bool = False
    sets: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    decorators: list[str] = field(default_factory=list)

    @property
    def acts(self) -> bool:
        """Whether it could do more at import than to bind its names."""
        return self.always or bool(self.sets or self.calls or self.decorators or self.bases)


@dataclass
class Source:
    """A file: its definitions in order, its imports by the name they bind, and those that no name in it uses."""

    definitions: list[Definition]
    imports: dict[str, list[str]]
    unused: list[str]


def read(text: bytes, module: str, is_package: bool) -> Source:
    """Read a file's content. Raises SyntaxError or ValueError where it is no Python."""
    package = module if is_package else module.rpartition(".")[0]
    definitions: list[Definition] = []
    imports: dict[str, list[str]] = {}
    for statement in _statements(ast.parse(text).body):
        _collect(
            imports, ast.walk(statement) if isinstance(statement, _BLOCKS) else [statement], package
        )
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            definitions.append(_definition(statement, package))
    used = {
        mention.partition(".")[0]
        for each in definitions
        for mention in (*each.mentions, *each.requires)
    }
    unused = [
        each
        for name, origins in imports.items()
        if "." not in name and name not in used
        for each in origins
    ]
    return Source(definitions, imports, unused)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run at import, and can matter."""
    for statement in body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) in _NEVER_RUN:
            yield from _statements(statement.orelse)
        elif not syntax.is_empty(statement):
            yield statement


def _collect(imports: dict[str, list[str]], nodes: Iterable[ast.AST], package: str) -> None:
    for name, origin in syntax.imports(nodes, package):
        if origin not in imports.setdefault(name, []):
            imports[name].append(origin)


def _definition(statement: ast.stmt, package: str) -> Definition:
    found = Definition(mentions=sorted(syntax.mentions(statement)))
    found.unsure = any(map(syntax.is_unsure, found.mentions))
    if isinstance(statement, ast.ClassDef):
        asks = [member for member in statement.body if getattr(member, "name", "") == "requires"]
        rest = [member for member in statement.body if member not in asks]
        around = (*statement.decorator_list, *statement.bases, *statement.keywords)
        found.mentions = sorted(set[str]().union(*map(syntax.mentions, (*around, *rest))))
        found.requires = sorted(
            set[str]().union(*map(syntax.mentions, asks)).difference(found.mentions)
        )
    _collect(found.imports, ast.walk(statement), package)
    _look(found, [statement])
    for names in (found.names, found.sets, found.calls, found.decorators):
        names[:] = dict.fromkeys(names)
    label = ", ".join(found.names)
    found.parts = (
        _parts(statement)
        if isinstance(statement, ast.ClassDef)
        else {label: syntax.digest(statement)}
    )
    return found


def _parts(node: ast.ClassDef) -> dict[str, str]:
    """A digest for each method and attribute of a class, so that a change can be named, and one for the rest."""
    parts: dict[str, list[str]] = {}
    rest = [*map(syntax.written, (*node.decorator_list, *node.bases, *node.keywords))]
    for member in node.body:
        match member:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                parts.setdefault(f"{node.name}.{name}", []).append(syntax.digest(member))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                parts.setdefault(f"{node.name}.{name}", []).append(syntax.digest(member))
            case _:
                name = syntax.written(member)
        rest += [name] if name else []
    own = hashlib.sha256(repr(rest).encode(errors="surrogatepass")).hexdigest()[:12]
    return {node.name: own, **{name: " ".join(digests) for name, digests in parts.items()}}


def _look(found: Definition, body: Iterable[ast.AST]) -> None:
    """Note what statements bind, and what they change, when they run at import."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.names.append(node.name)
            found.decorators += [syntax.dotted(each) for each in node.decorator_list]
            if isinstance(node, ast.ClassDef):
                found.decorators += [
                    syntax.dotted(e) for m in node.body for e in getattr(m, "decorator_list", ())
                ]
                _look_at_class(found, node)
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
            _look_at_assignment(found, node)
        elif isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            found.always = True
            found.calls += sorted(syntax.mentions(node))
        elif isinstance(node, (*_BLOCKS, ast.ExceptHandler, ast.match_case)):
            for _, value in ast.iter_fields(node):
                _look(
                    found,
                    [
                        part
                        for part in (value if isinstance(value, list) else [])
                        if isinstance(part, _INSIDE)
                    ],
                )
            found.names += syntax.names(getattr(node, "target", None))
            for item in getattr(node, "items", ()):
                found.names += syntax.names(item.optional_vars)
        elif type(node).__name__ == "TypeAlias":
            found.names += syntax.names(getattr(node, "name", None))


def _look_at_class(found: Definition, node: ast.ClassDef) -> None:
    found.bases = [syntax.dotted(base) for base in node.bases]
    for member in node.body:
        name = getattr(member, "name", "")
        found.hooks = found.hooks or name in ("__init_subclass__", "__set_name__", "__new__", "mro")
        if isinstance(member, ast.Expr) and not isinstance(member.value, ast.Constant):
            found.always = True
        if isinstance(member, ast.Assign | ast.AnnAssign) and member.value:
            found.state = found.state or _changeable(member.value)
    found.hooks = found.hooks or bool(node.keywords)


def _look_at_assignment(
    found: Definition, node: ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete
) -> None:
    for target in node.targets if isinstance(node, ast.Assign | ast.Delete) else [node.target]:
        for part in ast.walk(target):
            if not isinstance(getattr(part, "ctx", ast.Load()), ast.Load):
                if isinstance(part, ast.Name):
                    found.names.append(part.id)
                elif isinstance(part, ast.Attribute | ast.Subscript):
                    found.sets.append(syntax.dotted(part))
    value = getattr(node, "value", None)
    if value:
        found.calls += (
            sorted(syntax.mentions(value))
            if any(isinstance(each, ast.Call) for each in ast.walk(value))
            else []
        )
        found.state = found.state or _changeable(value) or isinstance(node, ast.AugAssign)
        try:
            found.literal = (
                repr(ast.literal_eval(value)) if not isinstance(node, ast.AugAssign) else None
            )
        except (ValueError, TypeError):
            found.literal = None


def _changeable(value: ast.expr) -> bool:
    """Whether a value can be changed in place; a logger, a parameter or a dataclass's field is not meant so."""
    if isinstance(value, ast.Call):
        called = syntax.dotted(value.func).rpartition(".")[2]
        return (
            called not in ("getLogger", "field", "TypeVar", "ParamSpec", "namedtuple")
            and "Parameter" not in called
        )
    return isinstance(value, _DISPLAYS) or any(
        _changeable(each) for each in getattr(value, "elts", ())
    )
