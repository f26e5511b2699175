"""The space of a search: Hydra's ranges as Optuna's distributions, and back to overrides."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from labkart.errors import LabkartError

_HOW = "Write range(1, 10), choice(a, b), interval(0.1, 1) or tag(log, interval(1e-3, 1))"


@dataclass(frozen=True)
class Setting:
    """One setting that is searched.

    Attributes:
        name: as an override begins, `model.params.trees`.
        text: its range as it was written.
        values: what it can be; None if that is an interval.
        words: each of the values as the command says it, if the two differ.
    """

    name: str
    text: str
    distribution: BaseDistribution
    values: Sequence[Any] | None
    words: Sequence[str] | None = None

    def word(self, value: Any) -> str:
        """The override that gives it a value."""
        if self.words is not None and self.values is not None:
            for text, candidate in zip(self.words, self.values, strict=True):
                is_close = isinstance(value, float) and math.isclose(value, candidate)
                if is_close or value == candidate:
                    return f"{self.name}={text}"
        return f"{self.name}={value}"

    @property
    def first(self) -> Any:
        """The value that comes first; of an interval its lower end."""
        if self.values is not None:
            return self.values[0]
        return self.distribution.to_external_repr(getattr(self.distribution, "low"))  # noqa: B009 (a choice has none)


class Space:
    """All settings that are searched, by name.

    Raises:
        LabkartError: a setting has no values, cannot be understood or is named twice.
    """

    def __init__(self, texts: Mapping[str, object], overrides: Sequence[str], path: str) -> None:
        self._parser = OverridesParser.create()
        self._path = path
        self.settings = [self._setting(name, text) for name, text in texts.items()]
        if not self.settings:
            raise LabkartError(
                f"{path}: the space is empty. Name a setting and its values: seed: range(10)"
            )
        self._check_names(overrides)

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Each setting's, by its name."""
        return {setting.name: setting.distribution for setting in self.settings}

    @property
    def grid(self) -> dict[str, Sequence[Any]]:
        """All values of each setting.

        Raises:
            LabkartError: one of them is an interval, which has no end of values.
        """
        values: dict[str, Sequence[Any]] = {}
        for setting in self.settings:
            if setting.values is None:
                remedy = "Write a range(...) or choice(...), or take another sampler"
                name = f"{setting.name}: {setting.text}"
                raise LabkartError(f"{self._path}: a grid cannot try all of {name}. {remedy}.")
            values[setting.name] = setting.values
        return values

    def words(self, params: Mapping[str, Any]) -> list[str]:
        """A trial's values as overrides, in the order of the file."""
        return [setting.word(params[setting.name]) for setting in self.settings]

    def examples(self) -> Iterator[dict[str, Any]]:
        """Values that show everything which a trial can meet.

        They are the first value of each setting, and then each other choice by itself.
        """
        first = {setting.name: setting.first for setting in self.settings}
        yield first
        for setting in self.settings:
            if isinstance(setting.distribution, CategoricalDistribution):
                for value in setting.distribution.choices[1:]:
                    yield first | {setting.name: value}

    def _setting(self, name: str, text: object) -> Setting:
        source = f"{self._path}: {name}: {text}"
        try:
            override = self._parser.parse_override(f"{name}={text}")
            value = override.value()
            if isinstance(value, RangeSweep):
                return self._range(name, str(text), value, override)
            if isinstance(value, ChoiceSweep):
                words = list(dict.fromkeys(override.sweep_string_iterator()))
                return Setting(name, str(text), CategoricalDistribution(words), words)
            if isinstance(value, IntervalSweep):
                return Setting(name, str(text), self._interval(value), None)
        except HydraException as error:
            reason = str(error.__cause__ or error).splitlines()[0]
            raise LabkartError(f"{source} cannot be understood ({reason}). {_HOW}.") from None
        except ValueError as error:
            raise LabkartError(f"{source}: {str(error) or 'there are no values in it'}.") from None
        raise LabkartError(f"{source} is not a range of values. {_HOW}.")

    def _range(self, name: str, text: str, sweep: RangeSweep, override: Override) -> Setting:
        start, stop, step = sweep.start, sweep.stop, sweep.step
        log = "log" in sweep.tags
        if start is None or stop is None or step == 0:
            raise ValueError("a range needs an end, and a step other than 0")
        if isinstance(start, int) and isinstance(stop, int) and isinstance(step, int):
            values = range(start, stop, step)
            values = values if step > 0 else values[::-1]
            if not values:
                raise ValueError
            self._check_log(log, values[0], values.step)
            return Setting(
                name, text, IntDistribution(values[0], values[-1], log, values.step), values
            )
        numbers = [float(number) for number in sweep.range()]
        words = list(override.sweep_string_iterator())
        pairs = sorted(zip(numbers, words, strict=True))
        if not pairs:
            raise ValueError
        self._check_log(log, pairs[0][0], abs(step))
        low, high = pairs[0][0], pairs[0][0] + abs(step) * (len(pairs) - 1)
        grid = [low + abs(step) * count for count in range(len(pairs))]
        return Setting(
            name,
            text,
            FloatDistribution(low, high, step=abs(step)),
            grid,
            [word for _, word in pairs],
        )

    def _interval(self, sweep: IntervalSweep) -> BaseDistribution:
        low, high, log = sweep.start, sweep.end, "log" in sweep.tags
        if low is None or high is None or low > high:
            raise ValueError
        self._check_log(log, low, 1)
        if isinstance(low, int) and isinstance(high, int):
            return IntDistribution(low, high, log)
        return FloatDistribution(low, high, log)

    def _check_log(self, log: bool, low: float, step: float) -> None:
        if log and low <= 0:
            raise ValueError("tag(log, ...) needs values above 0")
        if log and step != 1:
            raise ValueError("tag(log, ...) takes no step. Write tag(log, int(interval(1, 100)))")

    def _check_names(self, overrides: Sequence[str]) -> None:
        """Refuse a setting that the space names twice, in two spellings, or the command as well."""
        names = sorted(_setting_name(setting.name) for setting in self.settings)
        for name, next_name in pairwise(names):
            if name == next_name:
                raise LabkartError(
                    f"{self._path}: the space names {name} twice. Remove one of them."
                )
        for override in overrides:
            name = _setting_name(override)
            if name in names:
                remedy = "Leave it out here, or remove it from the space"
                raise LabkartError(
                    f"{override}: the search tries values of {name} itself. {remedy}."
                )


def _setting_name(override: str) -> str:
    """The setting of an override, however it is spelt: `+/model=forest` sets `model`."""
    return re.split("[=@]", override.lstrip("+~/"))[0].replace("/", ".")
