"""`labkart search`: brings a study to as many trials as its arguments ask for, shows the best."""

import argparse
import math
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from labkart import console
from labkart.errors import LabkartError
from labkart.experiments.search import progress
from labkart.experiments.search.config import SearchConfig
from labkart.experiments.search.processes import Leader
from labkart.experiments.search.progress import SearchProgress
from labkart.experiments.search.runner import StudyRunner
from labkart.experiments.search.trials import TrialJournal
from labkart.experiments.session import session
from labkart.fingerprint import snapshot
from labkart.records import locks, provenance, study
from labkart.records.study import Study
from labkart.tracking.publisher import Publisher


def search(argv: Sequence[str]) -> int:
    """Run trials in this project until there are as many as the arguments ask for; give back 0.

    Raises:
        LabkartError: see `run`; or a file cannot be written.
    """
    console.show_logging()
    publisher = Publisher()
    try:
        with session(publisher):
            run(argv, publisher)
    except OSError as error:
        place = error.filename or "outputs/"
        raise LabkartError(
            f"{place}: {error.strerror or error}. What was finished is kept."
        ) from error
    return 0


def run(argv: Sequence[str], publisher: Publisher) -> None:
    """Bring a study to as many trials as the arguments ask for; show the best.

    Raises:
        LabkartError: it cannot begin, or no trial has finished; the message says why.
    """
    args = _parse(argv)
    # All trials are of this moment's code and data.
    with snapshot.frozen(), provenance.cached_code_state(), ExitStack() as marks:
        search_config = SearchConfig(*args.overrides)
        marks.enter_context(locks.mark_searching(study.study_folder(search_config.name)))
        plan = search_config.plan()
        journal = TrialJournal(study.study_folder(search_config.name), plan)
        runner = StudyRunner(search_config, journal)
        before = runner.record()
        most = int(min(args.n or search_config.trials, plan.most or math.inf))
        done = sum(trial.state != "running" for trial in before.trials)
        if done < most:
            before.status = "running"
            before.write()
            try:
                with SearchProgress(list(before.objectives), most, done) as board:
                    begin = partial(publisher.search, before)
                    runner.lead(most, args.workers, Leader(board, publisher), begin)
            except BaseException:
                runner.end(before, "killed", publisher)
                raise
        record = runner.end(before, "finished", publisher)
    best = _trial_overrides(record, record.best[:1])
    progress.show_study(record, " ".join(["run", *args.overrides, *best]))
    if not record.best:
        error = next((trial.error for trial in record.trials if trial.error), "")
        raise LabkartError(
            f"No trial finished successfully, so there is no best one. The first one: {error}"
        )


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "labkart search", description="Try settings, and show which are the best."
    )
    parser.add_argument(
        "-n", metavar="TRIALS", help="how many in all; without it, what the search's file says"
    )
    parser.add_argument("--workers", default="1", metavar="N", help="how many at once (1)")
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="name=value",
        help="search=forest, and settings for every trial",
    )
    args = parser.parse_intermixed_args(argv)
    for name, text in (("-n", args.n), ("--workers", args.workers)):
        if text is not None and (not text.isdecimal() or not int(text)):
            raise LabkartError(
                f"{name} {text}: that is not a number of trials. Write {name} 10, for example."
            )
    args.n = args.n and int(args.n)
    args.workers = int(args.workers)
    return args


def _trial_overrides(record: Study, numbers: Sequence[int]) -> list[str]:
    return [word for trial in record.trials if trial.number in numbers for word in trial.words]
