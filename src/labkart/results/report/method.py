"""A report's caption, and in words how its numbers were made and what that assumes."""

import unicodedata
from collections.abc import Iterator

from labkart.language import bilingual, join_sentences, local, translate, translate_count
from labkart.records.direction import Direction
from labkart.results.report import marks
from labkart.results.report.cautions import cautions
from labkart.results.report.labels import group_label, listed, percentage, settings_label
from labkart.results.report.overall import Overall
from labkart.results.report.paired import TESTS
from labkart.results.report.rounding import p_text
from labkart.results.report.statistics import RESAMPLES
from labkart.results.report.table import ReportTable

_INTERVALS = {
    "t": bilingual("Student's t, which assumes independent, normally distributed runs"),
    "bootstrap": bilingual(
        "bootstrap (BCa, Efron 1987, {count:,} resamples), which is too narrow for few runs",
        count=RESAMPLES,
    ),
}


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
    if not table.config.allow:
        return ""
    allowed = ", ".join(table.config.allow)
    return translate("Not the same in all runs, as allowed: {allowed}.", allowed=allowed)


def method(table: ReportTable) -> str:
    """How the numbers were made."""
    return join_sentences(*_sentences(table))


def _sentences(table: ReportTable) -> Iterator[str]:
    yield _value_sentence(table)
    if constant := table.constant_groups:
        names = listed((group_label(table, group) for group in constant), "; ")
        yield translate(
            "Run once, without seeds, and taken as the same for all: {names}.", names=names
        )
    yield from _direction_sentences(table)
    if table.all_pairs:
        yield from _difference_sentences(table)
        yield from _test_sentences(table)
    yield from over_datasets(table)
    yield from cautions(table)


def _value_sentence(table: ReportTable) -> str:
    config, seeds = table.config, ", ".join(table.ranking.seeds)
    if not config.is_compact:
        return translate(
            "n: runs, over {seeds}; mean ± standard deviation of the sample (n - 1); {level}"
            " confidence interval of the mean ({interval}).",
            seeds=seeds,
            level=percentage(config.level),
            interval=_INTERVALS[config.interval],
        )
    counts = {len(line.values) for line in table.all_lines}
    runs = translate("n runs")
    if len(counts) == 1:
        runs = translate_count("{count} run", "{count} runs", max(counts))
    return translate(
        "Mean ± standard deviation of the sample (n - 1) of {runs}, over {seeds}.",
        runs=runs,
        seeds=seeds,
    )


def _direction_sentences(table: ReportTable) -> Iterator[str]:
    directions = {metric: table.ranking.directions.of(metric) for metric in table.lines}
    known = {direction for direction in directions.values() if direction}
    if known:
        words = {
            Direction.HIGHER: translate("{arrow} higher is better", arrow=Direction.HIGHER.arrow),
            Direction.LOWER: translate("{arrow} lower is better", arrow=Direction.LOWER.arrow),
        }
        meanings = [words[direction] for direction in sorted(known, reverse=True)]
        yield translate("{meanings}.", meanings=translate(", ").join(meanings))
    if any(line.best for line in table.all_lines):
        yield (
            translate("Best mean of each data set, and what prints as the same, in bold.")
            if table.datasets.names
            else translate("Best mean, and what prints as the same, in bold.")
        )
    unknown = [table.config.label(metric) for metric in directions if not directions[metric]]
    if unknown and len(table.groups) > 1:
        yield translate(
            "Whether higher or lower is better is not known for {names}.", names=listed(unknown)
        )


def _test_sentences(table: ReportTable) -> Iterator[str]:
    config = table.config
    tests = [pair.test for pair in table.all_pairs]
    if table.test_count:
        kind = TESTS[config.test]
        folds = ""
        if any(test.plain_p is not None for test in tests):
            folds = translate(
                ", corrected for the overlap of the folds' training data"
                " (Nadeau and Bengio 2003, doi:10.1023/A:1024068626366)"
            )
        yield translate(
            "p: {test}{folds}{corrected}.",
            test=kind.words,
            folds=folds,
            corrected=_describe_correction(table),
        )
        if others := _uncorrected(table):
            yield translate(
                "p of {names} is not corrected, as no part of that family.", names=listed(others)
            )
        if not config.is_compact or config.pairs == "all":
            yield translate(
                "{symbol}: {words}.", symbol=kind.effect.symbol, words=kind.effect.words
            )
    obstacles = dict.fromkeys(local(test.obstacle) for test in tests if test.obstacle)
    if obstacles:
        yield translate("No test: {reasons}.", reasons="; ".join(obstacles))


def _uncorrected(table: ReportTable) -> list[str]:
    """The metrics whose tests are no part of the family that is corrected."""
    return [table.config.label(name) for name in table.lines if name not in table.primary]


def _describe_correction(table: ReportTable) -> str:
    count = table.test_count
    if count < 2:
        return ""
    if _uncorrected(table):
        return translate(
            ", Holm-corrected (1979) for {count} tests of {metrics}",
            count=count,
            metrics=listed(map(table.config.label, table.primary)),
        )
    return translate(", Holm-corrected (1979) for {count} tests", count=count)


def _difference_sentences(table: ReportTable) -> Iterator[str]:
    config, same = table.config, ""
    if table.datasets.names:
        same = translate(" of the same data set")
    parts = {"same": same, "pairs": _describe_pairs(table), "level": percentage(config.level)}
    if table.baselines:
        systems = map(table.datasets.system, table.baselines)
        labels = dict.fromkeys(settings_label(table, system) for system in systems)
        difference = translate(
            "mean difference to the baseline ({baselines}){same} in pairs of {pairs}",
            baselines="; ".join(labels),
            **parts,
        )
        yield (
            translate("{marks}: {difference}.", marks=marks.legend(), difference=difference)
            if config.is_compact
            else translate(
                "Δ: {difference}, with its {level} interval.", difference=difference, **parts
            )
        )
    if config.pairs == "all":
        yield translate(
            "All pairs: each group is tested against each other{same} in pairs of {pairs};"
            " Δ: the mean difference, with its {level} interval.",
            **parts,
        )


def _describe_pairs(table: ReportTable) -> str:
    if table.folds:
        return translate("{count} folds", count=table.folds.count)
    if table.config.items:
        return translate("items (each its mean over the runs)")
    return translate("runs of the same seeds")


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
