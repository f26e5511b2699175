"""Runs the trials of one study, here or in several processes, each as an ordinary experiment.

Knows what a trial's experiment must log, and writes the study's record.
"""

import math
import os
import time
from contextlib import closing

from optuna.trial import FrozenTrial, TrialState

from labkart import project, signals
from labkart.errors import LabkartError
from labkart.experiments.experiment import FirstFailure, Series, run_experiments
from labkart.experiments.plan import Experiment, plan
from labkart.experiments.progress import TrialListener
from labkart.experiments.recording import Provenance
from labkart.experiments.search.config import SearchConfig
from labkart.experiments.search.journal import TrialJournal
from labkart.experiments.task_process import ProcessPool
from labkart.language import join_sentences, translate
from labkart.records.names import MetricNames
from labkart.records.record import ExperimentRecord, current_time
from labkart.records.study import Study, Trial, read_study
from labkart.secrets import redact
from labkart.tasks import pruning
from labkart.tasks.context import context
from labkart.wording import did_you_mean

_PAUSE = 0.3  # seconds between two looks at what other processes do
_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
_NAMES = {state: name for name, state in _STATES.items()}


class StudyRunner:
    """A study that this process works on.

    Args:
        config: its design.
        listener: follows the trials.
        fail_fast: whether the first trial that fails ends the search.
    """

    def __init__(
        self, config: SearchConfig, listener: TrialListener, *, fail_fast: bool = False
    ) -> None:
        self.config, self.listener, self._fail_fast = config, listener, fail_fast
        self.journal = TrialJournal(config)
        self._process = os.getpid()
        self._series = Series()
        self._known = {trial.number for trial in self.journal.trials(*_NAMES)}

    def run(self, n_trials: int, workers: int) -> None:
        """Run trials, here and in further processes, until the study has so many.

        Raises:
            LabkartError: no further trial makes sense; says why.
        """
        objectives, done = list(self.config.objectives), len(self._known)
        self.listener.begin(objectives, n_trials, done, self._show_ended)
        helpers = min(workers, n_trials) - 1
        try:
            with (
                signals.forked(helpers, lambda: self._help(n_trials)),
                closing(ProcessPool()) as pool,
            ):
                # Where trials run beside each other, none keeps memory that another may need.
                self._work(n_trials, None if helpers else pool)
        except FirstFailure as error:
            raise LabkartError(str(error)) from None

    def _help(self, n_trials: int) -> None:
        """Run trials in a process that another one leads."""
        try:
            StudyRunner(self.config, TrialListener())._work(n_trials)
        except (KeyboardInterrupt, LabkartError):  # which the leader sees as well
            os._exit(1)

    def _work(self, n_trials: int, pool: ProcessPool | None = None) -> None:
        # All trials are of one moment's code and data.
        self._series = Series(Provenance.current(), pool)
        with (
            pruning.prune_with(self._pruning_reason if self.config.pruning_reason else None),
            closing(self.journal.claim_trials(n_trials)) as trials,
        ):
            for trial in trials:
                if trial:
                    self._try(trial)
                else:
                    time.sleep(_PAUSE)
                self.listener.beat()
        self.listener.beat()  # the last ones of others

    def _show_ended(self) -> None:
        """Show the trials that have ended meanwhile, here and elsewhere.

        Raises:
            FirstFailure: one of them failed, and that ends the search.
        """
        for trial in self.journal.trials(*_NAMES):
            if trial.number in self._known:
                continue
            self._known.add(trial.number)
            self.listener.trial_ended(self._trial(trial))
            if trial.state == TrialState.FAIL and self._fail_fast:
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
            self._run(experiment, trial)
        outcome = {name: getattr(trial, name) for name in ("experiment", "error", "seconds")}
        self.journal.tell(trial.number, _STATES[trial.state], trial.values, outcome)

    def _run(self, experiment: Experiment, trial: Trial) -> None:
        """Give a trial the state and the values of its experiment.

        The study has no record before the first trial shows that it makes sense.
        """
        record, has_study = experiment.record, read_study(self.config.name) is not None
        if record.status != "finished":
            if has_study:
                record.study, record.trial = self.config.name, trial.number
            context.trial = trial.number
            run_experiments([experiment], experiment.workers(1), self.listener, series=self._series)
            trial.seconds = sum(run.seconds for run in record.tasks if run.state != "cached")
        trial.experiment = record.id
        trial.state, trial.values, trial.error = self._judge(record)
        if not has_study:
            self.record("running").write()
        if record.study != self.config.name:  # it ran by itself before
            record.study, record.trial = self.config.name, trial.number
            record.write()

    def _pruning_reason(self, number: int, value: float, step: int) -> str:
        """Why a trial that reports a value is to stop. Called where its task runs."""
        if os.getpid() != self._process:  # a lock must not be used on both sides of a fork
            self._process, self.journal = os.getpid(), TrialJournal(self.config)
        is_behind = self.journal.should_prune(number, value, step)
        return self.config.pruning_reason if is_behind else ""

    def _judge(self, record: ExperimentRecord) -> tuple[str, list[float] | None, str | None]:
        """The state of a trial, the objectives' values, and what is wrong.

        Raises:
            LabkartError: it was the first one, and an objective is not a metric at all.
        """
        if record.status != "finished":
            label = next((run.label for run in record.tasks if run.state == "failed"), "")
            error = f"{label}: {record.error}" if label else record.error
            return "pruned" if record.status == "pruned" else "failed", None, error
        metrics = MetricNames(record).all()
        for name in self.config.objectives:
            if name not in metrics and not self.journal.trials(TrialState.COMPLETE):
                problem = translate(
                    '{file}: no task logs the metric "{name}".', file=self.config.path, name=name
                )
                raise LabkartError(join_sentences(problem, did_you_mean(name, metrics)))
            if name not in metrics:
                return "failed", None, translate("no metric {name} was logged", name=name)
            if math.isnan(metrics[name]):
                return "failed", None, translate("{name} is not a number", name=name)
        return "complete", [metrics[name] for name in self.config.objectives], None

    def record(self, status: str) -> Study:
        """The study as its journal tells it."""
        before = read_study(self.config.name)
        overrides = redact.redact_overrides(self.config.overrides)
        return Study(
            name=self.config.name,
            project=project.current().name,
            command=" ".join(["labkart", "search", *overrides]),
            started=before.started if before else current_time(),
            ended=None if status == "running" else current_time(),
            objectives=self.config.objectives,
            settings=redact.redact_values(self.config.settings),
            trials=list(map(self._trial, self.journal.trials())),
            best=self.journal.best(),
            status=status,
        )

    def _trial(self, trial: FrozenTrial) -> Trial:
        state = _NAMES.get(trial.state, "running")
        outcome = {} if state == "running" else trial.user_attrs.get("outcome", {})
        words = self.config.space.overrides(trial.params)
        return Trial(trial.number, state, words, trial.values, **outcome)
