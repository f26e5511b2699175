"""The processes of one job of a cluster, on one node or several, that run a task together.

Rank 0 runs and commits every task of the experiment. When it begins one that is `distributed` it
calls the others: they run the same `run()` beside it and keep nothing of it. They agree by files on
the shared disk. Knows the variables that SLURM sets in each process of a job.
"""

import inspect
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from labkart import project
from labkart.errors import LabkartError
from labkart.experiments import slurm_job
from labkart.experiments.allocation import Allocator
from labkart.experiments.plan import Experiment
from labkart.experiments.supply import Supply, read_amounts
from labkart.language import mistake, translate
from labkart.tasks import mlflow_calls
from labkart.tasks.attempt import seed_everything
from labkart.tasks.context import context
from labkart.tasks.task import Task
from labkart.tasks.task_id import task_key
from labkart.wording import describe_error

_PAUSE = 0.2  # seconds between two looks
_CALL, _LEFT, _END = "call", "left", "end"  # the first words of the files' names


def check(jobs: Sequence[Experiment], settings: Mapping[str, Any]) -> None:
    """Refuse jobs of several processes that have no task for them.

    Raises:
        LabkartError: no missing task is `distributed`.
    """
    count = slurm_job.process_count(settings)
    missing = [task for job in jobs for task in job.missing_tasks]
    if missing and count > 1 and not any(task.distributed for task in missing):
        raise mistake(
            "hydra.launcher: a job of {count} processes, and no task for them."
            " Write distributed = True in the class of the task that all of them run together,"
            " or set nodes and tasks_per_node to 1.",
            count=count,
        )


def run(experiment: Experiment, lead: Callable[[Experiment], None]) -> None:
    """Run an experiment by a function if this is rank 0, or the only one; else follow that one.

    Raises:
        LabkartError: as the function; or a task cannot run in several processes.
    """
    size = int(os.environ.get("SLURM_NTASKS", "1"))
    # Else it is a command that a person started in such a job, or one of Dask's workers.
    if size == 1 or "SUBMITIT_EXECUTOR" not in os.environ:
        lead(experiment)
    elif slurm_job.is_follower():
        _follow(experiment, size)
    else:
        with _leading():
            lead(experiment)


@contextmanager
def _leading() -> Iterator[None]:
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    call_nobody, context.call_ranks = context.call_ranks, partial(_call, folder)
    try:
        yield
    finally:
        context.call_ranks = call_nobody
        (folder / _END).touch()


def _call(folder: Path, key: str) -> None:
    (folder / f"{_CALL} {time.time_ns()} {key}").touch()


def _follow(experiment: Experiment, size: int) -> None:
    """Join each task that rank 0 calls for, until there is no more."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    tasks = {task_key(task): task for task in experiment.tasks.values()}
    allocator = Allocator(Supply.of(experiment.composed.cfg), tasks.values(), has_lock=False)
    for task in tasks.values():
        allocator.note(task.task_id, task.get_task_family(), read_amounts(task))
    joined = set[str]()
    while _END not in joined:
        names = _names(folder) - joined
        for name in sorted(name for name in names if name.startswith(_CALL)):
            _join(tasks[name.split()[-1]], allocator)
        joined |= names
        time.sleep(_PAUSE)
    (folder / f"{_LEFT} {os.environ['SLURM_PROCID']}").touch()
    if sum(name.startswith(_LEFT) for name in _names(folder)) == size - 1:
        shutil.rmtree(folder, ignore_errors=True)


def _names(folder: Path) -> set[str]:
    # A shared disk may remember an old list; a change of the folder makes a new one.
    folder.chmod(folder.stat().st_mode)
    return {path.name for path in folder.iterdir()}


def _join(task: Task[Any], allocator: Allocator) -> None:
    """Run what rank 0 runs and commits, on cards of this process, and keep nothing of it."""
    if inspect.isgeneratorfunction(type(task).run):
        raise mistake(
            "{task}.run() yields tasks. Let requires() name them, or leave out distributed = True.",
            task=task.get_task_family(),
        )
    while not allocator.allocate(task.task_id):  # of this node
        time.sleep(_PAUSE)
    allocator.of(task.task_id).apply()
    with TemporaryDirectory() as name, mlflow_calls.recorded(Path(name)):
        vars(task).update(dump=lambda *_, **__: None, _folder=lambda: Path(name))
        seed_everything(task._seed())
        try:
            task._student_run()
        except Exception as error:
            reason = describe_error(error, project.current().root)
            place = translate(
                "{task}, process {rank}",
                task=task.get_task_family(),
                rank=os.environ["SLURM_PROCID"],
            )
            raise LabkartError(f"{place}: {reason}") from error
    allocator.end(task.task_id)


def _folder() -> Path:
    job = f"ranks-{os.environ['SLURM_JOB_ID']}-{os.environ.get('SLURM_RESTART_COUNT', '0')}"
    return project.current().outputs / "slurm" / os.environ["SLURM_JOB_NAME"] / job
