"""Many jobs as one SLURM array: submits them by submitit, and follows how each ends.

Knows nothing of what a job computes. Asks `squeue`, because submitit's own way to wait for jobs
needs SLURM's accounting and waits for ever without it.
"""

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
from labkart._compat import submitit_parameters, submitit_slurm_parameters
from labkart.errors import LabkartError
from labkart.experiments import slurm_job
from labkart.experiments.slurm_job import JobFailure, JobStatus, SlurmJob, one_line, process_count
from labkart.language import join_sentences, mistake, translate
from labkart.records import job_log
from labkart.records.job_log import jobs_folder
from labkart.wording import did_you_mean

_RESULT_PAUSE = 0.5  # seconds between two looks for results
# Seconds between two questions to SLURM, at first and after some minutes.
_STATUS_PAUSE, _LONGEST_STATUS_PAUSE = 2.0, 30.0
_GRACE = 30.0  # seconds that a shared disk may take to show the result of a job that has ended


@dataclass
class JobArray:
    """Jobs that SLURM has accepted, with the folder of their logs.

    Attributes:
        states: by index, the state of each job that has not ended, such as `pending: Resources`.
    """

    name: str
    folder: Path
    states: dict[int, str] = field(default_factory=dict)
    _jobs: dict[int, Any] = field(default_factory=dict)  # submitit's, of those that have not ended
    _ended_at: dict[int, float] = field(default_factory=dict)

    def logs(self) -> dict[int, list[Path]]:
        """By index, the files into which each job that has not ended will print."""
        return {index: [job.paths.stdout, job.paths.stderr] for index, job in self._jobs.items()}

    def ended(self) -> Iterator[tuple[int, str | None]]:
        """Each job as it ends: its index, and a sentence if it failed."""
        started_at = asked_at = time.monotonic()
        while self._jobs:
            yield from self._with_result()
            pause = min(_STATUS_PAUSE + (asked_at - started_at) / 10, _LONGEST_STATUS_PAUSE)
            if self._jobs and time.monotonic() - asked_at >= pause:
                asked_at = time.monotonic()
                yield from self._lost()
            time.sleep(_RESULT_PAUSE if self._jobs else 0)

    def _with_result(self) -> Iterator[tuple[int, str | None]]:
        names = self._file_names()
        for index, job in list(self._jobs.items()):
            if job.paths.result_pickle.name in names:
                yield self._remove(index, _failure(job.paths.result_pickle))

    def _lost(self) -> Iterator[tuple[int, str | None]]:
        """The jobs that will have no result."""
        statuses = slurm_job.job_statuses(next(iter(self._jobs.values())).job_id.partition("_")[0])
        if statuses is None:
            return
        for index, job in list(self._jobs.items()):
            status = statuses.get(job.job_id, JobStatus())
            self.states[index] = str(status)
            if status.loss:
                slurm_job.cancel(job.job_id)
                yield self._remove(index, status.loss)
            elif not status.has_ended:
                self._ended_at.pop(index, None)
            elif time.monotonic() - self._ended_at.setdefault(index, time.monotonic()) >= _GRACE:
                reason = translate("it ended without a result ({status})", status=status)
                yield self._remove(index, self._other_failure(job.job_id) or reason)

    def _remove(self, index: int, failure: str | None) -> tuple[int, str | None]:
        log = self._jobs.pop(index).paths.stderr
        self.states.pop(index, None)
        if failure:
            failure = job_log.describe_failure(failure, log)
        return index, failure

    def _other_failure(self, job_id: str) -> str | None:
        """Why another process of a job failed than the one whose result counts."""
        results = sorted(self.folder.glob(f"{job_id}_*_result.pkl"))
        return next(filter(None, map(_failure, results)), None)

    def _file_names(self) -> set[str]:
        # A shared disk may remember an old list; a change of the folder makes a new one.
        with suppress(OSError):
            self.folder.chmod(self.folder.stat().st_mode)
        return {path.name for path in self.folder.iterdir()}


