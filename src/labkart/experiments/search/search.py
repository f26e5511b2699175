"""`labkart search`: trial after trial of a study, each an ordinary experiment; several processes may share it."""

import argparse
import math
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial

from optuna.trial import FrozenTrial, TrialState

from labkart import console, project
from labkart.errors import LabkartError, did_you_mean
from labkart.experiments.experiment import run_experiments
from labkart.experiments.plan import Experiment, plan
from labkart.experiments.search import plots, scoreboard
from labkart.experiments.search.config import SearchConfig
from labkart.experiments.search.processes import Crew, Leader, TrialListener
from labkart.experiments.search.scoreboard import SearchProgress
from labkart.experiments.search.trials import TrialJournal
from labkart.experiments.session import session
from labkart.fingerprint import snapshot
from labkart.records import provenance, study
from labkart.records.record import ExperimentRecord, current_time
from labkart.records.study import Study, Trial
from labkart.tasks import pruning
from labkart.tracking import store
from labkart.tracking.publisher import Publisher

_PAUSE = 0.3  # seconds between two looks at trials of other processes
_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


def search(words: Sequence[str]) -> int:
    """Run trials in this project until there are as many as the words say.

    Raises:
        LabkartError: see `run`; or a file cannot be written.
    """
    console.show_logging()
    publisher = Publisher()
    try:
        with session(publisher):
            run(words, publisher)
    except OSError as error:
        where = error.filename or "outputs/"
        raise LabkartError(
            f"{where}: {error.strerror or error}. What was finished is kept."
        ) from error
    return 0


def run(words: Sequence[str], publisher: Publisher) -> None:
    """Bring a study to so many trials in all, as a command's words say; show the best.

    Raises:
        LabkartError: it cannot begin, or no trial has ended well; says why.
    """
    asked = _asked(words)
    with (
        snapshot.frozen(),
        provenance.cached_code_state(),
        ExitStack() as marks,
    ):  # all trials are of this moment's code and data
        design = SearchConfig(*asked.words)
        marks.enter_context(study.mark_searching(design.name))
        journal = TrialJournal(study.study_folder(design.name), design.plan())
        before = _record(design, journal)
        most = int(min(asked.n or design.trials, design.plan().most or math.inf))
        done = sum(each.state != "running" for each in before.trials)
        if done < most:
            before.status = "running"
            before.write()
            try:
                with SearchProgress(list(before.objectives), most, done) as board:
                    _lead(
                        design,
                        journal,
                        most,
                        asked.workers,
                        Leader(board, publisher),
                        partial(publisher.search, before),
                    )
            except BaseException:
                _end(design, journal, before, "killed", publisher)
                raise
        record = _end(design, journal, before, "finished", publisher)
    scoreboard.show(record, " ".join(["run", *asked.words, *_words(record, record.best[:1])]))
    if not record.best:
        first = next((each.error for each in record.trials if each.error), "")
        raise LabkartError(
            f"No trial has ended well, so there is no best one. The first one: {first}"
        )


def _asked(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "labkart search", description="Try settings, and show which are the best."
    )
    parser.add_argument(
        "-n", metavar="TRIALS", help="how many in all; without it, what the search's file says"
    )
    parser.add_argument("--workers", default="1", metavar="N", help="how many at once (1)")
    parser.add_argument(
        "words", nargs="*", metavar="name=value", help="search=forest, and settings for every trial"
    )
    asked = parser.parse_intermixed_args(words)
    for name, text in (("-n", asked.n), ("--workers", asked.workers)):
        if text is not None and (not text.isdecimal() or not int(text)):
            raise LabkartError(
                f"{name} {text}: that is no number of trials. Write {name} 10, for example."
            )
    asked.n, asked.workers = asked.n and int(asked.n), int(asked.workers)
    return asked


def _lead(
    design: SearchConfig,
    journal: TrialJournal,
    most: int,
    size: int,
    leader: Leader,
    begin: Callable[[], None],
) -> None:
    """Run trials here or in several processes; `begin` forks the one that publishes, which must hold none of theirs."""
    if size == 1:
        begin()
        _work(design, journal, most, leader)
        return

    def work(listener: TrialListener) -> None:
        _work(design, TrialJournal(study.study_folder(design.name), design.plan()), most, listener)

    crew = Crew(min(size, most), work)
    begin()
    crew.follow(leader)


def _work(design: SearchConfig, journal: TrialJournal, most: int, listener: TrialListener) -> None:
    """Run trials until there are no more."""
    with closing(journal.claims(most)) as claims:
        for trial in claims:
            if trial is None:
                listener.beat()
                time.sleep(_PAUSE)
            else:
                _try(design, journal, trial, listener)


