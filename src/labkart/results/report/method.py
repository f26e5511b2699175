"""A report's caption, and in words how its numbers were made and what that assumes."""

from collections.abc import Iterator
from unicodedata import normalize

from labkart.language import bilingual, join_sentences, local, translate, translate_count
from labkart.records.direction import Direction
from labkart.results.report.cautions import cautions
from labkart.results.report.layouts import describe_range, legend
from labkart.results.report.paired import TESTS, PairedTest
from labkart.results.report.ranks import Overall
from labkart.results.report.rounding import p_text
from labkart.results.report.statistics import LEVEL_TEXT, RESAMPLES
from labkart.results.report.table import ReportTable
from labkart.wording import listed

_INTERVALS = {
    "t": bilingual("Student's t, which assumes independent, normally distributed runs"),
    "bootstrap": bilingual(
        "bootstrap (BCa, Efron 1987, {count:,} resamples), which is too narrow for few runs",
        count=RESAMPLES,
    ),
}


def title(table: ReportTable) -> str:
    """The title, by default the report's name."""
    config = table.config
    return config.title or config.name.replace("_", " ").replace("-", " ").capitalize()


def caption(table: ReportTable) -> str:
    """The title as a sentence, and what the runs were allowed not to have in common."""
    text = title(table)
    end = "" if normalize("NFKC", text)[-1] in ".?!。" else translate(".")
    return join_sentences(f"{text}{end}", allowance(table))


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
    constant = [group.settings for group in table.groups if group.is_any_of(table.unseeded)]
    if constant:
        names = listed((table.config.describe(settings) for settings in constant), "; ")
        yield translate(
            "Run once, without seeds, and taken as the same for all: {names}.", names=names
        )
    yield from _direction_sentences(table)
    if table.test_count or (table.all_pairs and not table.config.is_compact):
        yield from _difference_sentences(table)
        yield from _test_sentences(table)
    yield from over_datasets(table)
    yield from cautions(table)


