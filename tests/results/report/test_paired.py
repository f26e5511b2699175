"""Paired tests, against published worked examples and against scipy called in another way."""

import random
import tracemalloc
from itertools import product
from math import comb, sqrt

import numpy as np
import pytest
from scipy import stats

from labkart.results.report.paired import TESTS, paired_test

# "Student", The probable error of a mean, Biometrika 6 (1908): hours of sleep gained with two drugs by ten patients.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]

# Hollander & Wolfe, Nonparametric Statistical Methods (1973), page 29: depression before and after a tranquilizer.
BEFORE = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]


def test_the_paired_t_test_of_students_own_example() -> None:
    found = paired_test(SECOND, FIRST)
    assert found.difference == pytest.approx(1.58)
    assert found.p == pytest.approx(0.00283, abs=5e-6)
    assert found.interval
    assert (found.interval.low, found.interval.high) == pytest.approx((0.7001, 2.4599), abs=5e-5)
    assert found.effect == pytest.approx(4.0621 / sqrt(10), abs=5e-5), "t is d times the root of n"
    assert (found.pairs, found.obstacle) == (10, "")


def test_wilcoxons_test_of_a_textbooks_example() -> None:
    found = paired_test(BEFORE, AFTER, "wilcoxon")
    assert found.p == pytest.approx(2 * 0.01953, abs=1e-5), "exact; the book's is one-sided"
    assert found.effect == pytest.approx((40 - 5) / 45), "40 of the 45 ranks go one way"


# Rounded, two of these differences are equal up to their sign, twice, and one is 0.
TIED = [0.85, 0.91, 0.92, 0.68, 0.80, 0.73, 0.81, 0.74]
TIES = [0.86, 0.89, 0.88, 0.70, 0.80, 0.71, 0.78, 0.70]


def test_differences_that_are_equal_but_for_rounding_errors_have_the_same_rank() -> None:
    found = paired_test(TIED, TIES, "wilcoxon")
    assert (found.p, found.effect) == (pytest.approx(0.125), pytest.approx(0.714, abs=5e-4))
    assert paired_test(TIES, TIED, "wilcoxon").p == found.p


def test_pairs_without_a_difference_do_not_count_for_ranks_and_signs() -> None:
    same = [1.0] * 10
    for test in ("wilcoxon", "permutation", "mcnemar"):
        found = paired_test([0.0] * 5 + same, [1.0] * 5 + same, test)
        assert (found.pairs, found.p, found.obstacle) == (
            15,
            None,
            "too few pairs that differ, 5 of at least 6",
        )


@pytest.mark.thorough
def test_random_samples_have_scipys_p_values() -> None:
    """Of 40 pairs of samples: short and long, with and without ties, tiny and huge."""
    generator = np.random.default_rng(0)
    for number in range(40):
        count, scale = int(generator.integers(6, 40)), 10.0 ** generator.integers(-30, 30)
        first, second = np.add(generator.normal(size=(2, count)), [[generator.normal()], [0]])
        if number % 3 == 0:
            first, second = np.round(first, 1), np.round(second, 1)
        differences = np.round(first - second, 10)
        nonzero = differences[differences != 0]
        if len(nonzero) < 6:
            continue
        sample, base = list(first * scale), list(second * scale)
        assert paired_test(sample, base).p == pytest.approx(stats.ttest_rel(first, second).pvalue)
        ranked = paired_test(sample, base, "wilcoxon")
        exact = len(nonzero) > 13 and len({*np.abs(nonzero)}) == len(nonzero)
        expected = stats.wilcoxon(nonzero) if len(nonzero) > 13 or exact else _ranked(nonzero)
        assert ranked.p == pytest.approx(getattr(expected, "pvalue", expected), rel=1e-6)


def _ranked(differences: np.ndarray) -> float:
    """The p-value of ranks by counting all signs."""
    ranks = stats.rankdata(np.abs(differences))
    signs = np.array(list(product((-1, 1), repeat=len(ranks))))
    sums, found = signs @ ranks, abs(np.sign(differences) @ ranks)
    return float((np.abs(sums) >= found - 1e-9).mean())


def test_a_randomisation_test_of_few_pairs_counts_all_signs() -> None:
    differences = [a - b for a, b in zip(SECOND, FIRST, strict=True)]
    signs = np.array(list(product((-1, 1), repeat=10)))
    sums = np.abs(signs @ differences)
    expected = (sums >= abs(sum(differences)) - 1e-9).mean()
    assert paired_test(SECOND, FIRST, "permutation").p == pytest.approx(expected)


