"""Syntax trees of Python code: as text, and the names that they mention.

Reads no file, and does not know what a name refers to.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

# Words after which names do not show what is reached: code from text, modules by string.
_UNSURE = set(
    """
    __doc__ __globals__ __import__ __subclasses__ entry_points exec_module get_class get_method
    get_object get_task_cls getsource getsourcelines import_module instantiate load_module locate
    read_pickle resolve_name run_module run_path sys.modules
    """.split()  # noqa: SIM905 (as a list it would take 19 lines)
)
_UNSURE |= {"os.popen", "os.system", "subprocess"}  # they may run any file of the project
for _pickler in ("cloudpickle", "dill", "joblib", "pickle", "torch"):
    _UNSURE |= {f"{_pickler}.load", f"{_pickler}.loads"}
# As methods these are harmless: re.compile, model.eval.
_UNSURE_ALONE = {"compile", "eval", "exec", "globals"}

_TASK_PARAMETERS = ("TaskInstanceParameter", "ListTaskInstanceParameter")
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_NOT_CODE = {"ctx", "kind", "type_comment", "type_ignores"}
_AT_NAME = re.compile(r"@(\w+)")  # pandas' `query("x > @LIMIT")`


def digest(node: ast.AST) -> str:
    """A tree's digest, of 12 digits; comments, docstrings and formatting do not count."""
    return hashlib.sha256(written(node).encode(errors="surrogatepass")).hexdigest()[:12]


def written(node: object) -> str:
    """A tree as text, which is empty for what does not count.

    It is the same under each version of Python, which `ast.dump` is not.
    """
    if isinstance(node, list):
        return ",".join(filter(None, map(written, node)))
    if not isinstance(node, ast.AST):
        return repr(node)
    if is_empty(node):
        return ""
    fields = [(name, getattr(node, name, None)) for name in node._fields if name not in _NOT_CODE]
    parts = " ".join([f"{name}=[{written(value)}]" for name, value in fields if value])
    return f"{type(node).__name__}({_value(node)}{parts})"


def is_empty(node: ast.AST) -> bool:
    """Whether a statement does nothing: a docstring, `...` or `pass`."""
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _value(node: ast.AST) -> str:
    """A constant's value, also if it is 0, False, None or the empty text."""
    return f"{node.value!r} " if isinstance(node, ast.Constant) else ""


def mentions(node: ast.AST) -> set[str]:
    """The names that a tree reads, dotted as they are written (`np.linspace`), not local ones."""
    reader = _Reader()
    reader.visit(node)
    return reader.mentions


def is_unsure(mention: str) -> bool:
    """Whether a name reaches something that does not show in the code."""
    words = mention.split(".")
    if words[0] in _UNSURE_ALONE or (words[0] == "builtins" and words[-1] in _UNSURE_ALONE):
        return True
    if mention in ("builtins", "importlib", "runpy"):  # handed on, or asked with `getattr`
        return True
    return not _UNSURE.isdisjoint(words) or ".".join(words[:2]) in _UNSURE


def dotted(node: ast.AST) -> str:
    """`a.b.c` of `a.b.c`, `a.b(...).c` and `a.b.c[...]`; "?" if it does not begin with a name."""
    words: list[str] = []
    while isinstance(node, ast.Call | ast.Subscript | ast.Attribute):
        if isinstance(node, ast.Attribute):
            words.append(node.attr)
        node = node.func if isinstance(node, ast.Call) else node.value
    return ".".join([node.id, *words[::-1]]) if isinstance(node, ast.Name) else "?"


def imports(nodes: Iterable[ast.AST], package: str) -> Iterator[tuple[str, str]]:
    """Each name that import statements bind, with its origin: `module`, or `module:name`."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield alias.asname or top, alias.name if alias.asname else top
                if top != alias.name and not alias.asname:
                    yield alias.name, alias.name  # it binds no name, but is imported
        elif isinstance(node, ast.ImportFrom):
            parent = package.rsplit(".", node.level - 1)[0] if node.level else ""
            origin = ".".join(filter(None, [parent, node.module]))
            for alias in node.names:
                yield alias.asname or alias.name, f"{origin}:{alias.name}"


def names(node: ast.AST | None) -> set[str]:
    """The names in a target of an assignment."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} if node else set()


class _Reader(ast.NodeVisitor):
    def __init__(self) -> None:
        self.mentions: set[str] = set()
        self._local: list[set[str]] = []

    def visit_Attribute(self, node: ast.Attribute) -> None:
        words, inner = [node.attr], node.value
        while isinstance(inner, ast.Attribute):
            words.append(inner.attr)
            inner = inner.value
        self.mentions |= _UNSURE.intersection(words)
        if isinstance(inner, ast.Name):
            self._mention(inner.id, words[::-1])
        else:
            self.visit(inner)

    def visit_Name(self, node: ast.Name) -> None:
        self._mention(node.id, [])

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.mentions |= _UNSURE.intersection([node.value])
            for name in _AT_NAME.findall(node.value):
                self._mention(name, [])

    def visit_Global(self, node: ast.Global) -> None:
        self.mentions.update(node.names)

    def visit_Call(self, node: ast.Call) -> None:
        # An upstream task's class in a parameter is a type: that task's code is in its own id.
        if dotted(node.func).rpartition(".")[2] not in _TASK_PARAMETERS:
            self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if dotted(node.annotation).rpartition(".")[2] not in _TASK_PARAMETERS:
            self._annotation(node.annotation)
        for part in (node.target, node.value):
            self.visit(part) if part else None

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        arguments = _arguments(node.args)
        defaults = [*node.args.defaults, *node.args.kw_defaults]
        for part in (*defaults, *getattr(node, "decorator_list", ())):
            self.visit(part) if part else None
        annotations = [argument.annotation for argument in arguments]
        for part in (getattr(node, "returns", None), *annotations):
            self._annotation(part) if part else None
        body = node.body if isinstance(node.body, list) else [node.body]
        self._scope({argument.arg for argument in arguments} | _bound(body), body)

    visit_AsyncFunctionDef = visit_FunctionDef
    visit_Lambda = visit_FunctionDef

    def _annotation(self, node: ast.expr) -> None:
        self.visit(node)
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                with suppress(SyntaxError, ValueError):
                    self.visit(ast.parse(part.value, mode="eval"))

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> None:
        first, *others = node.generators
        self.visit(first.iter)  # in the scope around it
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        targets = set[str]().union(*(names(part.target) for part in node.generators))
        self._scope(targets, [*results, first.target, *first.ifs, *others])

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _scope(self, local: set[str], body: Iterable[ast.AST]) -> None:
        self._local.append(local)
        for node in body:
            self.visit(node)
        self._local.pop()

    def _mention(self, name: str, rest: list[str]) -> None:
        if not any(name in scope for scope in self._local):
            self.mentions.add(".".join([name, *rest]))


def _arguments(node: ast.arguments) -> list[ast.arg]:
    optional = [argument for argument in (node.vararg, node.kwarg) if argument]
    return [*node.posonlyargs, *node.args, *node.kwonlyargs, *optional]


def _bound(body: Iterable[ast.AST]) -> set[str]:
    """The local variables of a function: what its body binds, not inner functions' bodies."""
    bound, shared, waiting = set[str](), set[str](), list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.Global):
            shared.update(node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif not isinstance(node, (ast.Lambda, *_COMPREHENSIONS)):
            waiting.extend(ast.iter_child_nodes(node))
    return bound - shared