def _value_sentence(table: ReportTable) -> str:
    config, seeds = table.config, ", ".join(table.seeds)
    if not table.has_deviations:
        return translate("One run each: there is no deviation, and no interval of the mean.")
    if not config.is_compact:
        return translate(
            "n: runs, over {seeds}; mean ± standard deviation of the sample (n - 1); {level}"
            " confidence interval of the mean ({interval}).",
            seeds=seeds,
            level=LEVEL_TEXT,
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
    if Direction.HIGHER in directions.values():
        yield translate("{arrow} higher is better.", arrow=Direction.HIGHER.arrow)
    if Direction.LOWER in directions.values():
        yield translate("{arrow} lower is better.", arrow=Direction.LOWER.arrow)
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


def _difference_sentences(table: ReportTable) -> Iterator[str]:
    same = translate(" of the same data set") if table.datasets.names else ""
    pairs = _describe_pairs(table)
    interval = ""
    if any(pair.test.interval for pair in table.all_pairs):
        interval = translate(", with its {level} interval", level=LEVEL_TEXT)
    if table.baselines:
        systems = map(table.datasets.system, table.baselines)
        labels = dict.fromkeys(table.config.describe(system) for system in systems)
        yield translate(
            "{sign}: mean difference to the baseline ({baselines}){same} in {pairs}{interval}.",
            sign=legend() if table.config.is_compact else "Δ",
            baselines="; ".join(labels),
            same=same,
            pairs=pairs,
            interval="" if table.config.is_compact else interval,
        )
    if table.config.pairs == "all":
        yield translate(
            "All pairs: each group is tested against each other{same} in {pairs}; Δ: the mean"
            " difference{interval}.",
            same=same,
            pairs=pairs,
            interval=interval,
        )


def _describe_pairs(table: ReportTable) -> str:
    """What is paired; also how often, in a table that has no numbers of pairs."""
    kind = translate("runs of the same seeds")
    if table.folds:
        kind = translate("{count} folds", count=table.folds)
    elif table.config.items:
        kind = translate("items (each its mean over the runs)")
    if not table.config.is_compact:
        return translate("pairs of {kind}", kind=kind)
    counts = sorted({pair.test.pairs for pair in table.all_pairs})
    count = describe_range(counts[0], counts[-1])
    return translate("{count} pairs of {kind}", count=count, kind=kind)


def _test_sentences(table: ReportTable) -> Iterator[str]:
    config, kind = table.config, TESTS[table.config.test]
    if not table.test_count:
        return
    folds = ""
    if any(pair.test.plain_p is not None for pair in table.all_pairs):
        folds = translate(
            ", corrected for the overlap of the folds' training data"
            " (Nadeau and Bengio 2003, doi:10.1023/A:1024068626366)"
        )
    count, corrected = table.test_count, ""
    if count > 1:
        corrected = translate(", Holm-corrected (1979) for {count} tests", count=count)
    yield translate(
        "p: {test}{folds}{corrected}.", test=kind.words, folds=folds, corrected=corrected
    )
    others = listed(config.label(name) for name in table.lines if name not in table.primary)
    if others:
        yield translate("p of {names} is not corrected, as no part of that family.", names=others)
    if not config.is_compact or config.pairs == "all":
        yield translate("{symbol}: {words}.", symbol=kind.effect.symbol, words=kind.effect.words)


def over_datasets(table: ReportTable) -> Iterator[str]:
    """What the systems' ranks over data sets are, and how they are tested, in whole sentences."""
    overalls = table.overalls
    if not overalls:
        return
    yield translate(
        "Ranks: of the means of the systems on each of {count} data sets; 1 is the best, and "
        "equal means share their ranks.",
        count=len(table.datasets.names),
    )
    family = [one for one in overalls if one.metric in table.primary and one.p is not None]
    corrected = ""
    if len(family) > 1:
        corrected = translate(", Holm-corrected for {count} metrics", count=len(family))
    results: dict[str, list[str]] = {}
    for overall in overalls:
        if overall.p is not None:
            text = f"{table.config.label(overall.metric)}: {_overall_result(table, overall)}"
            results.setdefault(_overall_test(overall), []).append(text)
    for test, texts in results.items():
        yield translate(
            "Over the data sets, {test}{corrected}: {results}.",
            test=test,
            corrected=corrected,
            results="; ".join(texts),
        )
    if any(overall.critical_difference for overall in overalls):
        yield translate(
            "Mean ranks that differ by less than the critical difference are not told apart"
            " (Nemenyi 1963; Demšar 2006, JMLR 7); they count only where Friedman's test finds a"
            " difference."
        )
    obstacles = dict.fromkeys(local(overall.test.obstacle) for overall in overalls)
    if reasons := "; ".join(filter(None, obstacles)):
        yield translate("No test over the data sets: {reasons}.", reasons=reasons)
    left_out = [table.config.describe(system) for one in overalls for system in one.left_out]
    if left_out:
        names = listed(dict.fromkeys(left_out))
        yield translate("Without ranks, as not on every data set: {names}.", names=names)


def _overall_test(overall: Overall) -> str:
    if isinstance(overall.test, PairedTest):
        return translate(
            "{test}, of means paired by data set (Demšar 2006, JMLR 7)",
            test=TESTS["wilcoxon"].words,
        )
    return translate(
        "Friedman's test of equal mean ranks (1937, doi:10.1080/01621459.1937.10503522),"
        " approximate for up to 10 data sets or 5 systems"
    )


def _overall_result(table: ReportTable, overall: Overall) -> str:
    """The result of a test over data sets in print."""
    p, test = p_text(overall.p), overall.test
    if isinstance(test, PairedTest):
        first, second = (table.config.describe(system) for system in overall.systems)
        effect = f"{TESTS['wilcoxon'].effect.symbol} = {test.effect or 0:.2f}"
        return translate(
            "{first} minus {second}, {p}, {effect}", first=first, second=second, p=p, effect=effect
        )
    return translate(
        "χ²({freedom}) = {statistic:.2f}, {p}, critical difference {difference:.2f}",
        freedom=len(overall.systems) - 1,
        statistic=test.statistic,
        p=p,
        difference=test.critical_difference or 0,
    )
