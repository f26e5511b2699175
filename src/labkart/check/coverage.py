"""The rule on tasks without tests. Reads the names in code, and runs no test."""

import ast
from collections.abc import Iterator
from itertools import chain
from typing import ClassVar

from labkart.check.pipeline import pipeline
from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree


class UntestedTask(Rule):
    """Each task is named by a test, or belongs to a pipeline that a test runs."""

    reason = "A mistake in a task that no test runs shows only in the results, if at all."
    fix = (
        "Build it in a test, with tiny inputs: `gokart.build(Task(...))`; or build the pipeline"
        " with a small configuration: `gokart.build(pipeline(compose(...)))`. All that a tested"
        " task or pipeline names counts as tested."
    )
    messages: ClassVar[dict[str, str]] = {"untested": "no test runs {name}"}
    runs_code = True

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Follow the names from the tests through the pipeline to the tasks."""
        imported = pipeline(tree)
        if imported.import_findings:  # what cannot be read may name any task
            yield from imported.import_findings
            return
        names = _names_by_definition(tree)
        tested = _reached(set().union(*map(_names, tree.tests.values())), names)
        for task in imported.tasks:
            if task.name not in tested:
                yield self.finding(task.path, "untested", task.node.lineno, name=task.name)


def _names_by_definition(tree: Tree) -> dict[str, set[str]]:
    """The names in each function, class and value of the package; of the pipeline, its module's."""
    names = dict[str, set[str]]()
    for node in chain.from_iterable(module.body for module in tree.code.values()):
        targets = getattr(node, "targets", [getattr(node, "target", node)])
        for target in targets:
            if name := getattr(target, "name", getattr(target, "id", "")):
                names.setdefault(name, set()).update(_names(node))
    module, _, function = tree.entry.partition(":")
    if code := tree.code.get(f"src/{module.replace('.', '/')}.py"):
        names[function] = _names(code)
    return names


def _reached(start: set[str], names: dict[str, set[str]]) -> set[str]:
    """What is defined among some names, and what these definitions name in turn."""
    reached, left = set[str](), [*start]
    while left:
        name = left.pop()
        if name in names and name not in reached:
            reached.add(name)
            left += names[name]
    return reached


def _names(code: ast.AST) -> set[str]:
    """The names in code: variables, attributes, imports, and what may be one in a text."""
    names = set[str]()
    for node in ast.walk(code):
        match node:
            case (
                ast.Name(id=name)
                | ast.Attribute(attr=name)
                | ast.alias(name=name)
                | ast.Constant(value=str(name))
            ):
                names.add(name.rpartition(".")[2])
    return names
