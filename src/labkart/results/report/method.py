"""A report's caption, and in words how its numbers were made and what that assumes."""

import unicodedata
from collections.abc import Iterator

from labkart.language import local, translate
from labkart.results.report import marks
from labkart.results.report.cautions import cautions
from labkart.results.report.labels import group_label, listed, percentage, settings_label
from labkart.results.report.overall import Overall
from labkart.results.report.paired import TESTS
from labkart.results.report.rounding import p_text
from labkart.results.report.table import ReportTable

_INTERVALS = {
    "t": "Student's t, which assumes independent, normally distributed runs",
    "bootstrap": "bootstrap (BCa, Efron 1987, 9,999 resamples), which is too narrow for few runs",
}

_CORRECTED = (
    ", corrected for the overlap of the folds' training data"
    " (Nadeau and Bengio 2003, doi:10.1023/A:1024068626366)"
)


def title(table: ReportTable) -> str:
    """The title without a full stop, as a heading has it."""
    config = table.config
    text = config.title or config.name.replace("_", " ").replace("-", " ").capitalize()
    return text.strip().rstrip(".。")


def caption(table: ReportTable) -> str:
    """The title as a sentence, and what the runs were allowed not to have in common."""
    text = title(table)
    return f"{text}{_full_stop(text[-1:])} {allowance(table)}".rstrip()


def _full_stop(last: str) -> str:
    """What ends a sentence after its last letter."""
    if unicodedata.normalize("NFKC", last) in ("?", "!"):
        return ""
    return "。" if unicodedata.east_asian_width(last) in "WF" else "."


def allowance(table: ReportTable) -> str:
    """What the runs were allowed not to have in common; empty if nothing."""
    allowed = ", ".join(table.config.allow)
    return f"Not the same in all runs, as allowed: {allowed}." if allowed else ""


def method(table: ReportTable) -> str:
    """How the numbers were made."""
    return " ".join(_sentences(table))


def _sentences(table: ReportTable) -> Iterator[str]:
    yield from _value_sentences(table)
    if constant := table.constant_groups:
        labels = [group_label(table, group) for group in constant]
        more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
        names = "; ".join(labels[:3]) + more
        yield f"Run once, without seeds, and taken as the same for all: {names}."
    yield from _direction_sentences(table)
    if table.all_pairs:
        yield from _test_sentences(table)
    yield from over_datasets(table)
    yield from cautions(table)


def _value_sentences(table: ReportTable) -> Iterator[str]:
    config, seeds = table.config, ", ".join(table.ranking.seeds)
    if config.is_compact:
        counts = {len(line.values) for line in table.all_lines}
        n = "n runs"
        if len(counts) == 1:
            n = "1 run" if counts == {1} else f"{max(counts)} runs"
        yield f"Mean ± standard deviation of the sample (n - 1) of {n}, over {seeds}."
        return
    yield f"n: runs, over {seeds}; mean ± standard deviation of the sample (n - 1);"
    interval = _INTERVALS[config.interval]
    yield f"{percentage(config.level)} confidence interval of the mean ({interval})."


def _direction_sentences(table: ReportTable) -> Iterator[str]:
    directions = {metric: table.ranking.directions.of(metric) for metric in table.lines}
    known = {direction for direction in directions.values() if direction}
    if known:
        words = [f"{each.arrow} {each.name.lower()} is better" for each in sorted(known)[::-1]]
        yield f"{', '.join(words)}."
    if any(line.best for line in table.all_lines):
        of_each = " of each data set" if table.datasets.names else ""
        yield f"Best mean{of_each}, and what prints as the same, in bold."
    unknown = [table.config.label(metric) for metric in directions if not directions[metric]]
    if unknown and len(table.groups) > 1:
        yield f"Whether higher or lower is better is not known for {listed(unknown)}."


def _test_sentences(table: ReportTable) -> Iterator[str]:
    config = table.config
    yield from _difference_sentences(table)
    tests = [pair.test for pair in table.all_pairs]
    if count := table.test_count:
        kind = TESTS[config.test]
        others = [config.label(name) for name in table.lines if name not in table.primary]
        family = f" of {listed(map(config.label, table.primary))}" if others else ""
        corrected = f", Holm-corrected (1979) for {count} tests{family}" if count > 1 else ""
        folds = _CORRECTED if any(test.plain_p is not None for test in tests) else ""
        yield f"p: {kind.words}{folds}{corrected}."
        if others:
            yield f"p of {listed(others)} is not corrected, as no part of that family."
        if not config.is_compact or config.pairs == "all":
            yield f"{kind.effect.symbol}: {kind.effect.words}."
    obstacles = dict.fromkeys(test.obstacle for test in tests if test.obstacle)
    if obstacles:
        yield f"No test: {'; '.join(obstacles)}."


