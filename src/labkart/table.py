"""Tables for a terminal: what goes into one, and which columns a narrow terminal has room for.

`console.show_table` prints one. Rich lays it out and cuts the longest cells first. What rich does
not know is here: columns that do not fit are left out by their rank, and a value cannot move the
cursor.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

_MARGIN = (0, 1, 0, 2)  # of a cell: top, right, bottom, left
_GAP = 3
_LEAST = 13  # a cell is not cut below this: a number, or a mean with its deviation, stays whole


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        head: its title; a table in which all titles are empty has no line for them.
        cells: one text per row.
        rank: which columns a narrow terminal leaves out: those with the highest rank first, those
            with rank 0 never.
    """

    head: str
    cells: Sequence[str]
    rank: int = 0

    @property
    def width(self) -> int:
        """How many columns of a terminal the widest cell takes; a Japanese letter takes two."""
        return max(cell_len(_printable(text)) for text in (self.head, *self.cells))


def lay_out(
    columns: Sequence[Column], width: int | None = None, row_styles: Sequence[str] = ()
) -> tuple[Table, int]:
    """Build a table.

    Args:
        columns: its columns.
        width: that of the terminal; None shows every cell whole.
        row_styles: rich's style of each row, if any.

    Returns:
        The table, and how many columns have no room in it.
    """
    shown = list(columns) if width is None else _columns_that_fit(columns, width)
    total = sum(column.width + _GAP for column in shown)
    table = Table(
        box=None,
        show_header=any(column.head for column in columns),
        header_style="dim",
        padding=_MARGIN,
        width=total if width is None else min(total, width),
    )
    for column in shown:
        table.add_column(_cell(column.head))
    rows = list(zip(*(column.cells for column in shown), strict=True))
    for row, style in zip(rows, row_styles or [""] * len(rows), strict=True):
        table.add_row(*map(_cell, row), style=style)
    return table, len(columns) - len(shown)


def plain(value: object) -> str:
    """A value in one line, without characters that would move a terminal's cursor."""
    return " ".join(_printable(str(value)).split())


def _columns_that_fit(columns: Sequence[Column], width: int) -> list[Column]:
    """Leave out columns, the last ones of the highest rank first, until the others can be cut."""
    shown = list(columns)
    while sum(min(column.width, _LEAST) + _GAP for column in shown) > width:
        last = max(range(len(shown)), key=lambda index: (shown[index].rank, index))
        if not shown[last].rank:
            break
        del shown[last]
    return shown


def _cell(text: str) -> Text:
    return Text(_printable(text), no_wrap=True, overflow="ellipsis")


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
