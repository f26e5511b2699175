"""Values that differ make tasks that differ, whatever luigi writes for them; equal values make the same task."""

import dataclasses
import itertools
import math
import multiprocessing
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum
from fractions import Fraction
from importlib import reload
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

import gokart
import luigi
import numpy as np
import pandas as pd
import pytest
from luigi.date_interval import Custom, Date, Month, Week, Year
from luigi.parameter import ParameterVisibility

from labkart import LabkartError, Task
from labkart.tasks.params import own_params, readable_text

pytestmark = pytest.mark.usefixtures("root")

NAN = math.nan


class Kernel(Enum):
    LINEAR = 1
    RADIAL = 2


class Colour(Enum):
    LINEAR = 1


class Level(IntEnum):
    ONE = 1


class Side(Flag):
    LEFT = 1
    RIGHT = 2


class Point(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass(frozen=True)
class Options:
    depth: int
    rate: float


@dataclasses.dataclass(frozen=True)
class Settings:
    depth: int
    rate: float


class Text(str):
    __slots__ = ()


class Hidden:
    """Is written in one way, whatever is in it."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __str__(self) -> str:
        return "hidden"

    def gokart_serialize(self) -> str:
        return str(self.number % 10)

    @classmethod
    def gokart_deserialize(cls, s: str) -> "Hidden":
        return cls(int(s))


class AnyParameter(luigi.Parameter[Any]):
    """luigi warns of values of its own that are no texts."""


class ColumnsParameter(luigi.ListParameter[Any]):
    """Writes different lists alike."""

    def serialize(self, x: Any) -> str:
        return ",".join(x)


class HiddenParameter(luigi.Parameter[Hidden]):
    def serialize(self, x: Hidden) -> str:
        return f"<{x.number}>"


TOKYO, SEOUL = ZoneInfo("Asia/Tokyo"), ZoneInfo("Asia/Seoul")
WHEN = datetime(2024, 1, 2, 3, 4, 5, 6)
SCALARS = [None, True, False, 0, 1, 2, 0.0, -0.0, 1.0, NAN, math.inf, -math.inf, "", "1", "None"]
SCALARS += ["True", "nan", "1.0", b"1", 1j, 2**63, 2**63 + 1, 10**4000, 10**4000 + 1, float(2**63)]
SCALARS += [Level.ONE, Kernel.LINEAR, Kernel.RADIAL, Colour.LINEAR, Text("1"), np.int64(1)]
SCALARS += [np.float64(1), np.float32(1), np.bool_(True), Decimal(1), Decimal("1.0"), Fraction(1)]
SCALARS += [Path("1"), Path("a"), "a", date(2024, 1, 2), datetime(2024, 1, 2), "2024-01-02"]
NESTED: list[Any] = [[], {}, [[]], [{}], [None], [1], [1.0], [True], ["1"], [0.0], [-0.0], [[1]]]
NESTED += [{"a": 1}, {"a": 1.0}, {"a": True}, {"a": "1"}, {"a": None}, {"a": []}, {"a": {}}]
NESTED += [{1: "a"}, {"1": "a"}, {1.0: "a"}, {True: "a"}, {None: "a"}, {"None": "a"}, {"a": NAN}]
NESTED += [{"a": 1, "b": 2}, {"b": 2, "a": 1}, ["a, b"], ["a", "b"], ["a", ["b"]], [["a"], "b"]]
NESTED += [["a'", "b"], ["a', 'b"], {"a": {"b": (1, 2)}}, {"a": {"b": (1, 2.0)}}, [10**4000]]

Params = dict[str, tuple[luigi.Parameter[Any], list[Any]]]
# For each type of luigi's and gokart's, values that all differ.
DISTINCT: Params = {
    "Parameter": (AnyParameter(), [*SCALARS, Point(1, 2), (1, 2), Options(1, 2.0)]),
    "Parameter, more": (
        AnyParameter(),
        [
            Options(1, 2.0),
            Options(1, 2),
            Settings(1, 2.0),
            frozenset({1}),
            frozenset({"1"}),
            frozenset({1, 2}),
            Side.LEFT | Side.RIGHT,
            Side.LEFT,
            range(3),
            range(4),
            int,
            float,
            Year(2024),
            UTC,
            TOKYO,
        ],
    ),
    "Parameter, arrays": (
        AnyParameter(),
        [
            np.zeros(5000),
            np.append(np.zeros(4999), 1),
            np.zeros(5000, dtype="float32"),
            np.zeros((50, 100)),
            np.array([1, "a"], dtype=object),
            np.array(["1", "a"], dtype=object),
        ],
    ),
    "OptionalParameter": (luigi.OptionalParameter(), [None, "", "None", "null", "a"]),
    "OptionalStrParameter": (luigi.OptionalStrParameter(), [None, "", "None", "a"]),
    "StrParameter": (luigi.StrParameter(), ["", " ", "a", "a\n", "None", "1", "卒", "\udc80"]),
    "IntParameter": (luigi.IntParameter(), [0, 1, True, 1.0, -1, 10**4000, 10**4000 + 1]),
    "OptionalIntParameter": (luigi.OptionalIntParameter(), [None, 0, 1, -1]),
    "FloatParameter": (
        luigi.FloatParameter(),
        [0.0, -0.0, 1.0, 1, NAN, math.inf, 0.1, 0.1 + 2**-56, 5e-324],
    ),
    "OptionalFloatParameter": (luigi.OptionalFloatParameter(), [None, 0.0, -0.0, NAN]),
    "BoolParameter": (luigi.BoolParameter(), [True, False]),
    "OptionalBoolParameter": (luigi.OptionalBoolParameter(), [None, True, False]),
    "ExplicitBoolParameter": (gokart.ExplicitBoolParameter(), [True, False]),
    "NumericalParameter": (
        luigi.NumericalParameter(var_type=float, min_value=0, max_value=9),
        [0.0, -0.0, 1, 1.0],
    ),
    "OptionalNumericalParameter": (
        luigi.OptionalNumericalParameter(var_type=int, min_value=0, max_value=9),
        [None, 0, 1],
    ),
    "ChoiceParameter": (luigi.ChoiceParameter(choices=["", "1", "None"]), ["", "1", "None"]),
    "ChoiceParameter, numbers": (
        luigi.ChoiceParameter(choices=[0.1, 1.0], var_type=float),
        [0.1, 1.0, 1, True],
    ),
    "OptionalChoiceParameter": (
        luigi.OptionalChoiceParameter(choices=["", "a"]),
        [None, "", "a"],
    ),
    "ChoiceListParameter": (
        luigi.ChoiceListParameter(choices=["a", "b", "a,b", ""]),
        [(), ("",), ("a", "b"), ("b", "a"), ("a,b",), ("", "")],
    ),
    "ChoiceListParameter, numbers": (
        luigi.ChoiceListParameter(choices=[1, 2, 12], var_type=int),
        [(), (1, 2), (12,), (1.0, 2)],
    ),
    "EnumParameter": (luigi.EnumParameter(enum=Kernel), [Kernel.LINEAR, Kernel.RADIAL]),
    "EnumListParameter": (
        luigi.EnumListParameter(enum=Kernel),
        [(), (Kernel.LINEAR,), (Kernel.LINEAR, Kernel.RADIAL), (Kernel.RADIAL, Kernel.LINEAR)],
    ),
    "ListParameter": (luigi.ListParameter(), [value for value in NESTED if type(value) is list]),
    "OptionalListParameter": (luigi.OptionalListParameter(), [None, [], [None], [""]]),
    "TupleParameter": (luigi.TupleParameter(), [(), (1,), (1.0,), (True,), ((1, 2),), (1, 2)]),
    "OptionalTupleParameter": (luigi.OptionalTupleParameter(), [None, (), (None,)]),
    "DictParameter": (luigi.DictParameter(), [value for value in NESTED if type(value) is dict]),
    "OptionalDictParameter": (luigi.OptionalDictParameter(), [None, {}, {"": None}, {"": ""}]),
    "PathParameter": (luigi.PathParameter(), [Path("a"), Path("b"), Path("a/b"), Path("/a")]),
    "OptionalPathParameter": (luigi.OptionalPathParameter(), [None, "a", "None", "."]),
    "DateParameter": (luigi.DateParameter(), [date(2024, 1, 2), date(2024, 1, 3)]),
    "MonthParameter": (luigi.MonthParameter(), [date(2024, 1, 1), date(2024, 2, 1)]),
    "YearParameter": (luigi.YearParameter(), [date(2024, 1, 1), date(2025, 1, 1)]),
    "DateHourParameter": (luigi.DateHourParameter(), [WHEN, WHEN + timedelta(hours=1)]),
    "DateMinuteParameter": (luigi.DateMinuteParameter(), [WHEN, WHEN + timedelta(minutes=1)]),
    "DateSecondParameter": (luigi.DateSecondParameter(), [WHEN, WHEN + timedelta(seconds=1)]),
    "ZonedDateSecondParameter": (
        gokart.ZonedDateSecondParameter(),
        [
            WHEN,
            WHEN.replace(tzinfo=UTC),
            WHEN.replace(tzinfo=TOKYO),
            WHEN.replace(tzinfo=SEOUL),
            WHEN.replace(tzinfo=timezone(timedelta(hours=9))),
        ],
    ),
    "DateIntervalParameter": (
        luigi.DateIntervalParameter(),
        [
            Year(2024),
            Month(2024, 1),
            Week(2024, 1),
            Date(2024, 1, 1),
            Custom(date(2024, 1, 1), date(2024, 2, 1)),
        ],
    ),
    "TimeDeltaParameter": (
        luigi.TimeDeltaParameter(),
        [timedelta(), timedelta(microseconds=1), timedelta(seconds=1), timedelta(days=-1)],
    ),
    "SerializableParameter": (gokart.SerializableParameter(Hidden), [Hidden(1), Hidden(2)]),
    "one that writes lists alike": (ColumnsParameter(), [("a", "b"), ("a,b",), ("b", "a")]),
    "one of a student's": (HiddenParameter(), [Hidden(1), Hidden(2)]),
}


NUMBERS = itertools.count()


def kind(parameter: luigi.Parameter[Any]) -> Any:
    """A class of tasks with one parameter; luigi finds it by its name."""
    members = {"value": parameter, "run": lambda self: self.dump(1)}
    return type(f"Holds{next(NUMBERS)}", (Task,), members)


@pytest.mark.parametrize("name", DISTINCT)
def test_values_that_differ_are_different_tasks(name: str) -> None:
    parameter, values = DISTINCT[name]
    tasks = [kind(parameter)(value=value) for value in values]
    for (one, task), (other, second) in itertools.combinations(zip(values, tasks, strict=True), 2):
        assert task.make_unique_id() != second.make_unique_id(), (one, other)
        assert task.task_id != second.task_id, (one, other)
        assert task is not second


@pytest.mark.parametrize("name", DISTINCT)
def test_values_that_a_person_may_have_written_differently_read_differently(name: str) -> None:
    if name in ("IntParameter", "Parameter, more", "ZonedDateSecondParameter") or "numbers" in name:
        return  # `make` lets no other type into them; two zones may have one offset
    parameter, values = DISTINCT[name]
    if name == "Parameter":
        values = [None, "", "None", "a", "b"]
    tasks = [kind(parameter)(value=value) for value in values]
    texts = [own_params(task)["value"] for task in tasks]
    assert len(set(texts)) == len(texts), texts


@pytest.mark.parametrize("name", DISTINCT)
def test_the_same_value_is_the_same_task_in_another_process(name: str) -> None:
    parameter, values = DISTINCT[name]
    made = kind(parameter)
    ids = [made(value=value).make_unique_id() for value in values]
    luigi.task_register.Register.clear_instance_cache()
    assert [made(value=value).make_unique_id() for value in values] == ids


@pytest.mark.parametrize("name", DISTINCT)
def test_a_task_that_a_run_yields_reaches_the_leading_process_with_its_values(name: str) -> None:
    parameter, values = DISTINCT[name]
    made = kind(parameter)
    queue = multiprocessing.get_context("fork").SimpleQueue()
    for value in values:
        task = made(value=value)
        queue.put(task.to_str_params())
        assert made.from_str_params(queue.get()).make_unique_id() == task.make_unique_id()


def test_every_type_of_parameter_is_in_the_table() -> None:
    for module in (luigi, luigi.parameter, gokart, gokart.parameter):
        for cls in vars(module).values():
            is_kind = isinstance(cls, type) and issubclass(cls, luigi.Parameter)
            if is_kind and not cls.__name__.startswith("_"):
                names = {name.partition(",")[0] for name in DISTINCT}
                names |= {"TaskParameter", "TaskInstanceParameter", "ListTaskInstanceParameter"}
                assert cls.__name__ in names


@pytest.mark.parametrize(
    "value", [pd.DataFrame({"x": [1]}), object(), lambda: 1, [object()], {"a": Hidden(1)}]
)
def test_a_value_of_which_no_id_can_be_made_is_refused(value: Any) -> None:
    with pytest.raises(
        LabkartError, match=r"^Holds\d+\.value is a \w+, of which no id can be made\."
    ):
        kind(AnyParameter())(value=value)


def test_a_hidden_parameter_counts_and_is_not_in_luigis_id() -> None:
    secret = luigi.StrParameter(visibility=ParameterVisibility.PRIVATE)
    made = kind(secret)
    one, other = (made(value=value) for value in ("hunter2", "hunter3"))
    assert one.make_unique_id() != other.make_unique_id()
    assert one.task_id != other.task_id
    assert "hunter" not in one.task_id


def test_a_parameter_that_is_not_significant_does_not_count() -> None:
    verbose = luigi.BoolParameter(significant=False)
    made = kind(verbose)
    assert made(value=True).make_unique_id() == made(value=False).make_unique_id()


MODELS = {
    "class Model:\n    rate = §\n": lambda module: module.Model,
    "from dataclasses import dataclass\n@dataclass\nclass Model:\n    a: int = 1\n    def rate(self): return §\n": lambda module: (
        [{"model": module.Model()}]
    ),
    "import enum\nclass Model(enum.Enum):\n    RATE = §\n": lambda module: module.Model.RATE,
}


@pytest.mark.parametrize(("code", "value"), MODELS.items())
def test_a_class_that_a_task_gets_or_an_object_of_one_counts_with_its_code(
    code: str, value: Callable[[Any], object], student: Callable[[str], ModuleType]
) -> None:
    made = kind(AnyParameter())
    module = student(code.replace("§", "1"))
    before = made(value=value(module)).make_unique_id()
    assert made(value=value(module)).make_unique_id() == before
    Path(str(module.__file__)).write_text(code.replace("§", "20"))
    assert made(value=value(reload(module))).make_unique_id() != before
    assert made(value=int).make_unique_id() == made(value=int).make_unique_id()


class Upstream(Task[int]):
    number: luigi.IntParameter = luigi.IntParameter(default=0)

    def run(self) -> None:
        self.dump(self.number)


class Needs(Task[int]):
    """Needs what its class says, in that structure."""

    structure: ClassVar[Any] = None

    def requires(self) -> Any:
        return self.structure


A, B = Upstream(number=1), Upstream(number=2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": A, "b": B}, {"b": B, "a": A}),
        ({"a": A, "b": B}, {"a": B, "b": A}),
        ({"a": A, "b": B}, {"a": A, "c": B}),
        ({"a": A}, {1: A}),
        ([A, B], [B, A]),
        ([A, [B]], [[A], B]),
        ({"a": [A], "b": [B]}, {"a": [A, B], "b": []}),
        (A, [A]),
        ([A, A], [A]),
        ([], None),
    ],
)
def test_the_keys_and_the_order_of_what_a_task_requires_count(one: Any, other: Any) -> None:
    ids = []
    for structure in (one, other):
        luigi.task_register.Register.clear_instance_cache()
        Needs.structure = structure
        ids.append(Needs().make_unique_id())
    assert ids[0] != ids[1]


def test_requires_may_return_an_iterator() -> None:
    Needs.structure = (Upstream(number=number) for number in range(2))
    luigi.task_register.Register.clear_instance_cache()
    task = Needs()
    task.make_unique_id()
    assert task.requires() == [Upstream(number=0), Upstream(number=1)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (None, "None"),
        ("None", '"None"'),
        (True, "True"),
        (0.1, "0.1"),
        (Kernel.RADIAL, "RADIAL"),
        ((1, "a", None), '[1, "a", null]'),
        ({"a": True, 1: ("卒業",)}, '{"a": true, 1: ["卒業"]}'),
        (timedelta(microseconds=1), "0:00:00.000001"),
        ((Kernel.RADIAL,), "[RADIAL]"),
        (Path("a/b"), "a/b"),
    ],
)
def test_a_record_has_a_text_that_people_read(value: Any, text: str) -> None:
    assert readable_text(value) == text
