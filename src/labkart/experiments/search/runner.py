"""Runs the trials of one study, here or in several processes, each as an ordinary experiment.

Knows what a trial's experiment must log, and writes the study's record. Shows nothing.
"""

import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from optuna.trial import FrozenTrial, TrialState

from labkart import project
from labkart.errors import LabkartError, did_you_mean
from labkart.experiments.experiment import run_experiments
from labkart.experiments.plan import Experiment, plan
from labkart.experiments.search import plots
from labkart.experiments.search.config import SearchConfig
from labkart.experiments.search.processes import Crew, Leader, TrialListener
from labkart.experiments.search.trials import TrialJournal
from labkart.records import study
from labkart.records.record import ExperimentRecord, current_time
from labkart.records.study import Study, Trial
from labkart.tasks import pruning
from labkart.tracking import store
from labkart.tracking.publisher import Publisher

_PAUSE = 0.3  # seconds between two looks at trials of other processes
_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


@dataclass
class StudyRunner:
    """A study that this process works on."""

    config: SearchConfig
    journal: TrialJournal

    def lead(self, most: int, workers: int, leader: Leader, begin: Callable[[], None]) -> None:
        """Run trials here or in several processes.

        Args:
            most: how many trials the study is to have.
            workers: how many processes.
            leader: shows and publishes them.
            begin: forks the process that publishes, which must hold nothing of theirs.
        """
        if workers == 1:
            begin()
            self.work(most, leader)
            return

        def work(listener: TrialListener) -> None:
            folder = study.study_folder(self.config.name)
            StudyRunner(self.config, TrialJournal(folder, self.config.plan())).work(most, listener)

        crew = Crew(min(workers, most), work)
        begin()
        crew.follow(leader)

    def work(self, most: int, listener: TrialListener) -> None:
        """Run trials until there are no more."""
        with closing(self.journal.claim_trials(most)) as trials:
            for trial in trials:
                if trial is None:
                    listener.beat()
                    time.sleep(_PAUSE)
                else:
                    self._try(trial, listener)

    def _try(self, proposed: FrozenTrial, listener: TrialListener) -> None:
        """Run the experiment of a trial, and tell the journal what came of it."""
        trial = Trial(proposed.number, "failed", self.config.space.words(proposed.params))
        seconds = 0.0
        try:
            overrides = (*self.config.overrides, *trial.words)
            experiment = plan(self.config.composer.compose(overrides))
            is_cached = experiment.record.status == "finished"
            record = self._run_experiment(experiment, trial.number, listener)
        except LabkartError as error:
            trial.error = str(error).splitlines()[0]
        else:
            if not is_cached:
                seconds = sum(run.seconds for run in record.tasks if run.state != "cached")
            self._judge(trial, record)
        state = _STATES[trial.state]
        ids = {"experiment": trial.experiment, "error": trial.error}
        self.journal.tell(trial.number, state, trial.values, **ids)
        listener.trial_ended(trial, seconds)

    def _run_experiment(
        self, experiment: Experiment, number: int, listener: TrialListener
    ) -> ExperimentRecord:
        """Run a trial's experiment, if it did not run before."""
        record = experiment.record
        is_cached = record.status == "finished"
        is_nested = record.study == self.config.name
        if not is_nested:
            record.study, record.trial = self.config.name, number
        if not is_cached:
            with pruning.prune_with(self.journal.should_prune(number)):
                run_experiments(
                    [experiment],
                    experiment.workers(1),
                    listener,
                    lambda record: listener.experiment_started(record.id),
                )
        elif not is_nested:
            record.write()
        listener.experiment_ended(record.id, is_nested)
        return record

    def _judge(self, trial: Trial, record: ExperimentRecord) -> None:
        """Give a trial the state and the values of its experiment."""
        trial.experiment = record.id
        trial.error = record.error
        if record.status == "pruned":
            trial.state = "pruned"
        elif record.status == "finished":
            trial.values, trial.error = self._values(record)
            trial.state = "failed" if trial.error else "complete"
        else:
            labels = [run.label for run in record.tasks if run.state == "failed"]
            trial.error = f"{labels[0]}: {record.error}" if labels else record.error

    def _values(self, record: ExperimentRecord) -> tuple[list[float] | None, str | None]:
        """The objectives' values of a finished experiment, or else what is wrong.

        Raises:
            LabkartError: it was the first one, and an objective is not a metric at all.
        """
        result = record.tasks[-1].label
        metrics: dict[str, float] = {}
        for run in record.tasks:
            for name, value, *_ in run.result.get("metrics", ()):
                metrics[name if run.label == result else f"{run.label}.{name}"] = value
        for name in self.config.objectives:
            if name not in metrics:
                if any(trial.state == TrialState.COMPLETE for trial in self.journal.trials()):
                    return None, f"no metric {name} was logged"
                remedy = did_you_mean(name, metrics)
                raise LabkartError(
                    f'{self.config.path}: no task logs the metric "{name}". {remedy}'
                )
            if math.isnan(metrics[name]):
                return None, f"{name} is not a number"
        return [metrics[name] for name in self.config.objectives], None

    def end(self, before: Study, status: str, publisher: Publisher) -> Study:
        """Write what there is of the study now; draw and publish it if that is news."""
        record = self.record()
        record.started, record.status, record.ended = before.started, status, current_time()
        is_news = before.status != status or before.trials != record.trials
        if is_news or not store.is_published(record):
            if status == "finished":
                plots.write(self.journal.study, list(record.objectives), record.figures)
            record.write()
            publisher.searched(record)
        return record

    def record(self) -> Study:
        """The study as its journal tells it."""
        names = {state: name for name, state in _STATES.items()}
        trials = [
            Trial(
                trial.number,
                names.get(trial.state, "running"),
                self.config.space.words(trial.params),
                trial.values,
                trial.user_attrs.get("experiment"),
                trial.user_attrs.get("error"),
            )
            for trial in self.journal.trials()
        ]
        before = study.read_study(self.config.name)
        return Study(
            name=self.config.name,
            project=project.current().name,
            command=" ".join(["labkart", "search", *self.config.overrides]),
            objectives=self.config.objectives,
            settings=self.config.settings,
            started=before.started if before else current_time(),
            trials=trials,
            best=self._best(),
            status=before.status if before else "running",
        )

    def _best(self) -> list[int]:
        """The numbers of the best trials, best first.

        With several objectives, those that no other one beats in everything.
        """
        complete = [trial for trial in self.journal.trials() if trial.state == TrialState.COMPLETE]
        if complete and len(self.config.objectives) > 1:
            complete = self.journal.study.best_trials
        sign = -1 if next(iter(self.config.objectives.values())) == "maximize" else 1
        ranked = sorted(complete, key=lambda trial: sign * (trial.values or [math.inf])[0])
        return [trial.number for trial in ranked]