@contextmanager
def submit(
    function: str, jobs: Sequence[Sequence[str]], settings: Mapping[str, Any]
) -> Iterator[JobArray]:
    """Run a function on the cluster once for each job, all as one SLURM array.

    Jobs that have not ended when the block is left are cancelled.

    Args:
        function: `module:function`; it gets a job's overrides.
        jobs: the overrides of each job.
        settings: submitit's names with their values; `slurm_` may stand in front of a name.

    Raises:
        LabkartError: a job cannot be submitted. Then none is.
    """
    current = project.current()
    present = {key: value for key, value in settings.items() if value is not None}
    values = {key.removeprefix("slurm_"): _plain(value) for key, value in present.items()}
    if not (shutil.which("sbatch") and shutil.which("srun")):
        raise mistake(
            "There is no SLURM on this host (no sbatch). Log in to the cluster and run it"
            " there, or leave out hydra/launcher=slurm."
        )
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", str(values.get("name", current.name)))
    values["name"] = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    array = JobArray(values["name"], jobs_folder(values["name"]))
    executor = _executor(values, array.folder, current.root)
    try:
        array._jobs = _submit(executor, SlurmJob(function, current.root), jobs)
        yield array
    except BaseException:
        slurm_job.cancel(f"--name={array.name}")  # its number is unknown if sbatch was interrupted
        raise
    if array._jobs:
        slurm_job.cancel(f"--name={array.name}")


def place() -> str:
    """Where the jobs run, as the end of a sentence."""
    return translate("on the cluster")


def _plain(value: Any) -> Any:
    """Hydra's lists and mappings as Python's own."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def _executor(settings: dict[str, Any], folder: Path, root: Path) -> Any:
    """The executor of submitit with these settings."""
    try:
        submitit: Any = import_module("submitit")
    except ImportError:
        raise mistake("hydra/launcher=slurm needs submitit. Run: uv sync --extra slurm") from None
    values: dict[str, Any] = {"timeout_min": 60} | settings
    for name in ("_target_", "submitit_folder"):  # Hydra's own submitit launcher has them as well
        values.pop(name, None)
    _check_names(values)
    additional = {"chdir": root} | values.get("additional_parameters", {})
    if "no-requeue" not in additional:
        # So that SLURM may put a job back: after its time limit, or when its node died.
        additional["requeue"] = True
    values["additional_parameters"] = additional
    if process_count(settings) > 1:  # without one of them the others would wait for ever
        values["srun_args"] = [*values.get("srun_args", ()), "--kill-on-bad-exit=1"]
    restarts = values.pop("max_num_timeout", 3)
    executor = submitit.AutoExecutor(folder, "slurm", slurm_max_num_timeout=restarts)
    common = submitit_parameters()
    named = {key if key in common else f"slurm_{key}": value for key, value in values.items()}
    try:
        executor.update_parameters(**named)
    except (AssertionError, TypeError, ValueError) as error:
        raise LabkartError(f"hydra.launcher: {error}") from None
    return executor


def _check_names(settings: Mapping[str, Any]) -> None:
    names = submitit_parameters() | submitit_slurm_parameters() | {"max_num_timeout"}
    for name in settings:
        if name not in names:
            problem = translate('hydra.launcher: no setting "{name}".', name=name)
            raise LabkartError(join_sentences(problem, did_you_mean(name, names)))


def _submit(executor: Any, job: SlurmJob, jobs: Sequence[Sequence[str]]) -> dict[int, Any]:
    errors = import_module("submitit.core.utils")
    try:
        with _without_job_variables():
            return dict(enumerate(executor.map_array(job, [list(overrides) for overrides in jobs])))
    except (errors.FailedJobError, errors.FailedSubmissionError) as error:
        shutil.rmtree(executor.folder, ignore_errors=True)
        raise mistake(
            "SLURM does not accept the jobs: {reason}. Nothing was submitted.",
            reason=one_line(str(error)),
        ) from None


def _failure(result: Path) -> str | None:
    """How a job failed, as its result says; None if it succeeded."""
    outcome, content = pickle.loads(result.read_bytes())
    if outcome == "success":
        return None
    kind, _, message = content.strip().splitlines()[-1].partition(": ")
    is_ours = kind == f"{JobFailure.__module__}.{JobFailure.__name__}"
    return message if is_ours else f"{kind}: {message}"


@contextmanager
def _without_job_variables() -> Iterator[None]:
    """Hide the variables of the job that this process may be: new jobs would inherit them."""
    prefixes = ("SLURM_", "SLURMD_", "SUBMITIT_") if "SLURM_JOB_ID" in os.environ else ()
    names = [name for name in os.environ if name.startswith(prefixes) and name != "SLURM_CONF"]
    variables = {name: os.environ.pop(name) for name in names}
    try:
        yield
    finally:
        os.environ.update(variables)
