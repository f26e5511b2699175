"""Many experiments at once: plans all combinations of a sweep, and runs them as one graph of tasks.

Knows how launchers of this machine, of a cluster and of Hydra give their results back. Shows no
tables. For which combinations there are see `combinations`.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper

from labkart import console, project, threads
from labkart._compat import job_error
from labkart.errors import LabkartError
from labkart.experiments import ranks, recording, settings
from labkart.experiments.combinations import Job, expand
from labkart.experiments.composer import Composer
from labkart.experiments.experiment import run_experiments
from labkart.experiments.plan import Experiment, plan
from labkart.experiments.progress import ClusterProgress, SweepProgress
from labkart.experiments.recording import Provenance, reuse_record
from labkart.language import translate, translate_count
from labkart.records import job_log, leftovers, locks
from labkart.records.record import ExperimentRecord, current_time, read_experiment
from labkart.records.seeds import Ranking
from labkart.records.sweep import SweepRecord
from labkart.secrets import redact
from labkart.tracking.publisher import Publisher


class _Jobs(Protocol):
    """Jobs that run on other hosts. `states` are of those that have not ended, by index."""

    folder: Path
    states: dict[int, str]

    def logs(self) -> dict[int, list[Path]]: ...
    def ended(self) -> Iterator[tuple[int, str | None]]: ...


_Submit = Callable[[str, Sequence[Sequence[str]], Mapping[str, Any]], AbstractContextManager[_Jobs]]


@dataclass
class Sweep:
    """The experiments of one command, planned before anything runs, and how they run and end."""

    overrides: list[str]
    jobs: list[Job]
    planned: list[Experiment]  # of each job; two jobs may be the same experiment
    publisher: Publisher | None
    fail_fast: bool = False  # whether the first task that fails stops the others

    def __post_init__(self) -> None:
        by_id = {experiment.record.id: experiment for experiment in self.planned}
        self.experiments = list(by_id.values())
        command = " ".join(["labkart", "run", "-m", *redact.redact_overrides(self.overrides)])
        id = hashlib.sha256(json.dumps(sorted(self.overrides)).encode()).hexdigest()[:16]
        self.record = SweepRecord(id, command, list(by_id), current_time())
        self.record.unseeded = self._unseeded()

    @property
    def pending(self) -> list[Experiment]:
        """The experiments that have no result yet."""
        return [planned for planned in self.experiments if planned.record.status != "finished"]

    @property
    def ranking(self) -> Ranking:
        """How its results are shown, by the settings of `labkart` in the configuration."""
        section = settings.section(self.experiments[0].composed.cfg)
        return Ranking.of(section, project.current().folds)

    def _unseeded(self) -> list[str]:
        """The ids of the experiments whose grid names no seed, beside others that have seeds."""
        seeds = set(self.ranking.seeds)
        has_seed = [not seeds.isdisjoint(job.names) for job in self.jobs]
        pairs = zip(self.planned, has_seed, strict=True)
        return sorted({plan.record.id for plan, named in pairs if not named and any(has_seed)})

    def run(self, launcher: Launcher) -> None:
        """Let a launcher run what is pending, and keep the results."""
        for experiment in self.experiments:
            self._add_sweep(experiment.record)
            if experiment.record.status == "finished":
                reuse_record(experiment.record)
        self.record.write()
        try:
            if self.pending:
                if self.publisher:  # before experiments are marked as running
                    self.publisher.start()
                overrides = [job.overrides for job in self.jobs]
                self._take_returns(launcher.launch(overrides, initial_job_idx=0))
            else:
                self._say(translate("nothing to do"))
        except KeyboardInterrupt:
            self.record.status = "stopped"
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
        self._say(
            translate_count(
                "{tasks} to run on {count} worker",
                "{tasks} to run on {count} workers",
                workers,
                tasks=count,
            )
        )
        self._run(pending, workers)

    def submit(self, submit: _Submit, settings: Mapping[str, Any], place: str) -> None:
        """On other hosts: one job per pending experiment; records come by the shared disk.

        Args:
            submit: what submits jobs, such as `slurm.submit`.
            settings: of that.
            place: in words, such as "on the cluster".
        """
        jobs = [experiment for experiment in self.pending if experiment.missing]
        ranks.check(jobs, settings)
        self._say(
            translate(
                "{tasks} to run in {jobs} jobs {place}",
                tasks=len(self._missing_tasks),
                jobs=len(jobs),
                place=place,
            )
        )
        self._run([experiment for experiment in self.pending if not experiment.missing], 1)
        overrides = [experiment.composed.overrides for experiment in jobs]
        with (
            submit("labkart.experiments.run:run_on_node", overrides, settings) as array,
            ClusterProgress(len(jobs), array.states) as progress,
        ):
            logs = array.logs()
            job_log.index_logs(array.folder, {jobs[n].record.id: logs[n] for n in logs})
            for number, failure in array.ended():
                self._take(jobs[number], failure)
                progress.job_ended(jobs[number].record)
                if self.fail_fast and jobs[number].record.status == "failed":
                    break  # whoever leaves the array cancels the others

    def _run(self, experiments: Sequence[Experiment], workers: int) -> None:
        leftovers.remove_leftovers()
        with SweepProgress() as progress:
            run_experiments(experiments, workers, progress, fail_fast=self.fail_fast)

    def _take_returns(self, returns: Sequence[JobReturn]) -> None:
        """Take in the records that the jobs of Hydra's own launchers have written."""
        for experiment, job in zip(self.planned, returns, strict=False):
            self._take(experiment, job_error(job) if job.status == JobStatus.FAILED else None)

    def _take(self, experiment: Experiment, failure: str | None) -> None:
        """Take in and publish the record of another process, or why that process failed."""
        record = read_experiment(experiment.record.id) or experiment.record
        if failure:
            if record.status != "running" and record.ended == experiment.ended:
                # It died before it could write what it ran.
                record = experiment.record
                recording.begin_record(experiment, current_time(), self._provenance)
            _note_failure(record, failure)
        if record.ended:
            self._add_sweep(record)
            record.write()
            experiment.record = record

    def _add_sweep(self, record: ExperimentRecord) -> None:
        record.sweeps = list(dict.fromkeys([*record.sweeps, self.record.id]))

    @cached_property
    def _provenance(self) -> Provenance:
        return Provenance.current()

    @cached_property
    def _missing_tasks(self) -> set[str]:
        planned = self.experiments
        return {task.make_unique_id() for plan in planned for task in plan.missing_tasks}

    def _say(self, rest: str) -> None:
        """Say how many experiments and tasks there are, how many are cached, and what comes."""
        plans = self.experiments
        tasks = {task.make_unique_id() for plan in plans for task in plan.tasks.values()}
        console.say(
            translate(
                "  {experiments}, {tasks}: {cached} cached, {rest}",
                experiments=translate_count(
                    "{count} experiment", "{count} experiments", len(plans)
                ),
                tasks=translate_count("{count} task", "{count} tasks", len(tasks)),
                cached=len(tasks) - len(self._missing_tasks),
                rest=rest,
            )
        )


