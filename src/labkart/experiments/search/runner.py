"""Runs the trials of one study, here or in several processes, each as an ordinary experiment.

Knows what a trial's experiment must log, and writes the study's record.
"""

import math
import multiprocessing
import os
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from typing import Any, Protocol

from optuna.trial import FrozenTrial, TrialState

from labkart import project, signals
from labkart.errors import LabkartError
from labkart.experiments.experiment import FirstFailure, Series, run_experiments
from labkart.experiments.plan import Experiment, plan
from labkart.experiments.progress import ProgressListener
from labkart.experiments.recording import Provenance
from labkart.experiments.search.config import SearchConfig
from labkart.experiments.search.journal import TrialJournal
from labkart.experiments.task_process import ProcessPool
from labkart.language import join_sentences, translate
from labkart.records.names import MetricNames
from labkart.records.record import ExperimentRecord, TaskRun, current_time
from labkart.records.study import Study, Trial, read_study, study_folder
from labkart.secrets import redact
from labkart.tasks import pruning
from labkart.wording import did_you_mean

_PAUSE = 0.3  # seconds between two looks at what other processes do
_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
_NAMES = {state: name for name, state in _STATES.items()}


class TrialListener(ProgressListener, Protocol):
    """Follows the trials of all processes, and the tasks of this one's."""

    def begin(self, objectives: Sequence[str], n_trials: int, done: int) -> None:
        """There are to be so many trials, of which some have ended before."""

    def trial_ended(self, trial: Trial) -> None:
        """A trial has ended; its state says how."""


class _Nobody(TrialListener):
    """The listener in a process that another one leads."""


