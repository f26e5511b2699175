"""An experiment's files for MLflow's page take no space again, and stay as they are if one of the two is replaced."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from labkart import digests
from labkart.records.record import ExperimentRecord, TaskRun
from labkart.tracking import artifacts
from tests.records.test_record import EXPERIMENT, TASK
from tests.support.tiny import write

LOCK = "version = 1\n"


@pytest.fixture
def gathered(root: Path) -> Path:
    """The files of an experiment of two tasks, the last of which logged something."""
    write(root, **{f"outputs/cache/{name}.pkl": name for name in ("train", "score")})
    write(
        root, **{f"outputs/records/tasks/Train_abc/{name}": name for name in ("roc.png", "more/a")}
    )
    gather(root)
    return root / "files"


def gather(root: Path, figures: Sequence[str] = ("roc.png",), **settings: object) -> None:
    states = [
        digests.file_state(root / f"outputs/cache/{name}.pkl", root / "outputs")
        for name in ("score", "train")
    ]
    last = replace(
        TASK,
        outputs=states[:1],
        figures=list(figures),
        tables=[],
        artifacts=["more", "gone.txt"],
    )
    first = replace(TASK, id="def", outputs=states[1:], figures=[], tables=[])
    uses = [
        (TaskRun("Split", "Train", "def", "ran"), first),
        (TaskRun("Score", "Train", "abc", "ran"), last),
    ]
    experiment: ExperimentRecord = replace(EXPERIMENT, tasks=[use for use, _ in uses], **settings)
    experiment.write({"config.yaml": "seed: 1\n"}, {"uv.lock": LOCK})
    artifacts.gather(root / "files", experiment, uses, {})


def test_what_is_in_the_records_gets_a_second_name(gathered: Path) -> None:
    outputs = gathered.parent / "outputs"
    (text,) = (outputs / "records/texts").iterdir()
    for name, original in {
        "uv.lock": text,
        "config.yaml": outputs / "records/experiments/e1/config.yaml",
        "Score/roc.png": outputs / "records/tasks/Train_abc/roc.png",
        "Score/more/a": outputs / "records/tasks/Train_abc/more/a",
    }.items():
        assert (gathered / name).samefile(original)
        assert not original.stat().st_mode & 0o222, "an editor would change both"
    assert not (gathered / "record.json").samefile(outputs / "records/experiments/e1/record.json")
    assert not (gathered / "Score/gone.txt").exists()


def test_an_output_of_the_last_tasks_is_a_copy_and_others_come_on_demand(gathered: Path) -> None:
    root, names = gathered.parent, lambda: {file.name for file in gathered.rglob("*.pkl")}
    assert names() == {"score.pkl"}
    assert (root / "outputs/cache/score.pkl").stat().st_nlink == 1
    gather(root, artifact_tasks="all", artifact_mb=0.0)
    assert "Split,cache/train.pkl,5," in (gathered / "outputs_not_copied.csv").read_text()
    gather(root, artifact_tasks="all")
    assert names() == {"score.pkl", "train.pkl"}
    assert (gathered / "Score/score.pkl").read_text() == "score"


def test_an_output_does_not_take_the_place_of_a_file_that_the_task_logged(gathered: Path) -> None:
    write(gathered.parent, **{"outputs/records/tasks/Train_abc/score.pkl": "logged"})
    gather(gathered.parent, figures=["score.pkl"])
    assert (gathered / "Score/score.pkl").read_text() == "logged"
    assert (gathered / "Score/output-score.pkl").read_text() == "score"


def test_a_file_that_is_replaced_on_one_side_stays_on_the_other(gathered: Path) -> None:
    root = gathered.parent
    (gathered / "uv.lock").unlink()
    (gathered / "config.yaml").unlink()
    (gathered / "config.yaml").write_text("mine")
    gather(root)
    assert (gathered / "uv.lock").read_text() == LOCK
    assert (root / "outputs/records/experiments/e1/config.yaml").read_text() == "seed: 1\n"
    (root / "outputs/records/tasks/Train_abc/roc.png").unlink()
    assert (gathered / "Score/roc.png").read_text() == "roc.png"


def test_where_there_can_be_no_second_name_there_is_a_copy(
    gathered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no links")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    shutil.rmtree(gathered)
    gather(gathered.parent)
    (text,) = (gathered.parent / "outputs/records/texts").iterdir()
    assert (gathered / "uv.lock").read_text() == LOCK
    assert not (gathered / "uv.lock").samefile(text)
