"""Numbers with the digits that their uncertainty allows."""

from decimal import Decimal

# Beyond these nobody counts digits.
_LARGE, _LARGE_PLACES = 1e9, 9


def decimals(uncertainty: float) -> int | None:
    """To how many decimal places a value is known; nothing where the uncertainty tells nothing (0, nan, inf).

    The rule is that of the Particle Data Group (Review of Particle Physics, introduction 5.3): of the uncertainty's
    three highest digits, up to 354 two digits are kept, up to 949 one, and above it is rounded up to 1000, two digits.
    Negative places are left of the point.
    """
    size = Decimal(repr(float(uncertainty)))
    if not size.is_finite() or size <= 0:
        return None
    exponent = size.adjusted()
    three = int((size.scaleb(2 - exponent)).to_integral_value())
    if three <= 354:
        return 1 - exponent
    return -exponent


def rounded(value: float, places: int) -> str:
    """A value to so many decimal places; those left of the point become zeros."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if abs(value) >= _LARGE or places > _LARGE_PLACES:
        return f"{value:.3e}"
    text = f"{round(value, places):.{max(places, 0)}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def plain(value: float) -> str:
    """A value of which no uncertainty is known: four digits that count."""
    if value != value or value == 0 or value in (float("inf"), float("-inf")):
        return f"{value:g}"
    if float(value).is_integer() and abs(value) < 1e6:
        return f"{value:.0f}"
    places = 3 - Decimal(repr(float(value))).adjusted()
    return rounded(value, places) if -3 < places < 8 else f"{value:.3e}"
