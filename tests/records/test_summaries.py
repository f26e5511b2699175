"""The experiments at a glance: always what the records say, read again only where they changed."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from labkart.records import record, summaries
from labkart.records.record import ExperimentRecord
from tests.records.test_record import EXPERIMENT
from tests.support.tiny import soon, write


@pytest.fixture
def three(root: Path) -> list[ExperimentRecord]:
    made = [
        replace(EXPERIMENT, id=f"e{n}", started=f"2026-11-0{n}T10:00:00+00:00") for n in (1, 2, 3)
    ]
    for each in made:
        each.write()
    soon(
        lambda: summaries.digests.settled(
            summaries.digests.stamp(made[-1].folder / "record.json") or []
        )
    )
    return made


def ids() -> list[str]:
    return [each.id for each in summaries.summaries()]


def unread(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids whose records are read from now on."""
    found = list[str]()
    monkeypatch.setattr(
        summaries, "read_experiment", lambda id: found.append(id) or record.read_experiment(id)
    )
    return found


def test_a_summary_is_the_record_without_tasks_and_machine_newest_first(
    three: list[ExperimentRecord],
) -> None:
    expected = [replace(each, tasks=[], environment={}) for each in reversed(three)]
    assert summaries.summaries() == expected
    assert summaries.summaries() == expected, "remembered"


def test_a_record_that_stays_is_not_read_again(
    three: list[ExperimentRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    summaries.summaries()
    read = unread(monkeypatch)
    replace(three[1], status="failed").write()
    replace(three[1], id="e4").write()
    assert {each.id: each.status for each in summaries.summaries()} == dict.fromkeys(
        ("e1", "e3"), "planned"
    ) | {
        "e2": "failed",
        "e4": "planned",
    }
    assert sorted(read) == ["e2", "e4"]


def test_what_is_gone_or_damaged_is_not_told(three: list[ExperimentRecord]) -> None:
    summaries.summaries()
    (three[0].folder / "record.json").unlink()
    (three[1].folder / "record.json").write_text("{")
    assert ids() == ["e3"]


def test_a_memo_that_is_damaged_is_made_again(three: list[ExperimentRecord], root: Path) -> None:
    summaries.summaries()
    memo = root / "outputs/memos/experiments"
    memo.write_bytes(memo.read_bytes()[:-1] + b"x")
    assert ids() == ["e3", "e2", "e1"]


def test_none_of_a_process_that_died_is_said_to_be_running(root: Path) -> None:
    replace(EXPERIMENT, status="running").write()
    write(root, **{f"outputs/running/e1.7.{socket.gethostname()}.lock": ""})
    assert [record.status for record in summaries.summaries()] == ["killed"]


def test_without_any_there_are_none(root: Path) -> None:
    assert ids() == []
