"""Which tables a report has: that of its layout, and those that follow it."""

from labkart.results.report.cells import Cells, detailed_cells
from labkart.results.report.matrix import metrics_in_columns, systems_in_columns
from labkart.results.report.supplements import supplements
from labkart.results.report.table import ReportTable

_LAYOUTS = {
    "details": detailed_cells,
    "metrics": metrics_in_columns,
    "systems": systems_in_columns,
}


def cells_of(table: ReportTable) -> Cells:
    """The means in cells, as the config lays them out."""
    return _LAYOUTS[table.config.layout](table)


def all_cells(table: ReportTable) -> list[Cells]:
    """The means, and the tables that follow them."""
    return [cells_of(table), *supplements(table)]
