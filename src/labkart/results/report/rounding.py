"""Numbers in print: with the digits that their uncertainty allows, or that tell them apart."""

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from math import floor, isclose, isfinite, log10

from labkart.results.report.statistics import Interval

# Larger numbers, and more decimal places, are written with an exponent.
_LARGE, _MOST_PLACES = 1e9, 9
_DIGITS, _MOST_DIGITS = 4, 17  # of a number without uncertainty; 17 tell all numbers apart


def decimal_places(uncertainty: float) -> int | None:
    """The decimal places to which a value is known; None if the uncertainty is not positive.

    The rule of the Particle Data Group (Review of Particle Physics, introduction 5.3): if the three
    highest digits of the uncertainty are up to 354, keep two digits, up to 949 one; above, round up
    to 1000 and keep two. Negative places are left of the decimal point.
    """
    size = Decimal(repr(float(uncertainty)))
    if not size.is_finite() or size <= 0:
        return None
    exponent = size.adjusted()
    highest = int((size.scaleb(2 - exponent)).to_integral_value())
    return 1 - exponent if highest <= 354 else -exponent


def round_to(value: float, places: int) -> str:
    """A value with so many decimal places; negative places become zeros."""
    if not isfinite(value):
        return str(value)
    if abs(value) >= _LARGE or places > _MOST_PLACES:
        return f"{value:.3e}"
    text = f"{round(value, places):.{max(places, 0)}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def format_plainly(value: float, digits: int = _DIGITS) -> str:
    """A value without a known uncertainty, with so many significant digits."""
    if value == 0 or not isfinite(value):
        return f"{value:g}"
    if float(value).is_integer() and abs(value) < 1e6:
        return f"{value:.0f}"
    exponent = Decimal(repr(float(value))).adjusted()
    if -5 < exponent < 6:
        return f"{value:.{max(digits - 1 - exponent, 0)}f}"
    return f"{value:.{digits - 1}e}"


def format_interval(interval: Interval, places: int) -> str:
    """An interval with so many decimal places."""
    return f"[{round_to(interval.low, places)}, {round_to(interval.high, places)}]"


def format_difference(difference: float, interval: Interval | None) -> str:
    """A difference with its sign and its interval, which tells its digits."""
    places = decimal_places((interval.high - interval.low) / 2) if interval else None
    text = format_plainly(difference) if places is None else round_to(difference, places)
    sign = "+" if difference > 0 else ""
    if interval and places is not None:
        text += f" {format_interval(interval, places)}"
    return f"{sign}{text}"


def with_minus_signs(text: str) -> str:
    """The text with minus signs instead of hyphens before numbers."""
    return re.sub(r"(?<![\w.])-(?=[\d.])", "\N{MINUS SIGN}", text)


def format_p(p: float | None) -> str:
    """A p-value, with three decimal places."""
    if p is None:
        return "-"
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def p_text(p: float | None) -> str:
    """A p-value in a sentence: `p = 0.012`, or `p < 0.001`."""
    number = format_p(p)
    return f"p < {number[1:]}" if number.startswith("<") else f"p = {number}"


def digits_to_tell_apart(values: Sequence[float]) -> int:
    """The significant digits with which different values look different, four at least."""
    finite = sorted(value for value in values if isfinite(value))
    different = [pair for pair in pairwise(finite) if not isclose(*pair)]
    for digits in range(_DIGITS, _MOST_DIGITS):
        if all(format_plainly(a, digits) != format_plainly(b, digits) for a, b in different):
            return digits
    return _MOST_DIGITS


def in_whole_units(values: Sequence[float], size: float) -> list[float]:
    """Values, or differences, of numbers of this size in about 10^-12 of it, as whole numbers.

    Those that are meant to be equal are, as 0.3 - 0.2 and 0.1, and their sums are exact.
    """
    unit = 10.0 ** (floor(log10(size)) - 12) if size else 0.0
    return [float(round(value / unit)) for value in values] if unit else list(values)
