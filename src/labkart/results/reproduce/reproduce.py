"""The verb `reproduce`: run an experiment again from its record alone, and give a verdict.

The order of the steps: the commit, the data, the packages, the settings, the run, the comparison.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from labkart import console, project, threads
from labkart.errors import LabkartError
from labkart.files import read_text
from labkart.records import query, record
from labkart.records.record import ExperimentRecord
from labkart.records.texts import text_file
from labkart.records.verdict import TOLERANCE, Verdict
from labkart.results.reproduce import checkout, data, environment
from labkart.results.reproduce.agreement import RunRecords, compare_records
from labkart.results.reproduce.environment import RecordedEnvironment
from labkart.results.reproduce.overrides import RecordedOverrides, contradictions
from labkart.results.reproduce.rerun import Rerun
from labkart.secrets.names import MASK
from labkart.tracking.publisher import Publisher

_REMEDY = "Give a table of labkart report, or the id of an experiment"


@dataclass(frozen=True)
class Options:
    """How to reproduce.

    Attributes:
        tolerance: up to which two values of a metric are equal.
        ignored: patterns of metrics that do not count.
        overrides: settings that the record masks, such as a password.
    """

    tolerance: float = TOLERANCE
    ignored: Sequence[str] = ()
    overrides: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < math.inf:
            raise LabkartError(
                f"--tolerance must be a number from 0 on, such as 1e-6, got {self.tolerance:g}."
            )


def find_experiments(text: str, folder: Path) -> list[ExperimentRecord]:
    """The experiments of an id, of a run's id in MLflow, or of a table in `reports/`.

    Args:
        text: the id, or the table's path.
        folder: the working directory, to which a path may be relative.

    Raises:
        LabkartError: it does not exist, or the table does not name its experiments.
    """
    for file in (folder / text, project.current().root / text):
        if file.is_file():
            return [query.find_experiment(id) for id in _ids_in_table(file)]
    table = Path("reports", f"{text}.md")
    if (project.current().root / table).is_file():
        raise LabkartError(f"{text} is a report; its table is {table}. Name that file.")
    if Path(text).suffix or Path(text).name != text:
        raise LabkartError(f"{text} does not exist. {_REMEDY}.")
    return [query.find_experiment(text)]


def _ids_in_table(file: Path) -> list[str]:
    """The ids in a table's line `labkart: {...}`, whatever makes a comment of it."""
    text = read_text(file)
    for match in re.finditer(r"labkart:\s*(?=\{)", text):
        with suppress(ValueError, KeyError, TypeError):
            ids = json.JSONDecoder().raw_decode(text, match.end())[0]["experiments"]
            if ids and all(isinstance(id, str) for id in ids):
                return list(dict.fromkeys(ids))
    path = project.current().short(file)
    raise LabkartError(f'{path} names no experiments: it has no line "labkart: ...". {_REMEDY}.')


def reproduce_all(experiments: Sequence[ExperimentRecord], options: Options) -> bool:
    """Reproduce experiments one after another, and mark their runs in MLflow.

    Returns:
        Whether all verdicts are good.
    """
    verdicts: list[Verdict] = []
    for experiment in experiments:
        console.say(f"{experiment.id[:6]}  {' '.join(experiment.overrides)}".rstrip())
        verdict = reproduce(experiment, options)
        text = str(verdict).replace("\n", "\n  ")
        console.say(f"  {text}", "" if verdict.is_good else "red")
        verdicts.append(verdict)
    Publisher().close()
    return all(verdict.is_good for verdict in verdicts)


def reproduce(experiment: ExperimentRecord, options: Options) -> Verdict:
    """Run an experiment again as it was, and record the verdict."""
    started = record.current_time()
    try:
        verdict = _run(experiment, options)
    except LabkartError as error:
        reasons = [str(error), *_masked_code(experiment)]
        verdict = Verdict(experiment.id, error="\n".join(reasons))
    except OSError as error:  # a full disk
        reason = f"{error.filename or 'The checkout'}: {error.strerror or error}."
        verdict = Verdict(experiment.id, error=reason)
    verdict.started, verdict.commit = started, experiment.code.get("commit")
    verdict.write()
    return verdict


def missing_parts(experiment: ExperimentRecord, options: Options) -> list[str]:
    """What is missing for a reproduction, in words. Nothing runs."""
    missing = _missing_facts(experiment, options)
    try:
        with _checkout(experiment) as folder:
            missing += _missing_data(experiment, folder)
    except LabkartError as error:
        missing += [str(error), *_missing_data(experiment, None)]
    try:
        missing += environment.missing(_environment(experiment))
    except LabkartError as error:
        missing.append(str(error))
    missing += _masked_code(experiment)
    variables = _overrides(experiment).unset_variables()
    missing += [f"the settings read the variable {name}, which is not set" for name in variables]
    return missing


