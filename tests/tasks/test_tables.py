"""What makes a data frame is a table, without secrets; all else is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from labkart import LabkartError
from labkart.tasks.tables import data_frame, write_csv

TOKEN = "ghp_" + "abcdefghij0123456789" * 2


class Polars:
    """Stands for a table of polars or PyArrow."""

    def to_pandas(self) -> pd.DataFrame:
        return pd.DataFrame({"a": [1]})


def csv(table: Any, folder: Path) -> str:
    write_csv(data_frame(table), folder / "table.csv")
    return (folder / "table.csv").read_text()


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (pd.DataFrame({"a": [1]}), "a\n1\n"),
        (pd.Series([1], name="a"), "a\n1\n"),
        (pd.Series(["x", "x"], name="a").value_counts(), "a,count\nx,2\n"),
        ({"a": [1, 2], "b": [3, 4]}, "a,b\n1,3\n2,4\n"),
        ({"a": 1, "b": "x"}, "a,b\n1,x\n"),
        ([{"a": 1}, {"a": 2}], "a\n1\n2\n"),
        (np.eye(2, dtype=int), "0,1\n1,0\n0,1\n"),
        (Polars(), "a\n1\n"),
        (
            pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([("x", 1)], names=["k", "l"])),
            "k,l,a\nx,1,1\n",
        ),
    ],
)
def test_what_makes_a_data_frame_is_a_table(table: Any, text: str, tmp_path: Path) -> None:
    assert csv(table, tmp_path) == text


@pytest.mark.parametrize(
    ("table", "end"),
    [
        (3, "got an int."),
        (None, "got None."),
        ("a,b", "got a str."),
        (np.zeros((2, 2, 2)), "got an array: Must pass 2-d input. shape=(2, 2, 2)."),
        ({"a": [1, 2], "b": [1]}, "got a dict: All arrays must be of the same length."),
    ],
)
def test_what_makes_none_is_named(table: Any, end: str) -> None:
    with pytest.raises(
        LabkartError, match=r"^the table must be a data frame, or make one"
    ) as error:
        data_frame(table)
    assert str(error.value).endswith(end)


def test_secrets_in_cells_are_masked_and_nothing_else(tmp_path: Path) -> None:
    texts = ["a word", TOKEN]
    frame = pd.DataFrame({"n": [0, 1], "text": texts, "password": "hunter2-secret"}, index=texts)
    masked = ",n,text,password\na word,0,a word,***\n***,1,***,***\n"
    assert csv(frame, tmp_path) == masked
    assert frame["text"].iloc[-1] == frame.index[-1] == TOKEN
    frame.index = pd.MultiIndex.from_arrays([texts, [7, 8]])
    assert csv(frame, tmp_path).endswith("\n***,8,1,***,***\n")
