"""Intervals and Holm's correction, against scipy called in another way."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from labkart.results.report import statistics
from labkart.results.report.statistics import Interval
from tests.results.report.test_paired import FIRST


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


def test_an_interval_is_students() -> None:
    low, high = stats.ttest_1samp(FIRST, 0).confidence_interval(0.95)
    found = statistics.interval(FIRST)
    assert found
    assert (found.low, found.high) == pytest.approx((low, high))


def test_a_bootstrap_interval_is_that_of_resamples_in_whatever_order_the_values_are() -> None:
    kind = "bootstrap"
    found = statistics.interval(FIRST, kind)
    assert found
    for seed in range(5):
        assert statistics.interval(random.Random(seed).sample(FIRST, 10), kind) == found
    resampled = np.random.default_rng(1).choice(FIRST, (20_000, 10)).mean(axis=1)
    assert (found.low, found.high) == pytest.approx(np.quantile(resampled, [0.025, 0.975]), abs=0.1)
    skewed = [1.0, 1.1, 1.2, 1.0, 1.3, 1.1, 1.2, 9.0]
    corrected = statistics.interval(skewed, kind)
    plain = np.quantile(np.random.default_rng(1).choice(skewed, (20_000, 8)).mean(axis=1), 0.975)
    assert corrected and corrected.high > plain + 0.3, "BCa follows the skewness"


def test_one_value_has_no_interval_and_equal_ones_have_no_width() -> None:
    assert statistics.interval([0.5]) is None
    assert statistics.interval([0.5, 0.5, 0.5]) == Interval(0.5, 0.5)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), 1.7e308])
def test_values_that_are_not_finite_have_no_interval(odd: float) -> None:
    assert statistics.interval([odd, odd, 1.0, -1.0]) is None
