"""Many experiments at once: plans all combinations of a sweep, and runs them as one graph of tasks.

Knows how launchers of this machine, of a cluster and of Hydra give their results back. Shows no
tables.
"""

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper

from labkart import console, threads
from labkart._compat import job_error
from labkart.errors import LabkartError
from labkart.experiments import settings
from labkart.experiments.composer import Composer
from labkart.experiments.experiment import run_experiments
from labkart.experiments.plan import Experiment, plan
from labkart.experiments.progress import ClusterProgress, SweepProgress
from labkart.experiments.recording import reuse_record
from labkart.records import locks, redact
from labkart.records.record import ExperimentRecord, current_time, read_experiment
from labkart.records.seeds import Ranking
from labkart.records.sweep import SweepRecord
from labkart.tracking import store
from labkart.tracking.publisher import Publisher


@dataclass
class Sweep:
    """The experiments of one command, planned before anything runs, and how they run and end."""

    overrides: list[str]
    jobs: list[list[str]]  # the overrides of each combination
    planned: list[Experiment]  # of each job; two jobs may be the same experiment
    publisher: Publisher

    def __post_init__(self) -> None:
        by_id = {experiment.record.id: experiment for experiment in self.planned}
        self.experiments = list(by_id.values())
        command = " ".join(["labkart", "run", "-m", *redact.redact_overrides(self.overrides)])
        id = hashlib.sha256(json.dumps(sorted(self.overrides)).encode()).hexdigest()[:16]
        self.record = SweepRecord(id, command, list(by_id), current_time())

    @property
    def pending(self) -> list[Experiment]:
        """The experiments that have no result yet."""
        return [planned for planned in self.experiments if planned.record.status != "finished"]

    @property
    def ranking(self) -> Ranking:
        """How its results are shown, by the settings of `labkart` in the configuration."""
        setting = partial(settings.setting, self.experiments[0].composed.cfg)
        seeds = setting("seeds", ["seed"])
        return Ranking(seeds, setting("rank_by", None), setting("less_is_better", []))

    def run(self, launcher: Launcher) -> None:
        """Let a launcher run what is pending, and keep the results."""
        for experiment in self.experiments:
            self._add_sweep(experiment.record)
            if experiment.record.status == "finished":
                reuse_record(experiment.record, self.publisher)
        self.record.write()
        try:
            if self.pending:
                self._take_returns(launcher.launch(self.jobs, initial_job_idx=0))
            else:
                self._say("nothing to do")
        except KeyboardInterrupt:
            self.record.status = "killed"
            raise
        finally:
            if self.record.status == "running":
                self.record.status = "failed" if self.pending else "finished"
            self.record.ended = current_time()
            self.record.write()

    def build(self) -> None:
        """On this machine: one build of everything that is missing."""
        pending, count = self.pending, len(self._missing_tasks)
        workers = max(1, min(pending[0].workers(threads.cores()), count))
        self._say(f"{count} to run on {workers} worker{'s' if workers > 1 else ''}")
        self._run(pending, workers)

    def submit(self, limits: Mapping[str, Any]) -> None:
        """On a cluster: one job per pending experiment; records come by the shared disk."""
        from labkart.experiments import slurm

        jobs = [experiment for experiment in self.pending if experiment.missing]
        self._say(f"{len(self._missing_tasks)} to run in {len(jobs)} jobs on the cluster")
        self._run([experiment for experiment in self.pending if not experiment.missing], 1)
        overrides = [experiment.composed.overrides for experiment in jobs]
        with (
            slurm.submit("labkart.experiments.run:run_on_node", overrides, limits) as array,
            ClusterProgress(len(jobs), array.states) as progress,
        ):
            for number, failure in array.ended():
                self._take(jobs[number], failure)
                progress.job_ended(jobs[number].record)

    def _run(self, experiments: Sequence[Experiment], workers: int) -> None:
        publisher = self.publisher
        publisher.start()
        with SweepProgress(workers) as progress:
            run_experiments(experiments, workers, progress, publisher.begin, publisher.end)

    def _take_returns(self, returns: Sequence[JobReturn]) -> None:
        """Take in the records that the jobs of Hydra's own launchers have written."""
        for experiment, job in zip(self.planned, returns, strict=False):
            self._take(experiment, job_error(job) if job.status == JobStatus.FAILED else None)

    def _take(self, experiment: Experiment, failure: str | None) -> None:
        """Take in and publish the record of another process, or why that process failed."""
        record = read_experiment(experiment.record.id) or experiment.record
        if failure:
            _note_failure(record, failure)
        if record.ended:
            self._add_sweep(record)
            record.write()
            experiment.record = record
            if not store.is_published(record):
                self.publisher.end(record)

    def _add_sweep(self, record: ExperimentRecord) -> None:
        record.sweeps = list(dict.fromkeys([*record.sweeps, self.record.id]))

    @cached_property
    def _missing_tasks(self) -> set[str]:
        missing = set[str]()
        for experiment in self.experiments:
            missing |= {experiment.tasks[label].make_unique_id() for label in experiment.missing}
        return missing

    def _say(self, rest: str) -> None:
        """Say how many experiments and tasks there are, how many are cached, and what comes."""
        plans = self.experiments
        tasks = {task.make_unique_id() for plan in plans for task in plan.tasks.values()}
        counts = f"{_counted(plans, 'experiment')}, {_counted(tasks, 'task')}"
        console.say(f"  {counts}: {len(tasks) - len(self._missing_tasks)} cached, {rest}")