def _difference_sentences(table: ReportTable) -> Iterator[str]:
    config = table.config
    over = "items (each its mean over the runs)" if config.items else "runs of the same seeds"
    if table.folds:
        over = f"{table.folds.count} folds"
    same = " of the same data set" if table.datasets.names else ""
    interval = f"with its {percentage(config.level)} interval"
    if table.baselines:
        systems = map(table.datasets.system, table.baselines)
        labels = dict.fromkeys(settings_label(table, system) for system in systems)
        pairs = f"mean difference to the baseline ({'; '.join(labels)}){same} in pairs of {over}"
        yield f"{marks.legend()}: {pairs}." if config.is_compact else f"Δ: {pairs}, {interval}."
    if config.pairs == "all":
        yield f"All pairs: each group is tested against each other{same} in pairs of {over};"
        yield f"Δ: the mean difference, {interval}."


def over_datasets(table: ReportTable) -> Iterator[str]:
    """What the systems' ranks over data sets are, and how they are tested, in whole sentences."""
    if not table.overalls:
        return
    label, overalls = table.config.label, table.overalls
    count = len(table.datasets.names)
    yield translate(
        "Ranks: of the means of the systems on each of {count} data sets; 1 is the best, and "
        "equal means share their ranks.",
        count=count,
    )
    family = [one for one in overalls if one.metric in table.primary and one.p is not None]
    corrected = ""
    if len(family) > 1:
        corrected = translate(", Holm-corrected for {count} metrics", count=len(family))
    for is_of_two, kind in ((False, _describe_friedman()), (True, _describe_wilcoxon())):
        results = [
            f"{label(overall.metric)}: {_overall_result(table, overall)}"
            for overall in overalls
            if overall.p is not None and bool(overall.pair) is is_of_two
        ]
        if results:
            yield translate(
                "Over the data sets, {test}{corrected}: {results}.",
                test=kind,
                corrected=corrected,
                results="; ".join(results),
            )
    if any(overall.critical_difference for overall in overalls):
        yield translate(
            "Mean ranks that differ by less than the critical difference are not told apart"
            " (Nemenyi 1963; Demšar 2006, JMLR 7); they count only where Friedman's test finds a"
            " difference."
        )
    if table.config.test != "none":
        obstacles = {local(overall.obstacle): None for overall in overalls if overall.p is None}
        if obstacles:
            reasons = "; ".join(obstacles)
            yield translate("No test over the data sets: {reasons}.", reasons=reasons)
    left_out = [settings_label(table, system) for one in overalls for system in one.left_out]
    if left_out:
        names = listed(dict.fromkeys(left_out))
        yield translate("Without ranks, as not on every data set: {names}.", names=names)


def _describe_friedman() -> str:
    return translate(
        "Friedman's test of equal mean ranks (1937, doi:10.1080/01621459.1937.10503522),"
        " approximate for up to 10 data sets or 5 systems"
    )


def _describe_wilcoxon() -> str:
    return translate(
        "two-sided signed-rank test (Wilcoxon 1945, doi:10.2307/3001968), which assumes symmetric"
        " differences, of means paired by data set (Demšar 2006, JMLR 7)"
    )


def _overall_result(table: ReportTable, overall: Overall) -> str:
    """The result of a test over data sets in print."""
    p = p_text(overall.p)
    if overall.pair:
        first, second = (settings_label(table, system) for system in overall.systems)
        effect = f"{TESTS['wilcoxon'].effect.symbol} = {overall.pair.effect or 0:.2f}"
        return translate(
            "{first} minus {second}, {p}, {effect}", first=first, second=second, p=p, effect=effect
        )
    statistic = overall.test.statistic if overall.test else None
    return translate(
        "χ²({freedom}) = {statistic:.2f}, {p}, critical difference {difference:.2f}",
        freedom=len(overall.systems) - 1,
        statistic=statistic or 0,
        p=p,
        difference=overall.critical_difference or 0,
    )
