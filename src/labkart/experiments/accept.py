"""A person's word that a change of code does not change results: outputs of earlier runs, kept under the new ids."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

from labkart import console, digests, project
from labkart.errors import LabkartError
from labkart.experiments.plan import Experiment
from labkart.experiments.run import HydraTask, LineOutput, run_hydra
from labkart.experiments.status import TaskStatus, task_status
from labkart.experiments.sweep import Sweep
from labkart.records import locks, provenance, record
from labkart.records.record import TaskRecord
from labkart.tasks.task_id import task_key, upstream


def accept_changes(experiments: Sequence[Experiment]) -> list[TaskStatus]:
    """Keep the results of the experiments' tasks of which nothing but code and packages changed.

    Returns:
        The tasks as they stand afterwards, each once.

    Raises:
        LabkartError: nothing could be accepted, or nothing needs to be.
    """
    standings: dict[str, TaskStatus] = {}
    runs: dict[str, list[TaskRecord]] = {}
    count = 0
    for label, task in (pair for each in experiments for pair in each.tasks.items()):
        if task_key(task) in standings:
            continue
        standing = task_status(label, task, standings, runs)
        if _may_be_accepted(standing, standings):
            with locks.locked(task_key(task)):
                _keep(standing)
            standing = task_status(label, task, standings, runs)
            count += standing.state == "done"
        standings[task_key(task)] = standing
    left = [each for each in standings.values() if each.state != "done"]
    if not count and left:
        why = "; ".join(dict.fromkeys(f"{each.label}: {each.reason}" for each in left))
        raise LabkartError(
            f"Nothing can be accepted. Only changes of code and packages can, of what ran before. {why}"
        )
    if not count:
        raise LabkartError("There is nothing to accept: every task is done.")
    return list(standings.values())


class Accepting(HydraTask):
    """What Hydra calls in place of a run: many experiments are planned, and their changes accepted."""

    def __init__(self, words: list[str]) -> None:
        super().__init__(words, LineOutput())
        self.experiment_count = 0
        self.statuses: list[TaskStatus] = []

    def sweep(self, sweeper: BasicSweeper, words: list[str]) -> None:
        self.called = True
        console.show_logging()
        experiments = Sweep(sweeper, words, self.publisher).experiments
        self.experiment_count = len(experiments)
        self.statuses = accept_changes(experiments)


def accept_sweep(words: Sequence[str]) -> tuple[int, list[TaskStatus]]:
    """Accept for every combination, as `labkart run -m` runs it.

    Returns:
        How many experiments there are, and how their tasks stand afterwards.
    """
    accepting = Accepting(list(words))
    run_hydra(accepting, words)
    return accepting.experiment_count, accepting.statuses


def _may_be_accepted(standing: TaskStatus, above: Mapping[str, TaskStatus]) -> bool:
    before, changes = standing.before, standing.changes
    if (
        standing.state == "done"
        or not before
        or changes.params
        or changes.data
        or changes.strangers
        or before.damage()
    ):
        return False
    needed = [above[task_key(each)] for each in upstream(standing.task)]
    ready = len(needed) == len(before.upstream) and all(each.state == "done" for each in needed)
    same_files = [Path(state.path).suffixes for state in before.outputs] == [
        path.suffixes for path in standing.outputs
    ]
    return ready and same_files and before.key != task_key(standing.task)


def _keep(standing: TaskStatus) -> None:
    """Give the earlier run's outputs, figures and tables to the task as it is now; the earlier ones stay."""
    task, before, here = standing.task, standing.before, project.current()
    assert before
    for state, path in zip(before.outputs, standing.outputs, strict=True):
        _link(here.outputs / state.path, path)
    folder = record.task_folder(before.name, task.make_unique_id())
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(before.folder, folder, ignore=shutil.ignore_patterns("record.json", ".*"))
    said = {
        "by": provenance.user(),
        "at": record.current_time(),
        "from": before.id,
        "changes": str(standing.changes),
    }
    replace(
        before,
        id=task.make_unique_id(),
        upstream=[task_key(each) for each in upstream(task)],
        code=task._fingerprint.code,
        packages=task._fingerprint.packages,
        outputs=[digests.file_state(path, here.outputs) for path in standing.outputs],
        accepted={**said, "earlier": before.accepted},
    ).write()


def _link(source: Path, target: Path) -> None:
    """The same content under another name, without a second copy where the disk can do that."""
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    half.unlink(missing_ok=True)
    try:
        try:
            half.hardlink_to(source)
        except OSError:
            shutil.copy2(source, half)
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)