def plan_sweep(sweeper: Sweeper, overrides: list[str], publisher: Publisher) -> Sweep:
    """Expand the overrides as Hydra does, and plan each combination.

    Raises:
        LabkartError: an override has nothing to sweep over, or an experiment cannot be planned.
    """
    assert sweeper.hydra_context
    assert sweeper.config is not None
    loader = sweeper.hydra_context.config_loader
    parser = OverridesParser.create(config_loader=loader)
    jobs = _combinations(parser.parse_overrides(overrides))
    composer = Composer(partial(loader.load_sweep_config, sweeper.config))
    with console.busy(f"planning {len(jobs)} experiments"):
        planned = [_plan_job(composer, job, number) for number, job in enumerate(jobs)]
    return Sweep(overrides, jobs, planned, publisher)


def _plan_job(composer: Composer, overrides: list[str], number: int) -> Experiment:
    try:
        return plan(composer.compose(overrides, number))
    except LabkartError as error:
        message = str(error)
        names = (override.partition("=")[0].lstrip("+~") for override in overrides)
        # Without an override in the message nobody knows which experiment is meant.
        if any(name in message for name in names):
            raise
        raise LabkartError(f"{message}\nin {' '.join(overrides)}") from error


def _combinations(overrides: Sequence[Override]) -> list[list[str]]:
    """The overrides of each job: every combination of the values that are swept over."""
    choices: dict[str, list[str]] = {}  # of two overrides of one setting the later one counts
    for override in overrides:
        name = str(override.get_key_element())
        choices[name] = [f"{name}={value}" for value in _values(override)]
    return [list(job) for job in itertools.product(*choices.values())]


def _values(override: Override) -> list[str]:
    text = override.input_line
    if not override.is_sweep_override():
        return [override.get_value_element_as_str()]
    if not override.is_discrete_sweep():
        remedy = "a sweep needs a list or range(...); intervals are for a search."
        raise LabkartError(f"{text}: {remedy}")
    values = list(override.sweep_string_iterator())
    if not values:
        raise LabkartError(f"{text} has no values, so there would be nothing to run.")
    return values


def _note_failure(record: ExperimentRecord, failure: str) -> None:
    """Write into a record why its process failed, unless the process has done so."""
    if record.status == "finished":
        return
    record.error = record.error or failure
    if record.status in ("planned", "running"):
        record.status = "killed"
        record.started = record.started or current_time()
        record.ended = current_time()
        locks.forget_mark(record.id)


def _counted(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
