"""The student's pipeline: whether it can be imported and laid out, and which settings it reads.

Imports the student's code into this process, and lays the pipeline out with every file in `conf/`.
Runs no task.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import ClassVar

from labkart.check import config_access
from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree
from labkart.errors import LabkartError, describe
from labkart.experiments.config import Composed
from labkart.experiments.pipeline import call_pipeline

# Sections at the top that Labkart and Hydra read, and not the pipeline.
_MACHINERY = ("defaults", "hydra", "labkart", "search", "task")
_LOCATION = re.compile(r"(?P<source>pipeline|conf|[^:]+/[^:]+?)(?::(?P<line>\d+))?: (?P<why>.*)")


class BrokenPipeline(Rule):
    """All modules in tasks/ can be imported, and the pipeline laid out with every file in conf/."""

    reason = "The mistake shows now, and not after the first hours of a sweep."
    fix = (
        "Fix the place that is named. `labkart status <group>=<file>` says whether the pipeline can"
        " be laid out."
    )
    messages: ClassVar[dict[str, str]] = {
        "import": "cannot be imported: {why}",
        "laid-out": "the pipeline cannot be laid out: {why}",
    }
    runs_code = True

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Lay out the pipeline; what does not compose, or cannot be imported, prevents that."""
        yield from tree.conf.problems
        yield from tree.pipeline.import_problems
        yield from tree.pipeline.layout_problems


class UnusedKey(Rule):
    """Every setting in conf/ is read by the pipeline."""

    reason = "Who changes a setting that nothing reads believes to have changed the experiment."
    fix = (
        "Remove the line, or pass it to a task in pipeline.py: make(Task, cfg.section) passes all"
        " of a section."
    )
    messages: ClassVar[dict[str, str]] = {"unread": "the pipeline never reads {name}"}
    runs_code = True

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Find the settings that no layout of the pipeline reads, or what prevents the layout."""
        yield from BrokenPipeline().check(tree)
        yield from tree.pipeline.unread_settings


class Pipeline:
    """The imported code of a project.

    Attributes:
        import_problems: what prevents the modules from being imported.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._path = f"src/{tree.entry.partition(':')[0].replace('.', '/')}.py"
        tasks = f"src/{tree.package}/tasks/"
        modules = [path for path in tree.files if path.startswith(tasks) and path.endswith(".py")]
        # The pipeline's module comes first: what it needs is imported as in a run.
        problems = [self._import(path) for path in (self._path, *modules)]
        self.import_problems = list(dict.fromkeys(filter(None, problems)))

    def _import(self, path: str) -> Finding | None:
        with _guarded(self._tree):
            try:
                import_module(_module_name(path))
            except (Exception, SystemExit) as error:
                text = describe(error, self._tree.root)
                return self._problem("import", text, default=path, config=path)
        return None

    @property
    def modules(self) -> Iterator[tuple[str, ModuleType]]:
        """The imported modules of the student's package, with the paths of their files."""
        for path in self._tree.code:
            module = sys.modules.get(_module_name(path))
            if module and getattr(module, "__file__", None) == str(self._tree.root / path):
                yield path, module

    @cached_property
    def layout_problems(self) -> list[Finding]:
        """What prevents the pipeline from being laid out, each once."""
        return self._layouts[0]

    @cached_property
    def unread_settings(self) -> list[Finding]:
        """The settings that no layout reads; none if one failed, for it may read them."""
        names = self._layouts[1]
        return [
            UnusedKey.finding(file.path, "unread", line, name=name)
            for file in self._tree.conf.files
            for name, line in file.lines.items()
            if name in names and name.partition(".")[0] not in _MACHINERY
        ]

    @cached_property
    def _layouts(self) -> tuple[list[Finding], set[str]]:
        """The problems of all layouts, and the settings that none of them reads."""
        problems, names, read = list[Finding](), set[str](), set[str]()
        for file, composed in [] if self.import_problems else self._tree.conf.composed:
            names |= config_access.setting_names(composed.cfg)
            if text := self._lay_out(composed, read):
                problems.append(self._problem("laid-out", text, self._path, file.path))
        return list(dict.fromkeys(problems)), set() if problems else names - read

    def _lay_out(self, composed: Composed, read: set[str]) -> str:
        """Call the pipeline; note what it reads, and return why it failed."""
        with _guarded(self._tree):
            try:
                composed.activate()
                call_pipeline(config_access.watch_config(composed.cfg, read))
            except LabkartError as error:
                return str(error)
            except (Exception, SystemExit) as error:
                return describe(error, self._tree.root)
        return ""

    def _problem(self, key: str, text: str, default: str, config: str) -> Finding:
        """A finding at the file and line that a message starts with.

        Args:
            key: the key of the rule's message.
            text: the message.
            default: the file to name if the message names none.
            config: the file that "conf" means.
        """
        first = (text.splitlines() or [text])[0]
        match = _LOCATION.fullmatch(first)
        if not match:
            return BrokenPipeline.finding(default, key, why=first)
        path = {"pipeline": self._path, "conf": config}.get(match["source"], match["source"])
        if not (self._tree.root / path).is_file():
            return BrokenPipeline.finding(default, key, why=first)
        line = int(match["line"] or 0) or self._setting_line(path, match["why"])
        return BrokenPipeline.finding(path, key, line, why=match["why"])

    def _setting_line(self, path: str, text: str) -> int:
        """The line where a file sets the name that a message has in quotes; 0 if not just one."""
        quoted = re.search(r'"([\w.]+)"', text)
        lines = [
            line
            for file in self._tree.conf.files
            for name, line in file.lines.items()
            if file.path == path and quoted and f".{name}".endswith(f".{quoted[1]}")
        ]
        return lines[0] if len(lines) == 1 else 0


def _module_name(path: str) -> str:
    name = path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__")
    return name.replace("/", ".")


@contextmanager
def _guarded(tree: Tree) -> Iterator[None]:
    """Keep what the student's code prints, and where it goes, away from this command's output."""
    sys.stdout.flush()
    output = os.dup(1)
    os.dup2(2, 1)
    try:
        with chdir(tree.root), redirect_stdout(sys.stderr):
            yield
    finally:
        if sys.__stdout__:
            sys.__stdout__.flush()
        os.dup2(output, 1)
        os.close(output)
