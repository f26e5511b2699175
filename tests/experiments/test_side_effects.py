"""What pipeline() changes around the parameters is refused if a task would see it; all else is left alone."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import luigi
import pytest
from omegaconf import OmegaConf

from labkart import LabkartError
from labkart.experiments.pipeline import Pipeline
from tests.support.tiny import FILES, write
from tests.support.variants import variants

CODE = """\
import dataclasses
import functools
import logging
import os
import types
from collections import ChainMap, deque
from labkart import Task, make
from luigi import IntParameter

RATE = 1
COMPUTED = 1 / 3
CFG = None
OPTIONS = {"rate": 1, "deep": {"list": [1, 2]}}
NAMES = ["a"]
SEEN = {"a"}
QUEUE = deque([1])
SPACE = types.SimpleNamespace(rate=1)
UNUSED = {}
_memo = {}
log = logging.getLogger(__name__)

class Settings:
    rate = 1
    def __init__(self):
        self.rate = 1

SETTINGS = Settings()

@dataclasses.dataclass
class Data:
    rate: int = 1

DATA = Data()

@dataclasses.dataclass(slots=True)
class Slotted:
    rate: int = 1

SLOTTED = Slotted()
LARGE = {number: number for number in range(2000)}
CHAIN = ChainMap({"rate": 1})

def helper():
    return 1

@functools.cache
def remembered(name):
    return name

class First(Task):
    rate = 1
    number = IntParameter(default=0)
    table = {"a": 1}
    def run(self):
        used = RATE, COMPUTED, CFG, OPTIONS, NAMES, SEEN, QUEUE, SPACE, SETTINGS, DATA, Settings
        used = SLOTTED, LARGE, CHAIN
        log.info("%s", used)
        self.dump((self.rate, helper(), os.environ.get("LAB_RATE"), remembered("a"), self.table))

class Last(Task):
    rate = 0.1
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.own = [1]
    def requires(self):
        self.planned = 1
        return First()
    @functools.cached_property
    def slow(self):
        return 1
    def run(self):
        self.dump(1)

def pipeline(cfg):
    global RATE, COMPUTED, CFG, NAMES
    first, last = First(), Last()
    CHANGE
    return last
