"""Tells a student whose metrics are nowhere to be seen which tasks log them. Prints nothing."""

from collections.abc import Sequence

from labkart import console
from labkart.language import translate_count
from labkart.records.names import results_of
from labkart.records.record import ExperimentRecord, TaskRun
from labkart.wording import join_names


def describe_unreturned(records: Sequence[ExperimentRecord]) -> str:
    """If no result logs a metric, which other tasks do; else empty."""
    finished = [record for record in records if record.status == "finished"]
    if not finished or any(record.metrics for record in finished):
        return ""
    runs = [run for run in finished[0].tasks if run.result.get("metrics")]
    if not runs or finished[0].config.get("task"):
        return ""
    return _describe(finished[0], runs)


def _describe(record: ExperimentRecord, runs: Sequence[TaskRun]) -> str:
    classes = list(dict.fromkeys(run.name for run in runs))
    command = console.command("docs write-up")
    if len(results_of(record)) > 1:
        return translate_count(
            "{names} logs metrics, but is not among the results:"
            " return it too, in a dictionary of results ({command})",
            "{names} log metrics, but are not among the results:"
            " return them too, in a dictionary of results ({command})",
            len(classes),
            names=join_names(classes),
            command=command,
        )
    return translate_count(
        "{names} logs metrics, but is not the last task:"
        " return it too, in a dictionary of results ({command})",
        "{names} log metrics, but are not the last task:"
        " return them too, in a dictionary of results ({command})",
        len(classes),
        names=join_names(classes),
        command=command,
    )
