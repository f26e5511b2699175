"""A report's caption, and in words how its numbers were made and what that assumes."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from labkart.records.direction import is_share
from labkart.records.seeds import Group
from labkart.records.values import value
from labkart.results.report.paired import TESTS
from labkart.results.report.table import Line, ReportTable

_INTERVALS = {
    "t": "Student's t, which assumes independent, normally distributed runs",
    "bootstrap": "bootstrap (BCa, 9,999 resamples), which is too narrow for few runs",
}


_CORRECTED = (
    ", corrected for the overlap of the folds' training data"
    " (Nadeau and Bengio 2003, doi:10.1023/A:1024068626366)"
)


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
    config = table.config
    seeds = ", ".join(table.ranking.seeds)
    yield f"n: runs, over {seeds}; mean ± standard deviation of the sample (n - 1);"
    interval = _INTERVALS[config.interval]
    yield f"{percentage(config.level)} confidence interval of the mean ({interval})."
    if constant := table.constant_groups:
        labels = [group_label(table, group) for group in constant]
        more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
        listed = "; ".join(labels[:3]) + more
        yield f"Run once, without seeds, and taken as the same for all: {listed}."
    yield from _direction_sentences(table)
    if table.baseline and table.has_tests:
        yield from _test_sentences(table, table.baseline)
    yield from _variation_sentences(table)
    if beyond := [metric for metric in table.lines if _is_beyond(table, metric)]:
        yield f"The intervals of {_listed(map(config.label, beyond))} reach beyond 0 or 1, which no"
        yield "value does: they assume a normal distribution, and n is small."


def _direction_sentences(table: ReportTable) -> Iterator[str]:
    directions = {metric: table.ranking.directions.of(metric) for metric in table.lines}
    known = {direction for direction in directions.values() if direction}
    if known:
        words = [f"{each.arrow} {each.name.lower()} is better" for each in sorted(known)[::-1]]
        yield f"{', '.join(words)}."
    if any(line.best for line in table.all_lines):
        yield "Best mean, and what prints as the same, in bold."
    unknown = [table.config.label(metric) for metric in directions if not directions[metric]]
    if unknown and len(table.groups) > 1:
        yield f"Whether higher or lower is better is not known for {_listed(unknown)}."


def _test_sentences(table: ReportTable, baseline: Group) -> Iterator[str]:
    config, count = table.config, table.test_count
    over = "items (each its mean over the runs)" if config.items else "runs of the same seeds"
    if table.folds:
        over = f"{table.folds.count} folds"
    label = group_label(table, baseline)
    yield f"Δ: mean difference to the baseline ({label}) in pairs of {over}, with its"
    yield f"{percentage(config.level)} interval."
    tests = [line.test for line in table.all_lines if line.test]
    if count:
        kind = TESTS[config.test]
        others = [config.label(name) for name in table.lines if name not in table.primary]
        family = f" of {_listed(map(config.label, table.primary))}" if others else ""
        corrected = f", Holm-corrected for {count} tests{family}" if count > 1 else ""
        folds = _CORRECTED if any(test.plain_p is not None for test in tests) else ""
        yield f"p: {kind.words}{folds}{corrected};"
        if others:
            yield f"p of {_listed(others)} is not corrected, as no part of that family;"
        yield f"{kind.effect.symbol}: {kind.effect.words}."
    obstacles = dict.fromkeys(test.obstacle for test in tests if test.obstacle)
    if obstacles:
        yield f"No test: {'; '.join(obstacles)}."


def _variation_sentences(table: ReportTable) -> Iterator[str]:
    """What the runs of a group differ in, and what they share: nothing is said of other data."""
    lines = table.all_lines
    constant = list(dict.fromkeys(_label(table, line) for line in lines if line.deviation == 0))
    if constant:
        yield f"Where the deviation is 0 all runs gave the same ({_listed(constant)}): there is no"
        yield "interval, and n says little."
    shared = shared_tasks(table)
    if shared and table.has_tests and not table.config.items and not table.folds:
        varying = ", ".join(varying_seeds(table)) or "nothing"
        yield f"All runs share the results of {_listed(shared)} and differ in {varying}: intervals"
        yield "and p tell about that, not about other data. A test over items does (--items)."


def varying_seeds(table: ReportTable) -> list[str]:
    """The seeds that have several values in these runs."""
    runs = [run for group in table.groups for run in group.records]
    names = table.ranking.seeds
    return [name for name in names if len({str(value(run, name)) for run in runs}) > 1]


def shared_tasks(table: ReportTable) -> list[str]:
    """The tasks that have one and the same result in all runs, the last ones first.

    A group of one run shares everything; then nothing is told.
    """
    runs = [run for group in table.groups for run in group.records if run.status == "finished"]
    if len(runs) < 2 or all(len(group.records) < 2 for group in table.groups):
        return []
    ids = [{(task.label, task.id) for task in run.tasks} for run in runs]
    shared = set.intersection(*ids)
    return [task.label for task in reversed(runs[0].tasks) if (task.label, task.id) in shared]


def _is_beyond(table: ReportTable, metric: str) -> bool:
    """Whether an interval of a share is wider than shares can be."""
    values = [value for line in table.lines[metric] for value in line.values]
    if not is_share(metric) or not all(0 <= value <= 1 for value in values):
        return False
    ends = [line.interval for line in table.lines[metric] if line.interval]
    return any(end.low < 0 or end.high > 1 for end in ends)


def _label(table: ReportTable, line: Line) -> str:
    return group_label(table, line.group) or "all"


def _listed(texts: Iterable[str]) -> str:
    """At most four, and how many more."""
    names = list(texts)
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return f"{', '.join(names[:4])}{more}"


def percentage(share: float) -> str:
    """A confidence level in print."""
    return f"{100 * share:g}%"


def group_label(
    table: ReportTable, group: Group, short: Mapping[str, str] = MappingProxyType({})
) -> str:
    """A group's settings in print, without those that it does not have.

    Args:
        table: the report's numbers.
        group: one of its groups.
        short: shorter names of settings that have no label.
    """
    label = table.config.label
    names = {name: label(name) for name in group.settings}
    names |= {name: text for name, text in short.items() if names[name] == name}
    settings = group.settings.items()
    return ", ".join(f"{names[name]} {label(value)}" for name, value in settings if value)
