"""Every kind of parameter says in a sentence what it takes, wherever the wrong value was written."""

import json
import re
from enum import Enum
from pathlib import Path
from typing import Any

import gokart
import luigi
import pandas as pd
import pytest
from omegaconf import OmegaConf

from labkart import DataFile, DataFolder, LabkartError, Task, compose, make
from labkart.tasks.parameter_kinds import parameter_kind
from tests.support.tiny import write

pytestmark = pytest.mark.usefixtures("root")


class Kernel(Enum):
    LINEAR = 1
    RADIAL = 2


class Every(Task[int]):
    integer: luigi.IntParameter = luigi.IntParameter(default=0)
    maybe_integer: luigi.OptionalIntParameter = luigi.OptionalIntParameter(default=None)
    number: luigi.FloatParameter = luigi.FloatParameter(default=0.0)
    switch: luigi.BoolParameter = luigi.BoolParameter()
    explicit: luigi.Parameter[bool] = gokart.ExplicitBoolParameter(default=False)
    text: luigi.StrParameter = luigi.StrParameter(default="")
    ngram: luigi.ListParameter[Any] = luigi.ListParameter(default=())
    maybe_list: luigi.OptionalListParameter[Any] = luigi.OptionalListParameter(default=None)
    pair: luigi.TupleParameter[Any] = luigi.TupleParameter(default=())
    options: luigi.DictParameter = luigi.DictParameter(default={})
    choice: luigi.ChoiceParameter = luigi.ChoiceParameter(choices=["lbfgs", "saga"], default="saga")
    size: luigi.ChoiceParameter[int] = luigi.ChoiceParameter(
        choices=[16, 32], var_type=int, default=16
    )
    languages: luigi.ChoiceListParameter = luigi.ChoiceListParameter(
        choices=["en", "ja"], default=("en",)
    )
    kernel: luigi.EnumParameter[Kernel] = luigi.EnumParameter(enum=Kernel, default=Kernel.LINEAR)
    kernels: luigi.EnumListParameter[Kernel] = luigi.EnumListParameter(enum=Kernel, default=())
    depth: luigi.NumericalParameter = luigi.NumericalParameter(
        var_type=int, min_value=1, max_value=9, default=1
    )
    rate: luigi.OptionalNumericalParameter = luigi.OptionalNumericalParameter(
        var_type=float, min_value=0.0, max_value=1.0, default=None
    )
    day: luigi.DateParameter = luigi.DateParameter(default=None)
    month: luigi.MonthParameter = luigi.MonthParameter(default=None)
    year: luigi.YearParameter = luigi.YearParameter(default=None)
    hour: luigi.DateHourParameter = luigi.DateHourParameter(default=None)
    minute: luigi.DateMinuteParameter = luigi.DateMinuteParameter(default=None)
    second: luigi.DateSecondParameter = luigi.DateSecondParameter(default=None)
    zoned: gokart.ZonedDateSecondParameter = gokart.ZonedDateSecondParameter(default=None)
    span: luigi.DateIntervalParameter = luigi.DateIntervalParameter(default=None)
    patience: luigi.TimeDeltaParameter = luigi.TimeDeltaParameter(default=None)
    path: luigi.PathParameter = luigi.PathParameter(default=None)
    task: luigi.TaskParameter = luigi.TaskParameter(default=None)
    file: DataFile = DataFile(default=None)
    folder: DataFolder = DataFolder(default=None)


