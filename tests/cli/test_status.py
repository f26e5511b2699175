"""`labkart status`: a line per task, and one for all of them."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from labkart.cli.status import show_statuses
from labkart.experiments.status import TaskStatus


def status(label: str, state: str, reason: str = "", seconds: float | None = None) -> TaskStatus:
    before = None if seconds is None else cast(Any, SimpleNamespace(wall_seconds=seconds))
    return TaskStatus(label, cast(Any, None), state, reason, before)


def test_states_reasons_and_costs_stand_below_each_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_statuses(
        [
            status("Load", "done", seconds=1.0),
            status("TrainForest", "changed", "train.py: [TrainForest]", 0.94),
            status("Evaluate", "missing", "no run yet"),
        ]
    )
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "  Load          done",
        "  TrainForest   changed   train.py: [TrainForest]   about 0.9 s",
        "  Evaluate      missing   no run yet",
        "  2 of 3 tasks to run, about 0.9 s",
    ]


def test_when_all_is_done_the_last_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_statuses([status("Load", "done"), status("Train", "done")])
    assert capsys.readouterr().out.splitlines()[-1] == "  2 tasks done"
