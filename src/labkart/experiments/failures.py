"""Describes experiments that failed, in a few lines for a person. Prints nothing."""

from collections.abc import Sequence

from labkart import project
from labkart.language import join_sentences, translate
from labkart.records.record import ExperimentRecord
from labkart.records.states import describe_state
from labkart.wording import and_more

_MOST_IDS = 10  # of experiments with one cause


def describe_failure(record: ExperimentRecord) -> str:
    """Each failed task of an experiment with its error, and the file with the traceback."""
    remedy = translate("Fix it and run again: finished tasks stay cached.")
    file = _traceback_file(record)
    errors = [f"{run.label}: {run.error}" for run in record.tasks if run.state == "failed"]
    return "\n".join(
        [*errors, join_sentences(translate("See {file}.", file=file), remedy) if file else remedy]
    )


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
