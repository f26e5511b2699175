"""The task classes of an imported module, with their lines in its code. Knows no rule."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import luigi

_FOREIGN = ("gokart.", "luigi.")


@dataclass
class TaskClass:
    """A task class as it was imported, and as it is written."""

    path: str  # of the file that defines it, from the project's root
    node: ast.ClassDef
    members: dict[str, Any]  # what its own body defines, by name
    parameters: dict[str, str]  # the kinds of the parameters among them, by name
    foreign_bases: list[str]  # the tasks of gokart and luigi that it inherits from directly

    @property
    def name(self) -> str:
        """Its name in the module."""
        return self.node.name

    def line(self, name: str) -> int:
        """The line in which its body assigns a name; the line of the class if none does."""
        for statement in self.node.body:
            targets = getattr(statement, "targets", [getattr(statement, "target", None)])
            nodes = [node for target in targets if target for node in ast.walk(target)]
            if any(isinstance(node, ast.Name) and node.id == name for node in nodes):
                return statement.lineno
        return self.node.lineno


def task_classes(path: str, module: ModuleType, tree: ast.Module) -> Iterator[TaskClass]:
    """The tasks, Labkart's or others, that a module itself defines."""
    nodes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    for name, value in vars(module).items():
        is_task = isinstance(value, type) and issubclass(value, luigi.Task)
        if is_task and value.__module__ == module.__name__ and name in nodes:
            yield _task_class(path, nodes[name], value)


def _task_class(path: str, node: ast.ClassDef, task: type) -> TaskClass:
    members = dict(vars(task))
    parameters = {
        name: type(value).__name__
        for name, value in members.items()
        if isinstance(value, luigi.Parameter)
    }
    tasks = [base for base in task.__bases__ if issubclass(base, luigi.Task)]
    names = [f"{base.__module__.partition('.')[0]}.{base.__name__}" for base in tasks]
    foreign = [name for name in names if name.startswith(_FOREIGN)]
    return TaskClass(path, node, members, parameters, foreign)
