"""The student's pipeline: imported into this process, and laid out with every file in `conf/`.

Knows what prevents that, which tasks the code has, and which settings it never reads. Runs no task.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from functools import cached_property
from importlib import import_module
from types import ModuleType

from labkart.check import config_access
from labkart.check.configs import BrokenPipeline, UnusedKey
from labkart.check.rule import Finding
from labkart.check.task_classes import TaskClass, task_classes
from labkart.check.tree import Tree
from labkart.errors import LabkartError, describe
from labkart.experiments.config import Composed
from labkart.experiments.pipeline import call_pipeline

# Sections at the top that Labkart and Hydra read, and not the pipeline.
_MACHINERY = ("defaults", "hydra", "labkart", "search", "task")
_LOCATION = re.compile(r"(?P<source>pipeline|conf|[^:]+/[^:]+?)(?::(?P<line>\d+))?: (?P<why>.*)")


class Pipeline:
    """The pipeline of a project, imported; it is laid out when somebody asks for that."""

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

    @property
    def layout_problems(self) -> list[Finding]:
        """What prevents the pipeline from being laid out, each once."""
        return self._layouts[0]

    @property
    def unread_settings(self) -> list[Finding]:
        """The settings that no layout reads; none if one failed, for it may read them."""
        return self._layouts[1]

    def _import(self, path: str) -> Finding | None:
        with _guarded(self._tree):
            try:
                import_module(_module_name(path))
            except (Exception, SystemExit) as error:
                text = describe(error, self._tree.root)
                return self._problem("import", text, default=path, config=path)
        return None

    @cached_property
    def _layouts(self) -> tuple[list[Finding], list[Finding]]:
        problems, names, read = list[Finding](), set[str](), set[str]()
        for file, composed in [] if self.import_problems else self._tree.conf.composed:
            names |= config_access.setting_names(composed.cfg)
            if text := self._lay_out(composed, read):
                problems.append(self._problem("laid-out", text, self._path, file.path))
        unread = [
            UnusedKey.finding(file.path, "unread", line, name=name)
            for file in self._tree.conf.files
            for name, line in file.lines.items()
            if name in names - read and name.partition(".")[0] not in _MACHINERY
        ]
        return list(dict.fromkeys(problems)), [] if problems else unread

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
        """A finding where a text says, or in a default file; "conf" means one of its files."""
        first = (text.splitlines() or [text])[0]
        match = _LOCATION.fullmatch(first)
        source = match["source"] if match else ""
        path = {"pipeline": self._path, "conf": config}.get(source, source)
        if not match or not (self._tree.root / path).is_file():
            return BrokenPipeline.finding(default, key, why=first)
        line = int(match["line"] or 0) or self._setting_line(path, match["why"])
        return BrokenPipeline.finding(path, key, line, why=match["why"])

    def _setting_line(self, path: str, text: str) -> int:
        """The line where a file sets the name that a message has in quotes; 0 if not just one."""
        quoted = re.search(r'"([\w.]+)"', text)
        if not quoted or not path.startswith("conf/"):
            return 0
        files = {file.path: file for file in self._tree.conf.files}
        settings = files[path].lines if path in files else {}
        lines = [settings[name] for name in settings if f".{name}".endswith(f".{quoted[1]}")]
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