def _try(
    design: SearchConfig, journal: TrialJournal, trial: FrozenTrial, listener: TrialListener
) -> None:
    told, seconds = Trial(trial.number, "failed", design.space.words(trial.params)), 0.0
    try:
        composed = design.composer.compose((*design.words, *told.words))
        record, cached = _experiment(plan(composed), design.name, trial.number, journal, listener)
    except LabkartError as error:
        told.error = str(error).splitlines()[0]
    else:
        told.experiment, told.error = record.id, record.error
        seconds = (
            0.0 if cached else sum(use.seconds for use in record.tasks if use.state != "cached")
        )
        if record.status == "pruned":
            told.state = "pruned"
        elif record.status == "finished":
            told.values, told.error = _values(design, journal, record)
            told.state = "failed" if told.error else "complete"
        else:
            labels = [use.label for use in record.tasks if use.state == "failed"]
            told.error = f"{labels[0]}: {record.error}" if labels else record.error
    journal.tell(
        told.number, _STATES[told.state], told.values, experiment=told.experiment, error=told.error
    )
    listener.told(told, seconds)


def _experiment(
    planned: Experiment, name: str, number: int, journal: TrialJournal, listener: TrialListener
) -> tuple[ExperimentRecord, bool]:
    """Run the experiment of a trial, if it did not run before; its record, and whether it did."""
    record = planned.record
    cached, nested = record.status == "finished", record.study == name
    if not nested:
        record.study, record.trial = name, number
    if cached and not nested:
        record.write()
    elif not cached:
        with pruning.prune_with(journal.judge(number)):
            run_experiments(
                [planned], planned.workers(1), listener, lambda record: listener.begun(record.id)
            )
    listener.ready(record.id, nested)
    return record, cached


def _values(
    design: SearchConfig, journal: TrialJournal, record: ExperimentRecord
) -> tuple[list[float] | None, str | None]:
    """What a finished experiment says of the objectives, or else what is wrong with that.

    Raises:
        LabkartError: it was the first one, and an objective is no metric at all.
    """
    logged = {
        name if use.label == record.tasks[-1].label else f"{use.label}.{name}": value
        for use in record.tasks
        for name, value, *_ in use.result.get("metrics", ())
    }
    for name in design.objectives:
        if name not in logged:
            if any(each.state == TrialState.COMPLETE for each in journal.trials()):
                return None, f"no metric {name} was logged"
            raise LabkartError(
                f'{design.place}: no task logs the metric "{name}". {did_you_mean(name, logged)}'
            )
        if math.isnan(logged[name]):
            return None, f"{name} is no number"
    return [logged[name] for name in design.objectives], None


def _end(
    design: SearchConfig, journal: TrialJournal, before: Study, status: str, publisher: Publisher
) -> Study:
    """Write down what there is of the study now, and draw and publish it where that is news."""
    record = _record(design, journal)
    record.started, record.status, record.ended = before.started, status, current_time()
    if before.status != status or before.trials != record.trials or not store.is_published(record):
        if status == "finished":
            plots.write(journal.study, list(record.objectives), record.figures)
        record.write()
        publisher.searched(record)
    return record


def _record(design: SearchConfig, journal: TrialJournal) -> Study:
    """The study as its journal tells it."""
    names = {state: name for name, state in _STATES.items()}
    trials = [
        Trial(
            each.number,
            names.get(each.state, "running"),
            design.space.words(each.params),
            each.values,
            each.user_attrs.get("experiment"),
            each.user_attrs.get("error"),
        )
        for each in journal.trials()
    ]
    before = study.read_study(design.name)
    return Study(
        name=design.name,
        project=project.current().name,
        command=" ".join(["labkart", "search", *design.words]),
        objectives=design.objectives,
        settings=design.settings,
        started=before.started if before else current_time(),
        trials=trials,
        best=_best(journal, design),
        status=before.status if before else "running",
    )


def _best(journal: TrialJournal, design: SearchConfig) -> list[int]:
    """The numbers of the best trials, the best one first; of several objectives those that no other one dominates."""
    complete = [each for each in journal.trials() if each.state == TrialState.COMPLETE]
    if complete and len(design.objectives) > 1:
        complete = journal.study.best_trials
    sign = -1 if next(iter(design.objectives.values())) == "maximize" else 1
    return [
        each.number
        for each in sorted(complete, key=lambda each: sign * (each.values or [math.inf])[0])
    ]


def _words(record: Study, numbers: Sequence[int]) -> list[str]:
    return [word for trial in record.trials if trial.number in numbers for word in trial.words]
