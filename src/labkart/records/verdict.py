"""What came of an attempt to reproduce an experiment: in words, and as a record of its own. Compares nothing."""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from labkart import project
from labkart.files import read_json, write_atomically
from labkart.records.record import current_time

TOLERANCE = 1e-6  # below what a person reports, above what another order of additions does
_MOST = 5  # metrics that a person reads


@dataclass(frozen=True)
class Deviation:
    """A metric of a task that came out otherwise, `task` being its label; nothing where one of the runs has none."""

    task: str
    name: str
    then: float | None
    now: float | None

    def is_within(self, tolerance: float) -> bool:
        """Whether it counts as equal: relative to the larger value, and near zero in itself."""
        if self.then is None or self.now is None:
            return False
        return math.isclose(self.then, self.now, rel_tol=tolerance, abs_tol=tolerance)

    def __str__(self) -> str:
        then, now = ("none" if each is None else f"{each:.10g}" for each in (self.then, self.now))
        return f"{self.name} {then} -> {now}"


@dataclass
class Verdict:
    """What came of one attempt to reproduce an experiment.

    Attributes:
        kind: `identical` (all outputs, bit for bit), `equal` (all metrics, within the tolerance), `different`, or
            `impossible` where it could not run.
        first: of a different one the label of the first task, in the pipeline's order, that differs.
        outputs: the labels of all tasks whose outputs differ.
        deviations: the metrics that are not exactly the same.
        notes: what is not as recorded, in words: "recorded -> now".
        error: why it was impossible, or failed.
        again: the id that the run had; the recorded one's where code, packages, data and settings were the same.
    """

    experiment: str
    kind: str = "impossible"
    first: str | None = None
    outputs: list[str] = field(default_factory=list)
    deviations: list[Deviation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str | None = None
    again: str | None = None
    tolerance: float = TOLERANCE
    tasks: int = 0
    commit: str | None = None
    environment: dict[str, Any] = field(default_factory=dict)
    started: str = field(default_factory=current_time)
    ended: str = ""
    schema: int = 1

    def __post_init__(self) -> None:
        self.deviations = [
            each if isinstance(each, Deviation) else Deviation(**each) for each in self.deviations
        ]

    @property
    def is_good(self) -> bool:
        return self.kind in ("identical", "equal")

    @property
    def mark(self) -> str:
        """In a word and a day, for MLflow's page."""
        return f"{self.kind} {self.ended:.10}"

    @property
    def folder(self) -> Path:
        moment = "".join(letter for letter in self.started[:23] if letter.isalnum())
        return _folder() / f"{self.experiment}-{moment}"

    def write(self) -> None:
        self.ended = self.ended or current_time()
        text = (
            json.dumps({"id": self.folder.name, **asdict(self)}, ensure_ascii=False, indent=1)
            + "\n"
        )
        write_atomically(self.folder / "record.json", text.encode(errors="backslashreplace"))

    def __str__(self) -> str:
        """A sentence; below it what came out otherwise, and what is not as recorded."""
        said = {
            "identical": f"all outputs of {self.tasks} task{'s' if self.tasks > 1 else ''}, bit for bit",
            "equal": f"all metrics, within {self.tolerance:g}; outputs that differ: {_listed(self.outputs)}",
            "different": f"{self.first} is the first task that differs",
            "impossible": (self.error or "it could not run").replace("\n", "\n  "),
        }
        return "\n  ".join([f"{self.kind}: {said[self.kind]}", *self._details()])

    def _details(self) -> Iterator[str]:
        if self.kind == "different":
            yield from [self.error] if self.error else []
            yield from ["another output"] if self.first in self.outputs and not self.error else []
        told = [
            each for each in self.deviations if self.is_good or not each.is_within(self.tolerance)
        ]
        told.sort(key=lambda each: each.task != self.first)
        yield from (f"recorded -> now: {each}" for each in told[:_MOST])
        yield from [f"... and {len(told) - _MOST} more metrics"] if len(told) > _MOST else []
        yield from (f"not as recorded: {note}" for note in self.notes)


def last_verdict(experiment: str) -> Verdict | None:
    """The newest verdict on an experiment that came from a run; nothing where there is none."""
    for folder in sorted(_folder().glob(f"{experiment}-*"), reverse=True):
        found = read_json(folder / "record.json")
        try:
            verdict = Verdict(**{name: value for name, value in found.items() if name != "id"})
        except (AttributeError, TypeError):
            continue
        if verdict.kind != "impossible":
            return verdict
    return None


def _listed(words: Iterable[str]) -> str:
    found = list(words)
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")


def _folder() -> Path:
    return project.current().outputs / "records" / "reproductions"
