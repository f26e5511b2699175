"""Brings a study to as many trials as a person asks for. Shows no table."""

from collections.abc import Sequence

from labkart import console
from labkart.experiments.progress import TrialListener
from labkart.experiments.search.config import SearchConfig
from labkart.experiments.search.runner import StudyRunner
from labkart.experiments.session import session
from labkart.fingerprint import snapshot
from labkart.records import leftovers, locks
from labkart.records.study import Study, read_study, study_folder
from labkart.tracking.publisher import Publisher


def search(
    overrides: Sequence[str],
    listener: TrialListener,
    n_trials: int | None = None,
    workers: int = 1,
    *,
    fail_fast: bool = False,
) -> Study:
    """Run trials in this project, some at once, until the study has so many in all.

    Args:
        overrides: of the command; they choose the search, and hold for every trial.
        listener: follows the trials.
        n_trials: None for what the search's file says.
        workers: how many trials run at once.
        fail_fast: whether the first trial that fails ends the search.

    Raises:
        LabkartError: it cannot begin or go on, or a file cannot be written.
    """
    console.show_logging()
    publisher = Publisher()
    with session(publisher), snapshot.frozen():
        config = SearchConfig(*overrides)
        runner = StudyRunner(config, listener, fail_fast=fail_fast)
        return run(runner, publisher, n_trials or config.n_trials, workers)


def run(runner: StudyRunner, publisher: Publisher, n_trials: int, workers: int) -> Study:
    """Bring a study to so many trials, in a session.

    Raises:
        LabkartError: it cannot go on.
    """
    before, n_trials = read_study(runner.config.name), runner.config.limit(n_trials)
    if not before and (change := runner.record("running").describe_change()):
        console.say(change)
    if runner.journal.is_complete(n_trials):
        return before if before and before.status == "finished" else _end(runner, "finished")
    publisher.start()  # first: it must not hold marks of this process
    leftovers.remove_leftovers()
    with locks.mark_searching(study_folder(runner.config.name)):
        if before:
            runner.record("running").write()
        try:
            runner.run(n_trials, workers)
        except BaseException:
            _end(runner, "stopped")
            raise
        return _end(runner, "finished")


def _end(runner: StudyRunner, status: str) -> Study:
    """Write what there is of the study now, and let it be drawn; without a trial there is none."""
    record = runner.record(status)
    if all(trial.state == "running" for trial in record.trials):
        runner.journal.remove_if_empty()
        return record
    if status == "finished":
        runner.listener.finished(runner.journal.study, record)
    record.write()
    return record
