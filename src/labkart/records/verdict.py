"""The verdict on an attempt to reproduce an experiment: its record and its sentence.

Compares nothing itself.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkart import project
from labkart.language import translate, translate_count
from labkart.records import unpublished
from labkart.records.record import current_time, experiment_folder
from labkart.records.record_file import from_json, read_record, write_record
from labkart.records.states import describe_state
from labkart.wording import and_more

TOLERANCE = 1e-6  # less than a person reports, more than another order of additions changes
_MOST_METRICS = 5  # that a person reads


@dataclass(frozen=True)
class Deviation:
    """A metric of a task that differs."""

    task: str  # the task's label
    name: str
    then: float | None  # the recorded value; None if that run has none
    now: float | None  # the new value; None if the new run has none

    def is_within(self, tolerance: float) -> bool:
        """Whether the values count as equal: relative to the larger one, absolutely near zero."""
        if self.then is None or self.now is None:
            return False
        return math.isclose(self.then, self.now, rel_tol=tolerance, abs_tol=tolerance)

    def __str__(self) -> str:
        return f"{self.name} {_number(self.then)} -> {_number(self.now)}"


@dataclass
class Verdict:
    """The result of one attempt to reproduce an experiment.

    Its kind is `identical` (all outputs, bit for bit), `equal` (all metrics, within the tolerance),
    `different`, or `impossible` if it could not run.
    """

    experiment: str
    kind: str = "impossible"
    first: str | None = None  # the label of the first task, in the pipeline's order, that differs
    outputs: list[str] = field(default_factory=list)  # the labels of all tasks whose outputs differ
    deviations: list[Deviation] = field(default_factory=list)  # not exactly the same
    notes: list[str] = field(default_factory=list)  # what is not as recorded, "recorded -> now"
    causes: list[str] = field(default_factory=list)  # why it differs, or may, in sentences
    error: str | None = None  # why it was impossible, or failed
    again: str | None = None  # the new run's id, which is the old one if all inputs are the same
    tolerance: float = TOLERANCE
    tasks: int = 0
    commit: str | None = None
    environment: dict[str, Any] = field(default_factory=dict)
    started: str = field(default_factory=current_time)
    ended: str = ""
    schema: int = 1

    def __post_init__(self) -> None:
        self.deviations = from_json(Deviation, self.deviations)

    @property
    def is_good(self) -> bool:
        """Whether the experiment was reproduced."""
        return self.kind in ("identical", "equal")

    @property
    def mark(self) -> str:
        """The kind and the day, for MLflow's page."""
        return f"{self.kind} {self.ended:.10}"

    @property
    def folder(self) -> Path:
        """Where the record is."""
        time = "".join(letter for letter in self.started[:23] if letter.isalnum())
        return _folder() / f"{self.experiment}-{time}"

    def write(self) -> None:
        """Write the record; from now on the attempt has ended."""
        self.ended = self.ended or current_time()
        write_record(self.folder, self)
        unpublished.add(experiment_folder(self.experiment))

    def __str__(self) -> str:
        """A sentence, and below it the deviations and what is not as recorded."""
        kind = describe_state(self.kind)
        return "\n  ".join([f"{kind}: {self._sentence()}", *self._details()])

    def _sentence(self) -> str:
        if self.kind == "identical":
            return translate_count(
                "all outputs of {count} task, bit for bit",
                "all outputs of {count} tasks, bit for bit",
                self.tasks,
            )
        if self.kind == "equal":
            return translate(
                "all metrics, within {tolerance:g}; outputs that differ: {names}",
                tolerance=self.tolerance,
                names=and_more(self.outputs[:3], len(self.outputs) - 3),
            )
        if self.kind == "different":
            return translate("{task} is the first task that differs", task=self.first)
        return (self.error or translate("it could not run")).replace("\n", "\n  ")

    def _details(self) -> Iterator[str]:
        if self.kind == "different" and self.error:
            yield self.error
        elif self.kind == "different" and self.first in self.outputs:
            yield translate("another output")
        deviations = list(self.deviations)
        if not self.is_good:
            deviations = [it for it in deviations if not it.is_within(self.tolerance)]
        deviations.sort(key=lambda deviation: deviation.task != self.first)
        for deviation in deviations[:_MOST_METRICS]:
            yield translate("recorded -> now: {deviation}", deviation=deviation)
        if len(deviations) > _MOST_METRICS:
            yield translate("... and {count} more metrics", count=len(deviations) - _MOST_METRICS)
        for cause in () if self.is_good else self.causes:
            yield translate("cause: {cause}", cause=cause)
        for note in self.notes:
            yield translate("not as recorded: {note}", note=note)


def last_verdict(experiment: str) -> Verdict | None:
    """The newest verdict on an experiment that comes from a run; None if there is none."""
    for folder in sorted(_folder().glob(f"{experiment}-*"), reverse=True):
        verdict = read_record(folder, Verdict)
        if verdict and verdict.kind != "impossible":
            return verdict
    return None


def _number(value: float | None) -> str:
    return translate("none") if value is None else f"{float(value):.10g}"  # JSON has NaN as a text


def _folder() -> Path:
    return project.current().outputs / "records" / "reproductions"
