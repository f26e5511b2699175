"""What each kind of parameter takes, in words and as Python types. Converts nothing."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import gokart
import luigi
from luigi.date_interval import DateInterval

from labkart._compat import parameter_choices, parameter_range
from labkart.language import join_sentences, translate
from labkart.tasks.data_files import DataFile, DataFolder
from labkart.wording import nearest


@dataclass(frozen=True)
class ParameterKind:
    """What a parameter takes.

    Attributes:
        noun: in words, with an example where one helps; of the choices and the range.
        types: the types of its values.
    """

    noun: Callable[..., str]
    types: tuple[type, ...]


_TIME = (datetime,)
# A class comes before those that it inherits from.
_KINDS: dict[type, ParameterKind] = {
    luigi.BoolParameter: ParameterKind(lambda **_: translate("true or false"), (bool,)),
    luigi.IntParameter: ParameterKind(lambda **_: translate("an integer"), (int,)),
    luigi.FloatParameter: ParameterKind(lambda **_: translate("a number"), (float,)),
    luigi.StrParameter: ParameterKind(lambda **_: translate("a string"), (str,)),
    luigi.ListParameter: ParameterKind(lambda **_: translate("a list, as [1, 2]"), (list, tuple)),
    luigi.DictParameter: ParameterKind(
        lambda **_: translate("a dictionary (name: value)"), (Mapping,)
    ),
    luigi.ChoiceListParameter: ParameterKind(
        lambda **values: translate("a list of {choices}", **values), (tuple,)
    ),
    luigi.EnumListParameter: ParameterKind(
        lambda **values: translate("a list of {choices}", **values), (tuple,)
    ),
    luigi.ChoiceParameter: ParameterKind(
        lambda **values: translate("one of {choices}", **values), (object,)
    ),
    luigi.EnumParameter: ParameterKind(
        lambda **values: translate("one of {choices}", **values), (Enum,)
    ),
    luigi.NumericalParameter: ParameterKind(lambda **values: values["range"], (int, float)),
    luigi.MonthParameter: ParameterKind(lambda **_: translate("a month, as 2026-11"), (date,)),
    luigi.YearParameter: ParameterKind(lambda **_: translate("a year, as 2026"), (date,)),
    luigi.DateParameter: ParameterKind(lambda **_: translate("a date, as 2026-11-29"), (date,)),
    luigi.DateHourParameter: ParameterKind(
        lambda **_: translate("a date with an hour, as 2026-11-29T13"), _TIME
    ),
    luigi.DateMinuteParameter: ParameterKind(
        lambda **_: translate("a date with a time, as 2026-11-29T1305"), _TIME
    ),
    luigi.DateSecondParameter: ParameterKind(
        lambda **_: translate("a date with a time, as 2026-11-29T130500"), _TIME
    ),
    gokart.ZonedDateSecondParameter: ParameterKind(
        lambda **_: translate("a date with a time and a zone, as 2026-11-29T13:05:00+09:00"), _TIME
    ),
    luigi.DateIntervalParameter: ParameterKind(
        lambda **_: translate("a span of dates, as 2026-11 or 2026-11-01-2026-11-29"),
        (DateInterval,),
    ),
    luigi.TimeDeltaParameter: ParameterKind(
        lambda **_: translate("a time, as 5 minutes or 2 h 30 m"), (timedelta,)
    ),
    luigi.TaskParameter: ParameterKind(
        lambda **_: translate("the name of a task's class"), (type,)
    ),
    DataFolder: ParameterKind(lambda **_: translate("the path of a folder"), (Path,)),
    DataFile: ParameterKind(lambda **_: translate("the path of a file"), (Path,)),
    luigi.PathParameter: ParameterKind(lambda **_: translate("a path"), (Path, str)),
}


def parameter_kind(parameter: luigi.Parameter[Any]) -> ParameterKind | None:
    """What a parameter takes; None if only its own class knows."""
    if type(parameter) in (luigi.Parameter, luigi.OptionalParameter, luigi.OptionalStrParameter):
        return _KINDS[luigi.StrParameter]
    return next((_KINDS[kind] for kind in _KINDS if isinstance(parameter, kind)), None)


def note_frozen_values(task: luigi.Task, error: BaseException) -> None:
    """Add to an error that is about a tuple that luigi keeps lists so, and dictionaries frozen."""
    if not isinstance(error, TypeError | AttributeError | ValueError | KeyError):
        return
    text = str(error)
    for name, parameter in task.get_params():
        value = getattr(task, name, None)
        if isinstance(parameter, luigi.DictParameter) and "FrozenOrderedDict" in text:
            error.add_note(
                translate("self.{name} cannot change; dict(self.{name}) is a dict.", name=name)
            )
        is_meant = re.search(r"\btuple\b", text) or (value and repr(value) in text)
        if isinstance(parameter, luigi.ListParameter) and isinstance(value, tuple) and is_meant:
            error.add_note(
                translate("self.{name} is a tuple; list(self.{name}) is a list.", name=name)
            )


def describe_refusal(
    name: str, parameter: luigi.Parameter[Any], value: Any, kind: ParameterKind
) -> str:
    """What a parameter must be instead of a value: "trees must be an integer, got 2.5."."""
    choices = [str(choice) for choice in parameter_choices(parameter)]
    noun = kind.noun(choices=", ".join(choices), range=parameter_range(parameter))
    problem = translate("{name} must be {noun}, got {value!r}.", name=name, noun=noun, value=value)
    hint = nearest(value, choices) if isinstance(value, str) else ""
    return join_sentences(problem, hint)
