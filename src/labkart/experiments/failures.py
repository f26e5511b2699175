"""Describes experiments that failed, in a few lines for a person. Prints nothing."""

from collections.abc import Sequence

from labkart import project
from labkart.records.record import ExperimentRecord


def describe_failure(record: ExperimentRecord) -> str:
    """Each failed task of an experiment with its error, and the file with the traceback."""
    remedy = "Fix it and run again: finished tasks stay cached."
    return "\n".join([*_errors(record), f"See {_traceback_file(record)}. {remedy}"])


def describe_failures(failed: Sequence[ExperimentRecord], total: int) -> str:
    """The causes why some of a sweep's `total` experiments failed, each cause once."""
    by_cause: dict[str, list[ExperimentRecord]] = {}
    for record in failed:
        cause = next(iter(_errors(record)), record.error or "not run")
        by_cause.setdefault(cause, []).append(record)
    lines = [f"{len(failed)} of {total} experiments have no result:"]
    for cause, concerned in by_cause.items():
        first = concerned[0]
        others = f" and {len(concerned) - 1} more" if len(concerned) > 1 else ""
        lines.append(f"{' '.join(first.overrides)}{others}: {cause}")
        if first.ended:
            lines.append(f"  {_traceback_file(first)}")
    remedy = "Fix it and run the same command again: only what is missing runs."
    return "\n".join([*lines, remedy])


def _errors(record: ExperimentRecord) -> list[str]:
    return [f"{run.label}: {run.error}" for run in record.tasks if run.state == "failed"]


def _traceback_file(record: ExperimentRecord) -> str:
    return f"{project.current().short(record.folder)}/traceback.txt"
