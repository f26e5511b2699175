"""The rules on `conf/` and the pipeline; `composition` and `pipeline` do the work."""

from collections.abc import Iterator
from typing import ClassVar

from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree


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
        yield from tree.conf.problems


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
        yield from tree.conf.problems
        yield from tree.pipeline.import_problems
        yield from tree.pipeline.layout_problems


class UnusedKey(Rule):
    """Every setting in conf/ is read by the pipeline."""

    reason = "A person who changes a setting that nothing reads believes the experiment changed."
    fix = "Remove it or pass it to a task in pipeline.py: make(Task, cfg.section) passes a section."
    messages: ClassVar[dict[str, str]] = {"unread": "the pipeline never reads {name}"}
    runs_code = True

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Find the settings that no layout of the pipeline reads, or what prevents the layout."""
        yield from BrokenPipeline().check(tree)
        yield from tree.pipeline.unread_settings
