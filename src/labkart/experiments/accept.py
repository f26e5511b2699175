"""Accepts earlier outputs under new ids, where a person says that a change does not matter.

Runs no task.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from labkart import digests, project
from labkart.errors import LabkartError
from labkart.experiments.plan import Experiment
from labkart.experiments.status import StatusReader, TaskStatus
from labkart.language import english, join_sentences, mistake, translate
from labkart.records import locks, provenance, record
from labkart.tasks.task import describe_damage
from labkart.tasks.task_id import task_fingerprint, task_key, upstream


def accept_changes(experiments: Sequence[Experiment]) -> list[TaskStatus]:
    """Keep the results of tasks whose code or packages alone changed; return all statuses.

    Raises:
        LabkartError: nothing can be accepted, or nothing needs to be.
    """
    reader = StatusReader()
    accepted = 0
    for experiment in experiments:
        for label, task in experiment.tasks.items():
            if task_key(task) in reader.statuses:
                continue
            status = reader.read(label, task)
            if _may_be_accepted(status, reader):
                with locks.locked(task_key(task)):
                    _keep(status, reader)
                accepted += reader.read(label, task).state == "done"
    statuses = list(reader.statuses.values())
    pending = [status for status in statuses if status.state != "done"]
    if not accepted and pending:
        reasons = dict.fromkeys(f"{status.label}: {status.reason}" for status in pending)
        rule = translate(
            "Nothing can be accepted. Only changes of code and packages can, of what ran before."
        )
        raise LabkartError(join_sentences(rule, "; ".join(reasons)))
    if not accepted:
        raise mistake("There is nothing to accept: every task is done.")
    return statuses


def _may_be_accepted(status: TaskStatus, reader: StatusReader) -> bool:
    """Whether a task ran before, and nothing that a person cannot answer for has changed."""
    previous, changes = status.before, status.changes
    if status.state == "done" or not previous:
        return False
    if changes.params or changes.data or changes.unknown_upstream:
        return False
    if describe_damage(status.task, previous):
        return False
    needed = reader.upstream(status.task)
    is_ready = all(upstream_status.state == "done" for upstream_status in needed)
    same_upstream = len(needed) == len(previous.upstream)
    previous_suffixes = [Path(state.path).suffixes for state in previous.outputs]
    same_files = previous_suffixes == [path.suffixes for path in status.outputs]
    return is_ready and same_upstream and same_files and previous.key != task_key(status.task)


def _keep(status: TaskStatus, reader: StatusReader) -> None:
    """Copy the earlier run's outputs, figures and tables to the task as it is now."""
    task, previous = status.task, status.before
    assert previous
    outputs = project.current().outputs
    for state, path in zip(previous.outputs, status.outputs, strict=True):
        _link(outputs / state.path, path)
    folder = record.task_folder(previous.name, task.make_unique_id())
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(previous.folder, folder, ignore=shutil.ignore_patterns("record.json", ".*"))
    fingerprint = task_fingerprint(task)
    with english():
        changes = str(reader.changes(task, previous))
    replace(
        previous,
        id=task.make_unique_id(),
        upstream=[task_key(upstream_task) for upstream_task in upstream(task)],
        code=fingerprint.code,
        packages=fingerprint.packages,
        outputs=[digests.file_state(path, outputs) for path in status.outputs],
        accepted={
            "by": provenance.user(),
            "at": record.current_time(),
            "from": previous.id,
            "changes": changes,
            "earlier": previous.accepted,
        },
    ).write()


def _link(source: Path, target: Path) -> None:
    """Put the content under another name too, as a link where the disk has links."""
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