REFUSED = {
    "integer": (["many", 2.5, True, None, "", [1], {"a": 1}], "an integer"),
    "maybe_integer": (["many", 2.5], "an integer"),
    "number": (["high", False, None, "", [0.5]], "a number"),
    "switch": (["maybe", 0.5, None, "", [True]], "true or false"),
    "explicit": (["maybe", None], "true or false"),
    "text": ([None, ["a"], {"a": 1}], "a string"),
    "ngram": ([1, "1", "[1", "a", "", None, True, {"a": 1}], "a list, as [1, 2]"),
    "maybe_list": ([1, "a", {"a": 1}], "a list, as [1, 2]"),
    "pair": ([1, "a", "", None, {"a": 1}], "a list, as [1, 2]"),
    "options": ([1, "a", "", None, [1]], "a dictionary (name: value)"),
    "choice": (["newton", "", 5, None, ["saga"], {"a": 1}], "one of lbfgs, saga"),
    "size": ([8, "big", 16.5, None, [16]], "one of 16, 32"),
    "languages": (["de", 5, None, ["en", "de"]], "a list of en, ja"),
    "kernel": (["CUBIC", 5, "", None, ["LINEAR"]], "one of LINEAR, RADIAL"),
    "kernels": (["CUBIC", ["LINEAR", "CUBIC"], None], "a list of LINEAR, RADIAL"),
    "depth": ([0, 9, "deep", 2.5, "", None, [1]], "an integer in [1, 9)"),
    "rate": ([1.5, "high", [1]], "a number in [0.0, 1.0)"),
    "day": (["29.11.2026", 5, "", None, [1]], "a date, as 2026-11-29"),
    "month": (["November", 5, None], "a month, as 2026-11"),
    "year": (["this", None], "a year, as 2026"),
    "hour": (["2026-11-29", None, [1]], "a date with an hour, as 2026-11-29T13"),
    "minute": (["noon", None], "a date with a time, as 2026-11-29T1305"),
    "second": (["noon", None], "a date with a time, as 2026-11-29T130500"),
    "zoned": (["noon", None], "a date with a time and a zone, as 2026-11-29T13:05:00+09:00"),
    "span": (["soon", None, [1]], "a span of dates, as 2026-11 or 2026-11-01-2026-11-29"),
    "patience": (["5 x", "", None, [1]], "a time, as 5 minutes or 2 h 30 m"),
    "path": ([None, ["a"]], "a path"),
    "task": (["NoSuchTask", 5, None], "the name of a task's class"),
    "file": ([None, ["a"], {"a": 1}], "the path of a file"),
    "folder": ([None, ["a"]], "the path of a folder"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_value_is_refused_with_what_the_parameter_takes(name: str) -> None:
    values, noun = REFUSED[name]
    for value in values:
        for node in ({name: value}, OmegaConf.create({name: value})):
            with pytest.raises(LabkartError) as refusal:
                make(Every, node)
            assert str(refusal.value) == (
                f"conf/config.yaml: Every.{name} must be {noun}, got {value!r}."
            )


def test_every_kind_of_luigi_and_gokart_is_in_the_table() -> None:
    assert {name for name, _ in Every.get_params()} == set(REFUSED)
    kinds = {type(parameter) for _, parameter in Every.get_params()}
    for package in (luigi, luigi.parameter, gokart):
        for kind in vars(package).values():
            if not (isinstance(kind, type) and issubclass(kind, luigi.Parameter)):
                continue
            is_covered = any(issubclass(kind, known) or known is kind for known in kinds)
            assert is_covered or kind.__name__ in OTHERS, kind


# Its own class alone knows what it takes; upstream tasks are in test_make.py.
OTHERS = {
    *("Parameter", "OptionalParameter", "OptionalStrParameter", "OptionalPathParameter"),
    *("OptionalBoolParameter", "OptionalFloatParameter", "OptionalDictParameter"),
    *("OptionalTupleParameter", "OptionalChoiceParameter", "NumericalParameter"),
    *("_DateParameterBase", "_DatetimeParameterBase", "SerializableParameter"),
    *("TaskInstanceParameter", "ListTaskInstanceParameter"),
}


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [("choice", "sag", "saga"), ("kernel", "Linear", None), ("kernel", "RADIA", "RADIAL")],
)
def test_the_closest_choice_is_offered(name: str, value: str, hint: str | None) -> None:
    with pytest.raises(LabkartError) as refusal:
        make(Every, {name: value})
    assert str(refusal.value).endswith(f'Did you mean "{hint}"?' if hint else f"got {value!r}.")


@pytest.mark.parametrize(
    ("file", "overrides", "place"),
    [
        ("conf/config.yaml", [], "conf/config.yaml"),
        ("conf/model/forest.yaml", [], "conf/model/forest.yaml"),
        ("conf/experiment/large.yaml", ["experiment=large"], "conf/experiment/large.yaml"),
        ("", ["+model.params.ngram=1"], "+model.params.ngram=1"),
    ],
)
def test_a_wrong_value_is_found_where_it_was_written(
    file: str, overrides: list[str], place: str, root: Path
) -> None:
    write(root, **{"conf/model/forest.yaml": "params: {}\n"})
    if file:
        start = "# @package _global_\n" if "experiment" in file else ""
        text = "params: {ngram: 1}\n" if "forest" in file else "model: {params: {ngram: 1}}\n"
        old = (root / file).read_text(encoding="utf-8") if file == "conf/config.yaml" else start
        write(root, **{file: old + text})
    with pytest.raises(
        LabkartError,
        match=rf"^{re.escape(place)}: Every\.ngram must be a list, as \[1, 2\], got 1\.$",
    ):
        make(Every, compose(*overrides).model.params)


def test_a_schema_of_the_students_own_says_what_is_wrong() -> None:
    class WithSchema(Task[int]):
        layers: luigi.ListParameter[Any] = luigi.ListParameter(
            schema={"type": "array", "items": {"type": "integer"}}
        )

    with pytest.raises(LabkartError, match=r"layers does not take \['x'\]: 'x' is not of type"):
        make(WithSchema, {"layers": ["x"]})


def test_a_parameter_of_the_students_own_says_what_is_wrong() -> None:
    class Even(luigi.Parameter[int]):
        def parse(self, x: str) -> int:
            if int(x) % 2:
                raise ValueError("odd")
            return int(x)

    class WithEven(Task[int]):
        pairs: Even = Even()

    assert parameter_kind(Even()) is None
    assert make(WithEven, {"pairs": 2}).pairs == 2
    with pytest.raises(LabkartError, match=r"WithEven\.pairs does not take 3: odd\.$"):
        make(WithEven, {"pairs": 3})


class ListedPart(Task[int]):
    def run(self) -> None:
        self.dump(1)


class ListedWhole(Task[int]):
    parts: gokart.ListTaskInstanceParameter[ListedPart] = gokart.ListTaskInstanceParameter(
        expected_elements_type=ListedPart
    )


@pytest.mark.parametrize(
    ("parts", "got"),
    [(5, "an int"), (ListedPart(), "a ListedPart"), ([ListedPart(), 5], "an int"), ("ab", "a str")],
)
def test_a_list_of_tasks_takes_only_such_tasks(parts: Any, got: str) -> None:
    with pytest.raises(
        LabkartError,
        match=rf"^pipeline: ListedWhole\.parts must be a list of tasks of class ListedPart, got {got}\. "
        r"Give it \[make\(\.\.\.\), make\(\.\.\.\)\]\.$",
    ):
        make(ListedWhole, parts=parts)
    assert make(ListedWhole, parts=[ListedPart()]).parts == (ListedPart(),)


class Changes(Task[int]):
    layers: luigi.ListParameter[Any] = luigi.ListParameter(default=("a", "b"))
    options: luigi.DictParameter = luigi.DictParameter(default={"a": 1})
    seed: luigi.IntParameter = luigi.IntParameter(default=0)
    change: luigi.StrParameter = luigi.StrParameter()

    def run(self) -> None:
        layers: Any = self.layers
        options: Any = self.options
        match self.change:
            case "add":
                layers = [1] + layers  # noqa: RUF005 (as a student writes it)
            case "append":
                layers.append(1)
            case "columns":
                pd.DataFrame({"a": [1]})[layers]
            case "set":
                options["a"] = 2
            case "json":
                json.dumps(options)
            case _:
                raise ValueError("of another kind")


LIST = "self.layers is a tuple; list(self.layers) is a list."
DICT = "self.options cannot change; dict(self.options) is a dict."


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ("add", LIST),
        ("append", LIST),
        ("columns", LIST),
        ("set", DICT),
        ("json", DICT),
        ("else", "ValueError: of another kind"),
    ],
)
def test_an_error_about_a_frozen_list_says_how_to_change_it(change: str, note: str) -> None:
    task = Changes(change=change)
    with pytest.raises((TypeError, AttributeError, KeyError, ValueError)):
        task.run()
    record = task.last_record()
    assert record and record.error and record.traceback
    assert record.error.endswith(note)
    assert record.traceback.rstrip().endswith(note)
