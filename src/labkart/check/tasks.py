"""Rules on tasks, for the imported classes."""

import ast
import re
from abc import abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar, get_origin

from labkart.check.pipeline import pipeline
from labkart.check.rule import Finding, Rule
from labkart.check.task_classes import TaskClass
from labkart.check.tree import Tree

_HEAVY = re.compile(
    r"_?(?:download|fit|load|open|predict|read|scan|train|transform|urlopen)"
    r"(?:_\w+|lines?|mat|s|txt)?"
)


class TaskRule(Rule):
    """A rule on each task of the student's package."""

    runs_code = True

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Check each task; where the code cannot be imported, that is what is found."""
        yield from pipeline(tree).import_findings
        for task in pipeline(tree).tasks:
            yield from self.check_task(task)

    @abstractmethod
    def check_task(self, task: TaskClass) -> Iterator[Finding]:
        """Find the places where a task breaks the rule."""


class StrayTask(TaskRule):
    """Tasks are written in tasks/, one module per stage."""

    reason = "Readers look for steps in one place, and modules that tasks import must define none."
    fix = (
        "Move the class to `src/<package>/tasks/`. What several tasks share may stay beside tasks/,"
        " as functions."
    )
    messages: ClassVar[dict[str, str]] = {"stray": "the task {name} is not in src/{package}/tasks/"}

    def check_task(self, task: TaskClass) -> Iterator[Finding]:
        """Look where the class is."""
        package, folder = task.path.split("/")[1:3]
        if folder != "tasks":
            values = {"name": task.name, "package": package}
            yield self.finding(task.path, "stray", task.node.lineno, **values)


class ForeignTask(TaskRule):
    """A task inherits from labkart's Task, never from gokart's or luigi's own."""

    reason = "Only labkart's Task has an id that covers its code, a lock for its run and a record."
    fix = "Write `from labkart import Task` and `class Name(Task[...])`. The rest stays as it is."
    messages: ClassVar[dict[str, str]] = {"foreign": "{name} inherits from {base}"}

    def check_task(self, task: TaskClass) -> Iterator[Finding]:
        """Look at the direct base classes."""
        for base in task.foreign_bases:
            yield self.finding(task.path, "foreign", task.node.lineno, name=task.name, base=base)


class UndocumentedTask(TaskRule):
    """A task has a docstring that says what it makes from what."""

    reason = "Readers of the pipeline, the report or the thesis look for it first."
    fix = (
        "Write one line below `class`, in three double quotes:"
        ' """Fit a forest on the training part of a split."""'
    )
    messages: ClassVar[dict[str, str]] = {"none": "{name} has no docstring"}

    def check_task(self, task: TaskClass) -> Iterator[Finding]:
        """Look at the class's own docstring."""
        if not (task.members.get("__doc__") or "").strip():
            yield self.finding(task.path, "none", task.node.lineno, name=task.name)


class SameName(Rule):
    """No two tasks have the same name."""

    reason = "Outputs, records and MLflow name a task by its class, and so does luigi."
    fix = "Give one of them another name, for what it does differently."
    messages: ClassVar[dict[str, str]] = {"same": "{path} has a task {name}, too"}
    runs_code = True

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Compare the tasks of all modules."""
        yield from pipeline(tree).import_findings
        paths = dict[str, str]()
        for task in pipeline(tree).tasks:
            other = paths.setdefault(task.name, task.path)
            if other != task.path:
                yield self.finding(task.path, "same", task.node.lineno, name=task.name, path=other)


class UntypedParameter(TaskRule):
    """A parameter of a task is annotated with its kind: `trees: IntParameter = IntParameter()`."""

    reason = "Editors can complete it, and the type checker finds a wrong use of it before a run."
    fix = "Write its kind after its name, too; for an upstream task `TaskInstanceParameter[Class]`."
    messages: ClassVar[dict[str, str]] = {
        "none": "{name} of {task} has no type; write {name}: {kind} = {kind}(...)",
        "other": "{name} of {task} has the type {type}; write {name}: {kind} = {kind}(...)",
    }

    def check_task(self, task: TaskClass) -> Iterator[Finding]:
        """Compare each parameter of the class's own body with its annotation."""
        annotations = task.members.get("__annotations__", {})
        for name, kind in task.parameters.items():
            annotation = _type_name(annotations.get(name))
            if annotation != kind:
                values = {"name": name, "task": task.name, "kind": kind, "type": annotation}
                key = "other" if annotation else "none"
                yield self.finding(task.path, key, task.line(name), **values)


class HeavyProperty(TaskRule):
    """A property of a task has no loop, and no call that reads, loads, fits or the like."""

    reason = (
        "Properties are computed whenever somebody looks at a task, also while the pipeline is"
        " only laid out; their values are neither cached nor recorded."
    )
    fix = (
        "Do it in run(), or in another task. What counts as heavy: a for or while loop, and a call"
        " of a name that starts with download, fit, load, open, predict, read, scan, train or"
        " transform."
    )
    messages: ClassVar[dict[str, str]] = {
        "loop": "{name} of {task} has a loop",
        "call": "{name} of {task} calls {call}",
    }

    def check_task(self, task: TaskClass) -> Iterator[Finding]:
        """Walk through the code of each property."""
        for method in task.node.body:
            name = getattr(method, "name", "")
            if not isinstance(task.members.get(name), property | cached_property):
                continue
            for node in ast.walk(method):
                call = _called_name(node)
                values = {"name": name, "task": task.name, "call": call}
                if isinstance(node, ast.For | ast.While):
                    yield self.finding(task.path, "loop", node.lineno, **values)
                elif isinstance(node, ast.Call) and _HEAVY.fullmatch(call):
                    yield self.finding(task.path, "call", node.lineno, **values)


def _called_name(node: ast.AST) -> str:
    """The last part of the name that a call calls; empty if there is none."""
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _type_name(annotation: Any) -> str:
    """The name of an annotation's class, without module and brackets; empty if there is none."""
    if annotation is None:
        return ""
    text = annotation if isinstance(annotation, str) else ""
    origin = get_origin(annotation) or annotation
    name = text.partition("[")[0] or getattr(origin, "__name__", str(annotation))
    return name.rpartition(".")[2].strip()
