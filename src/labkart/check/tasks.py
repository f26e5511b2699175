"""Rules on tasks, read from the student's code without running it."""

import ast
import re
from collections.abc import Iterator
from typing import ClassVar

from labkart.check import classes
from labkart.check.classes import Class
from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree

_HEAVY = re.compile(
    r"_?(?:download|fit|load|open|predict|read|scan|train|transform|urlopen)(?:_\w+|lines?|mat|s|txt)?"
)
_PROPERTIES = ("property", "cached_property")
_ABSOLUTE = re.compile(
    r"/(?:data|home|media|mnt|scratch|tmp|Users|var|work)(?:/.*)?|/[\w.-]+(?:/[\w. -]*)+"
    r"|~[\w-]*/.*|[A-Za-z]:[\\/].*|\\\\[\w.-]+\\.*|file:/.*",
    re.DOTALL,
)


class StrayTask(Rule):
    """Tasks are written in tasks/, in one module a stage."""

    reason = "A step is looked for in one place, and a module that tasks import must not define tasks itself."
    fix = "Move the class to `src/<package>/tasks/`. What several tasks share may stay beside tasks/, as functions."
    says: ClassVar[dict[str, str]] = {
        "stray": "{name} is a task and stands outside src/{package}/tasks/"
    }

    def look(self, tree: Tree) -> Iterator[Finding]:
        for each in classes.tasks(tree):
            if not each.path.startswith(f"src/{tree.package}/tasks/"):
                yield self.at(
                    each.path, "stray", each.node.lineno, name=each.name, package=tree.package
                )


class ForeignTask(Rule):
    """A task inherits from labkart's Task, never from gokart's or luigi's own."""

    reason = "Only labkart's Task has an id that covers its code, is locked while it runs, and is recorded."
    fix = "Write `class Name(Task[...])` with `from labkart import Task`. The rest of the class can stay."
    says: ClassVar[dict[str, str]] = {"foreign": "{name} inherits from {base}"}

    def look(self, tree: Tree) -> Iterator[Finding]:
        for each in classes.tasks(tree):
            if each.foreign:
                yield self.at(
                    each.path, "foreign", each.node.lineno, name=each.name, base=each.foreign
                )


class UndocumentedTask(Rule):
    """A task has a docstring: what it makes of what."""

    reason = "It is what a reader of the pipeline, of the report and of the thesis looks for first."
    fix = 'Write one line below `class`, in three double quotes: """Fit a forest on the training part of a split."""'
    says: ClassVar[dict[str, str]] = {"none": "{name} has no docstring"}

    def look(self, tree: Tree) -> Iterator[Finding]:
        for each in classes.tasks(tree):
            if not (ast.get_docstring(each.node) or "").strip():
                yield self.at(each.path, "none", each.node.lineno, name=each.name)


class UntypedParameter(Rule):
    """A parameter of a task is annotated with its own kind: `trees: IntParameter = IntParameter()`."""

    reason = "So an editor completes it, and the type checker finds what does not fit before anything runs."
    fix = "Write the kind of the parameter after its name, too. An upstream task: `TaskInstanceParameter[ItsClass]`."
    says: ClassVar[dict[str, str]] = {
        "none": "{name} of {task} has no type; write {name}: {kind} = {kind}(...)",
        "other": "{name} of {task} is said to be {said}; write {name}: {kind} = {kind}(...)",
    }

    def look(self, tree: Tree) -> Iterator[Finding]:
        for each in classes.tasks(tree):
            for node in each.node.body:
                yield from self._untyped(each, node)

    def _untyped(self, task: Class, node: ast.stmt) -> Iterator[Finding]:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not node.value:
            return
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        kinds = [task.names.dotted(each.func) for each in values if isinstance(each, ast.Call)]
        kind = next(
            (each for each in kinds if each.endswith(("Parameter", ".DataFile", ".DataFolder"))), ""
        )
        if not kind:
            return
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        told = {
            "name": ", ".join(map(ast.unparse, targets)),
            "task": task.name,
            "kind": kind.rpartition(".")[2],
        }
        if isinstance(node, ast.Assign):
            yield self.at(task.path, "none", node.lineno, **told)
        elif task.names.dotted(_plain(node.annotation)).rpartition(".")[2] != told["kind"]:
            yield self.at(
                task.path, "other", node.lineno, said=ast.unparse(node.annotation), **told
            )


def _plain(annotation: ast.expr) -> ast.expr:
    """An annotation without `ClassVar`-like quotes: a text that is an expression is that expression."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return annotation
    return annotation


class HeavyProperty(Rule):
    """A property of a task computes nothing large: it has no loop, and no call that reads, loads, fits or the like."""

    reason = (
        "Properties are evaluated whenever somebody looks at a task, also while the pipeline is only laid out; what"
        " they compute is neither cached nor recorded."
    )
    fix = (
        "Do it in run(), or in a task of its own. Heavy is: a for or while loop, and a call of a name that begins with"
        " download, fit, load, open, predict, read, scan, train or transform."
    )
    says: ClassVar[dict[str, str]] = {
        "loop": "{name} of {task} has a loop",
        "call": "{name} of {task} calls {call}",
    }

    def look(self, tree: Tree) -> Iterator[Finding]:
        for each in classes.tasks(tree):
            for node in each.node.body:
                if isinstance(node, ast.FunctionDef) and _is_property(node, each):
                    yield from self._heavy(each, node)

    def _heavy(self, task: Class, method: ast.FunctionDef) -> Iterator[Finding]:
        for node in ast.walk(method):
            if isinstance(node, ast.For | ast.While):
                yield self.at(task.path, "loop", node.lineno, name=method.name, task=task.name)
            elif isinstance(node, ast.Call) and _HEAVY.fullmatch(_last_name(node.func)):
                called = {"name": method.name, "task": task.name, "call": _last_name(node.func)}
                yield self.at(task.path, "call", node.lineno, **called)


def _is_property(node: ast.FunctionDef, task: Class) -> bool:
    return any(
        task.names.dotted(each).rpartition(".")[2] in _PROPERTIES for each in node.decorator_list
    )


def _last_name(node: ast.expr) -> str:
    return (
        node.attr
        if isinstance(node, ast.Attribute)
        else node.id
        if isinstance(node, ast.Name)
        else ""
    )


class AbsolutePath(Rule):
    """No text in your code is an absolute path."""

    reason = "It is there on one machine and on no other, and not for long."
    fix = (
        "Declare the file as a parameter (`table: DataFile = DataFile()`) and name it in conf/, relative to the"
        " project; what only this machine has, in conf/local/default.yaml."
    )
    says: ClassVar[dict[str, str]] = {"path": '"{text}" is an absolute path'}

    def look(self, tree: Tree) -> Iterator[Finding]:
        for path, module in tree.code.items():
            for node in _beginnings(module):
                if isinstance(node.value, str) and _ABSOLUTE.fullmatch(node.value):
                    yield self.at(path, "path", node.lineno, text=node.value)


def _beginnings(module: ast.Module) -> Iterator[ast.Constant]:
    """Constants with which a text begins: no docstrings, nothing that is put behind something else, and no keys."""
    behind = set[int]()
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and id(node) not in behind:
            yield node
        parts = node.values[1:] if isinstance(node, ast.JoinedStr) else []
        parts += [node.value] if isinstance(node, ast.Expr) else []
        parts += (
            [node.right] if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) else []
        )
        # In HDF5 and the like a data set is named as a path is.
        parts += [node.slice] if isinstance(node, ast.Subscript) else []
        parts += [node.value] if isinstance(node, ast.keyword) and node.arg == "key" else []
        behind.update(map(id, parts))
