"""What a reader must know before believing a table: what its runs share, and are too few for."""

from collections.abc import Iterator, Sequence

from labkart.language import local, translate
from labkart.records.direction import is_share
from labkart.records.seeds import Group
from labkart.results.report.line import Pair
from labkart.results.report.rounding import format_p
from labkart.results.report.table import ReportTable
from labkart.wording import listed


def cautions(table: ReportTable) -> Iterator[str]:
    """What a reader must know before believing the numbers, in whole sentences."""
    yield from _obstacle_sentences(table)
    yield from _fold_sentences(table)
    yield from _constant_sentences(table)
    yield from _shared_sentences(table)
    beyond = [metric for metric in table.lines if _is_beyond(table, metric)]
    if beyond and not table.config.is_compact:
        yield translate(
            "The intervals of {names} reach beyond 0 or 1, which no value does: they "
            "assume a normal distribution, and n is small.",
            names=listed(map(table.config.label, beyond)),
        )


def _obstacle_sentences(table: ReportTable) -> Iterator[str]:
    """Why there are pairs without a test, and of which metrics and groups if not of all."""
    metrics: dict[str, list[str]] = {}
    for name, pairs in table.pairs.items():
        reasons = [local(pair.test.obstacle) for pair in pairs]
        for reason in filter(None, dict.fromkeys(reasons)):
            label = table.config.label(name)
            if reasons.count(reason) < len(reasons):
                own = [pair for pair in pairs if local(pair.test.obstacle) == reason]
                label += f" ({listed([_name_pair(table, pair) for pair in own], '; ')})"
            metrics.setdefault(reason, []).append(label)
    if metrics:
        labels = list(map(table.config.label, table.pairs))
        texts = (
            reason if names == labels else f"{listed(names)}: {reason}"
            for reason, names in metrics.items()
        )
        yield translate("No test: {reasons}.", reasons="; ".join(texts))


def _name_pair(table: ReportTable, pair: Pair) -> str:
    groups = (pair.group, pair.baseline)
    return " / ".join(table.config.describe(group.settings) for group in groups)


def _fold_sentences(table: ReportTable) -> Iterator[str]:
    """Where a test that takes folds for independent samples would say more than they tell."""
    numbers = [
        translate(
            "{p} with the correction for folds, where a plain t-test would say"
            " {plain_p} ({metric}, {first} and {second})",
            p=format_p(pair.test.p),
            plain_p=format_p(pair.test.plain_p),
            metric=table.config.label(pair.metric),
            first=table.config.describe(pair.group.settings),
            second=table.config.describe(pair.baseline.settings),
        )
        for pair in table.all_pairs
        if pair.test.is_overstated
    ]
    if numbers:
        yield translate(
            "Folds share training data; p, before any correction for several tests: {numbers}.",
            numbers=listed(numbers, "; "),
        )


def _constant_sentences(table: ReportTable) -> Iterator[str]:
    """Where all runs of a group gave the same, and in which metrics if not in all."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for group in table.groups:
        own = [(metric, line) for metric, lines in table.lines.items() for line in lines]
        metrics = [name for name, line in own if line.group is group and line.deviation == 0]
        name = table.config.describe(group.settings) or translate("all")
        groups.setdefault(tuple(metrics), []).append(name)
    groups.pop((), None)
    names = [_describe_constant(table, metrics, labels) for metrics, labels in groups.items()]
    if names:
        offer = "" if table.config.items else translate("; a test over items compares it (--items)")
        yield translate(
            "Where the deviation is 0 all runs gave the same ({groups}): there is no "
            "interval, and n says little{offer}.",
            groups=listed(names, "; "),
            offer=offer,
        )


def _describe_constant(table: ReportTable, metrics: Sequence[str], groups: Sequence[str]) -> str:
    """The groups whose runs gave the same, and in which metrics if not in all."""
    names = translate("all groups") if len(groups) == len(table.groups) else listed(groups, "; ")
    if len(metrics) == len(table.lines):
        return names
    labels = listed(map(table.config.label, metrics))
    return translate("{group} in {metrics}", group=names, metrics=labels)


def _shared_sentences(table: ReportTable) -> Iterator[str]:
    """What the runs share, and what they differ in: nothing is said of other data."""
    shared = shared_tasks(table)
    if not shared or len(table.groups) < 2 or table.config.items or table.folds:
        return
    varying = [name for name in table.seeds if len(table.values_of(name)) > 1]
    yield translate(
        "{runs} share the results of {tasks} and differ in {varying}: {numbers} tell about"
        " that, not about other data. A test over items does (--items).",
        runs=translate("All runs of a data set") if table.datasets.names else translate("All runs"),
        tasks=listed(shared),
        varying=", ".join(varying) or translate("nothing"),
        numbers=translate("intervals and p") if table.test_count else translate("intervals"),
    )


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
