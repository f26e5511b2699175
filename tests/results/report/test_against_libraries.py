"""Every statistic of a report against SciPy, statsmodels and scikit-posthocs, on many inputs.

300 random samples and 40 extreme ones for each; a loop tells the first sample that differs.
"""

import warnings
from collections.abc import Iterator
from math import inf, isfinite, isnan, nan, sqrt
from typing import Any

import numpy as np
import pytest
from scipy import stats

from labkart.results.report import ranks, statistics
from labkart.results.report.paired import TESTS, paired_test

pytestmark = pytest.mark.thorough

RANDOM = 300
TINY = 1e-300  # smaller numbers have fewer digits
Sample = tuple[list[float], list[float]]

# The parts of two samples that are hard for a test.
_PARTS = [
    [0.0], [1.0], [0.1, 0.2], [0.5, 0.5], [0.3, 0.1 + 0.2], [0.0, -0.0], [1e-300, 2e-300, 5e-300], [5e-324, 1e-323, 1e-320],
    [1e300, 2e300, 3e300], [1e308, 1.7e308, -1.7e308], [2e12, 2.00001e12, 2e12], [nan, 0.1, 0.2], [inf, 0.1, 0.2],
    [-inf, inf, 0.0], [0.1] * 8, [0.0, 1.0] * 5, [1.0] * 7 + [2.0], [1e-9 * n for n in range(9)], [1e9 + n for n in range(9)],
    [(-1.0) ** n for n in range(12)], [float(n * n) for n in range(20)],
]  # fmt: skip
EXTREME: list[Sample] = [
    pair for part in _PARTS for pair in ((part, [0.0] * len(part)), (part, part[::-1]))
]


def random_samples() -> Iterator[Sample]:
    """Short and long, with and without ties, tiny and huge, equal in many pairs or in none."""
    generator = np.random.default_rng(7)
    for number in range(RANDOM):
        count, scale = int(generator.integers(2, 40)), 10.0 ** generator.integers(-12, 12)
        first, second = np.add(generator.normal(size=(2, count)), [[generator.normal()], [0.0]])
        if number % 3 == 0:
            first, second = np.round(first, 1), np.round(second, 1)
        if number % 5 == 0:
            first[::2] = second[::2]
        yield list(map(float, first * scale)), list(map(float, second * scale))


SAMPLES = [*random_samples(), *EXTREME]


def compared(test: str, expected: Any, folds: int = 0) -> int:
    """How many samples have a test: each with the p-value and the effect that are expected."""
    count = 0
    for number, (sample, base) in enumerate(SAMPLES):
        result = paired_test(sample, base, test, folds=folds)
        if result.p is None:
            assert result.obstacle, f"sample {number} has neither a test nor a reason"
            continue
        assert 0 <= result.p <= 1 and (result.plain_p or 0.0) <= result.p
        if max(map(abs, sample + base)) > TINY:
            p, effect = expected(scaled(np.array(sample) - np.array(base)))
            assert result.p == pytest.approx(p, rel=1e-6, abs=1e-12), number
            assert result.effect == pytest.approx(effect, rel=1e-6), number
        count += 1
    return count


def scaled(differences: np.ndarray) -> np.ndarray:
    """The differences without the last bits, near 1, for libraries that take them as they are."""
    return np.round(differences / np.abs(differences).max(), 11)


def share_of_signs(values: np.ndarray) -> float:
    """The share of all signs of these values that make a sum as far from 0 as theirs."""
    signs = 1 - 2 * ((np.arange(2 ** len(values))[:, None] >> np.arange(len(values))) & 1)
    return float((np.abs(signs @ values) >= abs(values.sum()) - 1e-9).mean())


def test_there_are_as_many_samples_as_promised() -> None:
    assert len(EXTREME) >= 30 and len(SAMPLES) >= RANDOM + 30


