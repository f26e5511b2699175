"""Rules on tasks, for the imported classes."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, get_origin

from labkart.check.pipeline import pipeline
from labkart.check.rule import Finding, Rule
from labkart.check.task_classes import TaskClass
from labkart.check.tree import Tree


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


class UndocumentedTask(TaskRule):
    """A task has a docstring: what it makes from what."""

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

    reason = "Outputs, records and MLflow call a task by its class, and luigi tells them so apart."
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

    reason = "Editors can complete it, and the type checker finds wrong values before a run."
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


def _type_name(annotation: Any) -> str:
    """The name of an annotation's class, without module and brackets; empty if there is none."""
    if annotation is None:
        return ""
    text = annotation if isinstance(annotation, str) else ""
    origin = get_origin(annotation) or annotation
    name = text.partition("[")[0] or getattr(origin, "__name__", str(annotation))
    return name.rpartition(".")[2].strip()
