"""A report's caption, and in words how its numbers were made and what that assumes."""

from collections.abc import Iterator

from labkart.records.seeds import Group
from labkart.results.report.table import ReportTable

_INTERVALS = {
    "t": "Student's t, which assumes independent, normally distributed runs",
    "bootstrap": "percentile bootstrap of 9,999 resamples, which is too narrow for few runs",
}
_TESTS = {
    "t": "two-sided paired t-test, which assumes normally distributed differences",
    "wilcoxon": "two-sided Wilcoxon signed-rank test, which assumes symmetric differences",
}
_EFFECTS = {
    "t": "Cohen's d of the differences",
    "wilcoxon": "matched-pairs rank-biserial correlation",
}


def caption(table: ReportTable) -> str:
    """The title, and what the runs were allowed not to have in common."""
    config = table.config
    title = config.title or config.name.replace("_", " ").replace("-", " ").capitalize()
    allowed = ""
    if config.allow:
        allowed = f" Not the same in all runs, as allowed: {', '.join(config.allow)}."
    return f"{title.rstrip('.')}.{allowed}"


def method(table: ReportTable) -> str:
    """How the numbers were made."""
    return " ".join(_sentences(table))


def _sentences(table: ReportTable) -> Iterator[str]:
    config, lines = table.config, table.all_lines
    seeds = ", ".join(table.ranking.seeds)
    yield f"n: runs, over {seeds}; mean ± standard deviation of the sample (n - 1);"
    interval = _INTERVALS[config.interval]
    yield f"{percentage(config.level)} confidence interval of the mean ({interval})."
    if any(line.best for line in lines):
        yield "Best mean in bold."
    if table.baseline and table.has_tests:
        yield from _test_sentences(table, table.baseline)
    if any(line.deviation == 0 for line in lines):
        yield "Where the deviation is 0 all runs gave the same:"
        yield "there is no interval, and n says little."


def _test_sentences(table: ReportTable, baseline: Group) -> Iterator[str]:
    config, count = table.config, table.test_count
    pairs = "item by item (means over the seeds)" if config.items else "seed by seed"
    yield f"Δ: mean difference to the baseline ({group_label(table, baseline)}), {pairs}."
    if count:
        corrected = f", Holm-corrected for {count} tests" if count > 1 else ""
        yield f"p: {_TESTS[config.test]}{corrected};"
        yield f"d: {_EFFECTS[config.test]}."
    tests = [line.test for line in table.all_lines if line.test]
    obstacles = dict.fromkeys(test.obstacle for test in tests if test.obstacle)
    if obstacles:
        yield f"No test: {'; '.join(obstacles)}."


def percentage(share: float) -> str:
    """A confidence level in print."""
    return f"{100 * share:g}%"


def group_label(table: ReportTable, group: Group) -> str:
    """A group's settings in print."""
    label = table.config.label
    return ", ".join(f"{label(name)} {label(value)}" for name, value in group.settings.items())
