"""The tables after the means: all pairs of groups, and the ranks of systems over data sets."""

from collections.abc import Iterator
from typing import Any

from labkart.language import translate
from labkart.records.seeds import Group
from labkart.results.report.cells import Cell, Cells, Section, test_cells
from labkart.results.report.labels import system_label
from labkart.results.report.pairs import Pair
from labkart.results.report.table import ReportTable

# The names of columns in the CSV file that only some tables have.
SUPPLEMENT_NUMBERS = ("p_plain", "against", "mean_rank", "critical_difference")


def supplements(table: ReportTable) -> Iterator[Cells]:
    """The tables after the means, if there is something to show in them."""
    if table.config.pairs == "all" and table.all_pairs:
        yield _pairs(table)
    yield from _ranks(table)


def _pairs(table: ReportTable) -> Cells:
    label, datasets = table.config.label, table.datasets
    shows_metric, setting = len(table.pairs) > 1, datasets.setting
    runs = {len(group.records) for group in table.groups}
    shows_pairs = any({pair.test.pairs} != runs for pair in table.all_pairs)
    rows = list[list[Cell]]()
    for metric, pairs in table.pairs.items():
        for pair in pairs:
            texts = [label(metric)] if shows_metric else []
            texts += [label(pair.group.settings[setting])] if setting else []
            texts += [_system(table, group) for group in (pair.group, pair.baseline)]
            texts += test_cells(pair.test, pair.p, shows_pairs)
            rows.append(list(map(Cell, texts)))
    head = [translate("metric")] if shows_metric else []
    head += [label(setting)] if setting else []
    head += [translate("first"), translate("second")]
    numbers = [*[translate("pairs")] * shows_pairs, "Δ", "p", table.effect.symbol]
    title = translate("All pairs, first minus second")
    return Cells([*head, *numbers], [Section(title, rows)], len(head))


def _system(table: ReportTable, group: Group) -> str:
    return system_label(table, table.datasets.system(group))


def _ranks(table: ReportTable) -> Iterator[Cells]:
    """A row per system and a column per metric."""
    overalls = table.overalls
    label = table.config.label
    systems = list[dict[str, str]]()
    for overall in overalls:
        systems += [system for system in overall.systems if system not in systems]
    if len(systems) < 2:
        return
    rows = list[list[Cell]]()
    for system in systems:
        ranks = [
            f"{overall.ranks[overall.systems.index(system)]:.2f}"
            if system in overall.systems
            else "-"
            for overall in overalls
        ]
        rows.append(list(map(Cell, [*map(label, system.values()), *ranks])))
    head = [*map(label, systems[0]), *(label(overall.metric) for overall in overalls)]
    title = translate(
        "Mean rank over {count} data sets (1 is best)", count=len(table.datasets.names)
    )
    yield Cells(head, [Section(title, rows)], len(systems[0]))


def supplement_numbers(table: ReportTable) -> Iterator[dict[str, Any]]:
    """The rows of the CSV file after the means: metric, settings and numbers by name."""
    for metric, pairs in table.pairs.items() if table.config.pairs == "all" else ():
        for pair in pairs:
            numbers = pair_numbers(pair, table.effect.name)
            system = table.datasets.system(pair.baseline)
            against = " ".join(f"{name}={text}" for name, text in system.items() if text)
            yield {"metric": metric, **pair.group.settings, **numbers, "against": against}
    for overall in table.overalls:
        test = {"p": overall.raw_p, "p_holm": overall.p, "pairs": len(overall.datasets)}
        test |= {"no_test": overall.obstacle if table.config.test != "none" else None}
        test["critical_difference"] = overall.critical_difference
        for system, rank in zip(overall.systems, overall.ranks, strict=True):
            yield {"metric": overall.metric, **system, **test, "mean_rank": rank}


def pair_numbers(pair: Pair, effect: str) -> dict[str, Any]:
    """A test's numbers by the names of their columns in the CSV file."""
    test = pair.test
    numbers: dict[str, Any] = {"difference": test.difference, "p": test.p, "p_holm": pair.p}
    numbers |= {effect: test.effect, "pairs": test.pairs, "no_test": test.obstacle}
    if test.plain_p is not None:
        numbers["p_plain"] = test.plain_p
    if test.interval:
        numbers |= {"difference_low": test.interval.low, "difference_high": test.interval.high}
    return numbers
