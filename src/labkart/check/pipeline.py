"""The student's pipeline: imported into this process, and laid out with every file in `conf/`.

Knows what prevents that, which tasks the code has, and which settings it never reads. Runs no task.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stdout
from importlib import import_module
from types import ModuleType

from labkart.check import config_access
from labkart.check.composition import Conf
from labkart.check.config_file import ConfigFile
from labkart.check.rule import Problem
from labkart.check.task_classes import TaskClass, task_classes
from labkart.check.tree import Tree
from labkart.errors import LabkartError
from labkart.experiments.config import Composed
from labkart.experiments.pipeline import call_pipeline
from labkart.wording import describe

# Sections at the top that Labkart and Hydra read, and not the pipeline.
_MACHINERY = ("defaults", "hydra", "labkart", "search", "task")
_LOCATION = re.compile(r"(?P<source>pipeline|conf|[^:]+/[^:]+?)(?::(?P<line>\d+))?: (?P<why>.*)")


class Pipeline:
    """The pipeline of a project, imported."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._path = f"src/{tree.entry.partition(':')[0].replace('.', '/')}.py"
        folder = f"src/{tree.package}/tasks/"
        tasks = [path for path in tree.files if path.startswith(folder) and path.endswith(".py")]
        # The pipeline's module comes first: what it needs is imported as in a run.
        problems = [self._import(path) for path in (self._path, *tasks)]
        self.import_problems = list(dict.fromkeys(filter(None, problems)))
        self.modules = dict[str, ModuleType]()  # by the paths of their files
        for path in tree.code:
            module = sys.modules.get(_module_name(path))
            if module and getattr(module, "__file__", None) == str(tree.root / path):
                self.modules[path] = module
        self.tasks: list[TaskClass] = [
            task
            for path, module in self.modules.items()
            for task in task_classes(path, module, tree.code[path])
        ]

    def _import(self, path: str) -> Problem | None:
        with _guarded(self._tree):
            try:
                import_module(_module_name(path))
            except (Exception, SystemExit) as error:
                text = describe(error, self._tree.root)
                return self._problem("import", text, default=path, config=path)
        return None

    def lay_out(self, conf: Conf) -> tuple[list[Problem], list[Problem]]:
        """Lay out the pipeline with every file in `conf/`.

        Returns:
            What prevents it, each once; and the settings that no layout reads, none if one failed,
            because that one may read them.
        """
        problems, names, read = list[Problem](), set[str](), set[str]()
        for composition in [] if self.import_problems else conf.composed:
            names |= config_access.setting_names(composition.composed.cfg)
            if text := self._call(composition.composed, read):
                file = composition.file
                problem = self._problem("laid-out", text, self._path, file.path, conf.files)
                if line := composition.line(text):
                    problem = Problem(file.path, "laid-out", line, text.splitlines()[0])
                problems.append(problem)
        unread = [
            Problem(file.path, "unread", line, uses[0])
            for file in conf.files
            for uses, line in file.settings()
            if not names.isdisjoint(uses) and read.isdisjoint(uses) and not _is_machinery(uses[0])
        ]
        return list(dict.fromkeys(problems)), [] if problems else unread

    def _call(self, composed: Composed, read: set[str]) -> str:
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

    def _problem(
        self, key: str, text: str, default: str, config: str, files: Sequence[ConfigFile] = ()
    ) -> Problem:
        """A problem where a text says, or in a default file; "conf" means one of its files."""
        first = (text.splitlines() or [text])[0]
        match = _LOCATION.fullmatch(first)
        source = match["source"] if match else ""
        path = {"pipeline": self._path, "conf": config}.get(source, source)
        if not match or not (self._tree.root / path).is_file():
            return Problem(default, key, text=first)
        line = int(match["line"] or 0) or _setting_line(path, match["why"], files)
        return Problem(path, key, line, match["why"])


def _is_machinery(name: str) -> bool:
    return name.partition(".")[0] in _MACHINERY


def _setting_line(path: str, text: str, files: Sequence[ConfigFile]) -> int:
    """The line where a file sets the name that a message has in quotes; 0 if not just one."""
    quoted = re.search(r'"([\w.]+)"', text)
    settings = next((file.lines for file in files if file.path == path), {})
    suffix = f".{quoted[1]}" if quoted else ""
    lines = [settings[name] for name in settings if suffix and f".{name}".endswith(suffix)]
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
