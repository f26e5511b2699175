"""Failed experiments in words. Prints nothing."""

from collections.abc import Sequence

from labkart import project
from labkart.records.record import ExperimentRecord


def describe_failure(record: ExperimentRecord) -> str:
    """Each failed task with its error, and where more is."""
    lines = [f"{use.label}: {use.error}" for use in record.tasks if use.state == "failed"]
    folder = project.current().short(record.folder)
    return "\n".join(
        [
            *lines,
            f"{folder}/traceback.txt says more. Mend it and run again: finished tasks stay cached.",
        ]
    )


def describe_failures(records: Sequence[ExperimentRecord], total: int) -> str:
    """Of a sweep: each failure once, with the experiments that it concerns, and where more is."""
    causes: dict[str, list[ExperimentRecord]] = {}
    for record in records:
        failed = next((use for use in record.tasks if use.state == "failed"), None)
        cause = f"{failed.label}: {failed.error}" if failed else record.error or "not run"
        causes.setdefault(cause, []).append(record)
    lines = [f"{len(records)} of {total} experiments have no result:"]
    for cause, concerned in causes.items():
        more = f" and {len(concerned) - 1} more" if len(concerned) > 1 else ""
        lines += [f"{' '.join(concerned[0].overrides)}{more}: {cause}"]
        if concerned[0].ended:
            lines += [f"  {project.current().short(concerned[0].folder)}/traceback.txt"]
    return "\n".join([*lines, "Mend it and run the same command again: only what is missing runs."])
