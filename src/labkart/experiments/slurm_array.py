"""Many jobs as one SLURM array, by way of submitit, and how each ended. Knows nothing of what a job computes."""

import os
import pickle
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from labkart import project
from labkart.errors import LabkartError, did_you_mean
from labkart.experiments import slurm, slurm_job

_LOOK = 0.5  # seconds between two looks for results
_ASK, _ASK_LATER = (
    2.0,
    30.0,
)  # seconds between two questions to SLURM, at first and after some minutes
_GRACE = 30.0  # seconds that a shared disk may take to show the result of a job that has ended

_IGNORED = ("_target_", "submitit_folder")  # Hydra's own submitit launcher has these as well


@dataclass
class JobArray:
    """Jobs that SLURM has accepted.

    Attributes:
        name: what SLURM's commands call it.
        folder: where its logs are.
        standings: what SLURM last said of each job that has not ended, such as `pending: Resources`.
    """

    name: str
    folder: Path
    standings: dict[int, str] = field(default_factory=dict)
    _left: dict[int, Any] = field(default_factory=dict)  # submitit's jobs
    _missed: dict[int, float] = field(default_factory=dict)  # since when there should be a result

    def ended(self) -> Iterator[tuple[int, str | None]]:
        """Each job as it ends: its index, and a sentence if it did not end well."""
        began = asked = time.monotonic()
        while self._left:
            there = self._files()
            for index, job in list(self._left.items()):
                if job.paths.result_pickle.name in there:
                    yield self._end(index, _failure(job.paths.result_pickle))
            pause = min(_ASK + (asked - began) / 10, _ASK_LATER)
            if self._left and time.monotonic() - asked >= pause:
                asked = time.monotonic()
                for index, why in self._lost():
                    yield self._end(index, why)
            time.sleep(_LOOK if self._left else 0)

    def _end(self, index: int, why: str | None) -> tuple[int, str | None]:
        log = self._left.pop(index).paths.stderr
        self.standings.pop(index, None)
        if why and log.exists():
            why = f"{why.rstrip('.')}. Its log: {project.current().short(log)}"
        return index, why

    def _files(self) -> set[str]:
        with suppress(
            OSError
        ):  # a shared disk may remember an old list; a change of the folder makes a new one
            self.folder.chmod(self.folder.stat().st_mode)
        return {path.name for path in self.folder.iterdir()}

    def _lost(self) -> Iterator[tuple[int, str]]:
        """Those of which there will be no result, and why."""
        known = slurm.job_statuses(next(iter(self._left.values())).job_id.partition("_")[0])
        for index, job in list(self._left.items() if known is not None else ()):
            standing = (known or {}).get(job.job_id, slurm.JobStatus())
            self.standings[index] = str(standing)
            since = self._missed.setdefault(index, time.monotonic())
            if standing.why:
                slurm.cancel(job.job_id)
                yield index, standing.why
            elif not standing.has_ended:
                del self._missed[index]
            elif time.monotonic() - since >= _GRACE:
                yield (
                    index,
                    f"it ended without a result ({standing}){_last_words(job.paths.stderr)}",
                )


@contextmanager
def submit(
    function: str, jobs: Sequence[Sequence[str]], settings: Mapping[str, Any]
) -> Iterator[JobArray]:
    """Run `function`, a `module:function`, on the cluster once for each job, with the job's overrides.

    All are one SLURM array. Those that have not ended when the block is left are cancelled.

    Args:
        settings: what a job may use, under the names of submitit, with `slurm_` in front or without.

    Raises:
        LabkartError: no SLURM or no submitit here, a wrong setting, or SLURM does not want the jobs; none is there.
    """
    here = project.current()
    chosen = {
        key.removeprefix("slurm_"): _plain(value)
        for key, value in settings.items()
        if value is not None
    }
    slurm.check(str(chosen.get("partition", "")))
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", str(chosen.get("name", here.name)))
    chosen["name"] = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    array = JobArray(chosen["name"], here.outputs / "slurm" / chosen["name"])
    executor = _executor(chosen, array.folder, here.root)
    try:
        array._left = _submit(executor, slurm_job.SlurmJob(function, here.root), jobs)
        yield array
    except BaseException:
        slurm.cancel(f"--name={array.name}")  # its number is not known where sbatch was interrupted
        raise
    if array._left:
        slurm.cancel(f"--name={array.name}")


