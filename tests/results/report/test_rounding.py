"""Numbers as a report prints them: with the digits that their uncertainty allows."""

import pytest

from labkart.results.report import rounding


# The first two are the worked examples of the Particle Data Group's rule.
@pytest.mark.parametrize(
    ("value", "uncertainty", "printed"),
    [
        (0.827, 0.119, "0.83 ± 0.12"),
        (0.827, 0.367, "0.8 ± 0.4"),
        (0.827, 0.0967, "0.83 ± 0.10"),
        (12345.6, 234, "12350 ± 230"),
        (-0.0004, 0.02, "0.000 ± 0.020"),
        (9.995, 0.012, "9.995 ± 0.012"),
    ],
)
def test_a_value_has_the_digits_that_its_uncertainty_allows(
    value: float, uncertainty: float, printed: str
) -> None:
    places = rounding.decimal_places(uncertainty)
    assert places is not None
    assert " ± ".join(rounding.round_to(each, places) for each in (value, uncertainty)) == printed


@pytest.mark.parametrize("nothing", [0.0, float("nan"), float("inf"), -1.0])
def test_what_is_no_uncertainty_gives_no_digits(nothing: float) -> None:
    assert rounding.decimal_places(nothing) is None


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.98601, "0.9860"),
        (0.0, "0"),
        (12.0, "12"),
        (1234.5678, "1235"),
        (1e-9, "1.000e-09"),
        (float("nan"), "nan"),
    ],
)
def test_a_value_without_uncertainty_has_four_digits(value: float, printed: str) -> None:
    assert rounding.format_plainly(value) == printed


@pytest.mark.parametrize(
    ("value", "places", "printed"), [(1e300, 0, "1.000e+300"), (2e-30, 31, "2.000e-30")]
)
def test_nobody_counts_the_digits_of_extreme_numbers(
    value: float, places: int, printed: str
) -> None:
    assert rounding.round_to(value, places) == printed
