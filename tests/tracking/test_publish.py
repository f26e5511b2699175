"""What of the records is in MLflow: all that ended, once, whatever was killed or deleted before."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Run

from labkart.records import leftovers, locks, unpublished
from labkart.records.record import ExperimentRecord, Metric, current_time, read_experiment
from labkart.records.study import Study, Trial, read_study
from labkart.records.verdict import Verdict
from labkart.tracking import connection, entities, follower, links, publisher, store, sync
from tests.records.test_record import EXPERIMENT, TASK
from tests.support.tiny import FILES, write

pytestmark = pytest.mark.integration

BEGAN, ENDED = "2026-11-21T09:00:00.000+00:00", "2026-11-21T09:01:00.000+00:00"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new store: to make one takes longer than all else here."""
    root = tmp_path_factory.mktemp("empty")
    write(root, **FILES)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        connection.open_store()
    return root / "outputs/mlflow.db"


@pytest.fixture(autouse=True)
def own(root: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's own store, with nothing in it."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (root / "outputs").mkdir()
    return Path(shutil.copy(empty, root / "outputs/mlflow.db"))


def experiment(id: str, status: str = "finished", **values: object) -> ExperimentRecord:
    record = replace(EXPERIMENT, id=id, status=status, started=BEGAN, tasks=[], **values)
    record.ended = None if status == "running" else record.ended or ENDED
    record.code = {"commit": None, "dirty": False, "branch": None, "remote": None}
    record.environment = {"user": "ann"}
    record.write()
    return record


def finish() -> str:
    """Publish as a command does at its end; return why something could not be written."""
    closing_one = follower.Follower(lambda: False)
    closing_one.finish()
    return closing_one.why


def runs() -> dict[str, list[Run]]:
    """The runs in the store that nobody has deleted, by their experiments."""
    client, experiment_id = connection.open_store()
    stored: dict[str, list[Run]] = {}
    for run in client.search_runs([experiment_id]):
        tags = run.data.tags
        stored.setdefault(tags.get("labkart.id", tags.get("labkart.study")), []).append(run)
    return stored


def statuses() -> dict[str, list[str]]:
    return {id: [run.info.status for run in them] for id, them in runs().items()}


def test_everything_that_ended_is_written_once_and_what_changed_later_is_added() -> None:
    for id, status in (("a", "finished"), ("b", "failed"), ("c", "running")):
        experiment(id, status)
    assert finish() == "" and links.missing() == []
    assert statuses() == {"a": ["FINISHED"], "b": ["FAILED"], "c": ["RUNNING"]}
    assert list(unpublished.times(unpublished.EXPERIMENTS)) == ["c"]
    before = runs()["a"][0].info.run_id
    experiment("a", tags=["poster"], sweeps=["s1"])
    Verdict("a", "identical").write()
    assert [record.started for record in links.missing()] == [BEGAN]
    assert finish() == "" and links.missing() == []
    (run,) = runs()["a"]
    assert run.info.run_id == before
    assert (run.data.tags["labkart.tags"], run.data.tags["labkart.sweeps"]) == ("poster", "s1")
    assert run.data.tags["labkart.reproduced"].startswith("identical")


@pytest.mark.thorough
def test_a_search_whose_processes_were_killed_is_in_the_store_with_all_that_had_finished() -> None:
    study = Study("forest-1", "tiny", "labkart search", {"accuracy": "maximize"}, {}, BEGAN)
    for number in range(3):
        experiment(f"t{number}", study="forest-1", trial=number)
        study.trials.append(Trial(number, "complete", [f"seed={number}"], [0.5], f"t{number}"))
    experiment("t3", "running", study="forest-1", trial=3)
    study.write()
    for mark in ("outputs/running/t3.1", "outputs/records/studies/forest-1/.searching.1"):
        write(Path(), **{f"{mark}.{locks.socket.gethostname()}.lock": ""})
    leftovers.close_abandoned()
    assert (read_study("forest-1").status, read_experiment("t3").status) == ("killed", "killed")
    assert len(links.missing()) == 5
    assert finish() == "" and links.missing() == []
    stored = runs()
    (parent,) = stored.pop("forest-1", [None])
    trials = [run for them in stored.values() for run in them]
    assert sorted(run.info.status for run in trials) == ["FINISHED"] * 3 + ["KILLED"]
    assert {run.data.tags["mlflow.parentRunId"] for run in trials} == {parent.info.run_id}


def test_a_trial_that_ran_by_itself_before_moves_below_the_study() -> None:
    experiment("a")
    finish()
    assert "mlflow.parentRunId" not in runs()["a"][0].data.tags
    study = Study("s", "tiny", "labkart search", {}, {}, BEGAN, status="finished", ended=ENDED)
    study.write()
    experiment("a", study="s", trial=0)
    finish()
    stored = runs()
    assert stored["a"][0].data.tags["mlflow.parentRunId"] == stored["s"][0].info.run_id


def test_a_process_that_dies_as_it_creates_a_run_leaves_none_behind() -> None:
    record = experiment("a", "running")
    client, experiment_id = connection.open_store()
    links.begin_link(record)
    tags = {"labkart.id": "a"}
    client.create_run(experiment_id, entities.milliseconds(BEGAN), tags)
    assert statuses() == {"a": ["RUNNING"]}
    experiment("a")
    finish()
    assert statuses() == {"a": ["FINISHED"]}


def test_another_attempt_replaces_the_run_and_a_later_end_of_the_same_one_corrects_it() -> None:
    experiment("a", "killed")
    finish()
    (killed,) = runs()["a"]
    experiment("a", "finished", ended="2026-11-21T10:00:00.000+00:00")
    finish()
    (run,) = runs()["a"]
    assert (run.info.run_id, run.info.status) == (killed.info.run_id, "FINISHED")
    replace(read_experiment("a"), started=ENDED).write()
    finish()
    (again,) = runs()["a"]
    assert again.info.run_id != run.info.run_id and again.info.start_time > run.info.start_time


def test_an_experiment_that_was_deleted_in_mlflows_page_is_restored() -> None:
    experiment("a")
    finish()
    client, experiment_id = connection.open_store()
    client.delete_experiment(experiment_id)
    experiment("b")
    assert finish() == ""
    assert statuses() == {"a": ["FINISHED"], "b": ["FINISHED"]}


def test_a_run_that_a_person_deleted_stays_deleted_and_a_lost_one_is_written_again(
    own: Path,
) -> None:
    experiment("a")
    finish()
    earlier = own.read_bytes()
    experiment("b")
    finish()
    connection.open_store()[0].delete_run(runs()["a"][0].info.run_id)
    assert not any(result.is_new for result in sync.sync())
    assert statuses() == {"b": ["FINISHED"]}
    own.write_bytes(earlier)
    assert [result.name for result in sync.sync() if result.is_new] == ["b"]


def damage(own: Path) -> None:
    own.write_bytes(own.read_bytes()[:40_000])


def overwrite(own: Path) -> None:
    own.write_text("no database, but text that is long enough to look at " * 20)


def make_newer(own: Path) -> None:
    with closing(sqlite3.connect(own)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")


@pytest.mark.parametrize("change", [damage, overwrite, make_newer])
def test_a_store_that_cannot_be_read_is_named_with_what_to_do(change, own: Path) -> None:  # type: ignore[no-untyped-def]
    experiment("a")
    change(own)
    reason = finish()
    assert reason.startswith("outputs/mlflow.db is damaged, or of another version of MLflow. ")
    assert "move the file away, and labkart sync makes a new one" in reason.replace("uv run ", "")
    assert [record.id for record in links.missing()] == ["a"]


def test_a_new_store_in_place_of_the_old_one_gets_everything(own: Path, empty: Path) -> None:
    experiment("a")
    finish()
    own.write_bytes(empty.read_bytes())
    with closing(sqlite3.connect(own)) as connection, connection:
        query = "UPDATE experiment_tags SET value = 'new' WHERE key = ?"
        connection.execute(query, [store.MARK])
    assert [record.id for record in links.missing()] == ["a"]
    assert finish() == "" and statuses() == {"a": ["FINISHED"]}


def test_another_store_gets_everything_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: Path
) -> None:
    experiment("a")
    finish()
    assert links.missing() == []
    shutil.copy(empty, tmp_path / "other.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.sqlite(tmp_path / "other.db"))
    experiment("b")
    assert len(links.missing()) == 2
    assert finish() == "" and links.missing() == []
    assert statuses() == {"a": ["FINISHED"], "b": ["FINISHED"]}
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert [record.id for record in links.missing()] == ["b"]
    finish()
    assert statuses() == {"a": ["FINISHED"], "b": ["FINISHED"]}


def test_what_cannot_be_written_keeps_no_other_out() -> None:
    for id in ("a", "b", "c"):
        experiment(id)
    (read_experiment("b").folder / "figure.png").mkdir()
    assert "figure.png" in finish()
    assert [record.id for record in links.missing()] == ["b"]


def test_a_metric_that_was_logged_is_followed_while_its_task_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the end only what is new is sent, whatever order it has: a store takes long for the rest."""
    from labkart.records import live_metrics
    from labkart.records.record import TaskRun

    record = experiment("a", "running")
    record.tasks = [TaskRun("Train", "Train", "abc", "not run")]
    record.write()
    looking = follower.Follower(lambda: False)
    for step in range(3):
        live_metrics.append(TASK.folder, Metric("loss", 0.5, step, 10.0, True))
        looking.look()
    (run,) = runs()["a"]
    client, _ = connection.open_store()
    names = [name for name in run.data.metrics if "loss" in name]
    assert [point.step for point in client.get_metric_history(run.info.run_id, names[0])] == [
        0,
        1,
        2,
    ]

    sent, log_batch = list[int](), MlflowClient.log_batch

    def send(self, run, metrics=(), *args, **values):  # type: ignore[no-untyped-def]
        sent.extend(metric.step for metric in metrics)
        return log_batch(self, run, metrics, *args, **values)

    monkeypatch.setattr(MlflowClient, "log_batch", send)
    last = [Metric("loss", 0.5, step, 10.0, True) for step in (3, 2, 1, 0)]
    replace(TASK, id="abc", name="Train", metrics=last).write()
    replace(record, status="finished", ended=current_time()).write()
    looking.look()
    (ended,) = runs()["a"]
    assert (sent, ended.info.run_id, ended.info.status) == ([3], run.info.run_id, "FINISHED")


def test_the_store_is_open_before_a_short_experiment_ends_which_costs_no_run_of_its_own() -> None:
    replace(experiment("a", "running"), started=current_time()).write()
    looking = follower.Follower(lambda: False)
    looking.look()
    assert looking._store and statuses() == {}
    experiment("a")
    looking.finish()
    assert statuses() == {"a": ["FINISHED"]}


# The other process


@pytest.fixture
def forked() -> Iterator[publisher.Publisher]:
    process = publisher.Publisher()
    yield process
    if process._process:
        process._process.kill()
        process._process.join()


def test_a_publisher_without_anything_to_write_is_not_waited_for(
    forked: publisher.Publisher, own: Path
) -> None:
    own.unlink()
    forked.start()
    assert forked.close() and not own.exists()


def test_it_ends_though_the_records_cannot_be_read(
    forked: publisher.Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    forked.start()
    monkeypatch.setattr(links, "missing", Path("missing").read_text)
    with pytest.raises(FileNotFoundError):
        forked.close()
    assert forked._process and not forked._process.is_alive()


def test_it_writes_what_a_command_before_has_left(forked: publisher.Publisher) -> None:
    experiment("a")
    assert forked.close() and statuses() == {"a": ["FINISHED"]}


@pytest.mark.thorough
def test_what_there_is_no_time_for_is_counted_and_left_to_the_next_command(
    forked: publisher.Publisher,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(3):
        experiment(f"e{number}")
    with monkeypatch.context() as patch:
        patch.setattr(follower, "_OWN_PATIENCE", 0)
        assert not forked.close()
    printed = " ".join(capsys.readouterr().err.split())
    assert printed.startswith(
        "Not in MLflow yet (outputs/mlflow.db did not take all of it in time): 3 experiments."
    )
    assert publisher.Publisher().close() and len(statuses()) == 3


def test_a_lock_that_another_process_holds_is_named(
    forked: publisher.Publisher,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(follower, "_LOCK_PATIENCE", 0.1)
    experiment("a")
    with FileLock("outputs/mlflow.lock"):
        assert not forked.close()
    printed = capsys.readouterr().err
    assert "another process holds outputs/mlflow.lock" in printed and "1 experiment." in printed


def test_a_publisher_that_died_is_told_and_loses_no_record(
    forked: publisher.Publisher, capsys: pytest.CaptureFixture[str]
) -> None:
    forked.start()
    assert forked._process
    forked._process.kill()
    forked._process.join()
    experiment("a")
    assert not forked.close()
    assert "the process that writes to it has died" in capsys.readouterr().err
    assert [record.id for record in links.missing()] == ["a"]
