"""The tables after the means: all pairs of groups, and the ranks of systems over data sets.

Their cells are plain texts; `formats` writes them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from labkart.records.seeds import Group
from labkart.results.report.cells import test_cells
from labkart.results.report.labels import settings_label
from labkart.results.report.table import ReportTable


@dataclass(frozen=True)
class Supplement:
    """A table of texts.

    Attributes:
        title: above it.
        head: of its columns.
        rows: its cells.
        texts: how many columns at the left are texts; the others are numbers.
    """

    title: str
    head: list[str]
    rows: list[list[str]]
    texts: int


def supplements(table: ReportTable) -> Iterator[Supplement]:
    """The tables after the means, if there is something to show in them."""
    if table.config.pairs == "all" and table.all_pairs:
        yield _pairs(table)
    yield from _ranks(table)


def _pairs(table: ReportTable) -> Supplement:
    label, datasets = table.config.label, table.datasets
    shows_metric, setting = len(table.pairs) > 1, datasets.setting
    runs = {len(group.records) for group in table.groups}
    shows_pairs = any({pair.test.pairs} != runs for pair in table.all_pairs)
    rows = list[list[str]]()
    for metric, pairs in table.pairs.items():
        for pair in pairs:
            texts = [label(metric)] if shows_metric else []
            texts += [label(pair.group.settings[setting])] if setting else []
            texts += [_system(table, group) for group in (pair.group, pair.baseline)]
            rows.append([*texts, *test_cells(pair.test, pair.p, shows_pairs)])
    head = ["metric"] if shows_metric else []
    head += [label(setting)] if setting else []
    head += ["first", "second"]
    numbers = [*["pairs"] * shows_pairs, "Δ", "p", table.effect.symbol]
    return Supplement("All pairs, first less second", [*head, *numbers], rows, len(head))


def _system(table: ReportTable, group: Group) -> str:
    return settings_label(table, table.datasets.system(group)) or "all"


def _ranks(table: ReportTable) -> Iterator[Supplement]:
    """A row per system and a column per metric."""
    overalls = table.overalls
    label = table.config.label
    systems = list[dict[str, str]]()
    for overall in overalls:
        systems += [system for system in overall.systems if system not in systems]
    if len(systems) < 2:
        return
    rows = list[list[str]]()
    for system in systems:
        ranks = [
            f"{overall.ranks[overall.systems.index(system)]:.2f}"
            if system in overall.systems
            else "-"
            for overall in overalls
        ]
        rows.append([*map(label, system.values()), *ranks])
    head = [*map(label, systems[0]), *(label(overall.metric) for overall in overalls)]
    title = f"Mean rank over {len(table.datasets.names)} data sets (1 is best)"
    yield Supplement(title, head, rows, len(systems[0]))
