"""What one composed configuration would run: its tasks, those that are missing, its record.

Knows what identifies an experiment. Runs nothing.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from labkart import project
from labkart._compat import config_node
from labkart.errors import LabkartError
from labkart.experiments import settings
from labkart.experiments.config import Composed
from labkart.experiments.pipeline import Pipeline
from labkart.fingerprint import snapshot
from labkart.records.record import ExperimentRecord, TaskRun, read_experiment
from labkart.secrets import redact
from labkart.tasks.config_values import explain_value_error
from labkart.tasks.task import Task
from labkart.tasks.task_id import upstream


@dataclass
class Experiment:
    """A configuration whose tasks are made and know their ids.

    Attributes:
        pipeline: its tasks and its results.
        missing: the labels of the tasks that a run would compute, because they are results or a
            missing task needs them.
        record: `finished` if it ran before and nothing is to do, else `planned`.
        ended: when the attempt before this plan ended.
    """

    composed: Composed
    pipeline: Pipeline
    missing: set[str]
    record: ExperimentRecord
    ended: str | None = None

    @property
    def tasks(self) -> dict[str, Task[Any]]:
        """Every task by its label, upstream tasks first."""
        return self.pipeline.tasks

    @property
    def results(self) -> list[Task[Any]]:
        """The tasks that the pipeline returned."""
        return [self.tasks[label] for label in dict.fromkeys(self.pipeline.results.values())]

    @property
    def missing_tasks(self) -> list[Task[Any]]:
        """The tasks that a run would compute."""
        return [self.tasks[label] for label in self.missing]

    def workers(self, default: int) -> int:
        """How many tasks may run at once."""
        return int(settings.setting(self.composed.cfg, "workers", default))


def plan(composed: Composed) -> Experiment:
    """The experiment that a composed configuration describes; nothing has run yet.

    Raises:
        LabkartError: the configuration does not fit the pipeline, or has no task `cfg.task`.
    """
    snapshot.refresh()
    with snapshot.frozen():
        composed.activate()
        try:
            settings.check_settings(composed.cfg)
            return _experiment(composed, _pipeline(composed.cfg))
        except OmegaConfBaseException as error:  # of a setting that no task reads
            raise LabkartError(explain_value_error(error)) from None


def _pipeline(cfg: DictConfig) -> Pipeline:
    """The pipeline, or the part of it that ends with one task, `task=SplitTable`."""
    pipeline = Pipeline.of(cfg)
    name = cfg.get("task")
    if not name:
        return pipeline
    try:
        return pipeline.up_to(str(name))
    except LabkartError as error:
        raise LabkartError(f"task={error}") from None


def _experiment(composed: Composed, pipeline: Pipeline) -> Experiment:
    tasks, missing = pipeline.tasks, _missing(pipeline)
    shown = _shown_settings(composed)
    id = _id(pipeline, shown, composed.cfg)
    previous = read_experiment(id)
    previous_tags = previous.tags if previous else []
    new_tags = map(redact.redact_text, settings.setting(composed.cfg, "tags", ()))
    tags = list(dict.fromkeys([*previous_tags, *new_tags]))
    if not missing and previous and previous.status == "finished" and not previous.edited:
        previous.tags = tags
        return Experiment(composed, pipeline, missing, previous)
    record = ExperimentRecord(
        id=id,
        project=project.current().name,
        command=" ".join(["labkart", "run", *composed.overrides]),
        overrides=composed.overrides,
        settings=shown,
        tasks=[_task_run(label, task, label in missing) for label, task in tasks.items()],
        results=_recorded_results(pipeline),
        artifact_mb=float(settings.setting(composed.cfg, "artifact_mb", 1.0)),
        artifact_tasks=settings.setting(composed.cfg, "artifact_tasks", "results"),
        sweeps=previous.sweeps if previous else [],
        tags=tags,
    )
    return Experiment(composed, pipeline, missing, record, previous.ended if previous else None)


def _task_run(label: str, task: Task[Any], is_missing: bool) -> TaskRun:
    state = "not run" if is_missing else "cached"
    return TaskRun(label, task.get_task_family(), task.make_unique_id(), state)


def _recorded_results(pipeline: Pipeline) -> dict[str, str]:
    last = list(pipeline.tasks)[-1]
    return {} if pipeline.results == {last: last} else pipeline.results


def _missing(pipeline: Pipeline) -> set[str]:
    """The labels of the tasks to compute: incomplete results, and what they need."""
    missing = set[str]()
    needed = {pipeline.tasks[label].make_unique_id() for label in pipeline.results.values()}
    for label, task in reversed(pipeline.tasks.items()):
        if task.make_unique_id() in needed and not task.complete():
            missing.add(label)
            needed |= {upstream_task.make_unique_id() for upstream_task in upstream(task)}
    return missing


def _id(pipeline: Pipeline, shown: dict[str, Any], cfg: DictConfig) -> str:
    """Of the results and the configuration: five seeds are five experiments, random or not."""
    keys = [str(key) for key in cfg if key not in settings.NOT_IN_ID]
    identifying = OmegaConf.to_container(OmegaConf.masked_copy(cfg, keys))
    text = json.dumps([shown, identifying], default=str)
    results = "\n".join(sorted(_result_id(pipeline, key) for key in pipeline.results))
    return hashlib.sha256(f"{results}\n{text}".encode()).hexdigest()[:16]


def _result_id(pipeline: Pipeline, key: str) -> str:
    """Of a result's task, and its key if it has one: the record names the key."""
    label = pipeline.results[key]
    id = pipeline.tasks[label].make_unique_id()
    return id if key == label else f"{key} {id}"


def _shown_settings(composed: Composed) -> dict[str, Any]:
    """The settings that distinguish experiments: chosen files, and plain values at the top."""
    cfg, choices = composed.cfg, composed.choices
    hidden = ("local", *settings.NOT_IN_ID)
    groups = [group for group in choices if "/" not in group and group not in hidden]
    plain = [key for key in cfg if not OmegaConf.is_config(config_node(cfg, key))]
    shown = {group: choices[group] for group in groups} | {str(key): cfg[key] for key in plain}
    return {key: value for key, value in shown.items() if value is not None}
