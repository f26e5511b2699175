"""The space of a search: Hydra's ranges as Optuna's distributions, and a trial's values as words of a command."""

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
        name: as a word of the command begins, `model.params.trees`.
        text: its range as it was written.
        values: what it can be; nothing where that is an interval.
        words: each of the values as the command says it, where the two differ.
    """

    name: str
    text: str
    distribution: BaseDistribution
    values: Sequence[Any] | None
    words: Sequence[str] | None = None

    def word(self, value: Any) -> str:
        """The word that gives it a value."""
        if self.words is not None and self.values is not None:
            near = [
                math.isclose(value, each) if isinstance(value, float) else value == each
                for each in self.values
            ]
            return f"{self.name}={self.words[near.index(True)]}"
        return f"{self.name}={value}"

    @property
    def first(self) -> Any:
        if self.values is not None:
            return self.values[0]
        return self.distribution.to_external_repr(getattr(self.distribution, "low"))  # noqa: B009 (not of the base)


class Space:
    """All settings that are searched, by name.

    Raises:
        LabkartError: a setting has no values, cannot be understood or is named twice.
    """

    def __init__(self, written: Mapping[str, object], words: Sequence[str], place: str) -> None:
        self._parser, self._place = OverridesParser.create(), place
        self.settings = [self._setting(name, text) for name, text in written.items()]
        if not self.settings:
            raise LabkartError(
                f"{place}: the space is empty. Name a setting and its values: seed: range(10)"
            )
        self._check_that_none_is_there_twice(words)

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Each setting's, by its name."""
        return {each.name: each.distribution for each in self.settings}

    @property
    def grid(self) -> dict[str, Sequence[Any]]:
        """All values of each setting.

        Raises:
            LabkartError: one of them is an interval, which has no end of values.
        """
        for each in self.settings:
            if each.values is None:
                remedy = "Write a range(...) or choice(...), or take another sampler"
                raise LabkartError(
                    f"{self._place}: a grid cannot try all of {each.name}: {each.text}. {remedy}."
                )
        return {each.name: each.values for each in self.settings if each.values is not None}

    def words(self, params: Mapping[str, Any]) -> list[str]:
        """A trial's values as words of a command, in the order of the file."""
        return [each.word(params[each.name]) for each in self.settings]

    def examples(self) -> Iterator[dict[str, Any]]:
        """Values that show everything which a trial can meet: the first of each, then each other choice by itself."""
        first = {each.name: each.first for each in self.settings}
        yield first
        for each in self.settings:
            if isinstance(each.distribution, CategoricalDistribution):
                yield from (first | {each.name: value} for value in each.distribution.choices[1:])

    def _setting(self, name: str, text: object) -> Setting:
        wrong = f"{self._place}: {name}: {text}"
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
            said = str(error.__cause__ or error).splitlines()[0]
            raise LabkartError(f"{wrong} cannot be understood ({said}). {_HOW}.") from None
        except ValueError as error:
            raise LabkartError(f"{wrong}: {str(error) or 'there are no values in it'}.") from None
        raise LabkartError(f"{wrong} is no range of values. {_HOW}.")

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
        numbers, words = (
            [float(each) for each in sweep.range()],
            list(override.sweep_string_iterator()),
        )
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

    def _check_that_none_is_there_twice(self, words: Sequence[str]) -> None:
        """Neither in the space, under two spellings or as a part of another one, nor in the command."""
        named = sorted(map(plain, (each.name for each in self.settings)))
        for one, other in pairwise(named):
            if other == one:
                raise LabkartError(
                    f"{self._place}: the space names {one} twice. Remove one of them."
                )
        for word in words:
            if plain(word) in named:
                remedy = "Leave it out here, or remove it from the space"
                raise LabkartError(
                    f"{word}: the search tries values of {plain(word)} itself. {remedy}."
                )


def plain(word: str) -> str:
    """The setting that a word of a command names, however it is spelt: `+/model=forest` is `model`."""
    return re.split("[=@]", word.lstrip("+~/"))[0].replace("/", ".")
