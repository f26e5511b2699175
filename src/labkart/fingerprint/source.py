"""A file of Python code, read and not run: its definitions, and what happens at import.

Knows one file at a time, and not what its names refer to.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
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
        parts: a digest of its syntax tree; of a class also one per method and attribute (`Model`,
            `Model.fit`).
        mentions: the names that it reads, see `syntax.mentions`.
        requires: the names that only a class's `requires()` reads.
        imports: names that it imports inside, with their origins.
        bases: the bases of a class.
        literal: the value of an assignment as Python writes it; None if it is not plain.
        unsure: it reaches code in a way that names do not show.
        is_mutable: it may hold something that other code changes, such as a register.
        acts_on_subclass: a class that may act when it is inherited.
        has_side_effects: it may change anything when it runs at import.
        assigned_parts: names of which it changes a part at import (`REGISTER["x"] = ...`).
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
    is_mutable: bool = False
    acts_on_subclass: bool = False
    has_side_effects: bool = False
    assigned_parts: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    decorators: list[str] = field(default_factory=list)

    @property
    def has_import_effects(self) -> bool:
        """Whether it may do more at import than bind its names."""
        return self.has_side_effects or bool(
            self.assigned_parts or self.calls or self.decorators or self.bases
        )


@dataclass
class Source:
    """What is in a file.

    Attributes:
        definitions: in the file's order.
        imports: the origins of its imports, by the name that they bind.
        unused: the origins of those that no name in the file uses.
    """

    definitions: list[Definition]
    imports: dict[str, list[str]]
    unused: list[str]


def read(text: bytes, module: str, is_package: bool) -> Source:
    """Read a file's content.

    Args:
        text: the content.
        module: the module's full name.
        is_package: whether it is a package's `__init__.py`.

    Raises:
        SyntaxError: it is not Python.
        ValueError: it cannot be decoded.
    """
    package = module if is_package else module.rpartition(".")[0]
    definitions: list[Definition] = []
    imports: dict[str, list[str]] = {}
    for statement in _statements(ast.parse(text).body):
        nodes = ast.walk(statement) if isinstance(statement, _BLOCKS) else [statement]
        _collect_imports(imports, nodes, package)
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            definitions.append(_definition(statement, package))
    used = {
        mention.partition(".")[0]
        for definition in definitions
        for mention in (*definition.mentions, *definition.requires)
    }
    unused = [
        origin
        for name, origins in imports.items()
        if "." not in name and name not in used
        for origin in origins
    ]
    return Source(definitions, imports, unused)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run at import, and can matter."""
    for statement in body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) in _NEVER_RUN:
            yield from _statements(statement.orelse)
        elif not syntax.is_empty(statement):
            yield statement


def _collect_imports(imports: dict[str, list[str]], nodes: Iterable[ast.AST], package: str) -> None:
    for name, origin in syntax.imports(nodes, package):
        if origin not in imports.setdefault(name, []):
            imports[name].append(origin)


def _definition(statement: ast.stmt, package: str) -> Definition:
    definition = Definition(mentions=sorted(syntax.mentions(statement)))
    definition.unsure = any(map(syntax.is_unsure, definition.mentions))
    if isinstance(statement, ast.ClassDef):
        _separate_requires(definition, statement)
    _collect_imports(definition.imports, ast.walk(statement), package)
    _look(definition, [statement])
    for names in (
        definition.names,
        definition.assigned_parts,
        definition.calls,
        definition.decorators,
    ):
        names[:] = dict.fromkeys(names)
    if isinstance(statement, ast.ClassDef):
        definition.parts = _parts(statement)
    else:
        definition.parts = {", ".join(definition.names): syntax.digest(statement)}
    return definition


def _separate_requires(definition: Definition, node: ast.ClassDef) -> None:
    """Set apart the names that only a class's `requires()` mentions."""
    requires = [member for member in node.body if getattr(member, "name", "") == "requires"]
    rest = [member for member in node.body if member not in requires]
    head = (*node.decorator_list, *node.bases, *node.keywords)
    mentions = set[str]().union(*map(syntax.mentions, (*head, *rest)))
    required = set[str]().union(*map(syntax.mentions, requires))
    definition.mentions = sorted(mentions)
    definition.requires = sorted(required - mentions)


