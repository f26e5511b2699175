"""The page `outputs` is right: each file keeps what its table says, and each parameter takes its YAML."""

import datetime
from enum import Enum
from pathlib import Path
from types import new_class
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, tostring

import gokart
import luigi
import numpy as np
import pandas as pd
import pytest
from luigi.date_interval import Month

from labkart import DataFile, DataFolder, Task, compose, make
from tests.support.bake import TEMPLATE
from tests.support.tiny import write

PAGES = {
    language: (TEMPLATE / f"docs/{language}/outputs.md").read_text(encoding="utf-8")
    for language in ("en", "ja")
}


class Kernel(Enum):
    LINEAR = 1
    RADIAL = 2


NAMES = {
    **vars(luigi),
    **vars(datetime),
    **{"ZonedDateSecondParameter": gokart.ZonedDateSecondParameter, "Month": Month},
    **{"DataFile": DataFile, "DataFolder": DataFolder, "Kernel": Kernel},
    **{"np": np, "pd": pd, "Element": Element, "ElementTree": ElementTree},
}


def rows(page: str, columns: int) -> list[tuple[str, ...]]:
    """The code in the first three columns of the rows of the table with so many columns."""
    lines = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    return [
        tuple(cell.strip("`") for cell in line[:3])
        for line in lines
        if len(line) == columns and line[1].startswith("`") and line[2].startswith("`")
    ]


FILES, PARAMETERS = rows(PAGES["en"], 4), rows(PAGES["en"], 3)


def test_both_languages_have_the_same_tables() -> None:
    assert rows(PAGES["ja"], 4) == FILES
    assert rows(PAGES["ja"], 3) == PARAMETERS
    assert (len(FILES), len(PARAMETERS)) == (16, 26)


class WriteShown(Task[Any]):
    file: luigi.StrParameter = luigi.StrParameter()
    value: luigi.StrParameter = luigi.StrParameter()

    def output(self) -> Any:
        return self.make_target(self.file)

    def run(self) -> None:
        self.dump(eval(self.value, dict(NAMES)))


class ReadShown(Task[Any]):
    written: gokart.TaskInstanceParameter[WriteShown] = gokart.TaskInstanceParameter(
        expected_type=WriteShown
    )

    def run(self) -> None:
        self.dump(self.load(self.written))


@pytest.mark.parametrize(("suffix", "value", "expected"), FILES)
def test_a_file_keeps_what_the_page_says(
    suffix: str, value: str, expected: str, root: Path
) -> None:
    loaded = gokart.build(ReadShown(written=WriteShown(file=f"x{suffix}", value=value)))
    wanted = eval(expected, dict(NAMES))
    if isinstance(wanted, pd.DataFrame):
        pd.testing.assert_frame_equal(loaded, wanted, check_index_type=False)
    elif isinstance(wanted, np.ndarray):
        np.testing.assert_array_equal(loaded, wanted)
    elif isinstance(wanted, ElementTree):
        assert tostring(loaded.getroot()) == tostring(wanted.getroot())
    else:
        assert (loaded, type(loaded)) == (wanted, type(wanted))


def test_a_parameter_takes_the_yaml_of_the_page(root: Path) -> None:
    lines = [f"row{number}:\n  value: {text}\n" for number, (_, text, _) in enumerate(PARAMETERS)]
    write(root, **{"conf/model/forest.yaml": "".join(lines), "data/raw/README.md": "Here."})
    model = compose().model
    for number, (parameter, _, expected) in enumerate(PARAMETERS):
        row = f"row{number}"
        values = {"value": eval(parameter, dict(NAMES)), "__module__": __name__}
        example = new_class(
            row, (Task[int],), exec_body=lambda body, values=values: body.update(values)
        )
        value = make(example, model[row]).value
        wanted = eval(expected, {**NAMES, "root": root})
        assert value == wanted, parameter
        assert isinstance(value, type(wanted)) or isinstance(wanted, dict), parameter


def test_the_page_has_every_kind_of_file() -> None:
    from gokart.file_processor import make_file_processor

    with pytest.raises(AssertionError) as unknown:
        make_file_processor("x.unknown")
    known = eval(str(unknown.value).partition("extensions are ")[2].rstrip("."))
    assert set(known) == {suffix for suffix, _, _ in FILES}
