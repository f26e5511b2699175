"""The verb `reproduce`: run an experiment again from its record alone, and give a verdict.

The order of the steps: the commit, the data, the packages, the settings, the run, the comparison.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from labkart import console, signals, threads
from labkart.errors import LabkartError
from labkart.language import bilingual, local, mistake, translate
from labkart.records import portable_record, provenance, record
from labkart.records.portable_record import PortableRecord
from labkart.records.record import ExperimentRecord
from labkart.records.verdict import TOLERANCE, Verdict
from labkart.results.reproduce import data, environment
from labkart.results.reproduce.agreement import RunRecords, compare_records, explanations
from labkart.results.reproduce.environment import RecordedEnvironment
from labkart.results.reproduce.missing import (
    checkout_of,
    masked_code,
    missing_data,
    missing_facts,
)
from labkart.results.reproduce.overrides import RecordedOverrides, contradictions
from labkart.results.reproduce.rerun import Rerun
from labkart.results.reproduce.tables import Table
from labkart.tracking.publisher import Publisher


@dataclass(frozen=True)
class Options:
    """How to reproduce.

    Attributes:
        tolerance: up to which two values of a metric are equal.
        ignored: patterns of metrics that do not count.
        overrides: settings that the record masks, such as a password.
        tables: the folder for what the tasks log as tables, below the ids of the experiments; None
            keeps nothing.
    """

    tolerance: float = TOLERANCE
    ignored: Sequence[str] = ()
    overrides: Sequence[str] = ()
    tables: Path | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < math.inf:
            raise mistake(
                "--tolerance must be a number from 0 on, such as 1e-6, got {tolerance:g}.",
                tolerance=self.tolerance,
            )


def reproduce_table(table: Table, options: Options) -> bool:
    """Reproduce the runs of a table, and compare the numbers that follow from them with its own.

    Returns:
        Whether all verdicts are good and all numbers are the same.
    """
    facts = table.provenance
    with signals.temporary_folder() as folder:
        kept = folder if facts.config.items else None
        verdicts, again = _reproduce_each(table.experiments, replace(options, tables=kept))
        changes = facts.changed_numbers(again, folder, options.tolerance, options.ignored)
    differences = [*table.doubts, *changes]
    if not differences:
        console.say(translate("{file}: all its numbers are the same", file=table.file))
    for difference in differences:
        console.say(f"{table.file}: {difference}", "red")
    return not differences and all(verdict.is_good for verdict in verdicts)


def reproduce_experiment(experiment: ExperimentRecord, options: Options) -> bool:
    """Reproduce one experiment; returns whether its verdict is good."""
    verdicts, _ = _reproduce_each([experiment], options)
    return all(verdict.is_good for verdict in verdicts)


def _reproduce_each(
    experiments: Sequence[ExperimentRecord], options: Options
) -> tuple[list[Verdict], dict[str, ExperimentRecord]]:
    """Reproduce experiments one after another, and mark their runs in MLflow.

    Returns:
        The verdicts, and the new runs by the ids of those that they repeat.
    """
    verdicts: list[Verdict] = []
    again: dict[str, ExperimentRecord] = {}
    notes = set[str]()
    for experiment in experiments:
        console.say(f"{experiment.id[:6]}  {' '.join(experiment.overrides)}".rstrip())
        verdict, run = reproduce(experiment, options)
        text = str(_translated(verdict, notes)).replace("\n", "\n  ")
        console.say(f"  {text}", "" if verdict.is_good else "red")
        notes.update(verdict.notes)
        verdicts.append(verdict)
        if run:
            again[experiment.id] = run
    Publisher().close()
    return verdicts, again


def _translated(verdict: Verdict, known: Collection[str]) -> Verdict:
    """A verdict as a person reads it, without the notes that are known from an earlier one."""
    return replace(
        verdict,
        notes=[local(note) for note in verdict.notes if note not in known],
        causes=[local(cause) for cause in verdict.causes],
        error=local(verdict.error) if verdict.error else None,
    )


def reproduce(
    experiment: ExperimentRecord, options: Options
) -> tuple[Verdict, ExperimentRecord | None]:
    """Run an experiment again as it was, and record the verdict; returns that and the new run."""
    started, again = record.current_time(), None
    try:
        verdict, again = _run(experiment, options)
    except LabkartError as error:
        reasons = [str(error), *masked_code(experiment)]
        verdict = Verdict(experiment.id, error="\n".join(map(local, reasons)))
    except OSError as error:  # a full disk
        place = error.filename or translate("The checkout")
        verdict = Verdict(experiment.id, error=f"{place}: {error.strerror or error}.")
    verdict.started, verdict.commit = started, experiment.code.get("commit")
    verdict.write()
    return verdict, again


def _run(experiment: ExperimentRecord, options: Options) -> tuple[Verdict, ExperimentRecord]:
    _require_none(missing_facts(experiment, options.overrides))
    with checkout_of(experiment) as folder:
        _require_none(missing_data(experiment, folder))
        notes = data.restore(experiment, folder)
        recorded_packages = RecordedEnvironment.of(experiment)
        python, package_notes = environment.install(recorded_packages, folder)
        rerun = Rerun(python, folder, experiment.environment.get("threads"))
        recorded = RecordedOverrides.of(experiment)
        overrides = recorded.with_given(options.overrides)
        corrections = recorded.corrections(rerun.compose(overrides))
        again = _new_records(rerun, [*overrides, *corrections], experiment)
        if options.tables:
            rerun.copy_tables(again.experiment, options.tables / experiment.id)
        tasks = {task.label: record.read_task(task.name, task.id) for task in experiment.tasks}
        then = RunRecords(experiment, tasks)
        verdict = compare_records(then, again, options.tolerance, options.ignored)
        verdict.causes += _changed_variables(experiment, rerun.variables())
        if verdict.kind == "different" and not verdict.error and not explanations(then, again):
            console.say(translate("  no cause is known, so once more: do two runs here agree?"))
            second = _new_records(rerun, [*overrides, *corrections], experiment)
            verdict.causes += _unsteady_tasks(again, second)
    verdict.notes += [*notes, *package_notes, *contradictions(overrides, corrections)]
    verdict.notes += [*_too_many_threads(experiment), *masked_code(experiment)]
    return verdict, again.experiment


def _new_records(
    rerun: Rerun, overrides: Sequence[str], experiment: ExperimentRecord
) -> RunRecords:
    """The records of a new run, with as much of its tasks as the experiment has of its own."""
    again = rerun.run(overrides)
    tasks = rerun.task_records(again)
    if isinstance(experiment, PortableRecord):
        again = portable_record.shortened(again)
    return RunRecords(again, tasks)


def _changed_variables(
    experiment: ExperimentRecord, environment: Mapping[str, str]
) -> Iterator[str]:
    """A sentence for each variable that the code reads and that has another value now."""
    recorded: Mapping[str, str | None] = experiment.environment.get("variables") or {}
    now = provenance.variable_values(recorded, environment)
    for name, value in recorded.items():
        if value != now[name]:
            yield bilingual(
                "the code reads the environment variable {name}, which was {then} then "
                "and is {now} now",
                name=name,
                then=_describe_variable(value),
                now=_describe_variable(now[name]),
            )


def _describe_variable(value: str | None) -> str:
    return bilingual("not set") if value is None else f'"{value}"'


def _unsteady_tasks(first: RunRecords, second: RunRecords) -> Iterator[str]:
    """A sentence if two runs of the same code on this machine differ, too."""
    verdict = compare_records(first, second, tolerance=0.0)
    if verdict.kind == "different" and verdict.first:
        numbers = "; ".join(map(str, verdict.deviations[:2]))
        yield bilingual(
            "{task} gives another result each time, also twice here{numbers}: "
            "something random in it does not follow the seed",
            task=verdict.first,
            numbers=f" ({numbers})" if numbers else "",
        )


def _too_many_threads(experiment: ExperimentRecord) -> Iterator[str]:
    recorded, cores = experiment.environment.get("threads"), threads.cores()
    if recorded and recorded > cores:
        yield bilingual(
            "threads {number} -> {number} on a machine with fewer cores ({cores})",
            number=recorded,
            cores=cores,
        )


def _require_none(missing: Sequence[str]) -> None:
    if missing:
        raise LabkartError("\n".join(map(local, missing)))
