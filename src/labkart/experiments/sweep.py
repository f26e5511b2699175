"""Many experiments at once: what `labkart run -m` composes is one graph of tasks, on this machine or on a cluster."""

import hashlib
import json
from collections.abc import Mapping, Sequence, Sized
from functools import cached_property, partial
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher

from labkart import console, threads
from labkart.errors import LabkartError
from labkart.experiments import experiment
from labkart.experiments.config import Composer
from labkart.experiments.plan import Experiment, plan
from labkart.experiments.progress import ClusterProgress, SweepProgress
from labkart.records import locks, redact
from labkart.records.record import current_time, read_experiment
from labkart.records.seeds import Ranking
from labkart.records.sweep import SweepRecord
from labkart.tracking import store
from labkart.tracking.publisher import Publisher


class Sweep:
    """The experiments of one command, each once; all are planned before anything runs."""

    def __init__(self, sweeper: BasicSweeper, words: list[str], publisher: Publisher) -> None:
        """Expand the words as Hydra does, and plan.

        Raises:
            LabkartError: a word says nothing to sweep over, or an experiment cannot be laid out.
        """
        assert sweeper.hydra_context and sweeper.config is not None
        loader = sweeper.hydra_context.config_loader
        self.jobs = _expanded(OverridesParser.create(config_loader=loader).parse_overrides(words))
        composer = Composer(partial(loader.load_sweep_config, sweeper.config))
        with console.busy(f"planning {len(self.jobs)} experiments"):
            self._planned = [
                _planned(composer, job, number) for number, job in enumerate(self.jobs)
            ]
        self.experiments = list({each.record.id: each for each in self._planned}.values())
        self._publisher = publisher
        command = " ".join(["labkart", "run", "-m", *redact.redact_overrides(words)])
        id = hashlib.sha256(json.dumps(sorted(words)).encode()).hexdigest()[:16]
        self.record = SweepRecord(
            id, command, [each.record.id for each in self.experiments], current_time()
        )

    @property
    def left(self) -> list[Experiment]:
        """Those that have not ended well yet."""
        return [each for each in self.experiments if each.record.status != "finished"]

    @property
    def ranking(self) -> Ranking:
        """How its results are to be shown, by the settings of `labkart` in the configuration."""
        ask = self.experiments[0].setting
        return Ranking(ask("seeds", ["seed"]), ask("rank_by", None), ask("less_is_better", []))

    def run(self, launcher: Launcher) -> None:
        """Let a launcher run what is left, and keep what came of it."""
        for each in self.experiments:
            each.record.sweeps = list(dict.fromkeys([*each.record.sweeps, self.record.id]))
        for each in self.experiments:
            if each.record.status == "finished":
                experiment.settle(each.record)
                if not store.is_published(each.record):
                    each.record.write()
                    self._publisher.end(each.record)
        self.record.write()
        try:
            if self.left:
                self._gather(launcher.launch(self.jobs, initial_job_idx=0))
            else:
                self._say("nothing to do")
        except KeyboardInterrupt:
            self.record.status = "killed"
            raise
        finally:
            if self.record.status == "running":
                self.record.status = "failed" if self.left else "finished"
            self.record.ended = current_time()
            self.record.write()

    def build(self) -> None:
        """On this machine: one build of everything that is missing."""
        count = len(self.missing)
        workers = max(1, min(self.left[0].workers(threads.cores()), count))
        self._say(f"{count} to run on {workers} worker{'s' if workers > 1 else ''}")
        self._publisher.start()
        self._run(self.left, workers)

    def _run(self, experiments: Sequence[Experiment], workers: int) -> None:
        with SweepProgress(workers) as progress:
            experiment.run_experiments(
                experiments, workers, progress, self._publisher.begin, self._publisher.end
            )

    @cached_property
    def missing(self) -> set[str]:
        """The ids of the tasks that are to run."""
        return {
            each.tasks[label].make_unique_id()
            for each in self.experiments
            for label in each.missing
        }

    def _say(self, rest: str) -> None:
        tasks = {task.make_unique_id() for each in self.experiments for task in each.tasks.values()}
        cached = len(tasks) - len(self.missing)
        counts = f"{_counted(self.experiments, 'experiment')}, {_counted(tasks, 'task')}"
        console.say(f"  {counts}: {cached} cached, {rest}")

    def submit(self, settings: Mapping[str, Any]) -> None:
        """On a cluster: a job of its array for each experiment that is left; records come by the shared disk."""
        from labkart.experiments import slurm_array

        left = [each for each in self.left if each.missing]
        self._say(f"{len(self.missing)} to run in {len(left)} jobs on the cluster")
        self._publisher.start()
        self._run([each for each in self.left if not each.missing], 1)
        with (
            slurm_array.submit(
                "labkart.experiments.run:run_on_node",
                [each.composed.overrides for each in left],
                settings,
            ) as array,
            ClusterProgress(len(left), array.standings) as progress,
        ):
            for number, why in array.ended():
                self._take(left[number], why)
                progress.ended(left[number].record)

    def _gather(self, returns: Sequence[JobReturn]) -> None:
        """Take in what the jobs of Hydra's own launchers have written."""
        for each, job in zip(self._planned, returns, strict=False):
            self._take(each, str(job._return_value) if job.status == JobStatus.FAILED else None)

    def _take(self, planned: Experiment, why: str | None = None) -> None:
        """Take in the record that another process has written, and publish it; `why` it did not end well."""
        found = read_experiment(planned.record.id) or planned.record
        if why and found.status != "finished":
            found.error = found.error or why
        if why and found.status in ("planned", "running"):  # it died before it could say so
            found.status, found.started, found.ended = (
                "killed",
                found.started or current_time(),
                current_time(),
            )
            locks.forget_mark(found.id)
        if found.ended:
            found.sweeps = list(dict.fromkeys([*found.sweeps, self.record.id]))
            found.write()
            planned.record = found
            if not store.is_published(found):
                self._publisher.end(found)


def _counted(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _planned(composer: Composer, words: list[str], number: int) -> Experiment:
    try:
        return plan(composer.compose(words, number))
    except LabkartError as error:
        said, names = str(error), [word.partition("=")[0].lstrip("+~") for word in words]
        # Of many one must know which; a message that names a word of the command tells it already.
        raise LabkartError(
            said if any(name in said for name in names) else f"{said}\nin {' '.join(words)}"
        ) from error


def _expanded(overrides: list[Override]) -> list[list[str]]:
    """The words of each job: every combination of what the words sweep over."""
    for each in overrides:
        word = str(each.input_line)
        if each.is_sweep_override() and not each.is_discrete_sweep():
            raise LabkartError(
                f"{word}: a sweep wants a list or range(...); intervals are for a search."
            )
        if each.is_sweep_override() and not next(each.sweep_string_iterator(), None):
            raise LabkartError(f"{word} has no values, so there would be nothing to run.")
    (jobs,) = BasicSweeper.split_arguments(overrides, None)
    return jobs
