"""A group's values of one metric: their mean, its interval, and the test against a baseline.

Also how they are ranked and printed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose, isfinite

from labkart.records.direction import Direction
from labkart.records.seeds import Group
from labkart.results.report.paired import PairedTest
from labkart.results.report.rounding import (
    decimal_places,
    digits_to_tell_apart,
    format_interval,
    format_plainly,
    round_to,
)
from labkart.results.report.statistics import Interval


@dataclass
class Pair:
    """Two groups and the test of their difference."""

    metric: str  # what is tested
    group: Group  # the one from whose values the other's are taken away
    baseline: Group  # the other one
    test: PairedTest  # of the metric
    # Of that test, corrected for all tests of the primary metrics if this is one of them.
    p: float | None = None


@dataclass
class Line:
    """A group's values of one metric."""

    group: Group
    values: list[float]  # one per finished run
    mean: float | None  # None without any value
    deviation: float | None  # the standard deviation of the sample; None for less than two values
    interval: Interval | None  # of the mean
    best: bool = False  # whether no other group has a better mean
    # With the baseline; None for the baseline itself, and if there is no baseline.
    pair: Pair | None = None

    @property
    def test(self) -> PairedTest | None:
        """The test against the baseline."""
        return self.pair.test if self.pair else None

    @property
    def p(self) -> float | None:
        """The p-value of that test, corrected if it belongs to the family of tests."""
        return self.pair.p if self.pair else None

    @property
    def finite_mean(self) -> float | None:
        """The mean; None also if it is not finite."""
        return self.mean if self.mean is not None and isfinite(self.mean) else None


def rank_lines(lines: Sequence[Line], direction: Direction) -> list[Line]:
    """The lines of a metric and data set, the best first and marked, those without a mean last."""
    ranked = sorted(
        lines, key=lambda line: (line.finite_mean is None, -direction * (line.finite_mean or 0))
    )
    finite = [line for line in ranked if line.finite_mean is not None]
    if direction and len(finite) > 1:
        for line in finite:
            line.best = _print_alike(line, finite[0])
    return ranked


def _print_alike(line: Line, other: Line) -> bool:
    """Whether a reader cannot tell two means apart, to the digits of the less certain one."""
    first, second = line.mean or 0.0, other.mean or 0.0
    places = [decimal_places(one.deviation or 0.0) for one in (line, other)]
    known = [place for place in places if place is not None]
    if isclose(first, second) or not known:
        return isclose(first, second)
    return round_to(first, min(known)) == round_to(second, min(known))


@dataclass(frozen=True)
class PrintedLine:
    """The numbers of a line as they are printed, rounded by their deviation."""

    mean: str  # of its values; "-" without any
    deviation: str = ""  # that of the sample; empty if there is none
    interval: str = "-"  # of the mean; "-" if there is none

    @property
    def mean_and_deviation(self) -> str:
        """Both in one cell."""
        return f"{self.mean} ± {self.deviation}" if self.deviation else self.mean


def print_lines(lines: Sequence[Line]) -> list[PrintedLine]:
    """The lines of a metric in print; means without a deviation have digits that differ."""
    digits = digits_to_tell_apart([line.mean for line in lines if line.mean is not None])
    return [_print_line(line, digits) for line in lines]


def _print_line(line: Line, digits: int) -> PrintedLine:
    if line.mean is None:
        return PrintedLine("-")
    places = decimal_places(line.deviation or 0.0)
    if places is None:
        return PrintedLine(format_plainly(line.mean, digits), "0" if line.deviation == 0 else "")
    mean, deviation = round_to(line.mean, places), round_to(line.deviation or 0.0, places)
    interval = format_interval(line.interval, places) if line.interval else "-"
    return PrintedLine(mean, deviation, interval)
