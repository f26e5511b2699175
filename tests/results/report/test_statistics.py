"""Statistics, against published worked examples and against scipy called in another way."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from labkart.results.report import statistics

# "Student", The probable error of a mean, Biometrika 6 (1908): hours of sleep gained with two drugs by ten patients.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]

# Hollander & Wolfe, Nonparametric Statistical Methods (1973), page 29: depression before and after a tranquilizer.
BEFORE = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]


def test_the_paired_t_test_of_students_own_example() -> None:
    found = statistics.paired_test(SECOND, FIRST)
    assert found.difference == pytest.approx(1.58)
    assert found.p == pytest.approx(0.00283, abs=5e-6)
    assert found.interval
    assert (found.interval.low, found.interval.high) == pytest.approx((0.7001, 2.4599), abs=5e-5)
    assert found.effect == pytest.approx(4.0621 / sqrt(10), abs=5e-5), "t is d times the root of n"
    assert (found.pairs, found.obstacle) == (10, "")


def test_wilcoxons_test_of_a_textbooks_example() -> None:
    found = statistics.paired_test(BEFORE, AFTER, "wilcoxon")
    assert found.p == pytest.approx(2 * 0.01953, abs=1e-5), "exact; the book's is one-sided"
    assert found.effect == pytest.approx((40 - 5) / 45), "40 of the 45 ranks go one way"


def test_holms_correction_of_four_tests() -> None:
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([0.6, 0.9]) == [1.0, 1.0]
    assert statistics.holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_lies_between_no_correction_and_bonferronis(ps: list[float]) -> None:
    corrected = statistics.holm(ps)
    for p, after in zip(ps, corrected, strict=True):
        assert p <= after <= min(1.0, len(ps) * p) + 1e-12
    order = np.argsort(ps, kind="stable")
    assert all(
        a <= b
        for a, b in zip(np.array(corrected)[order], np.array(corrected)[order][1:], strict=False)
    )


def test_an_interval_is_students_or_that_of_resamples() -> None:
    low, high = stats.ttest_1samp(FIRST, 0).confidence_interval(0.9)
    found = statistics.interval(FIRST, "t", 0.9)
    assert found
    assert (found.low, found.high) == pytest.approx((low, high))
    again = statistics.interval(FIRST, "bootstrap", 0.9)
    assert again
    assert again == statistics.interval(FIRST, "bootstrap", 0.9), "the same each time"
    assert again != found
    resampled = np.random.default_rng(1).choice(FIRST, (20_000, 10)).mean(axis=1)
    assert (again.low, again.high) == pytest.approx(np.quantile(resampled, [0.05, 0.95]), abs=0.05)


def test_one_value_has_no_interval_and_equal_ones_have_no_width() -> None:
    assert statistics.interval([0.5]) is None
    assert statistics.interval([0.5, 0.5, 0.5]) == statistics.Interval(0.5, 0.5)


@pytest.mark.parametrize(("test", "fewest"), statistics.FEWEST.items())
def test_too_few_pairs_are_no_basis_for_a_test(test: str, fewest: int) -> None:
    few, enough = SECOND[: fewest - 1], SECOND[:fewest]
    found = statistics.paired_test(few, FIRST[: fewest - 1], test)
    assert (found.p, found.effect) == (None, None)
    assert found.obstacle == f"{fewest - 1} pairs, {fewest} are needed"
    assert statistics.paired_test(enough, FIRST[:fewest], test).p is not None


def test_differences_without_any_spread_have_no_test() -> None:
    found = statistics.paired_test([2.0, 3.0, 4.0], [1.0, 2.0, 3.0])
    assert (found.difference, found.p, found.obstacle) == (
        1.0,
        None,
        "all differences are the same",
    )
    assert statistics.paired_test([], []).obstacle == "no pair"


def test_differences_that_are_the_same_but_for_rounding_have_no_test() -> None:
    found = statistics.paired_test([0.9, 0.8, 0.7], [0.85, 0.75, 0.65])
    assert (found.p, found.effect, found.obstacle) == (None, None, "all differences are the same")


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), 1e308])
def test_values_that_are_not_finite_have_no_interval_and_no_test(odd: float) -> None:
    values = [odd, odd, 1.0, -1.0]
    assert statistics.interval(values) is None
    found = statistics.paired_test(values, [1.0, 2.0, 3.0, 5.0])
    assert (found.p, found.obstacle) == (None, "not all values are finite")
