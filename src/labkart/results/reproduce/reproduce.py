"""The verb `reproduce`: an experiment once more, from its record alone, in a checkout of its own; and a verdict.

The order of the steps: the commit, the data, the packages, the settings, the run, the agreement.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from labkart import console, project, threads
from labkart.errors import LabkartError
from labkart.files import read_text
from labkart.records import query, record
from labkart.records.record import ExperimentRecord
from labkart.records.verdict import TOLERANCE, Verdict
from labkart.results.reproduce import agreement, checkout, data, environment
from labkart.results.reproduce.environment import RecordedEnvironment
from labkart.results.reproduce.overrides import RecordedOverrides, contradictions
from labkart.results.reproduce.rerun import Rerun
from labkart.tracking import store

_REMEDY = "Give a table of labkart report, or the id of an experiment"


@dataclass(frozen=True)
class Options:
    """What a person wants.

    Attributes:
        tolerance: up to which metrics count as equal.
        ignored: patterns of metrics that do not count.
        words: settings that the record hides, such as a password.
    """

    tolerance: float = TOLERANCE
    ignored: Sequence[str] = ()
    words: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < math.inf:
            raise LabkartError(
                f"--tolerance {self.tolerance:g}: wants a number from 0 on, such as 1e-6."
            )


def find_experiments(text: str, folder: Path) -> list[ExperimentRecord]:
    """The experiments behind an id, behind a run's id in MLflow, or behind a table in `reports/`.

    Args:
        folder: where the person is, to whom a path may be relative.

    Raises:
        LabkartError: there is no such thing, or the table does not say what it was made of.
    """
    for file in (folder / text, project.current().root / text):
        if file.is_file():
            return [query.find_experiment(id) for id in _named_in(file)]
    if Path(text).suffix or Path(text).name != text:
        raise LabkartError(f"{text}: there is no such file. {_REMEDY}.")
    return [query.find_experiment(text)]


def _named_in(file: Path) -> list[str]:
    """The ids in the line `labkart: {...}` of a table, whatever makes a comment there."""
    text = read_text(file)
    for match in re.finditer(r"labkart:\s*(?=\{)", text):
        with suppress(ValueError, KeyError, TypeError):
            ids = json.JSONDecoder().raw_decode(text, match.end())[0]["experiments"]
            if ids and all(isinstance(each, str) for each in ids):
                return list(dict.fromkeys(ids))
    said = f'{project.current().short(file)} names no experiments: it has no line "labkart: ...". {_REMEDY}.'
    raise LabkartError(said)


def reproduce_all(experiments: Sequence[ExperimentRecord], asked: Options) -> bool:
    """Reproduce them one after another, say what came of each, and mark their runs in MLflow. Whether all are good."""
    verdicts = list[Verdict]()
    for each in experiments:
        console.say(f"{each.id[:6]}  {' '.join(each.overrides)}".rstrip())
        found = reproduce(each, asked)
        console.say("  " + str(found).replace("\n", "\n  "), "" if found.is_good else "red")
        verdicts.append(found)
    _mark(
        [
            each
            for each, found in zip(experiments, verdicts, strict=True)
            if found.kind != "impossible"
        ]
    )
    return all(found.is_good for found in verdicts)


def _mark(experiments: Sequence[ExperimentRecord]) -> None:
    """Show on their runs in MLflow what came of it. What MLflow does not take waits in the records."""
    try:
        with console.busy("writing to MLflow"):
            if experiments:
                from labkart.tracking import publish

                client, place = publish.open_store()
                for each in experiments:
                    publish.publish(client, place, each)
    except Exception as error:
        said = store.describe_error(error)
        console.warn(
            f"  Not in MLflow yet ({said}). The records have it; {console.command('sync')} publishes it."
        )


def reproduce(experiment: ExperimentRecord, asked: Options) -> Verdict:
    """Run an experiment again as it was, and write down what came of it."""
    started = record.current_time()
    try:
        found = _run(experiment, asked)
    except LabkartError as error:
        found = Verdict(experiment.id, error=str(error))
    except OSError as error:  # a full disk
        found = Verdict(
            experiment.id, error=f"{error.filename or 'The checkout'}: {error.strerror or error}."
        )
    found.started, found.commit = started, experiment.code.get("commit")
    found.write()
    return found


def missing_parts(experiment: ExperimentRecord, asked: Options) -> list[str]:
    """In words, what a reproduction would need and what is not there any more. Nothing runs."""
    found = _unknown(experiment, asked)
    try:
        with _checkout(experiment) as folder:
            found += _gone(experiment, folder)
    except LabkartError as error:
        found += [str(error), *_gone(experiment, None)]
    try:
        found += environment.missing(_wanted(experiment))
    except LabkartError as error:
        found.append(str(error))
    unset = _recipe(experiment).unset()
    return [*found, *(f"the settings name the variable {name}, which is not set" for name in unset)]


def _run(experiment: ExperimentRecord, asked: Options) -> Verdict:
    _must_be_empty(_unknown(experiment, asked))
    with _checkout(experiment) as folder:
        _must_be_empty(_gone(experiment, folder))
        notes = _bring(experiment, folder)
        python, unknown = environment.install(_wanted(experiment), folder)
        rerun = Rerun(python, folder, experiment.environment.get("threads"))
        recipe = _recipe(experiment)
        words = recipe.first(asked.words)
        corrections = recipe.corrections(rerun.composed(words))
        again = rerun.run([*words, *corrections])
        before = {use.label: record.read_task(use.name, use.id) for use in experiment.tasks}
        found = agreement.compare_records(
            experiment, again, before, rerun.tasks(again), asked.tolerance, asked.ignored
        )
    found.notes += [
        *notes,
        *unknown,
        *contradictions(words, corrections),
        *_too_many_threads(experiment),
    ]
    return found


def _unknown(experiment: ExperimentRecord, asked: Options) -> list[str]:
    """What the record does not tell."""
    found = []
    if experiment.status != "finished":
        found.append(f"It is {experiment.status}, so there is no result to reproduce.")
    if not experiment.code.get("commit"):
        found.append("It ran without a commit in git, so nobody knows its code.")
    for name in _recipe(experiment).masked(asked.words):
        said = f"labkart reproduce {experiment.id[:6]} {name}=..."
        found.append(f"{name} is masked in the record, for it may be a secret. Give it: {said}")
    return found


@contextmanager
def _checkout(experiment: ExperimentRecord) -> Iterator[Path]:
    commit, diff = (
        str(experiment.code.get("commit")),
        read_text(experiment.folder / "uncommitted.patch.txt"),
    )
    with checkout.checked_out(project.current().root, commit, diff) as folder:
        yield folder


def _gone(experiment: ExperimentRecord, checkout: Path | None) -> list[str]:
    """The data without which it cannot run as it did."""
    needed = [each for each in data.data_sources(experiment) if each.needed]
    return [
        why for each in needed if not (checkout and each.is_in(checkout)) and (why := each.wrong())
    ]


def _bring(experiment: ExperimentRecord, checkout: Path) -> list[str]:
    """Let the checkout have the data, and the new files that were too large for the diff. What is not as it was."""
    notes = []
    for each in data.data_sources(experiment):
        if each.is_in(checkout):
            continue
        if why := each.wrong():  # perhaps the run makes it itself
            notes.append(why)
        else:
            each.bring(checkout)
    for name in experiment.code.get("left_out") or ():
        here, there = project.current().root / name, checkout / name
        if not there.exists():
            notes.append(
                f"{name} was too large for the record: {'taken as it is now' if here.exists() else 'it is gone'}"
            )
            if here.exists():
                there.parent.mkdir(parents=True, exist_ok=True)
                there.symlink_to(here)
    return notes


def _too_many_threads(experiment: ExperimentRecord) -> Iterator[str]:
    then, now = experiment.environment.get("threads"), threads.cores()
    if then and then > now:
        yield f"threads {then} -> {then} on {now} core{'s' if now > 1 else ''}"


def _wanted(experiment: ExperimentRecord) -> RecordedEnvironment:
    return RecordedEnvironment.of(
        experiment.folder, str(experiment.environment.get("python")), experiment.project
    )


def _recipe(experiment: ExperimentRecord) -> RecordedOverrides:
    config = read_text(experiment.folder / "config.yaml") or json.dumps(experiment.config)
    return RecordedOverrides(experiment.overrides, config)


def _must_be_empty(wrong: Sequence[str]) -> None:
    if wrong:
        raise LabkartError("\n".join(wrong))