def _plain(value: Any) -> Any:
    """Hydra's lists and mappings as Python's own."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return (
        value
        if isinstance(value, str) or not isinstance(value, Sequence)
        else [_plain(each) for each in value]
    )


def _executor(settings: dict[str, Any], folder: Path, root: Path) -> Any:
    """What submits jobs with these settings."""
    try:
        submitit: Any = import_module("submitit")
    except ImportError:
        raise LabkartError(
            "hydra/launcher=slurm needs submitit. Run: uv sync --extra slurm"
        ) from None
    common = submitit.AutoExecutor._typed_parameters()
    known = {*common, *submitit.SlurmExecutor._valid_parameters(), "max_num_timeout"}
    chosen: dict[str, Any] = {"timeout_min": 60, **settings}
    for name in _IGNORED:
        chosen.pop(name, None)
    for name in chosen:
        if name not in known:
            raise LabkartError(f'hydra.launcher: no setting "{name}". {did_you_mean(name, known)}')
    if any(chosen.get(name, 1) != 1 for name in ("nodes", "tasks_per_node", "ntasks_per_node")):
        raise LabkartError(
            "hydra.launcher: a job is one process on one node. Set nodes and tasks_per_node to 1."
        )
    more = {"chdir": root} | chosen.get("additional_parameters", {})
    if (
        "no-requeue" not in more
    ):  # SLURM may put a job back into its queue: after its time limit, when its node died
        more["requeue"] = True
    chosen["additional_parameters"] = more
    executor = submitit.AutoExecutor(
        folder, "slurm", slurm_max_num_timeout=chosen.pop("max_num_timeout", 3)
    )
    try:
        executor.update_parameters(
            **{key if key in common else f"slurm_{key}": chosen[key] for key in chosen}
        )
    except (AssertionError, TypeError, ValueError) as error:
        raise LabkartError(f"hydra.launcher: {error}") from None
    limit, before = executor.parameters["time"], executor.parameters.get("signal_delay_s", 90)
    if isinstance(limit, int) and limit * 60 <= before:
        why = f"SLURM's signal to stop comes {before} s before its end (signal_delay_s)"
        raise LabkartError(f"hydra.launcher: timeout_min={limit} leaves no time: {why}.")
    return executor


def _submit(
    executor: Any, call: slurm_job.SlurmJob, jobs: Sequence[Sequence[str]]
) -> dict[int, Any]:
    errors = import_module("submitit.core.utils")
    try:
        with slurm.without_job_variables():
            return dict(enumerate(executor.map_array(call, [list(each) for each in jobs])))
    except (errors.FailedJobError, errors.FailedSubmissionError) as error:
        shutil.rmtree(executor.folder, ignore_errors=True)
        said = slurm.one_line(str(error))
        raise LabkartError(
            f"SLURM does not accept the jobs: {said}. Nothing was submitted."
        ) from None


def _failure(result: Path) -> str | None:
    """What a job's result says of its failure, if it is one."""
    outcome, said = pickle.loads(result.read_bytes())
    if outcome == "success":
        return None
    kind, _, what = said.strip().splitlines()[-1].partition(": ")
    return (
        what
        if kind == f"{slurm_job.__name__}.{slurm_job.JobFailure.__name__}"
        else f"{kind}: {what}"
    )


def _last_words(log: Path) -> str:
    with suppress(OSError):
        lines = [
            line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()
        ]
        return f": {lines[-1]}" if lines else ""
    return ""
