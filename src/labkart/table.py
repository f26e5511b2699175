"""A table as lines of text: columns below each other, cut to the width of a page. Knows nothing of what is in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

_GAP = "   "
_LEAST = (
    13  # letters to which a cell may be cut: a number, or a mean with its deviation, stays whole
)


@dataclass
class Column:
    """One column: its head, and a text a row.

    Where the page is narrow, the column with the highest `rank` goes first; 0 stays.
    """

    head: str
    cells: Sequence[str]
    rank: int = 0

    @property
    def width(self) -> int:
        return max(map(cell_len, (self.head, *self.cells)))  # a Japanese letter is two wide


def lines(columns: Sequence[Column], width: int | None = None) -> tuple[list[str], int]:
    """The head, where there is one, and the rows; and how many columns had no place. Without a width, all of it."""
    shown = list(columns)
    widths = [column.width for column in shown]
    if width is not None:
        while shown and _needed(least := [min(each, _LEAST) for each in widths]) > width:
            last = max(range(len(shown)), key=lambda place: (shown[place].rank, place))
            if not shown[last].rank:
                break
            del shown[last], widths[last], least[last]
        limit = max(widths, default=0)
        while limit > _LEAST and _needed([min(each, limit) for each in widths]) > width:
            limit -= 1
        widths = [min(each, limit) for each in widths]
    head = any(column.head for column in columns)
    rows = zip(
        *([column.head, *column.cells] if head else column.cells for column in shown), strict=True
    )
    return [_GAP.join(map(_cut, row, widths)).rstrip() for row in rows], len(columns) - len(shown)


def plain(text: object) -> str:
    """A value in one line, without what would move a terminal's cursor."""
    return " ".join("".join(each if each.isprintable() else " " for each in str(text)).split())


def _needed(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _cut(cell: str, width: int) -> str:
    return (
        set_cell_size(cell, width)
        if cell_len(cell) <= width
        else f"{set_cell_size(cell, width - 1)}…"
    )
