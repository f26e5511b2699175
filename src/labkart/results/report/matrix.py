"""The compact tables: systems and metrics beside each other, with marks of significance.

A system is a group without its data set; there is a section per data set.
"""

from collections.abc import Iterator, Sequence

from labkart.language import translate
from labkart.records.seeds import Group, Settings
from labkart.results.report.cells import Cell, Cells, Section, metric_title, plain_digits
from labkart.results.report.line import Line
from labkart.results.report.marks import mark
from labkart.results.report.printed import PrintedLine
from labkart.results.report.table import ReportTable


def metrics_in_columns(table: ReportTable) -> Cells:
    """A row per system, and a column per metric."""
    label, names = table.config.label, _system_settings(table)
    shows_counts = _shows_counts(table)
    sections = list[Section]()
    for dataset, groups in table.datasets.parts.items():
        columns = [_cells(table, metric, groups) for metric in table.lines]
        rows = list[list[Cell]]()
        for number, group in enumerate(groups):
            texts = [label(group.settings[name]) for name in names]
            texts += [_count(table, group)] * shows_counts
            rows.append([*map(Cell, texts), *(column[number] for column in columns)])
        sections.append(Section(label(dataset), rows))
    titles = [metric_title(table, metric) for metric in table.lines]
    return Cells([*map(label, names), *["n"] * shows_counts, *titles], sections, len(names))


def systems_in_columns(table: ReportTable) -> Cells:
    """A row per metric, and a column per system."""
    label = table.config.label
    systems = _systems(table)
    sections = [
        Section(label(dataset), list(_metric_rows(table, systems, groups)))
        for dataset, groups in table.datasets.parts.items()
    ]
    corner = ", ".join(map(label, _system_settings(table)))
    names = [", ".join(map(label, filter(None, system.values()))) for system in systems]
    return Cells([corner, *names], sections, 1)


def _metric_rows(
    table: ReportTable, systems: Sequence[Settings], groups: Sequence[Group]
) -> Iterator[list[Cell]]:
    """The rows of a data set, where not each system may have run."""
    own = [table.datasets.system(group) for group in groups]
    places = [own.index(system) if system in own else None for system in systems]
    if _shows_counts(table):
        counts = [Cell(_count(table, group)) for group in groups]
        yield [Cell("n"), *_placed(counts, places)]
    for metric in table.lines:
        cells = _cells(table, metric, groups)
        yield [Cell(metric_title(table, metric)), *_placed(cells, places)]


def _placed(cells: Sequence[Cell], places: Sequence[int | None]) -> list[Cell]:
    return [Cell("-") if place is None else cells[place] for place in places]


def _systems(table: ReportTable) -> list[Settings]:
    """The systems of all data sets, each once."""
    systems = list[Settings]()
    for group in table.groups:
        system = table.datasets.system(group)
        if system not in systems:
            systems.append(system)
    return systems


def _system_settings(table: ReportTable) -> list[str]:
    return [name for name in table.settings if name != table.datasets.setting]


def _cells(table: ReportTable, metric: str, groups: Sequence[Group]) -> list[Cell]:
    """The cells of a metric, in the order of the groups."""
    by_group = {id(line.group): line for line in table.lines[metric]}
    digits = plain_digits(table.lines[metric])
    return [_cell(by_group[id(group)], digits) for group in groups]


def _cell(line: Line, digits: int) -> Cell:
    return Cell(PrintedLine.of(line, digits).mean_and_deviation, line.best, mark(line.p))


def _shows_counts(table: ReportTable) -> bool:
    """Whether the number of runs differs, so that one sentence cannot tell it."""
    return len({len(line.values) for line in table.all_lines}) > 1


def _count(table: ReportTable, group: Group) -> str:
    """The number of a group's runs; of metrics that not all runs have, the least and the most."""
    counts = sorted({len(line.values) for line in table.all_lines if line.group is group})
    return (
        str(counts[0])
        if len(counts) == 1
        else translate("{fewest} to {most}", fewest=counts[0], most=counts[-1])
    )