def plan_sweep(sweeper: Sweeper, overrides: list[str], publisher: Publisher | None = None) -> Sweep:
    """Expand the overrides as Hydra does, and plan each combination.

    Raises:
        LabkartError: an override has nothing to sweep over, or an experiment cannot be planned.
    """
    assert sweeper.hydra_context
    assert sweeper.config is not None
    loader = sweeper.hydra_context.config_loader
    jobs = expand(overrides, OverridesParser.create(config_loader=loader))
    composer = Composer(partial(loader.load_sweep_config, sweeper.config))
    with console.busy(translate("planning {count} experiments", count=len(jobs))):
        planned = [_plan_job(composer, job, number) for number, job in enumerate(jobs)]
    return Sweep(overrides, jobs, planned, publisher)


def _plan_job(composer: Composer, job: Job, number: int) -> Experiment:
    try:
        return plan(composer.compose(job.overrides, number))
    except LabkartError as error:
        place = job.place(str(error))
        message = f"{place}: {error}" if place else str(error)
        # Without an override in the message nobody knows which experiment is meant.
        if job.named(message) or "hydra." in message:
            raise LabkartError(message) from error
        place = translate("in {overrides}", overrides=" ".join(job.overrides))
        raise LabkartError(f"{message}\n{place}") from error


def _note_failure(record: ExperimentRecord, failure: str) -> None:
    """Write into a record why its process failed, unless the process has done so."""
    if record.status == "finished":
        return
    record.error = record.error or redact.redact_text(failure)
    if record.status in ("planned", "running"):
        record.status = "killed"
        record.started = record.started or current_time()
        record.ended = current_time()
        locks.forget_mark(record.id)
