"""What a task logs besides metrics is beside its record, without secrets, under the name that it was given."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from labkart import LabkartError
from labkart.tasks.logging import TaskLogger

TOKEN = "ghp_" + "abcdefghij0123456789" * 2


class Logger(TaskLogger):
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._clear_log()

    def _folder(self) -> Path:
        return self.folder

    def _own_params(self) -> dict[str, str]:
        return {"trees": "300"}

    @property
    def files(self) -> dict[str, list[str]]:
        fields = ("figures", "tables", "models", "artifacts")
        return {field: files for field in fields if (files := self._logged_files(field))}


@pytest.fixture
def logger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logger]:
    monkeypatch.chdir(tmp_path)
    yield Logger(tmp_path / "record")
    assert not list((tmp_path / "record").glob(".*")), "nothing half-written"


def test_each_kind_is_listed_in_its_field(logger: Logger) -> None:
    Path("notes (1).md").write_text("plain")
    logger.log_figure("roc", Figure())
    logger.log_image("first", np.zeros((2, 2)))
    logger.log_table("rows", {"a": 1})
    logger.log_text("remark", "good")
    logger.log_artifact("notes (1).md")
    logger.log_artifact("copy.md", Path("notes (1).md"))
    logger.log_model("model", {"a": 1})
    assert logger.files == {
        "figures": ["roc.png", "first.png"],
        "tables": ["rows.csv"],
        "models": ["model.pkl"],
        "artifacts": ["remark.txt", "notes (1).md", "copy.md"],
    }
    assert (logger.folder / "copy.md").read_text() == "plain"


def test_a_name_that_is_logged_again_is_replaced_whatever_it_was(logger: Logger) -> None:
    Path("folder/sub").mkdir(parents=True)
    Path("folder/sub/a.txt").write_text("a")
    logger.log_table("a", {"a": 1})
    logger.log_text("a.csv", "text")
    logger.log_artifact("a.csv", "folder")
    assert logger.files == {"artifacts": ["a.csv"]}
    logger.log_artifact("a.csv", "folder")
    assert (logger.folder / "a.csv/sub/a.txt").read_text() == "a"
    logger.log_table("a", {"a": 1})
    assert logger.files == {"tables": ["a.csv"]}


def test_what_cannot_be_written_leaves_what_was_there(logger: Logger) -> None:
    logger.log_model("model", 1)
    with pytest.raises(LabkartError, match=r'^log_model\("model", \.\.\.\): .*pickle'):
        logger.log_model("model", lambda: 0)
    assert logger.files == {"models": ["model.pkl"]} and (logger.folder / "model.pkl").exists()


def test_secrets_in_texts_files_and_parameters_are_masked(logger: Logger) -> None:
    Path("folder").mkdir()
    Path("folder/login.txt").write_text(f"token {TOKEN}\n")
    Path("folder/data.bin").write_bytes(b"\xff" + TOKEN.encode())
    logger.log_text("remark", f"token {TOKEN}")
    logger.log_artifact("folder")
    logger.log_param("password", "hunter2-secret")
    assert (logger.folder / "remark.txt").read_text() == "token ***"
    assert (logger.folder / "folder/login.txt").read_text() == "token ***\n"
    assert TOKEN.encode() in (logger.folder / "folder/data.bin").read_bytes()
    assert logger._logged_params == {"password": "***"}


def test_a_parameter_keeps_its_value_and_the_last_one_counts(logger: Logger) -> None:
    for value in (1, np.float64(0.5)):
        logger.log_param("threshold", value)
    logger.log_param("grid", [1, 2])
    logger.log_param("trees", 300)
    assert logger._logged_params == {"threshold": 0.5, "grid": "[1, 2]", "trees": 300}
    with pytest.raises(LabkartError, match=r'^The task has a parameter "trees" of its own'):
        logger.log_param("trees", 10)
    with pytest.raises(LabkartError, match=r"^'' cannot name a parameter"):
        logger.log_param("", 10)


REFUSED: list[tuple[str, tuple[Any, ...], str]] = [
    ("log_figure", ("a", 3), 'log_figure("a", ...): the figure must be one of Matplotlib,'),
    ("log_image", ("a", 3), 'log_image("a", ...): the image must be one of PIL,'),
    ("log_table", ("a", 3), 'log_table("a", ...): the table must be a data frame,'),
    ("log_text", ("a", 3), 'log_text("a", ...): the text must be a str, got an int.'),
    ("log_text", ("log", "a"), 'log_text("log", ...): the record has a file log.txt of its own.'),
    ("log_text", (3, "a"), "log_text(3, ...): 3 cannot name a file."),
    ("log_text", ("a/b", "a"), 'log_text("a/b", ...): "a/b" cannot name a file. Use letters,'),
    ("log_artifact", ("gone",), 'log_artifact("gone", ...): '),
    ("log_artifact", (3,), "log_artifact(...): it must be a path, got an int."),
    ("log_artifact", (".",), "log_artifact"),
]


@pytest.mark.parametrize(("method", "arguments", "sentence"), REFUSED)
def test_what_cannot_be_logged_is_a_sentence(
    method: str, arguments: tuple[Any, ...], sentence: str, logger: Logger
) -> None:
    with pytest.raises(LabkartError) as raised:
        getattr(logger, method)(*arguments)
    assert str(raised.value).startswith(sentence) and not logger.files
