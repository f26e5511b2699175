"""What one composed configuration would run: its tasks, those that are missing, its record.

Knows what identifies an experiment. Runs nothing.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf

from labkart import project
from labkart._compat import config_node
from labkart.errors import LabkartError, did_you_mean
from labkart.experiments import settings
from labkart.experiments.config import Composed
from labkart.experiments.pipeline import label_tasks, pipeline_tasks
from labkart.fingerprint import snapshot
from labkart.records.record import ExperimentRecord, TaskRun, read_experiment
from labkart.tasks.task import Task
from labkart.tasks.task_id import upstream


@dataclass
class Experiment:
    """A configuration whose tasks are made and know their ids.

    Attributes:
        tasks: every task by its label, upstream tasks first; the last one makes the result.
        missing: the labels of the tasks that a run would compute, because the result or another
            missing task needs them.
        record: `finished` if it ran before and nothing is to do, else `planned`.
        ended: when the attempt before this plan ended.
    """

    composed: Composed
    tasks: dict[str, Task[Any]]
    missing: set[str]
    record: ExperimentRecord
    ended: str | None = None

    @property
    def result(self) -> Task[Any]:
        """The task that makes the result."""
        return list(self.tasks.values())[-1]

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
        settings.check_settings(composed.cfg)
        return _experiment(composed, _tasks(composed.cfg))


def _tasks(cfg: DictConfig) -> dict[str, Task[Any]]:
    """The tasks of the pipeline, or those up to one task, `task=SplitTable`."""
    tasks = pipeline_tasks(cfg)
    name = cfg.get("task")
    if not name:
        return tasks
    if name not in tasks:
        names = ", ".join(tasks)
        raise LabkartError(f"task={name}: the pipeline has {names}. {did_you_mean(name, tasks)}")
    return label_tasks(tasks[name])


def _experiment(composed: Composed, tasks: dict[str, Task[Any]]) -> Experiment:
    missing = _missing(tasks)
    shown = _shown_settings(composed)
    id = _id(list(tasks.values())[-1], shown, composed.cfg)
    previous = read_experiment(id)
    previous_tags = previous.tags if previous else []
    tags = list(dict.fromkeys([*previous_tags, *settings.setting(composed.cfg, "tags", ())]))
    if not missing and previous and previous.status == "finished":
        previous.tags = tags
        return Experiment(composed, tasks, missing, previous)
    record = ExperimentRecord(
        id=id,
        project=project.current().name,
        command=" ".join(["labkart", "run", *composed.overrides]),
        overrides=composed.overrides,
        settings=shown,
        tasks=[_task_run(label, task, label in missing) for label, task in tasks.items()],
        artifact_mb=float(settings.setting(composed.cfg, "artifact_mb", 1.0)),
        sweeps=previous.sweeps if previous else [],
        tags=tags,
    )
    return Experiment(composed, tasks, missing, record, previous.ended if previous else None)


def _task_run(label: str, task: Task[Any], is_missing: bool) -> TaskRun:
    state = "not run" if is_missing else "cached"
    return TaskRun(label, task.get_task_family(), task.make_unique_id(), state)


def _missing(tasks: dict[str, Task[Any]]) -> set[str]:
    """The labels of the tasks to compute: the result if it is incomplete, and what that needs."""
    missing = set[str]()
    needed = {list(tasks.values())[-1].make_unique_id()}
    for label, task in reversed(tasks.items()):
        if task.make_unique_id() in needed and not task.complete():
            missing.add(label)
            needed |= {upstream_task.make_unique_id() for upstream_task in upstream(task)}
    return missing


def _id(result: Task[Any], shown: dict[str, Any], cfg: DictConfig) -> str:
    """Of the result's id and the configuration: five seeds are five experiments, random or not."""
    keys = [str(key) for key in cfg if key not in settings.NOT_IN_ID]
    identifying = OmegaConf.to_container(OmegaConf.masked_copy(cfg, keys))
    text = json.dumps([shown, identifying], default=str)
    return hashlib.sha256(f"{result.make_unique_id()}\n{text}".encode()).hexdigest()[:16]


def _shown_settings(composed: Composed) -> dict[str, Any]:
    """The settings that distinguish experiments: chosen files, and plain values at the top."""
    cfg, choices = composed.cfg, composed.choices
    hidden = ("local", *settings.NOT_IN_ID)
    groups = [group for group in choices if "/" not in group and group not in hidden]
    plain = [key for key in cfg if not OmegaConf.is_config(config_node(cfg, key))]
    shown = {group: choices[group] for group in groups} | {str(key): cfg[key] for key in plain}
    return {key: value for key, value in shown.items() if value is not None}
