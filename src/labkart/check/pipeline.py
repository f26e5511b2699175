"""The rules on the pipeline, which is imported here and laid out with every file in `conf/`.

Knows what prevents that, which tasks the code has, and which settings it never reads. Runs no task.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stdout
from copy import deepcopy
from functools import lru_cache, partial
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar

from omegaconf import DictConfig
from omegaconf.nodes import ValueNode

from labkart import _compat
from labkart.check.composition import BrokenConfig, Conf, conf
from labkart.check.config_file import ConfigFile
from labkart.check.rule import Finding, Rule
from labkart.check.task_classes import TaskClass, task_classes
from labkart.check.tree import Tree
from labkart.errors import LabkartError
from labkart.experiments.config import Composed
from labkart.experiments.pipeline import call_pipeline
from labkart.wording import describe_error

# Sections at the top that Labkart and Hydra read, and not the pipeline.
_MACHINERY = ("defaults", "hydra", "labkart", "search", "task")
_LOCATION = re.compile(r"(?P<source>pipeline|conf|[^:]+/[^:]+?)(?::(?P<line>\d+))?: (?P<why>.*)")


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
        yield from pipeline(tree).import_findings
        yield from _layouts(tree).findings


class UnusedKey(Rule):
    """Every setting in conf/ is read by the pipeline."""

    reason = "A person who changes a setting that nothing reads believes the experiment changed."
    fix = "Remove it or pass it to a task in pipeline.py: make(Task, cfg.section) passes a section."
    messages: ClassVar[dict[str, str]] = {"unread": "the pipeline never reads {name}"}
    runs_code = True

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Find the settings that no layout of the pipeline reads, or what prevents the layout."""
        yield from BrokenPipeline().check(tree)
        layouts = _layouts(tree)
        if layouts.findings:  # a layout that failed may read them
            return
        for file in conf(tree).files:
            for uses, line in file.settings():
                is_machinery = uses[0].partition(".")[0] in _MACHINERY
                is_set = not layouts.names.isdisjoint(uses)
                if is_set and layouts.read.isdisjoint(uses) and not is_machinery:
                    yield self.finding(file.path, "unread", line, name=uses[0])


@lru_cache(maxsize=1)
def pipeline(tree: Tree) -> "Pipeline":
    """The student's pipeline and tasks, imported once for all rules."""
    return Pipeline(tree)


@lru_cache(maxsize=1)
def _layouts(tree: Tree) -> "Layouts":
    return Layouts(tree, pipeline(tree), conf(tree))


class Pipeline:
    """The pipeline of a project, imported.

    Attributes:
        path: the file of its function.
        import_findings: what prevents it, or a task, from being imported.
        modules: the modules of the student's package by the paths of their files.
        tasks: the task classes in them.
    """

    def __init__(self, tree: Tree) -> None:
        self.path = f"src/{tree.entry.partition(':')[0].replace('.', '/')}.py"
        folder = f"src/{tree.package}/tasks/"
        tasks = [path for path in tree.files if path.startswith(folder) and path.endswith(".py")]
        # The pipeline's module comes first: what it needs is imported as in a run.
        findings = [_import(tree, path) for path in (self.path, *tasks)]
        self.import_findings = list(dict.fromkeys(filter(None, findings)))
        self.modules = dict[str, ModuleType]()
        for path in tree.code:
            module = sys.modules.get(_module_name(path))
            if module and getattr(module, "__file__", None) == str(tree.root / path):
                self.modules[path] = module
        self.tasks: list[TaskClass] = [
            task
            for path, module in self.modules.items()
            for task in task_classes(path, module, tree.code[path])
        ]


class Layouts:
    """The pipeline laid out with every file in `conf/`.

    Attributes:
        findings: what prevents it.
        names: of the settings that a configuration has.
        read: the names of the settings that the pipeline read.
    """

    def __init__(self, tree: Tree, pipeline: Pipeline, conf: Conf) -> None:
        self.findings, self.names, self.read = list[Finding](), set[str](), set[str]()
        self._tree = tree
        for composition in [] if pipeline.import_findings else conf.composed:
            self.names |= setting_names(composition.composed.cfg)
            if text := self._call(composition.composed):
                path = composition.file.path
                if line := composition.line(text):
                    why = text.splitlines()[0]
                    finding = BrokenPipeline.finding(path, "laid-out", line, why=why)
                else:
                    places = {"pipeline": pipeline.path, "conf": path}
                    finding = _finding(tree, "laid-out", text, places, conf.files)
                self.findings.append(finding)

    def _call(self, composed: Composed) -> str:
        """Call the pipeline; note what it reads, and return why it failed."""
        with _guarded(self._tree):
            try:
                composed.activate()
                call_pipeline(watch_config(composed.cfg, self.read))
            except LabkartError as error:
                return str(error)
            except (Exception, SystemExit) as error:
                return describe_error(error, self._tree.root)
        return ""


def watch_config(cfg: DictConfig, names: set[str]) -> DictConfig:
    """A copy that adds the name of each setting that is read to `names`; a list is one setting."""
    copy = deepcopy(cfg)
    for name, node in _value_nodes(copy, ""):
        _compat.watch_value(node, partial(names.add, name))
    return copy


def setting_names(cfg: DictConfig) -> set[str]:
    """The names of all settings that have a value."""
    return {name for name, _ in _value_nodes(cfg, "")}


def _value_nodes(node: Any, name: str) -> Iterator[tuple[str, ValueNode]]:
    if isinstance(node, ValueNode):
        yield name, node
        return
    content = _compat.config_content(node)
    if isinstance(content, dict):
        for key, child in content.items():
            yield from _value_nodes(child, f"{name}.{key}" if name else str(key))
    elif isinstance(content, list):
        for child in content:
            for _, value_node in _value_nodes(child, name):
                yield name, value_node


def _import(tree: Tree, path: str) -> Finding | None:
    with _guarded(tree):
        try:
            import_module(_module_name(path))
        except (Exception, SystemExit) as error:
            text = describe_error(error, tree.root)
            return _finding(tree, "import", text, {"pipeline": path, "conf": path})
    return None


def _finding(
    tree: Tree, key: str, text: str, places: Mapping[str, str], files: Sequence[ConfigFile] = ()
) -> Finding:
    """A finding at the place with which a text begins, or else in the pipeline's file.

    Args:
        tree: the project.
        key: that of the message.
        text: an error; its first line may begin with a place.
        places: the files that a text calls "pipeline" and "conf".
        files: those of `conf/`, in which the line of a setting is looked for.
    """
    first = (text.splitlines() or [text])[0]
    match = _LOCATION.fullmatch(first)
    path = places.get(match["source"], match["source"]) if match else ""
    if not match or not (tree.root / path).is_file():
        return BrokenPipeline.finding(places["pipeline"], key, why=first)
    line = int(match["line"] or 0) or _setting_line(path, match["why"], files)
    return BrokenPipeline.finding(path, key, line, why=match["why"])


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
