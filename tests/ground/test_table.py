"""A table stands below its head, and is cut where the page is narrow: numbers last."""

from rich.cells import cell_len

from labkart.table import Column, lines, plain


def test_columns_stand_below_each_other_whatever_the_letters_are_wide() -> None:
    rows, left = lines([Column("名前", ["森", "forest"]), Column("n", ["1", "2"])])
    assert rows == ["名前     n", "森       1", "forest   2"]
    assert left == 0


def test_without_heads_there_is_no_line_for_them() -> None:
    assert lines([Column("", ["a"]), Column("", ["b"])])[0] == ["a   b"]


def test_without_a_width_nothing_is_cut() -> None:
    assert lines([Column("x", ["y" * 500])])[0][1] == "y" * 500


def test_a_narrow_page_cuts_the_longest_cells_and_no_number() -> None:
    rows, left = lines([Column("path", ["data/" + "x" * 60]), Column("value", ["0.12345678"])], 40)
    assert left == 0
    assert rows[1].endswith("…   0.12345678")
    assert all(cell_len(row) <= 40 for row in rows)


def test_what_does_not_fit_at_all_goes_by_its_rank() -> None:
    columns = [
        Column("id", ["1" * 8]),
        *(Column(f"m{rank}", ["0.12345678"], rank) for rank in (3, 1, 2)),
    ]
    rows, left = lines(columns, 30)
    assert (rows[0].split(), left) == (["id", "m1"], 2)


def test_a_value_cannot_move_the_cursor() -> None:
    assert plain("a\n\x1b[31mb") == "a [31mb"
