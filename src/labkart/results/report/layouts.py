"""The tables of a report in cells: the means in three layouts, and what follows them.

`details` has a section per metric, a row per group, and a column per number. In `metrics` and
`systems` systems and metrics stand beside each other; a system is a group without its data set, and
there is a section per data set. After the means there may be all pairs of groups, and the ranks of
systems over data sets.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from labkart.language import translate
from labkart.records.seeds import Group, Settings
from labkart.results.report.line import Line, Pair, PrintedLine, print_lines
from labkart.results.report.paired import PairedTest
from labkart.results.report.ranks import Overall
from labkart.results.report.rounding import format_difference, format_p
from labkart.results.report.statistics import LEVEL_TEXT
from labkart.results.report.table import ReportTable

_MARKS = (("‡", 0.01), ("†", 0.05))  # the strictest first


@dataclass(frozen=True)
class Cell:
    """One cell."""

    text: str  # what it says
    bold: bool = False  # whether it is the best
    mark: str = ""  # of significance, raised after the text

    def __str__(self) -> str:
        return f"{self.text}{self.mark}"


@dataclass(frozen=True)
class Section:
    """Rows that belong together."""

    title: str  # empty if there is only one section
    rows: list[list[Cell]]  # with as many cells each as the head


@dataclass(frozen=True)
class Cells:
    """A table of cells."""

    head: list[str]
    sections: list[Section]
    labels: int  # how many columns, from the left, have texts and no numbers

    @property
    def rows(self) -> list[list[Cell]]:
        """The rows of all sections."""
        return [row for section in self.sections for row in section.rows]


def plain_cells(texts: Iterable[str]) -> list[Cell]:
    """A row of texts."""
    return list(map(Cell, texts))


def all_cells(table: ReportTable) -> list[Cells]:
    """The means, and the tables that follow them."""
    return [cells_of(table), *_supplements(table)]


def cells_of(table: ReportTable) -> Cells:
    """The means in cells, as the config lays them out."""
    layouts = {"details": _details, "metrics": _metrics_in_columns, "systems": _systems_in_columns}
    return layouts[table.config.layout](table)


def legend() -> str:
    """What the marks mean."""
    return ", ".join(f"{sign} p < {level:g}" for sign, level in reversed(_MARKS))


def _mark(p: float | None) -> str:
    """The mark of a p-value; empty if it is not significant."""
    return next((sign for sign, level in _MARKS if p is not None and p < level), "")


def _details(table: ReportTable) -> Cells:
    label = table.config.label
    only = next(iter(table.lines)) if len(table.lines) == 1 else None
    mean = table.title_of(only) if only else translate("mean")
    interval = translate("{level} interval", level=LEVEL_TEXT)
    tested = [(line.test, len(line.values)) for line in table.all_lines]
    shows_pairs = any(test and test.pairs != count for test, count in tested)
    tests = _test_head(table, shows_pairs) if table.has_tests else []
    sections = list[Section]()
    for metric, lines in table.lines.items():
        rows = [
            _details_row(table, line, rounded, shows_pairs)
            for line, rounded in zip(lines, print_lines(lines), strict=True)
        ]
        sections.append(Section("" if only else table.title_of(metric), rows))
    head = [*map(label, table.settings), "n", mean, interval, *tests]
    return Cells(head, sections, len(table.settings))


def _details_row(
    table: ReportTable, line: Line, rounded: PrintedLine, shows_pairs: bool
) -> list[Cell]:
    settings = map(table.config.label, line.group.settings.values())
    tests = _test_cells(line.test, line.p, shows_pairs) if table.has_tests else []
    mean = Cell(rounded.mean_and_deviation, line.best)
    count = str(len(line.values))
    return [*plain_cells([*settings, count]), mean, *plain_cells([rounded.interval, *tests])]


def _test_head(table: ReportTable, shows_pairs: bool) -> list[str]:
    """The titles of the columns that `_test_cells` fills."""
    return [*[translate("pairs")] * shows_pairs, "Δ", "p", table.effect.symbol]


def _test_cells(test: PairedTest | None, p: float | None, shows_pairs: bool) -> list[str]:
    """The number of pairs if it is shown, the difference, the p-value and the effect size.

    Args:
        test: empty cells if it is None, or has no pair.
        p: in place of the test's own, which is not corrected.
        shows_pairs: whether there is a column for the number of pairs.
    """
    if test is None or not test.pairs:
        return [""] * (3 + shows_pairs)
    effect = "-" if test.effect is None else f"{test.effect:.2f}"
    pairs = [str(test.pairs)] * shows_pairs
    return [*pairs, format_difference(test.difference, test.interval), format_p(p), effect]


def _metrics_in_columns(table: ReportTable) -> Cells:
    """A row per system, and a column per metric."""
    label, names = table.config.label, _system_settings(table)
    head, sections = list(map(label, names)), list[Section]()
    for dataset, groups in table.datasets.parts.items():
        columns = _titled_cells(table, groups)
        rows = list[list[Cell]]()
        for number, group in enumerate(groups):
            texts = [label(group.settings[name]) for name in names]
            rows.append([*plain_cells(texts), *(cells[number] for _, cells in columns)])
        sections.append(Section(label(dataset), rows))
        head = [*map(label, names), *(title for title, _ in columns)]
    return Cells(head, sections, len(names))


def _systems_in_columns(table: ReportTable) -> Cells:
    """A row per metric, and a column per system; not each may have run on each data set."""
    label, sections = table.config.label, list[Section]()
    systems = list[Settings]()
    for group in table.groups:
        system = table.datasets.system(group)
        systems += [system] if system not in systems else []
    for dataset, groups in table.datasets.parts.items():
        own = [table.datasets.system(group) for group in groups]
        rows = list[list[Cell]]()
        for title, cells in _titled_cells(table, groups):
            placed = [cells[own.index(it)] if it in own else Cell("-") for it in systems]
            rows.append([Cell(title), *placed])
        sections.append(Section(label(dataset), rows))
    corner = ", ".join(map(label, _system_settings(table)))
    names = [", ".join(map(label, filter(None, system.values()))) for system in systems]
    return Cells([corner, *names], sections, 1)


def _system_settings(table: ReportTable) -> list[str]:
    return [name for name in table.settings if name != table.datasets.setting]


def _titled_cells(table: ReportTable, groups: Sequence[Group]) -> list[tuple[str, list[Cell]]]:
    """The cells of each metric, and before them the numbers of runs if these differ.

    Each has a cell per group, in their order.
    """
    titled = list[tuple[str, list[Cell]]]()
    if len({len(line.values) for line in table.all_lines}) > 1:
        titled.append(("n", plain_cells(_count(table, group) for group in groups)))
    for metric, lines in table.lines.items():
        cells = {
            id(line.group): Cell(rounded.mean_and_deviation, line.best, _mark(line.p))
            for line, rounded in zip(lines, print_lines(lines), strict=True)
        }
        titled.append((table.title_of(metric), [cells[id(group)] for group in groups]))
    return titled


def _count(table: ReportTable, group: Group) -> str:
    """The number of a group's runs; of metrics that not all runs have, the least and the most."""
    counts = sorted({len(line.values) for line in table.all_lines if line.group is group})
    return describe_range(counts[0], counts[-1])


