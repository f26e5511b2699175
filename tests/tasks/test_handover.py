"""A task that a run() yields goes to another process with its values, not with texts of them."""

import pickle
from collections.abc import Iterator
from enum import Enum
from typing import Any

import gokart
import luigi
import pytest
from luigi.task_register import Register

from labkart import LabkartError, Task, _compat

pytestmark = pytest.mark.usefixtures("root")


class Ground(Task[int]):
    name: luigi.OptionalParameter = luigi.OptionalParameter()
    items: luigi.ListParameter[Any] = luigi.ListParameter(default=())


class Step(Task[int]):
    on: gokart.TaskInstanceParameter[Any] = gokart.TaskInstanceParameter()
    number: luigi.IntParameter = luigi.IntParameter()


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """A test that builds leaves luigi the classes of its own names alone."""
    classes = _compat.registered_classes()
    _compat.set_registered_classes([Ground, Step])
    yield
    _compat.set_registered_classes(classes)


def handed_over(task: Task[Any]) -> Any:
    """The task as a process has it that gets luigi's parameters of it, and had made none before."""
    packed = pickle.dumps(task.to_str_params())
    Register.clear_instance_cache()
    params = pickle.loads(packed)
    return type(task).from_str_params(params)


def test_values_that_have_one_text_stay_apart() -> None:
    assert handed_over(Ground(name="")).name == ""
    assert handed_over(Ground(name=None)).name is None


def test_a_task_on_many_others_comes_with_all_of_them() -> None:
    """More than Python packs one within the other."""
    task: Any = Ground(name="a")
    for number in range(600):
        task = Step(on=task, number=number)
    expected, other = task.make_unique_id(), handed_over(task)
    assert other is not task
    assert other.make_unique_id() == expected


def test_a_value_that_cannot_be_packed_is_told() -> None:
    class Local(Enum):
        HERE = 1

    with pytest.raises(
        LabkartError, match=r"^Ground cannot be handed to another process: .+\. Yie"
    ):
        handed_over(Ground(name="a", items=[Local.HERE]))
