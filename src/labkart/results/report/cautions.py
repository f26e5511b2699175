"""What a reader must know before believing a table: what its runs share, and are too few for."""

from collections.abc import Iterator, Sequence

from labkart.language import translate
from labkart.records.direction import is_share
from labkart.records.seeds import Group
from labkart.records.values import value
from labkart.results.report.labels import group_label, listed
from labkart.results.report.line import Line
from labkart.results.report.rounding import format_p
from labkart.results.report.table import ReportTable


def cautions(table: ReportTable) -> Iterator[str]:
    """What a reader must know before believing the numbers, in whole sentences."""
    yield from _fold_sentences(table)
    yield from _variation_sentences(table)
    beyond = [metric for metric in table.lines if _is_beyond(table, metric)]
    if beyond and not table.config.is_compact:
        names = listed(map(table.config.label, beyond))
        yield translate(
            "The intervals of {names} reach beyond 0 or 1, which no value does: they "
            "assume a normal distribution, and n is small.",
            names=names,
        )


def _fold_sentences(table: ReportTable) -> Iterator[str]:
    """Where a test that takes folds for independent samples would say more than they tell."""
    level = 1 - table.config.level
    overstated = list[str]()
    for metric, pairs in table.pairs.items():
        for pair in pairs:
            p, plain_p = pair.test.p, pair.test.plain_p
            if p is not None and plain_p is not None and plain_p < level <= p:
                first, second = (group_label(table, one) for one in (pair.group, pair.baseline))
                overstated.append(
                    translate(
                        "{p} with the correction for folds, where a plain t-test would say"
                        " {plain_p} ({metric}, {first} and {second})",
                        p=format_p(p),
                        plain_p=format_p(plain_p),
                        metric=table.config.label(metric),
                        first=first,
                        second=second,
                    )
                )
    if overstated:
        numbers = listed(overstated, "; ")
        if table.test_count > 1:
            yield translate(
                "Folds share training data; p, before Holm's correction: {numbers}.",
                numbers=numbers,
            )
        else:
            yield translate("Folds share training data; p: {numbers}.", numbers=numbers)


def _variation_sentences(table: ReportTable) -> Iterator[str]:
    """What the runs of a group differ in, and what they share: nothing is said of other data."""
    lines = table.all_lines
    constant = list(dict.fromkeys(_label(table, line) for line in lines if line.deviation == 0))
    if constant:
        offer = "" if table.config.items else translate("; a test over items compares it (--items)")
        yield translate(
            "Where the deviation is 0 all runs gave the same ({groups}): there is no "
            "interval, and n says little{offer}.",
            groups=listed(constant, "; "),
            offer=offer,
        )
    shared = shared_tasks(table)
    if shared and len(table.groups) > 1 and not table.config.items and not table.folds:
        varying = ", ".join(varying_seeds(table)) or translate("nothing")
        yield translate(
            "{runs} share the results of {tasks} and differ in {varying}: {numbers} tell about"
            " that, not about other data. A test over items does (--items).",
            runs=translate("All runs of a data set")
            if table.datasets.names
            else translate("All runs"),
            tasks=listed(shared),
            varying=varying,
            numbers=translate("intervals and p") if table.all_pairs else translate("intervals"),
        )


def varying_seeds(table: ReportTable) -> list[str]:
    """The seeds that have several values in these runs."""
    runs = [run for group in table.groups for run in group.records]
    names = table.ranking.seeds
    return [name for name in names if len({str(value(run, name)) for run in runs}) > 1]


def shared_tasks(table: ReportTable) -> list[str]:
    """The tasks that have one and the same result in all runs of a data set, the last ones first.

    A group of one run shares everything; then nothing is told.
    """
    if all(len(group.records) < 2 for group in table.groups):
        return []
    labels = [_shared_labels(groups) for groups in table.datasets.parts.values()]
    return [label for label in labels[0] if all(label in others for others in labels)]


def _shared_labels(groups: Sequence[Group]) -> list[str]:
    """The tasks with one result in all finished runs of some groups."""
    runs = [run for group in groups for run in group.records if run.status == "finished"]
    if len(runs) < 2:
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
    return group_label(table, line.group) or translate("all")
