"""What a notebook asks for: experiments as a data frame, and what a task computed. Runs nothing."""

import re
import shlex
from collections.abc import Callable, Mapping
from contextlib import chdir
from typing import TYPE_CHECKING, Any

from labkart import project
from labkart.language import mistake
from labkart.records import query
from labkart.records.condition import Condition
from labkart.records.names import results_of
from labkart.records.query import Selection

if TYPE_CHECKING:
    import pandas as pd

    from labkart.experiments.plan import Experiment

_SIGN = re.compile(r"\s*([!<>]?=|[<>])\s*")


def runs(  # noqa: PLR0913 (one keyword per kind of condition, as the options of labkart runs)
    conditions: str = "",
    *,
    sweep: str | None = None,
    study: str | None = None,
    tag: str | None = None,
    commit: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> "pd.DataFrame":
    """The experiments as a data frame, newest first.

    Args:
        conditions: what the experiments have in common, such as `"model=forest accuracy>0.9"`.
        sweep: the beginning of a sweep's id.
        study: the name of a study, which a search makes.
        tag: one of the experiments' tags.
        commit: the beginning of the commit they ran on.
        since: the first day, such as `"2026-11-25"`.
        until: the last day.

    Returns:
        A row per experiment, by id, with its start, its status, its settings, the values of its
        configuration by dotted names (`model.params.trees`), and its metrics. Empty if there is no
        experiment yet.

    Raises:
        LabkartError: no experiment has a value of such a name, or there is no such sweep, study,
            tag or commit.

    Example:
        `runs("model=forest", since="2026-11-25")["accuracy"].mean()`
    """
    import pandas as pd

    from labkart.results.runs import column_names, row

    selected = [Condition.of(text) for text in shlex.split(_SIGN.sub(r"\1", conditions))]
    selection = Selection(selected, sweep, study, tag, commit, since, until)
    rows = [row(experiment) for experiment in selection.summaries()]
    table = pd.DataFrame(rows, columns=pd.Index(column_names(rows))).set_index("id")
    # One time zone for all rows, also if daylight saving time began between two.
    table["started"] = pd.to_datetime(table["started"], format="ISO8601", utc=True)
    return table


def load(experiment: str = "", task: str | None = None) -> Any:
    """What a task computed in an experiment.

    Args:
        experiment: overrides, as after `labkart run`, for what today's code computes with them; or
            the beginning of an experiment's id, as `runs()` has it, for what it computed then.
        task: the name of the task in the pipeline, or the key of a result; None is the result.

    Returns:
        The task's output; several outputs in the shape in which the task declares them. Without a
        task, if the pipeline returns several, a dictionary of their outputs.

    Raises:
        LabkartError: the task or its output does not exist; says how to make it.

    Example:
        `load("model=forest seed=1", "EvaluateModel")`
    """
    arguments = shlex.split(experiment)
    with chdir(project.current().root):
        if len(arguments) == 1 and re.fullmatch(r"\w+", arguments[0]):
            return _load_recorded(arguments[0], task)
        return _load_planned(arguments, task)


def _load_planned(overrides: list[str], name: str | None) -> Any:
    """What today's code and data compute with some overrides."""
    from labkart.experiments import composer
    from labkart.experiments.plan import plan
    from labkart.results.outputs import planned_output

    composed = composer.compose_overrides(*overrides)
    composer.check_additions(overrides)
    planned = plan(composed)

    def content(name: str) -> Any:
        label = planned.pipeline.names.label(name)
        task = planned.tasks[label]
        is_complete = task.complete()
        if _is_stale(planned, label, is_complete):
            raise mistake(
                "{label}: the code changed since this notebook imported it. Restart the kernel.",
                label=label,
            )
        packages = "" if is_complete else _other_packages(planned)
        planned_output(planned, label, packages)
        return _content(task.output())

    return _named(name, planned.pipeline.results, content)


def _named(name: str | None, results: Mapping[str, str], content: Callable[[str], Any]) -> Any:
    """The content of a task, or without a name that of the result, or of all results by key."""
    if name or len(results) == 1:
        return content(name or next(iter(results)))
    return {key: content(key) for key in results}


def _is_stale(planned: "Experiment", label: str, is_complete: bool) -> bool:
    """Whether the code of a task or of one before it was edited since it was imported."""
    from labkart.fingerprint import imports
    from labkart.tasks.task_id import task_fingerprint

    edited = imports.edited_files()
    labels = list(planned.tasks)
    for task in [planned.tasks[name] for name in labels[: labels.index(label) + 1]]:
        if edited & task_fingerprint(task).files_that_count("whole", "partly", "late"):
            return True
    return bool(edited) and not is_complete


def _other_packages(planned: "Experiment") -> str:
    """Packages that differ from those of the last run, if nothing else differs; else empty."""
    from labkart.experiments.status import statuses

    for status in statuses(planned):
        changes = status.changes
        if status.state == "changed" and changes.packages and not (changes.code or changes.data):
            return ", ".join(changes.packages[:3])
    return ""


def _load_recorded(id: str, name: str | None) -> Any:
    """What an experiment computed, whatever the code is now."""
    from gokart.target import make_target

    from labkart.results.outputs import recorded_output
    from labkart.tasks.file_formats import JsonProcessor

    experiment = query.find_experiment(id)

    def content(name: str) -> Any:
        files = recorded_output(experiment, name).files
        json = JsonProcessor()
        targets = [
            make_target(str(file), processor=json if file.suffix == ".json" else None)
            for file in files
        ]
        return _content(targets if len(targets) > 1 else targets[0])

    return _named(name, results_of(experiment), content)


def _content(targets: Any) -> Any:
    """What is in the files of some targets, in the same shape."""
    if isinstance(targets, dict):
        return {name: _content(target) for name, target in targets.items()}
    if isinstance(targets, list | tuple):
        return [_content(target) for target in targets]
    return targets.load()
