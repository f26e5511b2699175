"""The digest in a record tells that its file was edited, whatever Labkart does with it later."""

import json
from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest

from labkart.records import record
from labkart.records.record import Metric
from tests.records.test_record import EXPERIMENT, TASK


def as_json(text: str) -> str:
    return json.dumps(json.loads(text))


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("0.5", "0.9"),
        lambda text: text.replace('"finished"', '"failed"'),
        lambda text: text + "\n",
        as_json,
        lambda text: text.replace('"digest": "', '"digest": "0'),
        lambda text: text.replace('\n "edited"', '\n  "edited"'),
    ],
)
def test_an_edit_of_a_record_is_noticed(edit: Callable[[str], str], root: Path) -> None:
    replace(EXPERIMENT, status="finished", metrics={"accuracy": 0.5}).write()
    file = EXPERIMENT.folder / "record.json"
    before = record.read_experiment(EXPERIMENT.id)
    assert before and not before.edited
    file.write_text(edit(file.read_text()))
    after = record.read_experiment(EXPERIMENT.id)
    assert after and after.edited
    after.write()
    again = record.read_experiment(EXPERIMENT.id)
    assert again and again.edited, "a later change by Labkart does not hide it"


def test_what_labkart_wrote_is_not_edited(root: Path) -> None:
    for metrics in ([], [Metric("loss", nan, 1, 0.0), Metric("正解率", inf, None, 1e-7)]):
        replace(TASK, metrics=metrics, error="\udc80 { \\ }\n").write()
        task = record.read_task(TASK.name, TASK.id)
        assert task and not task.edited


def test_a_record_without_a_digest_is_as_good_as_any(root: Path) -> None:
    EXPERIMENT.write()
    file = EXPERIMENT.folder / "record.json"
    values = json.loads(file.read_text())
    del values["digest"]
    file.write_text(json.dumps(values))
    assert record.read_experiment(EXPERIMENT.id) == EXPERIMENT


def test_a_task_whose_record_was_edited_is_damaged(root: Path) -> None:
    TASK.write()
    file = TASK.folder / "record.json"
    file.write_text(file.read_text().replace('"cpu_seconds": ', '"cpu_seconds": 9'))
    task = record.read_task(TASK.name, TASK.id)
    assert task and task.damage() == f"outputs/records/tasks/{TASK.key}/record.json was edited"