def _run(experiment: ExperimentRecord, options: Options) -> Verdict:
    _require_none(_missing_facts(experiment, options))
    with _checkout(experiment) as folder:
        _require_none(_missing_data(experiment, folder))
        notes = _copy_data(experiment, folder)
        python, package_notes = environment.install(_environment(experiment), folder)
        rerun = Rerun(python, folder, experiment.environment.get("threads"))
        recorded = _overrides(experiment)
        overrides = recorded.with_given(options.overrides)
        corrections = recorded.corrections(rerun.compose(overrides))
        again = rerun.run([*overrides, *corrections])
        tasks = {task.label: record.read_task(task.name, task.id) for task in experiment.tasks}
        verdict = compare_records(
            RunRecords(experiment, tasks),
            RunRecords(again, rerun.task_records(again)),
            options.tolerance,
            options.ignored,
        )
    verdict.notes += [*notes, *package_notes, *contradictions(overrides, corrections)]
    verdict.notes += [*_too_many_threads(experiment), *_masked_code(experiment)]
    return verdict


def _missing_facts(experiment: ExperimentRecord, options: Options) -> list[str]:
    """What the record does not tell."""
    missing = []
    if experiment.status != "finished":
        missing.append(f"It is {experiment.status}, so there is no result to reproduce.")
    if not experiment.code.get("commit"):
        missing.append("It ran without a commit in git, so its code is unknown.")
    for name in _overrides(experiment).masked(options.overrides):
        command = f"labkart reproduce {experiment.id[:6]} {name}=..."
        missing.append(
            f"{name} is masked in the record, because it may be a secret. Give it: {command}"
        )
    return [*missing, *_masked_addresses(experiment)]


def _masked_code(experiment: ExperimentRecord) -> list[str]:
    """Where the recorded uncommitted changes lack a secret, in words."""
    return [
        f"{place} had a secret, of which the record has only {MASK}"
        for place in experiment.code.get("masked") or ()
    ]


def _masked_addresses(experiment: ExperimentRecord) -> list[str]:
    """The packages whose recorded addresses lack a secret, in words."""
    return [
        f"{name} has an address without its secret: {line.strip()[:80]}. Copy "
        f"{project.current().short(text_file(experiment.texts[name]))} to "
        f"{project.current().short(experiment.folder / name)} and write it there"
        for name in ("uv.lock", "packages.txt")
        for line in experiment.text(name).splitlines()
        if MASK in line and name in experiment.texts
    ]


def _checkout(experiment: ExperimentRecord) -> AbstractContextManager[Path]:
    diff = experiment.text("uncommitted.patch.txt")
    commit = str(experiment.code.get("commit"))
    return checkout.checked_out(project.current().root, commit, diff)


def _missing_data(experiment: ExperimentRecord, folder: Path | None) -> list[str]:
    """The data without which it cannot run as it did, neither in the checkout nor elsewhere."""
    needed = [source for source in data.data_sources(experiment) if source.needed]
    problems = [source.problem() for source in needed if not (folder and source.is_in(folder))]
    return [problem for problem in problems if problem]


def _copy_data(experiment: ExperimentRecord, folder: Path) -> list[str]:
    """Give the checkout the data, and new files that were too large for the diff.

    Returns:
        What is not as recorded, in words.
    """
    notes = []
    for source in data.data_sources(experiment):
        if source.is_in(folder):
            continue
        problem = source.problem()
        if problem:  # perhaps the run makes it itself
            notes.append(problem)
        else:
            source.copy_to(folder)
    for name in experiment.code.get("left_out") or ():
        file, copy = project.current().root / name, folder / name
        if copy.exists():
            continue
        if file.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(file)
        state = "taken as it is now" if file.exists() else "it is gone"
        notes.append(f"{name} was too large for the record: {state}")
    return notes


def _too_many_threads(experiment: ExperimentRecord) -> Iterator[str]:
    recorded, cores = experiment.environment.get("threads"), threads.cores()
    if recorded and recorded > cores:
        yield f"threads {recorded} -> {recorded} on {cores} core{'s' if cores > 1 else ''}"


def _environment(experiment: ExperimentRecord) -> RecordedEnvironment:
    return RecordedEnvironment.of(experiment)


def _overrides(experiment: ExperimentRecord) -> RecordedOverrides:
    config = experiment.text("config.yaml") or json.dumps(experiment.config)
    return RecordedOverrides(experiment.overrides, config)


def _require_none(missing: Sequence[str]) -> None:
    if missing:
        raise LabkartError("\n".join(missing))
