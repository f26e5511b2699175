"""The numbers of a report as they are printed, in a table and in the running text."""

import re
from dataclasses import dataclass

from labkart.results.report.line import Line
from labkart.results.report.paired import PairedTest
from labkart.results.report.rounding import decimal_places, format_plainly, round_to
from labkart.results.report.statistics import Interval


@dataclass(frozen=True)
class PrintedLine:
    """The numbers of a group and metric, rounded by their deviation.

    Attributes:
        mean: of its values; "-" without any.
        deviation: that of the sample; empty if there is none.
        interval: of the mean; "-" if there is none.
    """

    mean: str
    deviation: str
    interval: str

    @property
    def mean_and_deviation(self) -> str:
        """Both in one cell."""
        return f"{self.mean} ± {self.deviation}" if self.deviation else self.mean

    @classmethod
    def of(cls, line: Line, digits: int) -> "PrintedLine":
        """Round the numbers of a line.

        Args:
            line: a group's values of one metric.
            digits: the significant digits of a mean whose deviation does not tell them.
        """
        if line.mean is None:
            return cls("-", "", "-")
        places = decimal_places(line.deviation or 0.0)
        if places is None:
            return cls(format_plainly(line.mean, digits), "0" if line.deviation == 0 else "", "-")
        mean, deviation = (round_to(number, places) for number in (line.mean, line.deviation or 0))
        return cls(mean, deviation, _interval(line.interval, places) if line.interval else "-")


def difference(test: PairedTest) -> str:
    """The difference of a test, with its sign and its interval."""
    half = (test.interval.high - test.interval.low) / 2 if test.interval else 0.0
    places = decimal_places(half)
    text = format_plainly(test.difference) if places is None else round_to(test.difference, places)
    if test.interval and places is not None:
        text += f" {_interval(test.interval, places)}"
    return f"+{text}" if test.difference > 0 else text


def _interval(interval: Interval, places: int) -> str:
    return f"[{round_to(interval.low, places)}, {round_to(interval.high, places)}]"


def with_minus_signs(text: str) -> str:
    """The text with minus signs instead of hyphens before numbers."""
    return re.sub(r"(?<![\w.])-(?=[\d.])", "\N{MINUS SIGN}", text)
