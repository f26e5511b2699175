"""What people call the tasks of a pipeline: two of a class by what differs between them."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from labkart.experiments.labels import label_tasks
from labkart.tasks.task_id import upstream
from tests.support.tiny import write

CODE = """\
import luigi
from gokart import ListTaskInstanceParameter, TaskInstanceParameter
from labkart import DataFile, Task

class Load(Task):
    name = luigi.StrParameter(default="a")

class Read(Task):
    table = DataFile()

class Train(Task):
    source = TaskInstanceParameter(default=Load())
    penalty = luigi.StrParameter(default="l1")
    c = luigi.FloatParameter(default=1.0)
    scale = luigi.BoolParameter(default=True)
    note = luigi.OptionalStrParameter(default=None)
    layers = luigi.ListParameter(default=())
    password = luigi.StrParameter(default="")

class Evaluate(Task):
    model = TaskInstanceParameter()
    part = luigi.StrParameter(default="test")

class Mean(Task):
    models = ListTaskInstanceParameter()

class Step(Task):
    before = TaskInstanceParameter()
"""


@pytest.fixture
def m(student: Callable[[str], ModuleType]) -> Any:
    return student(CODE)


def labels(tasks: Sequence[Any]) -> list[str]:
    """The labels of some tasks; those before them are labelled too."""
    ordered: dict[str, Any] = {}

    def add(task: Any) -> None:
        for needed in upstream(task):
            add(needed)
        ordered.setdefault(task.make_unique_id(), task)

    for task in tasks:
        add(task)
    by_id = {
        task.make_unique_id(): label for label, task in label_tasks([*ordered.values()]).items()
    }
    assert len(by_id) == len(ordered)
    assert all(re.fullmatch(r"[\w. -]+", label) for label in by_id.values()), "MLflow takes them"
    return [by_id[task.make_unique_id()] for task in tasks]


def trained(m: Any, *params: dict[str, Any]) -> list[str]:
    return labels([m.Train(**each) for each in params])


def test_a_task_that_is_alone_has_the_name_of_its_class(m: Any) -> None:
    assert trained(m, {}) == ["Train"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ([{"penalty": "l1"}, {"penalty": "l2"}], ["Train l1", "Train l2"]),
        ([{"penalty": "l2"}, {"penalty": "l1"}], ["Train l2", "Train l1"]),
        ([{"c": 0.1}, {"c": 1e-5}, {"c": -3.0}], ["Train 0.1", "Train 1e-05", "Train -3.0"]),
        ([{"scale": True}, {"scale": False}], ["Train scale", "Train no scale"]),
        ([{"note": None}, {"note": "new"}], ["Train no note", "Train new"]),
        ([{"note": "学習率"}, {"note": "が"}], ["Train 学習率", "Train が"]),
        ([{"layers": (64, 32)}, {"layers": (8,)}], ["Train 64 32", "Train 8"]),
        ([{"penalty": "bert/base"}, {"penalty": "bert/large"}], ["Train base", "Train large"]),
        ([{"penalty": "a/base"}, {"penalty": "b/base"}], ["Train a base", "Train b base"]),
    ],
)
def test_a_label_shows_the_value_that_differs(
    params: list[dict[str, Any]], expected: list[str], m: Any
) -> None:
    assert trained(m, *params) == expected


def test_a_further_task_changes_only_the_labels_that_it_could_be_mistaken_for(m: Any) -> None:
    two = [{"penalty": "l1"}, {"penalty": "l2"}]
    assert trained(m, *two, {"penalty": "l3"}) == ["Train l1", "Train l2", "Train l3"]
    three = [*two, {"penalty": "l1", "c": 10.0}]
    assert trained(m, *three) == ["Train l1 1.0", "Train l2", "Train l1 10.0"]
    # `c` comes after `penalty`, but the first two differ in it alone.
    by_c = [{"c": 1.0}, {"c": 2.0}, {"c": 2.0, "penalty": "l2"}]
    assert trained(m, *by_c) == ["Train 1.0", "Train 2.0 l1", "Train 2.0 l2"]


def test_long_values_are_cut_where_they_still_differ(m: Any) -> None:
    texts = [f"{'very ' * 20}{end}" for end in ("short", "long")]
    first, second = trained(m, *({"penalty": text} for text in texts))
    assert first.endswith("very short") and second.endswith("very long")
    assert max(len(first), len(second)) < 35
    (different, _) = trained(m, {"penalty": "x" * 99}, {"penalty": "y"})
    assert different == f"Train {'x' * 24}"


def test_a_label_with_many_values_stays_short(m: Any) -> None:
    words = ["a" * 30, "b" * 30]
    params = [
        {"penalty": penalty, "note": note, "layers": (layers,), "c": c, "scale": scale}
        for penalty in words
        for note in words
        for layers in words
        for c in (1.0, 2.0)
        for scale in (True, False)
    ]
    names = trained(m, *params)
    assert len(set(names)) == 32 and max(map(len, names)) < 90


def test_values_that_no_label_can_show_get_numbers(m: Any) -> None:
    assert trained(m, {"penalty": "+"}, {"penalty": "l1"}) == ["Train penalty", "Train l1"]
    signs = [{"penalty": "+"}, {"penalty": "*"}]
    assert trained(m, *signs) == ["Train penalty 1", "Train penalty 2"]
    same_letters = [{"penalty": "a+b"}, {"penalty": "a*b"}, {"penalty": "c"}]
    assert trained(m, *same_letters) == ["Train a b 1", "Train a b 2", "Train c"]


def test_a_secret_is_in_no_label(m: Any) -> None:
    assert trained(m, {"password": "hunter2secret"}, {"password": "swordfish99"}) == [
        "Train 1",
        "Train 2",
    ]


def test_equal_parameters_are_told_apart_by_their_upstream_tasks(m: Any) -> None:
    models = [m.Train(penalty="l1"), m.Train(penalty="l2")]
    evaluations = [m.Evaluate(model=model) for model in models]
    assert labels([*models, *evaluations])[2:] == ["Evaluate l1", "Evaluate l2"]
    sources = [m.Evaluate(model=m.Train(source=m.Load(name=name))) for name in "ab"]
    assert labels(sources) == ["Evaluate a", "Evaluate b"]
    classes = [m.Evaluate(model=m.Train()), m.Evaluate(model=m.Load())]
    assert labels(classes) == ["Evaluate Train", "Evaluate Load"]
    parts = [m.Evaluate(model=models[0], part=part) for part in ("train", "test")]
    assert labels([*parts, m.Evaluate(model=models[1])]) == [
        "Evaluate train",
        "Evaluate test l1",
        "Evaluate test l2",
    ]


def test_lists_of_upstream_tasks_differ_in_number_or_in_a_task(m: Any) -> None:
    models = [m.Train(penalty=f"l{number}") for number in (1, 2, 3)]
    assert labels([m.Mean(models=models[:2]), m.Mean(models=models)]) == [
        "Mean 2 inputs",
        "Mean 3 inputs",
    ]
    assert labels([m.Mean(models=models[:2]), m.Mean(models=models[::2])]) == ["Mean l2", "Mean l3"]


def test_a_class_that_needs_itself_is_counted(m: Any) -> None:
    first = m.Step(before=m.Load())
    second = m.Step(before=first)
    third = m.Step(before=second)
    assert labels([first, second, third]) == ["Step Load", "Step Step 1", "Step Step 2"]


def test_a_file_is_shown_by_its_name(m: Any, root: Path) -> None:
    write(root, **{"data/raw/train.csv": "1", "data/raw/test.csv": "2"})
    reads = [m.Read(table=root / f"data/raw/{name}.csv") for name in ("train", "test")]
    assert labels(reads) == ["Read train.csv", "Read test.csv"]
