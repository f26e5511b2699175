"""What the record of an experiment says when it begins, ends and is used again. Runs nothing."""

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

from labkart import git, project, trace
from labkart.experiments.plan import Experiment
from labkart.files import read_text
from labkart.records import last_used, provenance
from labkart.records.diff import changed_places
from labkart.records.names import MetricNames
from labkart.records.record import ExperimentRecord, TaskRecord, current_time, digest_of
from labkart.secrets import configuration, digests, redact
from labkart.tracking import links

# The fields of a task's record that the experiment's own record does not repeat.
_NOT_OF_RESULT = {"id", "name", "status", "started", "wall_seconds", "code", "packages", "error"}
_NOT_OF_RESULT |= {"traceback", "dynamic_upstream", "gpu_libraries", "edited", "schema"}


@dataclass(frozen=True)
class Provenance:
    """The code with its uncommitted changes, and the machine: the same for a whole command."""

    code: dict[str, Any]
    diff: str
    environment: dict[str, Any]
    texts: dict[str, str]  # of further files beside the record

    @classmethod
    def current(cls) -> "Provenance":
        """That of this moment."""
        root = project.current().root
        code, diff = provenance.code_state(root)
        texts = {"packages.txt": provenance.packages(), "uv.lock": read_text(root / "uv.lock")}
        texts = {name: redact.redact_lasting(text) for name, text in texts.items()}
        environment = provenance.environment()
        if names := provenance.variable_names(root):
            environment["variables"] = provenance.variable_values(names, os.environ)
        return cls(code, diff, environment, texts)


def begin_record(experiment: Experiment, started: str, origin: Provenance) -> set[str]:
    """Write what is going to run, and on what code and machine, without secrets; return those."""
    record, composed = experiment.record, experiment.composed
    composed.activate()
    secrets = configuration.secrets_of(composed.cfg)
    redact.remember(secrets)
    record.status = "running"
    record.started = started
    diff = redact.redact_text(origin.diff)
    record.code = origin.code | {"masked": changed_places(origin.diff, diff)}
    record.environment = origin.environment
    record.overrides = redact.redact_overrides(record.overrides)
    record.command = " ".join(["labkart", "run", *record.overrides])
    record.settings = redact.redact_values(record.settings)
    record.config = configuration.redacted_config(composed.cfg, secrets, resolve=True)
    record.references = composed.references
    record.masked = digests.digests_of(composed.cfg, record.config)
    record.write(
        {"config.yaml": configuration.redacted_yaml(composed.cfg, secrets)},
        {"uncommitted.patch.txt": diff, **origin.texts},
    )
    return secrets


def complete_record(experiment: Experiment, status: str) -> None:
    """Write how the experiment ended, with what its tasks' records say."""
    record = experiment.record
    task_records: dict[str, TaskRecord] = {}
    for run in record.tasks:
        task_record = experiment.tasks[run.label].last_record()
        if task_record:
            task_records[run.label] = task_record
            run.result = _task_result(task_record)
            if run.state == "ran":  # here, and not on the machine of an earlier experiment
                record.environment |= task_record.gpu_libraries
    record.status = status
    record.error = next((run.error for run in record.tasks if run.error), None)
    record.metrics = MetricNames(record).results()
    record.logged_params = {
        f"{run.label}.{name}": value
        for run in record.tasks
        for name, value in run.result.get("logged_params", {}).items()
    }
    record.ended = current_time()
    record.write({"traceback.txt": _tracebacks(record, task_records)})


def reuse_record(record: ExperimentRecord) -> bool:
    """Note that a finished experiment was used again, and name the commit that has its code.

    The ids cover the code, so a result from before its code was committed belongs to the commit.

    Returns:
        Whether there was nothing else to note, in the record or in MLflow.
    """
    last_used.mark_used(record)
    if record.code.get("dirty"):
        rely_on_commit()
        code, diff = _current_code()
        if not code["dirty"] and code["commit"]:
            record.code = code
            record.write(shared={"uncommitted.patch.txt": diff})
    if links.is_published(record):
        return True
    record.write()  # with a new tag, or as part of another sweep
    return False


def rely_on_commit() -> None:
    """Let a commit make a difference for the same command."""
    for file in git.state_files(project.current().root):
        trace.rely_on(file)


@cache
def _current_code() -> tuple[dict[str, Any], str]:
    return provenance.code_state(project.current().root)


def _task_result(task_record: TaskRecord) -> dict[str, Any]:
    """The part of a task's record that belongs to the experiment's result."""
    fields = vars(task_record)
    result = {name: value for name, value in fields.items() if name not in _NOT_OF_RESULT}
    for name in ("outputs", "undeclared"):
        result[name] = [vars(state) for state in fields[name]]
    return result | {name: digest_of(fields[name]) for name in ("code", "packages")}


def _tracebacks(record: ExperimentRecord, task_records: dict[str, TaskRecord]) -> str:
    tracebacks = [
        f"{run.label}\n{task_records[run.label].traceback}"
        for run in record.tasks
        if run.state == "failed" and run.label in task_records and task_records[run.label].traceback
    ]
    return "\n".join(tracebacks).encode(errors="backslashreplace").decode()
