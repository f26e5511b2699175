"""The task classes in the student's package, with their lines in the code."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import luigi

from labkart.check.tree import Tree


@dataclass
class TaskClass:
    """A task class as it was imported, and as it is written.

    Attributes:
        path: the file that defines it, from the project's root.
        name: its name there.
        members: what its own body defines, by name.
        bases: the classes that it inherits from directly.
        node: its syntax tree.
    """

    path: str
    name: str
    members: dict[str, Any]
    bases: tuple[type, ...]
    node: ast.ClassDef

    def line(self, name: str) -> int:
        """The line in which its body assigns a name; the line of the class if none does."""
        for statement in self.node.body:
            targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
            nodes = [node for target in targets if target for node in ast.walk(target)]
            if any(isinstance(node, ast.Name) and node.id == name for node in nodes):
                return statement.lineno
        return self.node.lineno


def task_classes(tree: Tree) -> Iterator[TaskClass]:
    """The tasks, of Labkart or not, that the imported modules of the package define."""
    for path, module in tree.pipeline.modules:
        nodes = [node for node in ast.walk(tree.code[path]) if isinstance(node, ast.ClassDef)]
        lines = {node.name: node for node in nodes}
        for name, value in vars(module).items():
            is_task = isinstance(value, type) and issubclass(value, luigi.Task)
            if is_task and value.__module__ == module.__name__ and name in lines:
                yield TaskClass(path, name, dict(vars(value)), value.__bases__, lines[name])
