"""Records come back as they were written, or not at all."""

import json
import math
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from labkart.digests import FileState
from labkart.records import live_metrics, record
from labkart.records.record import ExperimentRecord, Metric, TaskRecord, TaskRun
from labkart.records.texts import unnamed_texts
from tests.support.tiny import write

TASK = TaskRecord(
    id="abc",
    name="Train",
    status="done",
    params={"alpha": "0.5", "title": "卒業研究"},
    upstream=["Split_def"],
    code={"study/tasks.py": {"Train.run": "123"}},
    packages={"numpy": "2.3.4"},
    data={"table": {"path": "data/raw/table.csv", "sha256": "00aa"}},
    seed=1,
    started="2026-11-21T09:00:00.000+09:00",
    wall_seconds=1.5,
    cpu_seconds=1.0,
    peak_memory_mb=100.0,
    outputs=[FileState("cache/train.pkl", 7, "00ff", [1, 2, 3, 7])],
    undeclared=[FileState("data/raw/notes.csv", 3, "00bb", [4, 5, 6, 3])],
    metrics=[
        Metric("loss", 0.5, 1, 10.0),
        Metric("accuracy", 0.75, None, 11.0),
        Metric("loss", 0.25, 2, 12.0),
    ],
    figures=["roc.png"],
    tables=["errors.csv"],
    error=None,
    traceback=None,
)
EXPERIMENT = ExperimentRecord(
    id="e1",
    project="tiny",
    command="labkart run seed=1",
    overrides=["seed=1"],
    settings={"model": "forest", "seed": 1},
    tasks=[
        TaskRun("Train", "Train", "abc", "ran", 1.5),
        TaskRun("Train-2", "Train", "def", "failed", error="no"),
    ],
    metrics={"accuracy": 0.75},
    code={"commit": None, "dirty": True},
)


def test_a_tasks_record_comes_back_as_it_was_written(root: Path) -> None:
    TASK.write()
    assert record.read_task("Train", "abc") == TASK


def test_an_experiments_record_comes_back_as_it_was_written(root: Path) -> None:
    EXPERIMENT.write()
    assert record.read_experiment("e1") == EXPERIMENT


def test_records_lie_in_the_outputs_where_a_person_can_read_them(root: Path) -> None:
    TASK.write()
    EXPERIMENT.write()
    assert '"title": "卒業研究"' in (
        root / "outputs/records/tasks/Train_abc/record.json"
    ).read_text("utf-8")
    assert (root / "outputs/records/experiments/e1/record.json").exists()


def test_what_never_ran_has_no_record(root: Path) -> None:
    assert record.read_task("Train", "abc") is None
    assert record.read_experiment("e1") is None


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e308, 5e-324, 0.1])
def test_a_metric_comes_back_to_the_last_bit(value: float, root: Path) -> None:
    replace(TASK, metrics=[Metric("loss", value, None, 0.0)]).write()
    read = record.read_task("Train", "abc")
    assert read and read.metrics[0].value == value


def test_a_metric_that_is_not_a_number_comes_back(root: Path) -> None:
    replace(TASK, metrics=[Metric("loss", math.nan, None, 0.0)]).write()
    read = record.read_task("Train", "abc")
    assert read and math.isnan(read.metrics[0].value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'{"id": "abc"}',
        b'{"somebody": "else"}',
        b"\xff\xfe",
        b"\0" * 100,
    ],
)
def test_a_damaged_or_foreign_record_reads_as_nothing(content: bytes, root: Path) -> None:
    for example in (TASK, EXPERIMENT):
        example.write()
        (example.folder / "record.json").write_bytes(content)
    assert record.read_task("Train", "abc") is None
    assert record.read_experiment("e1") is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("outputs", 5), ("metrics", None), ("outputs", [{"path": "x"}]), ("more", 1)],
)
def test_a_record_of_another_shape_reads_as_nothing(field: str, value: object, root: Path) -> None:
    TASK.write()
    path = TASK.folder / "record.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), field: value}))
    assert record.read_task("Train", "abc") is None