class StudyRunner(ProgressListener):
    """A study that this process works on.

    Args:
        config: its design.
        listener: follows the trials.
        fail_fast: whether the first trial that fails ends the search.
    """

    def __init__(
        self, config: SearchConfig, listener: TrialListener, *, fail_fast: bool = False
    ) -> None:
        self.config, self._listener, self._fail_fast = config, listener, fail_fast
        self.journal = TrialJournal(config)
        self._process = os.getpid()
        self._series = Series()
        self._known = {trial.number for trial in self._ended()}
        self._looked = 0.0

    def run(self, n_trials: int, workers: int) -> None:
        """Run trials, here and in further processes, until the study has so many.

        Raises:
            LabkartError: no further trial makes sense; says why.
        """
        self._listener.begin(list(self.config.objectives), n_trials, len(self._known))
        context = multiprocessing.get_context("fork")
        arguments = (n_trials, os.getpid())
        helpers = [
            context.Process(target=self._help, args=arguments, daemon=False)
            for _ in range(min(workers, n_trials) - 1)
        ]
        try:
            for helper in helpers:
                helper.start()
            with closing(ProcessPool()) as pool:
                # Where trials run beside each other, none keeps memory that another may need.
                self._work(n_trials, None if helpers else pool)
            signals.join(helpers)
        except FirstFailure as error:
            raise LabkartError(str(error)) from None
        finally:
            signals.end([helper for helper in helpers if helper.is_alive()])

    def _help(self, n_trials: int, leader: int) -> None:
        """Run trials in a process that another one leads."""
        signals.install_handlers()
        signals.follow_leader(leader)
        try:
            StudyRunner(self.config, _Nobody())._work(n_trials)
        except (KeyboardInterrupt, LabkartError):  # which the leader sees as well
            os._exit(1)

    def _work(self, n_trials: int, pool: ProcessPool | None = None) -> None:
        # All trials are of one moment's code and data.
        self._series = Series(Provenance.current(), pool)
        with closing(self.journal.claim_trials(n_trials)) as trials:
            for trial in trials:
                if trial:
                    self._try(trial)
                else:
                    time.sleep(_PAUSE)
                self._show_ended()
        self._show_ended()  # the last ones of others

    def started(self, task_run: TaskRun) -> None:
        """Show that a task runs."""
        self._listener.started(task_run)

    def failed(self, task_run: TaskRun, error: str) -> None:
        """Show why a task runs again."""
        self._listener.failed(task_run, error)

    def warn(self, text: str) -> None:
        """Show what a task waits for, or does without."""
        self._listener.warn(text)

    def beat(self) -> None:
        """Show now and then the trials of other processes that have ended meanwhile."""
        if time.monotonic() > self._looked + _PAUSE:
            self._show_ended()

    def _show_ended(self) -> None:
        """Show the trials that have ended meanwhile, here and elsewhere.

        Raises:
            FirstFailure: one of them failed, and that ends the search.
        """
        self._looked = time.monotonic()
        self._listener.beat()
        for trial in map(self._trial, self._ended()):
            if trial.number not in self._known:
                self._known.add(trial.number)
                self._listener.trial_ended(trial)
                if trial.state == "failed" and self._fail_fast:
                    raise FirstFailure(
                        translate(
                            "Trial {number} failed, so the search ends (--fail-fast)."
                            " What has finished stays cached.",
                            number=trial.number,
                        )
                    )

    def _try(self, proposed: FrozenTrial) -> None:
        """Run the experiment of a trial, if it did not run before; note what came of it.

        Raises:
            LabkartError: it shows that an objective does not exist.
        """
        trial = self._trial(proposed)
        try:
            overrides = (*self.config.overrides, *trial.words)
            experiment = plan(self.config.composer.compose(overrides))
        except LabkartError as error:
            trial.state, trial.error = "failed", redact.redact_text(str(error).splitlines()[0])
        else:
            if experiment.record.status != "finished":
                self._run(experiment, trial)
            self._judge(trial, experiment.record)
            self._adopt(experiment.record, trial.number)
        outcome = {name: getattr(trial, name) for name in ("experiment", "error", "seconds")}
        self.journal.tell(trial.number, _STATES[trial.state], trial.values, outcome)

    def _run(self, experiment: Experiment, trial: Trial) -> None:
        record = experiment.record
        if self._has_record:
            record.study, record.trial = self.config.name, trial.number
        reason = partial(self._pruning_reason, trial.number) if self.config.pruning_reason else None
        with pruning.prune_with(reason):
            run_experiments([experiment], experiment.workers(1), self, series=self._series)
        trial.seconds = sum(run.seconds for run in record.tasks if run.state != "cached")

    def _pruning_reason(self, number: int, value: float, step: int) -> str:
        """Why a trial that reports a value is to stop. Called where its task runs."""
        if os.getpid() != self._process:  # a lock must not be used on both sides of a fork
            self._process, self.journal = os.getpid(), TrialJournal(self.config)
        is_behind = self.journal.should_prune(number, value, step)
        return self.config.pruning_reason if is_behind else ""

    @property
    def _has_record(self) -> bool:
        """Whether the study has a record: not before the first trial shows that it makes sense."""
        return (study_folder(self.config.name) / "record.json").exists()

    def _adopt(self, record: ExperimentRecord, number: int) -> None:
        """Let an experiment that ran by itself, or before there was a study, be a trial."""
        if not self._has_record:
            self.record("running").write()
        if record.study != self.config.name:
            record.study, record.trial = self.config.name, number
            record.write()

    def _judge(self, trial: Trial, record: ExperimentRecord) -> None:
        """Give a trial the state and the values of its experiment."""
        trial.experiment, trial.error = record.id, record.error
        trial.state = record.status if record.status == "pruned" else "failed"
        if record.status == "finished":
            trial.values, trial.error = self._values(record)
            trial.state = "failed" if trial.error else "complete"
        elif label := next((run.label for run in record.tasks if run.state == "failed"), None):
            trial.error = f"{label}: {record.error}"

    def _values(self, record: ExperimentRecord) -> tuple[list[float] | None, str | None]:
        """The objectives' values of a finished experiment, or else what is wrong.

        Raises:
            LabkartError: it was the first one, and an objective is not a metric at all.
        """
        names, metrics = MetricNames(record), dict[str, float]()
        for run in record.tasks:
            for name, value, *_ in run.result.get("metrics", ()):
                metrics[names.full(run.label, name)] = value
        for name in self.config.objectives:
            if name not in metrics:
                if self.journal.trials(TrialState.COMPLETE):
                    return None, translate("no metric {name} was logged", name=name)
                problem = translate(
                    '{file}: no task logs the metric "{name}".', file=self.config.path, name=name
                )
                raise LabkartError(join_sentences(problem, did_you_mean(name, metrics)))
            if math.isnan(metrics[name]):
                return None, translate("{name} is not a number", name=name)
        return [metrics[name] for name in self.config.objectives], None

    def record(self, status: str) -> Study:
        """The study as its journal tells it."""
        before = read_study(self.config.name)
        overrides = redact.redact_overrides(self.config.overrides)
        return Study(
            name=self.config.name,
            project=project.current().name,
            command=" ".join(["labkart", "search", *overrides]),
            objectives=self.config.objectives,
            settings=redact.redact_values(self.config.settings),
            started=before.started if before else current_time(),
            trials=list(map(self._trial, self.journal.trials())),
            best=self.journal.best(),
            status=status,
            ended=None if status == "running" else current_time(),
        )

    def _ended(self) -> list[FrozenTrial]:
        return self.journal.trials(*_NAMES)

    def _trial(self, trial: FrozenTrial) -> Trial:
        state = _NAMES.get(trial.state, "running")
        outcome: Any = {} if state == "running" else trial.user_attrs.get("outcome", {})
        words = self.config.space.overrides(trial.params)
        return Trial(trial.number, state, words, trial.values, **outcome)
