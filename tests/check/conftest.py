"""What the tests of rules share: a tiny project with a package `study` that is imported into this process."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from importlib import invalidate_caches
from pathlib import Path

import pytest
from luigi.task_register import Register

from labkart import project
from labkart.check import report
from labkart.check.rule import Finding
from labkart.check.rules import RULES
from labkart.check.tree import Tree
from tests.support.tiny import write

TASKS = """\
from labkart import Task
from luigi import FloatParameter, IntParameter


class Split(Task[int]):
    test_size: FloatParameter = FloatParameter()


class Forest(Task[int]):
    trees: IntParameter = IntParameter()
    seed: IntParameter = IntParameter()
"""
PIPELINE = """\
from labkart import make
from .tasks import Forest, Split


def pipeline(cfg):
    make(Split, cfg.split)
    return make(Forest, cfg.model.params, seed=cfg.seed)
"""

Find = Callable[..., list[Finding]]


@pytest.fixture
def study(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A tiny project whose package has two tasks and a pipeline; its `conf/` has two files."""
    for path in ("conf/model/linear.yaml", "conf/experiment/large.yaml"):
        (root / path).unlink()
    write(root, **{"src/study/__init__.py": "", "src/study/tasks/__init__.py": TASKS})
    write(root, **{"src/study/pipeline.py": PIPELINE})
    monkeypatch.syspath_prepend(root / "src")
    monkeypatch.setattr(Register, "_reg", Register._reg.copy())
    yield root
    _forget()


@pytest.fixture
def find(study: Path) -> Find:
    """What rules find: `find("secret", **{"conf/a.yaml": "..."})` writes the files first."""

    def found(*ids: str, **files: str) -> list[Finding]:
        write(study, **files)
        _forget()
        rules = [rule for rule in RULES if rule.id in ids]
        assert len(rules) == len(ids)
        return report.find_problems(Tree(project.current()), rules)

    return found


def check(*ids: str, **options: bool) -> int:
    """Check rules as the verb does: `check("secret", json=True)`."""
    defaults = {"json": False, "list": False, "lock_data": False}
    return report.check(Namespace(rules=ids, **defaults | options))


def places(findings: list[Finding]) -> list[str]:
    """Each finding as `path:line rule`."""
    return [f"{finding.place} {finding.rule.id}" for finding in findings]


def sentences(findings: list[Finding]) -> list[str]:
    """Each finding as `path:line rule: message`."""
    return [f"{finding.place} {finding.rule.id}: {finding.message()}" for finding in findings]


def _forget() -> None:
    """The next import of the package runs its files again."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "study"]:
        del sys.modules[name]
    invalidate_caches()
