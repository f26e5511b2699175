"""The digest in a record tells that its file was edited, whatever Labkart does with it later."""

import json
from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest

from labkart.cli import main
from labkart.errors import LabkartError
from labkart.records import query, record
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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("settings", None),
        ("config", [1]),
        ("started", 2026),
        ("overrides", [1]),
        ("tags", None),
        ("texts", {"uv.lock": 1}),
        ("id", "another"),
        ("tasks", [{"label": "A", "name": "A", "id": "1", "state": "ran", "seconds": None}]),
        ("tasks", [{"label": "A", "name": "A", "id": "1", "state": "ran", "result": {"data": []}}]),
        ("metrics", {"accuracy": "high"}),
    ],
)
def test_a_record_with_a_value_of_another_kind_cannot_be_read_and_is_named(
    name: str, value: object, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    EXPERIMENT.write()
    file = EXPERIMENT.folder / "record.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), name: value}))
    assert record.read_experiment(EXPERIMENT.id) is None
    with pytest.raises(LabkartError, match=r"cannot be read: it is damaged"):
        query.find_experiment(EXPERIMENT.id[:6])
    assert main.main(["runs"]) == 0
    assert capsys.readouterr().err == f"  records that cannot be read: {EXPERIMENT.id}\n"


def test_a_task_whose_record_was_edited_is_damaged(root: Path) -> None:
    TASK.write()
    file = TASK.folder / "record.json"
    file.write_text(file.read_text().replace('"cpu_seconds": ', '"cpu_seconds": 9'))
    task = record.read_task(TASK.name, TASK.id)
    assert task and task.damage() == f"outputs/records/tasks/{TASK.key}/record.json was edited"
