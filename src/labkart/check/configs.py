"""The rules on `conf/` and the pipeline; `composition` and `pipeline` do the work.

These two are expensive: they are imported, and asked, when a rule first needs them, and once.
"""

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from labkart.check.rule import Finding, Problem, Rule
from labkart.check.tree import Tree

if TYPE_CHECKING:
    from labkart.check.composition import Conf
    from labkart.check.pipeline import Pipeline

_CHOICE = re.compile(r"(?<![\w.@/-])(\w+)=([\w-]+(?:,[\w-]+)*)(?![\w.-]*[({=])")

_COMMANDS = re.compile(
    r"\.github/workflows/.*|\.gitlab-ci\.yml|[Jj]ustfile|Makefile|README(?:\.ja)?\.md|.*\.sh"
)


@lru_cache(maxsize=1)
def conf(tree: Tree) -> "Conf":
    """The files in `conf/`, composed."""
    from labkart.check.composition import Conf

    return Conf(tree.root)


@lru_cache(maxsize=1)
def pipeline(tree: Tree) -> "Pipeline":
    """The student's pipeline and tasks, imported."""
    from labkart.check.pipeline import Pipeline

    return Pipeline(tree)


@lru_cache(maxsize=1)
def _layouts(tree: Tree) -> tuple[list[Problem], list[Problem]]:
    return pipeline(tree).lay_out(conf(tree))


def import_findings(tree: Tree) -> Iterator[Finding]:
    """What prevents the pipeline or a task from being imported."""
    yield from _findings(BrokenPipeline, pipeline(tree).import_problems)


def _findings(rule: type[Rule], problems: list[Problem]) -> Iterator[Finding]:
    for problem in problems:
        yield rule.finding(problem.path, problem.key, problem.line, why=problem.text)


class BrokenConfig(Rule):
    """Every file in conf/ composes: each choice of each group, each experiment, each search."""

    reason = "A file that nobody chose for a month fails on the day when it is needed."
    fix = "Fix the line or remove the file; `labkart run <group>=<file> --cfg job` composes it."
    messages: ClassVar[dict[str, str]] = {
        "missing": "missing, and every configuration starts with it",
        "file": "not YAML that Hydra reads: {why}",
        "composed": "does not compose: {why}",
        "unknown": "names something that does not exist: {why}",
    }

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Read and compose the files."""
        yield from _findings(type(self), conf(tree).problems)


class BrokenPipeline(Rule):
    """All modules in tasks/ can be imported, and the pipeline laid out with every file in conf/."""

    reason = "You see the mistake now, and not after the first hours of a sweep."
    fix = "Fix that place. `labkart status <group>=<file>` shows whether the pipeline works."
    messages: ClassVar[dict[str, str]] = {
        "import": "cannot be imported: {why}",
        "laid-out": "the pipeline cannot be laid out: {why}",
    }
    runs_code = True

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Lay out the pipeline; what does not compose, or cannot be imported, prevents that."""
        yield from BrokenConfig().check(tree)
        yield from import_findings(tree)
        yield from _findings(type(self), _layouts(tree)[0])


class UnusedKey(Rule):
    """Every setting in conf/ is read by the pipeline."""

    reason = "A person who changes a setting that nothing reads believes the experiment changed."
    fix = "Remove it or pass it to a task in pipeline.py: make(Task, cfg.section) passes a section."
    messages: ClassVar[dict[str, str]] = {"unread": "the pipeline never reads {name}"}
    runs_code = True

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Find the settings that no layout of the pipeline reads, or what prevents the layout."""
        yield from BrokenPipeline().check(tree)
        for problem in _layouts(tree)[1]:
            yield self.finding(problem.path, problem.key, problem.line, name=problem.text)


class MissingChoice(Rule):
    """What CI, scripts, the README and the tests choose of conf/ exists."""

    reason = "A file that was renamed or deleted is missed only when CI fails, or on another day."
    fix = "Name a file that exists, or restore it: `git log -- conf/` says when it went."
    messages: ClassVar[dict[str, str]] = {
        "missing": "{choice}: conf/{group}/ has no {option}.yaml",
    }

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Look for `group=option` in commands, and in the texts of the tests."""
        options = dict[str, set[str]]()
        for file in (Path(path) for path in tree.files):
            if file.parts[0] == "conf" and len(file.parts) == 3 and file.suffix == ".yaml":
                options.setdefault(file.parts[1], set()).add(file.stem)
        for path, text, line in _words(tree):
            for group, choice in _CHOICE.findall(text):
                for option in choice.split(",") if group in options else ():
                    if option not in options[group]:
                        values = {"choice": f"{group}={choice}", "group": group, "option": option}
                        yield self.finding(path, "missing", line, **values)


def _words(tree: Tree) -> Iterator[tuple[str, str, int]]:
    """The lines of files with commands, and the texts in the code of tests."""
    for path, text in tree.texts():
        if _COMMANDS.fullmatch(path):
            yield from ((path, line, number) for number, line in enumerate(text.split("\n"), 1))
        elif path.startswith("tests/") and path.endswith(".py"):
            with suppress(SyntaxError, ValueError, RecursionError):
                for node in ast.walk(ast.parse(text)):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str):
                        yield path, node.value, node.lineno
