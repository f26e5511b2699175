"""The record of an experiment as it lies beside a table: all that is needed to run it again.

It has nothing that belongs to one machine or one person, so that it can lie in git. Knows records
and git, no report.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkart import git, project
from labkart.files import read_text
from labkart.records import record_file, texts
from labkart.records.record import ExperimentRecord, TaskRun
from labkart.secrets.names import MASK

# Stored with the table. `uv.lock` is long and in git: its digest is enough.
_CONFIG, _TEXTS = "config.yaml", ("packages.txt", "uncommitted.patch.txt")
_FIELDS = (
    *("id", "project", "command", "overrides", "settings", "results", "status", "started"),
    *("metrics", "config", "references", "masked"),
)
_CODE = ("commit", "dirty", "left_out", "masked")
_PRIVATE = ("host", "user")  # of the machine
_TASK_FIELDS = ("params", "seed", "code", "packages", "library_data", "accepted", "tables")


@dataclass
class PortableRecord(ExperimentRecord):
    """An experiment that was read from a table's provenance.

    Attributes:
        stored: the texts of the provenance by their digests.
        files: of its repetition, the folder with the files of its tasks; None for those here.
    """

    stored: Mapping[str, str] = field(default_factory=dict)
    files: Path | None = None

    def files_of(self, task: TaskRun) -> Path:
        """Where the figures and tables of one of its tasks are."""
        return self.files / f"{task.name}_{task.id}" if self.files else super().files_of(task)

    def text(self, name: str) -> str:
        """A text that belongs to it; empty if it is missing.

        What a person has put beside a record on this machine counts for a masked one, and the
        commit's `uv.lock` if it is the one of the run.
        """
        digest = self.texts.get(name, "")
        text = self.stored.get(digest, "")
        if not text or MASK in text:
            text = super().text(name) or text
        if not text and name == "uv.lock":
            text = self._committed_lock(digest)
        return text

    def _committed_lock(self, digest: str) -> str:
        name = f"{self.code.get('commit')}:./uv.lock"
        result = git.run(project.current().root, "show", name)
        return result.output if result.ok and digest == texts.text_digest(result.output) else ""


def describe(record: ExperimentRecord) -> dict[str, Any]:
    """What a table's provenance says of an experiment; `texts_of` has its texts."""
    own = {name: texts.text_digest(text) for name, text in _texts(record).items()}
    return {
        **{name: getattr(record, name) for name in _FIELDS},
        "code": {name: record.code.get(name) for name in _CODE},
        "environment": {
            name: value for name, value in record.environment.items() if name not in _PRIVATE
        },
        "tasks": [_describe_task(task) for task in record.tasks],
        "texts": dict(record.texts) | own,
    }


def texts_of(records: Sequence[ExperimentRecord]) -> dict[str, str]:
    """The texts of experiments by their digests, each once."""
    return {texts.text_digest(text): text for record in records for text in _texts(record).values()}


def read(facts: Mapping[str, Any], stored: Mapping[str, str]) -> PortableRecord:
    """The experiment that `describe` described. Raises TypeError if a fact is missing or wrong."""
    record = PortableRecord(**facts, stored=stored)
    if not record_file.fits(record, PortableRecord):
        raise TypeError(record.id)
    return record


def shortened(record: ExperimentRecord) -> ExperimentRecord:
    """A record with as much of its tasks as a portable one has, to be compared with it."""
    facts = {name: value for name, value in vars(record).items() if name not in ("tasks", "stored")}
    return ExperimentRecord(**facts, tasks=[TaskRun(**_describe_task(it)) for it in record.tasks])


def _describe_task(task: TaskRun) -> dict[str, Any]:
    """A task with what its result depends on; of a metric that was logged often, the last value."""
    result = {name: task.result[name] for name in _TASK_FIELDS if task.result.get(name)}
    if task.result:
        metrics = task.result.get("metrics", ())
        last = {name: [name, value, None, 0.0] for name, value, *_ in metrics}
        result["metrics"] = list(last.values())
        result["outputs"] = _states(task.result.get("outputs", ()))
        result["undeclared"] = _states(task.result.get("undeclared", ()))
        result["data"] = task.result.get("data", {})
    state = "ran" if task.state == "cached" else task.state
    return {"label": task.label, "name": task.name, "id": task.id, "state": state} | {
        "seconds": task.seconds,
        "error": task.error,
        "result": result,
    }


def _states(states: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"path": state["path"], "sha256": state["sha256"]} for state in states]


def _texts(record: ExperimentRecord) -> dict[str, str]:
    """The texts as they were recorded, not as a person may have written a secret back into them."""
    found = {
        name: texts.stored_text(record.texts[name]) for name in _TEXTS if name in record.texts
    } | {_CONFIG: read_text(record.folder / _CONFIG)}
    return {name: text for name, text in found.items() if text}