def test_a_randomisation_test_of_few_pairs_that_differ_is_exact_among_many_that_do_not() -> None:
    test = paired_test([1.0] * 8 + [0.0] * 135, [0.0] * 143, "permutation")
    assert (test.pairs, test.p) == (143, 2 / 2**8)


@pytest.mark.thorough
def test_thousands_of_items_fit_into_memory() -> None:
    generator = np.random.default_rng(0)
    items = [list(map(float, part)) for part in generator.normal(size=(2, 4000))]
    tracemalloc.start()
    test = paired_test(*items, "permutation", "bootstrap")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert test.p and test.interval and peak < 200e6


def test_differences_that_cancel_but_for_rounding_errors_are_no_evidence() -> None:
    few = [0.1, 0.2, -0.3, 0.7, -0.7, 0.4, -0.4]
    for differences in (few, few * 2):
        assert paired_test(differences, [0.0] * len(differences), "permutation").p == 1.0


def test_a_randomisation_test_of_many_pairs_does_not_depend_on_their_order() -> None:
    generator = random.Random(0)
    pairs = [(generator.gauss(0.2, 1), generator.gauss(0, 1)) for _ in range(40)]
    found = {
        paired_test(*zip(*random.Random(seed).sample(pairs, 40), strict=True), "permutation").p
        for seed in range(4)
    }
    (p,) = found
    close = stats.ttest_rel(*zip(*pairs, strict=True)).pvalue
    assert p == pytest.approx(close, abs=0.03)


def test_mcnemars_test_counts_the_items_that_one_alone_has_right() -> None:
    right, wrong = [1.0] * 15 + [0.0] * 5 + [1.0] * 80, [0.0] * 15 + [1.0] * 5 + [1.0] * 80
    found = paired_test(right, wrong, "mcnemar")
    tail = sum(comb(20, k) for k in range(6)) / 2**20
    assert (found.p, found.effect) == (pytest.approx(2 * tail), pytest.approx(15 / 20 - 0.5))
    assert paired_test([0.5] * 9, [1.0] * 9, "mcnemar").obstacle.startswith(
        "McNemar's test needs values of 0 and 1; the permutation test takes others"
    )


def test_folds_are_no_independent_samples() -> None:
    """Ten folds of ten: the variance of the mean is (1/10 + 1/9) of that of the differences."""
    found = paired_test(SECOND, FIRST, folds=10)
    differences = np.subtract(SECOND, FIRST)
    error = sqrt((1 / 10 + 1 / 9) * differences.var(ddof=1))
    assert found.p == pytest.approx(2 * stats.t.sf(differences.mean() / error, 9))
    assert found.plain_p == pytest.approx(0.00283, abs=5e-6)
    assert found.interval
    half = stats.t.ppf(0.975, 9) * error
    assert found.interval.high - found.difference == pytest.approx(half)


def test_the_interval_of_a_difference_is_the_one_that_is_asked_for() -> None:
    students = paired_test(SECOND, FIRST).interval
    resampled = paired_test(SECOND, FIRST, interval_method="bootstrap").interval
    assert students and resampled and students != resampled


@pytest.mark.parametrize("test", ["t", "wilcoxon", "permutation"])
def test_too_few_pairs_are_no_basis_for_a_test(test: str) -> None:
    fewest, counted = TESTS[test].fewest, "pairs" if test == "t" else "pairs that differ"
    values = [0.1, 0.3, 0.2, 0.5, 0.7, 0.4][:fewest]
    found = paired_test(values[1:], [0.0] * (fewest - 1), test)
    assert (found.p, found.effect) == (None, None)
    assert found.obstacle == f"too few {counted}, {fewest - 1} of at least {fewest}"
    assert paired_test(values, [0.0] * fewest, test).p is not None


def test_differences_without_any_spread_have_no_test() -> None:
    found = paired_test([2.0, 3.0, 4.0], [1.0, 2.0, 3.0])
    assert (found.difference, found.p, found.obstacle) == (
        1.0,
        None,
        "all differences are the same",
    )
    assert paired_test([], []).obstacle == "no pair"


def test_differences_that_are_the_same_but_for_rounding_have_no_test() -> None:
    found = paired_test([0.9, 0.8, 0.7], [0.85, 0.75, 0.65])
    assert (found.p, found.effect, found.obstacle) == (None, None, "all differences are the same")


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), 1.7e308])
def test_values_that_are_not_finite_have_no_test(odd: float) -> None:
    values = [odd, odd, 1.0, -1.0]
    found = paired_test(values, [1.0, 2.0, 3.0, 5.0])
    assert (found.p, found.obstacle) == (None, "not all values are finite")