"""


@pytest.fixture
def plan(
    root: Path, tmp_path: Path, student: Callable[[str], ModuleType]
) -> Iterator[Callable[[str], object]]:
    entry = f"student_{tmp_path.name}:pipeline"
    text = FILES["pyproject.toml"].replace("study.pipeline:pipeline", entry)
    write(root, **{"pyproject.toml": text})
    environment = dict(os.environ)

    def planned(change: str) -> object:
        luigi.task_register.Register.clear_instance_cache()
        student(CODE.replace("CHANGE", change))
        return Pipeline.of(OmegaConf.create({"rate": 5})).tasks

    yield planned
    os.environ.clear()
    os.environ.update(environment)


@pytest.mark.parametrize(
    ("change", "what"),
    variants(
        [
            ("Last.rate = cfg.rate", "Last.rate"),
            ("Last.new = cfg.rate", "Last.new"),
            ("First.table['a'] = cfg.rate", "First.table['a']"),
            ("First.run = lambda self: self.dump(2)", "First.run"),
            ("RATE = cfg.rate", "RATE"),
            ("COMPUTED = cfg.rate", "COMPUTED"),
            ("CFG = cfg", "CFG"),
            ("OPTIONS['rate'] = cfg.rate", "OPTIONS['rate']"),
            ("OPTIONS['deep']['list'].append(cfg.rate)", "OPTIONS['deep']['list'][2]"),
            ("OPTIONS['rate'] = 1.0", "OPTIONS['rate']"),
            ("del OPTIONS['rate']", "OPTIONS['rate']"),
            ("OPTIONS.clear()", "OPTIONS['rate']"),
            ("NAMES.append('b')", "NAMES[1]"),
            ("NAMES = ['b']", "NAMES[0]"),
            ("SEEN.add('b')", "SEEN['b']"),
            ("QUEUE.append(cfg.rate)", "QUEUE[1]"),
            ("SPACE.rate = cfg.rate", "SPACE.rate"),
            ("SETTINGS.rate = cfg.rate", "SETTINGS.rate"),
            ("Settings.rate = cfg.rate", "Settings.rate"),
            ("DATA.rate = cfg.rate", "DATA.rate"),
            ("SLOTTED.rate = cfg.rate", "SLOTTED.rate"),
            ("LARGE[5] = 7000", "LARGE"),
            ("CHAIN['rate'] = cfg.rate", "CHAIN['rate']"),
            ("globals()['helper'] = lambda: 2", "helper"),
            ("helper.rate = cfg.rate", "helper.rate"),
        ],
        8,
    ),
)
def test_what_a_module_holds_must_not_change(
    change: str, what: str, plan: Callable[[str], object]
) -> None:
    with pytest.raises(LabkartError) as caught:
        plan(change)
    text = str(caught.value)
    assert f":pipeline changes {what} of student_" in text
    assert ", which " in text
    assert text.endswith("..., name=value).")


@pytest.mark.parametrize("change", ["RATE = cfg.rate", "OPTIONS['rate'] = cfg.rate"])
def test_a_change_is_refused_again_although_nothing_changes_any_more(
    change: str, plan: Callable[[str], object]
) -> None:
    for _ in range(2):
        with pytest.raises(LabkartError, match=r" changes \w+"):
            plan(change)


@pytest.mark.parametrize(
    "change",
    [
        "os.environ['LAB_RATE'] = str(cfg.rate)",
        "os.environ.update(LAB_RATE='2')",
        "os.putenv('x', 'y'); os.environ.setdefault('LAB_RATE', '3')",
    ],
)
def test_a_variable_that_a_task_reads_must_not_change(
    change: str, plan: Callable[[str], object]
) -> None:
    with pytest.raises(LabkartError, match=r" changes the variable LAB_RATE, which First uses"):
        plan(change)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("last.x = cfg.rate", "Last.x"),
        ("last.own = [2]", "Last.own"),
        ("last.own.append(2)", "Last.own"),
        ("first.number = 5", "First.number"),
        ("first.rate = 5", "First.rate"),
        ("last.planned = 3; last.x = 1", "Last.x"),
    ],
)
def test_an_attribute_of_a_task_must_be_a_parameter(
    change: str, name: str, plan: Callable[[str], object]
) -> None:
    with pytest.raises(LabkartError) as caught:
        plan(change)
    family, _, attribute = name.partition(".")
    assert str(caught.value) == (
        f"pipeline: {name} was set after the task was made, and no id covers it. "
        f"Let it be a parameter: make({family}, ..., {attribute}=value)."
    )


@pytest.mark.parametrize(
    "change",
    variants(
        [
            "pass",
            "UNUSED['a'] = cfg.rate",
            "_memo['a'] = cfg.rate",
            "os.environ['OTHER'] = '1'",
            "os.environ['OMP_NUM_THREADS'] = '1'",
            "os.environ['LAB_RATE'] = '1'; del os.environ['LAB_RATE']",
            "log.info('x'); remembered('b')",
            "RATE = RATE; OPTIONS['rate'] = 1; NAMES = list(NAMES)",
            "last.priority = 5; last.slow; last.requires()",
            "last.resources = {'gpu': 1}",
        ],
        4,
    ),
)
def test_what_no_task_sees_may_change(change: str, plan: Callable[[str], object]) -> None:
    assert plan(change)


def test_what_a_module_registers_while_it_is_imported_is_code(
    root: Path, plan: Callable[[str], object], tmp_path: Path
) -> None:
    name = f"student_{tmp_path.name}"
    code = f"import {name}\nclass New: ...\n{name}.OPTIONS['new'] = New\n{name}.OPTIONS['one'] = New()\n"
    write(root, **{f"src/lazy_{name}.py": code})
    assert plan(f"import lazy_{name}")