def test_t_tests_are_scipys_and_statsmodels_and_so_are_their_effects() -> None:
    from statsmodels.stats.weightstats import DescrStatsW

    def expected(values: np.ndarray) -> tuple[float, float]:
        result: Any = stats.ttest_1samp(values, 0)
        t, p, _ = DescrStatsW(values).ttest_mean(0)
        assert (t, p) == pytest.approx((result.statistic, result.pvalue))
        return p, t / sqrt(len(values))

    assert compared("t", expected) > 280


def test_t_tests_of_folds_are_those_of_a_larger_variance() -> None:
    def expected(values: np.ndarray) -> tuple[float, float]:
        error = values.std(ddof=1) * sqrt(1 / len(values) + 1 / 9)
        p = float(2 * stats.t.sf(abs(values.mean() / error), len(values) - 1))
        return p, values.mean() / values.std(ddof=1)

    assert compared("t", expected, 10) > 280


def test_wilcoxons_tests_are_scipys_of_differences_without_rounding_errors() -> None:
    def expected(differences: np.ndarray) -> tuple[float, float]:
        values = differences[differences != 0]
        order = stats.rankdata(np.abs(values))
        effect = (order[values > 0].sum() - order[values < 0].sum()) / order.sum()
        if len(values) <= 13:
            return share_of_signs(order * np.sign(values)), effect
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of ties
            result: Any = stats.wilcoxon(values)
        return float(result.pvalue), effect

    assert compared("wilcoxon", expected) > 200


def test_randomisation_tests_of_few_pairs_count_all_signs() -> None:
    checked = 0
    for sample, base in SAMPLES:
        if not 6 <= len(sample) <= 12 or paired_test(sample, base, "permutation").p is None:
            continue
        p = share_of_signs(scaled(np.subtract(sample, base)))
        assert paired_test(sample, base, "permutation").p == pytest.approx(p, abs=1e-12)
        checked += 1
    assert checked > 20


def test_mcnemars_tests_are_statsmodels() -> None:
    from statsmodels.stats.contingency_tables import mcnemar

    generator = np.random.default_rng(3)
    checked = 0
    for number in range(RANDOM + 30):
        count = int(generator.integers(6, 200)) if number < RANDOM else number - RANDOM
        share = generator.uniform() if number % 10 else 0.5
        first, second = generator.uniform(size=(2, count)) < [[share], [0.5]]
        result = paired_test(list(map(float, first)), list(map(float, second)), "mcnemar")
        better, worse = int((first & ~second).sum()), int((~first & second).sum())
        if better + worse < TESTS["mcnemar"].fewest:
            assert result.p is None and result.obstacle
            continue
        expected: Any = mcnemar([[0, better], [worse, 0]], exact=True)
        assert result.p == pytest.approx(min(1.0, expected.pvalue))
        assert result.effect == pytest.approx(better / (better + worse) - 0.5)
        checked += 1
    assert checked > 280


def test_intervals_are_those_of_statsmodels_and_bootstraps_those_of_scipy() -> None:
    from statsmodels.stats.weightstats import DescrStatsW

    count = 0
    for number, (sample, _) in enumerate(SAMPLES):
        interval = statistics.interval(sample)
        if len(sample) < 2 or not all(map(isfinite, sample)):
            assert interval is None
            continue
        size = max(map(abs, sample)) or 1.0
        values = np.array(sample) / size
        if interval is None:
            assert size > 1e307, "too large to add"
        elif np.ptp(values) > 1e-9 and size > TINY:
            low, high = DescrStatsW(values).tconfint_mean(0.05)
            ends = (interval.low / size, interval.high / size)
            assert ends == pytest.approx((low, high), abs=1e-6 * (high - low)), number
            count += 1
        else:
            assert min(sample) <= interval.low <= interval.high <= max(sample) or size <= TINY
    assert count > 290
    others: list[list[float]] = [[0.5], [nan, 1.0], [1e308, -1e308, 1e308]]
    for sample in [*(sample for sample, _ in SAMPLES[:30] if len(sample) > 9), *others]:
        interval = statistics.interval(sample, "bootstrap")
        if interval is None:
            continue
        again = stats.bootstrap((sample,), np.mean, rng=np.random.default_rng(1))
        low, high = again.confidence_interval
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.1 * (high - low))


