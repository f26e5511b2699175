"""A group's values of one metric: their mean, its interval, and the test against a baseline."""

from dataclasses import dataclass
from math import isfinite

from labkart.records.seeds import Group
from labkart.results.report.paired import PairedTest
from labkart.results.report.pairs import Pair
from labkart.results.report.rounding import Measured
from labkart.results.report.statistics import Interval


@dataclass
class Line:
    """A group's values of one metric.

    Attributes:
        group: the group.
        values: one per finished run.
        mean: None without any value.
        deviation: the standard deviation of the sample; None for less than two values.
        interval: of the mean, at the config's level.
        best: whether no other group has a better mean.
        pair: with the baseline; None for the baseline itself, and if there is no baseline.
    """

    group: Group
    values: list[float]
    mean: float | None
    deviation: float | None
    interval: Interval | None
    best: bool = False
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
    def measured(self) -> Measured:
        """The mean with its deviation."""
        return Measured(self.mean or 0.0, self.deviation or 0.0)

    @property
    def finite_mean(self) -> float | None:
        """The mean; None also if it is not finite."""
        return self.mean if self.mean is not None and isfinite(self.mean) else None
