"""What a run says at its end: results, failures, and which tasks log metrics that no result has.

The command line shows results by a `RunOutput` of its own.
"""

from collections.abc import Mapping, Sequence

from labkart import console, project
from labkart.language import join_sentences, translate, translate_count
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Ranking
from labkart.records.states import describe_state
from labkart.wording import and_more, did_you_mean, join_names

_MOST_IDS = 10  # of experiments with one cause


class RunOutput:
    """Shows results in plain lines. It is pickled for launchers that start processes."""

    def show_result(
        self,
        metrics: Mapping[str, float],
        experiment_id: str,  # noqa: ARG002 (the command line shows it)
    ) -> None:
        """Show the result of an experiment."""
        if metrics:
            numbers = (f"{name} {console.format_number(value)}" for name, value in metrics.items())
            console.say(f"  {'   '.join(numbers)}")

    def show_groups(self, records: Sequence[ExperimentRecord], ranking: Ranking) -> None:
        """Show the results of a sweep beside each other."""


def describe_failure(record: ExperimentRecord) -> str:
    """Each failed task of an experiment with its error, and the file with the traceback."""
    remedy = translate("Fix it and run again: finished tasks stay cached.")
    if file := _traceback_file(record):
        remedy = join_sentences(translate("See {file}.", file=file), remedy)
    errors = [f"{run.label}: {run.error}" for run in record.tasks if run.state == "failed"]
    return "\n".join([*errors, remedy])


def describe_failures(failed: Sequence[ExperimentRecord], total: int) -> str:
    """The causes why some of a sweep's `total` experiments failed, each cause once."""
    by_cause: dict[str, list[ExperimentRecord]] = {}
    for record in failed:
        # By the class: the label of a task may differ from experiment to experiment.
        by_cause.setdefault(_cause(record, "name"), []).append(record)
    lines = [
        translate("{count} of {total} experiments have no result:", count=len(failed), total=total)
    ]
    for common, concerned in by_cause.items():
        first = concerned[0]
        cause = common if len(concerned) > 1 else _cause(first, "label")
        lines.append(f"{and_more([' '.join(first.overrides)], len(concerned) - 1)}: {cause}")
        ids = [record.id[:6] for record in concerned if record.ended]
        if len(ids) > 1:
            shown = and_more([" ".join(ids[:_MOST_IDS])], len(ids) - _MOST_IDS)
            lines.append(translate("  experiments {ids}", ids=shown))
        if file := _traceback_file(first):
            lines.append(f"  {file}")
    remedy = translate("Fix it and run the same command again: only what is missing runs.")
    return "\n".join([*lines, remedy])


def _cause(record: ExperimentRecord, title: str) -> str:
    """The first failed task with its error, called by its `label` or its `name`."""
    failed = [run for run in record.tasks if run.state == "failed"]
    if failed:
        return f"{getattr(failed[0], title)}: {failed[0].error}"
    return record.error or describe_state("not run")


def _traceback_file(record: ExperimentRecord) -> str:
    """The file with the tracebacks; empty if none is known, as of a process that was killed."""
    file = record.folder / "traceback.txt"
    return project.current().short(file) if file.exists() else ""


def warn_of_metrics(records: Sequence[ExperimentRecord], ranking: Ranking | None = None) -> None:
    """Warn if no result logs a metric, or none that one by which they are to be ranked."""
    metrics = {name for record in records for name in record.metrics}
    if not metrics and (warning := _describe_unreturned(records)):
        console.warn(f"  {warning}")
    if ranking and ranking.metric and metrics and ranking.metric not in metrics:
        problem = translate("  labkart.rank_by={metric}: nothing logs it.", metric=ranking.metric)
        console.warn(join_sentences(problem, did_you_mean(ranking.metric, metrics)))


def _describe_unreturned(records: Sequence[ExperimentRecord]) -> str:
    """Which tasks log metrics, but are no results; empty if none does."""
    record = next((record for record in records if record.status == "finished"), None)
    if not record or record.config.get("task"):
        return ""
    names = list(dict.fromkeys(run.name for run in record.tasks if run.result.get("metrics")))
    if not names:
        return ""
    return translate_count(
        "{names} logs metrics, but is not a result:"
        " return it too, in a dictionary of results ({command})",
        "{names} log metrics, but are not results:"
        " return them too, in a dictionary of results ({command})",
        len(names),
        names=join_names(names),
        command=console.command("docs write-up"),
    )