def describe_range(fewest: int, most: int) -> str:
    """Two counts, or one if they are the same."""
    if fewest == most:
        return str(most)
    return translate("{fewest} to {most}", fewest=fewest, most=most)


def _supplements(table: ReportTable) -> Iterator[Cells]:
    """The tables after the means, if there is something to show in them."""
    tested = [pair for pair in table.all_pairs if pair.test.pairs]
    if table.config.pairs == "all" and tested:
        yield _pairs(table, tested)
    systems = list[Settings]()
    for overall in table.overalls:
        systems += [system for system in overall.systems if system not in systems]
    if len(systems) > 1:
        yield _ranks(table, systems)


def _pairs(table: ReportTable, tested: Sequence[Pair]) -> Cells:
    """A row per pair that could be tested; the caption says why the others could not."""
    label, setting = table.config.label, table.datasets.setting
    counts = {len(group.records) for group in table.groups}
    shows_pairs = any({pair.test.pairs} != counts for pair in tested)
    head = [translate("metric")] if len(table.pairs) > 1 else []
    head += [label(setting)] if setting else []
    head += [translate("first"), translate("second")]
    rows = [_pair_row(table, pair, shows_pairs) for pair in tested]
    title = translate("All pairs, first minus second")
    return Cells([*head, *_test_head(table, shows_pairs)], [Section(title, rows)], len(head))


def _pair_row(table: ReportTable, pair: Pair, shows_pairs: bool) -> list[Cell]:
    config, datasets = table.config, table.datasets
    texts = [config.label(pair.metric)] if len(table.pairs) > 1 else []
    texts += [config.label(pair.group.settings[datasets.setting])] if datasets.setting else []
    texts += [config.name_system(datasets.system(it)) for it in (pair.group, pair.baseline)]
    return plain_cells([*texts, *_test_cells(pair.test, pair.p, shows_pairs)])


def _ranks(table: ReportTable, systems: Sequence[Settings]) -> Cells:
    """A row per system and a column per metric."""
    label = table.config.label
    head = [*map(label, systems[0]), *(label(overall.metric) for overall in table.overalls)]
    rows = list[list[Cell]]()
    for system in systems:
        ranks = [_rank(overall, system) for overall in table.overalls]
        rows.append(plain_cells([*map(label, system.values()), *ranks]))
    count = len(table.datasets.names)
    title = translate("Mean rank over {count} data sets (1 is best)", count=count)
    return Cells(head, [Section(title, rows)], len(systems[0]))


def _rank(overall: Overall, system: Settings) -> str:
    if system not in overall.systems:
        return "-"
    return f"{overall.ranks[overall.systems.index(system)]:.2f}"