def test_holms_correction_is_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    generator = np.random.default_rng(5)
    extreme = [[], [0.0], [1.0], [0.0] * 5, [1.0] * 5, [0.5, 0.5], [1e-300, 1.0], [5e-324] * 3]
    cases = [
        list(generator.uniform(size=number % 30 + 1) ** (1 + number % 5))
        for number in range(RANDOM)
    ]
    for ps in [*cases, *extreme, *([p / 30, 0.05, 0.05] for p in range(30))]:
        expected = multipletests(ps, method="holm")[1] if ps else []
        assert statistics.holm(ps) == pytest.approx(list(expected))


def score_tables() -> Iterator[np.ndarray]:
    """Scores of systems on data sets: with and without ties, and with one system always the same."""
    generator = np.random.default_rng(11)
    for number in range(RANDOM):
        datasets, systems = int(generator.integers(3, 25)), int(generator.integers(3, 9))
        scores = (
            generator.normal(size=(datasets, systems)) + np.arange(systems) * generator.uniform()
        )
        yield (np.round(scores, 1 if number % 3 else 0) if number % 2 else scores) * 10.0 ** (
            number % 7 - 3
        )
    flat = np.ones((4, 3))
    for odd in (nan, inf, -inf, 1e308, 1e-308, 5e-324, 0.0, -1.0, 1e300, 2.0):
        for row, column in ((0, 0), (3, 2), (1, 1)):
            scores = flat.copy()
            scores[row, column] = odd
            yield scores


def test_friedmans_test_and_nemenyis_are_those_of_scipy_and_scikit_posthocs() -> None:
    import scikit_posthocs

    checked = 0
    for number, scores in enumerate(score_tables()):
        if not np.isfinite(scores).all():  # a report has no ranks of such systems
            continue
        result = ranks.friedman(scores)
        if result.p is None:
            assert result.obstacle, f"table {number} has neither a test nor a reason"
            continue
        expected = stats.friedmanchisquare(*scores.T)
        assert result.statistic == pytest.approx(expected.statistic), number
        assert result.p == pytest.approx(expected.pvalue), number
        mean_ranks = ranks.mean_ranks(scores)
        assert mean_ranks == pytest.approx(stats.rankdata(-scores, axis=1).mean(axis=0)), number
        if number % 15 == 0:  # its distribution takes time
            table = scikit_posthocs.posthoc_nemenyi_friedman(scores).to_numpy()
            for first, second in zip(*np.triu_indices(len(mean_ranks), 1), strict=True):
                difference = abs(mean_ranks[first] - mean_ranks[second])
                is_different = difference >= (result.critical_difference or 0.0)
                assert is_different == (table[first, second] < 0.05), (number, first, second)
        checked += 1
    assert checked > 300


def test_critical_differences_are_those_of_demsars_table() -> None:
    """Table 5(a) has q for 2 to 10 classifiers; its examples are 4 classifiers on 14 data sets."""
    at_95 = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]
    for systems, q in enumerate(at_95, start=2):
        expected = q * sqrt(systems * (systems + 1) / (6 * 14))
        assert ranks.critical_difference(systems, 14) == pytest.approx(expected, rel=1e-3)
    assert ranks.critical_difference(4, 14) == pytest.approx(1.25, abs=0.01)


def test_systems_that_are_not_told_apart_are_the_longest_ranges() -> None:
    assert ranks.cliques([1.2, 1.9, 3.0, 4.0], 1.9) == [(1.2, 3.0), (3.0, 4.0)]
    assert ranks.cliques([1.0, 2.0, 3.0], 0.5) == []
    assert ranks.cliques([2.0, 2.0, 2.0], 0.5) == []
    assert ranks.cliques([1.0, 1.5, 2.0], 3.0) == [(1.0, 2.0)]


def test_what_is_not_finite_is_never_a_number_of_a_test() -> None:
    for sample, base in EXTREME:
        for test in TESTS:
            result = paired_test(sample, base, test)
            numbers = [result.p, result.effect, result.plain_p]
            assert not any(number is not None and isnan(number) for number in numbers)