def test_a_record_cut_anywhere_reads_as_nothing(root: Path) -> None:
    TASK.write()
    path = TASK.folder / "record.json"
    whole = path.read_bytes()
    for length in range(0, len(whole) - 2, 40):
        path.write_bytes(whole[:length])
        assert record.read_task("Train", "abc") is None


def test_texts_lie_beside_an_experiments_record_and_empty_ones_are_left_out(root: Path) -> None:
    EXPERIMENT.write({"config.yaml": "seed: 1\n", "traceback.txt": ""})
    assert sorted(file.name for file in EXPERIMENT.folder.iterdir()) == [
        "config.yaml",
        "record.json",
    ]
    assert (EXPERIMENT.folder / "config.yaml").read_text() == "seed: 1\n"


def test_a_text_that_experiments_share_is_stored_once_and_told_from_a_damaged_one(
    root: Path,
) -> None:
    shared = {"uv.lock": "version = 1\n", "packages.txt": ""}
    for id in ("e1", "e2"):
        replace(EXPERIMENT, id=id).write({"config.yaml": "seed: 1\n"}, shared)
    (file,) = (root / "outputs/records/texts").iterdir()
    read = record.read_experiment("e2")
    assert read and list(read.texts) == ["uv.lock"] and not EXPERIMENT.texts
    assert [read.text(name) for name in ("uv.lock", "packages.txt", "config.yaml")] == [
        "version = 1\n",
        "",
        "seed: 1\n",
    ]
    file.write_text("version = 2\n")
    assert not read.text("uv.lock")
    read.write(shared={"uv.lock": "version = 1\n"})
    assert read.text("uv.lock") == file.read_text() == "version = 1\n"
    read.write(shared={"uv.lock": ""})
    assert not read.texts and unnamed_texts() == []
    replace(EXPERIMENT, id="e1").write()
    assert unnamed_texts() == [file]


def test_a_text_with_bytes_that_are_no_utf8_lies_there_as_these_bytes(root: Path) -> None:
    diff = "+name = é\n".encode("latin-1")
    EXPERIMENT.write({"code.diff": diff.decode(errors="surrogateescape")})
    assert (EXPERIMENT.folder / "code.diff").read_bytes() == diff


@pytest.mark.parametrize("error", ["\udcff", "\ud800", "卒業"])  # noqa: PT014 (they differ)
def test_a_record_comes_back_whatever_characters_are_in_it(error: str, root: Path) -> None:
    replace(TASK, error=error).write()
    read = record.read_task("Train", "abc")
    assert read and read.error == error


def test_now_is_a_time_with_its_offset() -> None:
    assert datetime.fromisoformat(record.current_time()).tzinfo is not None


def test_the_newest_experiments_come_first_and_no_more_than_were_asked_for(root: Path) -> None:
    for number in range(5):
        replace(EXPERIMENT, id=f"e{number}").write()
        os.utime(record.read_experiment(f"e{number}").folder, (1000 + number, 1000 + number))
    assert [each.id for each in record.read_experiments(most=2)] == ["e4", "e3"]
    assert [each.id for each in record.read_experiments("e1")] == ["e1"]
    assert len(record.read_experiments()) == 5
    # As a folder that another process removes meanwhile.
    record.experiment_folder("e9").symlink_to("gone")
    assert len(record.read_experiments()) == 5


def test_metrics_of_a_task_that_runs_are_read_from_where_the_last_look_ended(root: Path) -> None:
    file = root / "outputs/records/tasks/Train_abc/.metrics.jsonl"
    assert live_metrics.read_metrics("Train", "abc") == ([], 0)
    write(root, **{str(file.relative_to(root)): '["loss", 0.5, 1, 10.0]\n["loss", 0.2'})
    first, end = live_metrics.read_metrics("Train", "abc")
    assert first == [Metric("loss", 0.5, 1, 10.0)]
    with file.open("a") as rest:
        rest.write("5, 2, 11.0]\n")
    assert live_metrics.read_metrics("Train", "abc", end)[0] == [Metric("loss", 0.25, 2, 11.0)]
    file.write_text('["loss", 9.0, 1, 12.0]\n')  # the task began again
    assert live_metrics.read_metrics("Train", "abc", 1000)[0] == [Metric("loss", 9.0, 1, 12.0)]
