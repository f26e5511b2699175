"""A table stands below its head, and is cut on a narrow terminal: numbers last."""

from collections.abc import Sequence
from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from labkart import console
from labkart.console import show_table
from labkart.table import Column, plain


class Page:
    """What is printed: on a terminal of a width, or into a file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def lines(self, columns: Sequence[Column], width: int | None = None) -> tuple[list[str], int]:
        """The lines without colours, and how many columns had no room."""
        out = Console(
            file=StringIO(), width=width, force_terminal=width is not None, color_system=None
        )
        self._monkeypatch.setattr(console, "stdout", out)
        omitted = show_table(columns)
        assert isinstance(out.file, StringIO)
        lines = out.file.getvalue().splitlines()
        assert all(line.startswith("  ") for line in lines)
        return [line[2:].rstrip() for line in lines], omitted


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(monkeypatch)


def test_columns_stand_below_each_other_whatever_the_letters_are_wide(page: Page) -> None:
    rows, omitted = page.lines([Column("名前", ["森", "forest"]), Column("n", ["1", "2"])])
    assert rows == ["名前     n", "森       1", "forest   2"]
    assert omitted == 0


def test_without_heads_there_is_no_line_for_them(page: Page) -> None:
    assert page.lines([Column("", ["a"]), Column("", ["b"])])[0] == ["a   b"]


def test_in_a_file_nothing_is_cut(page: Page) -> None:
    columns = [Column("x", ["y" * 500]), Column("z", ["w" * 500])]
    assert page.lines(columns)[0][1] == "y" * 500 + "   " + "w" * 500


@pytest.mark.parametrize("letter", ["x", "森"])
def test_a_narrow_terminal_cuts_the_longest_cells_and_no_number(letter: str, page: Page) -> None:
    columns = [
        Column("path", ["data/" + letter * 60]),
        Column("value", ["0.12345678"]),
        Column("mean", ["0.979 ± 0.012"]),
    ]
    rows, omitted = page.lines(columns, 60)
    assert omitted == 0
    assert rows[1].endswith("…   0.12345678   0.979 ± 0.012")
    assert all(cell_len(row) <= 58 for row in rows)


def test_what_does_not_fit_at_all_goes_by_its_rank(page: Page) -> None:
    columns = [
        Column("id", ["1" * 8]),
        *(Column(f"m{rank}", ["0.12345678"], rank) for rank in (3, 1, 2)),
    ]
    rows, omitted = page.lines(columns, 30)
    assert (rows[0].split(), omitted) == (["id", "m1"], 2)


def test_a_value_cannot_move_the_cursor(page: Page) -> None:
    assert plain("a\n\x1b[31mb") == "a [31mb"
    rows, _ = page.lines([Column("na\rme", ["a\n\x1b[31mb"]), Column("n", ["[red]1[/]"])])
    assert rows == ["na me      n", "a  [31mb   [red]1[/]"]
