"""A test's numbers as the texts of a table's cells."""

from labkart.results.report.paired import PairedTest
from labkart.results.report.rounding import decimal_places, format_p, format_plainly, round_to
from labkart.results.report.statistics import Interval


def test_cells(test: PairedTest | None, p: float | None, shows_pairs: bool) -> list[str]:
    """The number of pairs if it is shown, the difference, the p-value and the effect size.

    Args:
        test: empty cells if it is None, or has no pair.
        p: in place of the test's own, which is not corrected.
        shows_pairs: whether there is a column for the number of pairs.
    """
    if test is None or not test.pairs:
        return [""] * (3 + shows_pairs)
    half = (test.interval.high - test.interval.low) / 2 if test.interval else 0.0
    places = decimal_places(half)
    difference = test.difference
    text = format_plainly(difference) if places is None else round_to(difference, places)
    if test.interval and places is not None:
        text += f" {interval_cell(test.interval, places)}"
    sign = "+" if difference > 0 else ""
    effect = "-" if test.effect is None else f"{test.effect:.2f}"
    return [*[str(test.pairs)] * shows_pairs, f"{sign}{text}", format_p(p), effect]


def interval_cell(interval: Interval, places: int) -> str:
    """An interval's ends with so many decimal places."""
    return f"[{round_to(interval.low, places)}, {round_to(interval.high, places)}]"