def _parts(node: ast.ClassDef) -> dict[str, str]:
    """A digest per method and attribute of a class, to name what changed, and of the rest."""
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


def _look(definition: Definition, body: Iterable[ast.AST]) -> None:
    """Note what statements bind, and what they change, when they run at import."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            _look_at_named(definition, node)
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
            _look_at_assignment(definition, node)
        elif isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            definition.has_side_effects = True
            definition.calls += sorted(syntax.mentions(node))
        elif isinstance(node, (*_BLOCKS, ast.ExceptHandler, ast.match_case)):
            _look_at_block(definition, node)
        elif type(node).__name__ == "TypeAlias":
            definition.names += syntax.names(getattr(node, "name", None))


def _look_at_named(
    definition: Definition, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
) -> None:
    definition.names.append(node.name)
    decorators = list(node.decorator_list)
    if isinstance(node, ast.ClassDef):
        for member in node.body:
            decorators += getattr(member, "decorator_list", ())
        _look_at_class(definition, node)
    definition.decorators += [syntax.dotted(decorator) for decorator in decorators]


def _look_at_block(definition: Definition, node: ast.AST) -> None:
    for _, value in ast.iter_fields(node):
        if isinstance(value, list):
            _look(definition, [part for part in value if isinstance(part, _INSIDE)])
    definition.names += syntax.names(getattr(node, "target", None))
    for item in getattr(node, "items", ()):
        definition.names += syntax.names(item.optional_vars)


def _look_at_class(definition: Definition, node: ast.ClassDef) -> None:
    definition.bases = [syntax.dotted(base) for base in node.bases]
    for member in node.body:
        name = getattr(member, "name", "")
        definition.acts_on_subclass = definition.acts_on_subclass or name in (
            "__init_subclass__",
            "__set_name__",
            "__new__",
            "mro",
        )
        if isinstance(member, ast.Expr) and not isinstance(member.value, ast.Constant):
            definition.has_side_effects = True
        if isinstance(member, ast.Assign | ast.AnnAssign) and member.value:
            definition.is_mutable = definition.is_mutable or _changeable(member.value)
    definition.acts_on_subclass = definition.acts_on_subclass or bool(node.keywords)


def _look_at_assignment(
    definition: Definition, node: ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete
) -> None:
    targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [node.target]
    for part in (part for target in targets for part in ast.walk(target)):
        if isinstance(getattr(part, "ctx", ast.Load()), ast.Load):
            continue
        if isinstance(part, ast.Name):
            definition.names.append(part.id)
        elif isinstance(part, ast.Attribute | ast.Subscript):
            definition.assigned_parts.append(syntax.dotted(part))
    value = None if isinstance(node, ast.Delete) else node.value
    if value:
        _look_at_value(definition, value, isinstance(node, ast.AugAssign))


def _look_at_value(definition: Definition, value: ast.expr, augments: bool) -> None:
    """Note what is assigned, or what it is that augments a value (`+=`)."""
    if any(isinstance(part, ast.Call) for part in ast.walk(value)):
        definition.calls += sorted(syntax.mentions(value))
    definition.is_mutable = definition.is_mutable or _changeable(value) or augments
    definition.literal = None
    if not augments:
        with suppress(ValueError, TypeError):
            definition.literal = repr(ast.literal_eval(value))


def _changeable(value: ast.expr) -> bool:
    """Whether a value may be changed in place; loggers, parameters and fields are not."""
    if isinstance(value, ast.Call):
        called = syntax.dotted(value.func).rpartition(".")[2]
        return (
            called not in ("getLogger", "field", "TypeVar", "ParamSpec", "namedtuple")
            and "Parameter" not in called
        )
    return isinstance(value, _DISPLAYS) or any(
        _changeable(element) for element in getattr(value, "elts", ())
    )
