"""The data frame that a notebook gets."""

from pathlib import Path

from labkart.results import notebook
from tests.results.experiments import experiment


def test_a_data_frame_has_a_row_an_experiment(root: Path) -> None:
    for each in (experiment(1, seed=3), experiment(2, "linear", metrics={})):
        each.write()
    table = notebook.runs()
    assert list(table.index) == [f"{2:016x}", f"{1:016x}"]
    assert table.loc[f"{1:016x}", ["model", "seed", "model.params.trees", "accuracy"]].tolist() == [
        "forest",
        3,
        300,
        0.501,
    ]
    assert str(table["started"].dt.tz) == "UTC" and table["accuracy"].isna().tolist() == [
        True,
        False,
    ]
    assert len(notebook.runs("model=forest accuracy > 0.5")) == 1
    assert len(notebook.runs("model=forest accuracy >= 0.6")) == 0


def test_before_the_first_run_the_data_frame_is_empty(root: Path) -> None:
    assert notebook.runs().empty and list(notebook.runs().columns) == ["started", "status"]
