"""What one composed configuration would run: its pipeline's tasks, those that are missing, its record so far."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError

from labkart import project
from labkart.errors import LabkartError, describe, did_you_mean, nearest
from labkart.experiments.config import Composed
from labkart.fingerprint import snapshot
from labkart.records.query import flatten
from labkart.records.record import ExperimentRecord, TaskRun, read_experiment
from labkart.tasks.config_source import describe_source
from labkart.tasks.task import Task
from labkart.tasks.task_id import upstream

# Settings of the machinery: they change how an experiment runs, never what comes out.
_MACHINERY = "labkart"
_HIDDEN = (
    _MACHINERY,
    "search",
)  # no part of an experiment's identity: those, and which search tries it


@dataclass
class Experiment:
    """A configuration whose tasks are made and know their ids.

    Attributes:
        tasks: every task by its label, upstream tasks first; the last one makes the result.
        missing: the labels of those that a run would compute, for the result or for another one that it computes.
        record: what is known of it: `finished` where it ran before and nothing is to do, else `planned`.
        ended: when the attempt before this plan ended.
    """

    composed: Composed
    tasks: dict[str, Task[Any]]
    missing: set[str]
    record: ExperimentRecord
    ended: str | None = None

    @property
    def result(self) -> Task[Any]:
        return self.tasks[list(self.tasks)[-1]]

    def setting(self, name: str, default: Any) -> Any:
        """A setting of the machinery, or else the default."""
        found = OmegaConf.select(self.composed.cfg, f"{_MACHINERY}.{name}")
        return default if found is None else found

    def workers(self, default: int) -> int:
        """How many tasks may run at once."""
        return int(self.setting("workers", default))


def plan(composed: Composed) -> Experiment:
    """The experiment that a composed configuration describes; nothing has run yet.

    Raises:
        LabkartError: the configuration does not fit the pipeline, or there is no task of the name `cfg.task`.
    """
    snapshot.refresh()
    with snapshot.frozen():
        return _plan(composed)


def _plan(composed: Composed) -> Experiment:
    composed.activate()
    cfg = composed.cfg
    _check_machinery(cfg)
    tasks = _tasks(cfg)
    if name := cfg.get("task"):
        if name not in tasks:
            raise LabkartError(
                f"task={name}: the pipeline has {', '.join(tasks)}. {did_you_mean(name, tasks)}"
            )
        tasks = _label_tasks(tasks[name])
    missing = _missing(tasks)
    settings = _settings(composed)
    id = _id(tasks[list(tasks)[-1]], settings, cfg)
    before = read_experiment(id)
    tags = [*(before.tags if before else ()), *(OmegaConf.select(cfg, f"{_MACHINERY}.tags") or ())]
    tags = list(dict.fromkeys(tags))
    if not missing and before and before.status == "finished":
        before.tags = tags
        return Experiment(composed, tasks, missing, before)
    uses = [
        TaskRun(
            label,
            task.get_task_family(),
            task.make_unique_id(),
            "not run" if label in missing else "cached",
        )
        for label, task in tasks.items()
    ]
    record = ExperimentRecord(
        id=id,
        project=project.current().name,
        command=" ".join(["labkart", "run", *composed.overrides]),
        overrides=composed.overrides,
        settings=settings,
        tasks=uses,
        sweeps=before.sweeps if before else [],
        tags=tags,
    )
    planned = Experiment(composed, tasks, missing, record, before.ended if before else None)
    record.artifact_mb = float(planned.setting("artifact_mb", 1.0))
    return planned


def _check_machinery(cfg: DictConfig) -> None:
    """Refuse what would only be found when everything has run."""
    for name, (fits, wanted) in _SETTINGS.items():
        asked = OmegaConf.select(cfg, f"{_MACHINERY}.{name}")
        if asked is not None and not fits(asked):
            raise LabkartError(f"{_MACHINERY}.{name}={asked}: wants {wanted}, or null.")


def _is_names(value: Any) -> bool:
    return isinstance(value, ListConfig) and all(isinstance(each, str) for each in value)


_SETTINGS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "workers": (lambda value: type(value) is int and value > 0, "a whole number from 1 on"),
    "artifact_mb": (lambda value: type(value) in (int, float), "a number"),
    "seeds": (_is_names, "a list of names, as [seed]"),
    "less_is_better": (_is_names, "a list of words, as [loss]"),
    "tags": (_is_names, "a list of words, as [paper]"),
    "rank_by": (lambda value: isinstance(value, str), "the name of a metric"),
}


def _id(result: Task[Any], settings: dict[str, Any], cfg: DictConfig) -> str:
    """Of the result's id and of the configuration: five seeds of a model without randomness are five experiments."""
    shown = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key not in _HIDDEN])
    said = json.dumps([settings, OmegaConf.to_container(shown)], default=str)
    return hashlib.sha256(f"{result.make_unique_id()}\n{said}".encode()).hexdigest()[:16]


def _missing(tasks: dict[str, Task[Any]]) -> set[str]:
    found, needed = set[str](), {list(tasks.values())[-1].make_unique_id()}
    for label, task in reversed(tasks.items()):
        if task.make_unique_id() in needed and not task.complete():
            found.add(label)
            needed |= {each.make_unique_id() for each in upstream(task)}
    return found


def _settings(composed: Composed) -> dict[str, Any]:
    """What tells experiments apart at a glance: the chosen files, and the plain values at the top."""
    cfg = composed.cfg
    hidden = ("local", *_HIDDEN)
    files = {
        group: option
        for group, option in composed.choices.items()
        if "/" not in group and group not in hidden
    }
    values = {str(key): cfg[key] for key in cfg if not OmegaConf.is_config(cfg._get_node(key))}
    return {key: value for key, value in {**files, **values}.items() if value is not None}


def _tasks(cfg: DictConfig) -> dict[str, Task[Any]]:
    """The tasks behind what the student's function returns."""
    with _explain_errors(cfg):
        return _label_tasks(call_pipeline(cfg))


def call_pipeline(cfg: DictConfig) -> Task[Any]:
    """What the student's function makes of a configuration: the last task.

    Raises:
        LabkartError: it makes none; says why, and where.
    """
    here = project.current()
    module, _, function = here.entry.partition(":")
    with _explain_errors(cfg):
        code = import_module(module)
        _check_that_it_is_ours(code)
        result = getattr(code, function)(cfg)
        if not isinstance(result, Task):
            raise LabkartError(
                f"{here.entry} returned {result!r}. Let it end with: return make(YourLastTask, ...)"
            )
        return result


@contextmanager
def _explain_errors(cfg: DictConfig) -> Iterator[None]:
    """A mistake in the student's code as a sentence."""
    root = project.current().root
    try:
        yield
    except LabkartError:
        raise
    except ConfigAttributeError as error:
        where = describe(error, root).partition(": ")[0]
        raise LabkartError(f"{where}: {_describe_missing(str(error.full_key), cfg)}") from None
    except Exception as error:
        said = f"{describe(error, root)}{_describe_source(error.args[0], cfg) if isinstance(error, KeyError) else ''}"
        raise LabkartError(
            f"{said}\nThe pipeline could not be laid out; nothing has run."
        ) from error


def _describe_missing(name: str, cfg: DictConfig) -> str:
    """Which file lacks a setting that the student's code asks for."""
    above, _, last = name.rpartition(".")
    node = OmegaConf.select(cfg, above) if above else cfg
    close = nearest(last, map(str, node)) if isinstance(node, DictConfig) else ""
    return f'{describe_source(node)} has no "{name}". {close} Add it there, or name another one here.'.replace(
        "  ", " "
    )


def _describe_source(key: Any, cfg: DictConfig) -> str:
    """Which setting says a name that the student's code does not know."""
    for name, found in flatten(OmegaConf.to_container(cfg)):
        if found == key and isinstance(key, str):
            above = name.rpartition(".")[0]
            where = describe_source(OmegaConf.select(cfg, above) if above else cfg, name)
            said = where if "=" in where else f"{name} in {where}"
            return f" ({said}). Add it to what this line chooses from, or name another one."
    return ""


def _check_that_it_is_ours(code: ModuleType) -> None:
    """A project that was copied with its `.venv` would run the code of the one that it was copied from."""
    here, file = project.current(), Path(str(code.__file__))
    if not file.is_relative_to(here.root / "src"):
        name = code.__name__.partition(".")[0]
        raise LabkartError(
            f"{name} is imported from {file.parent}, not from {here.root}. Run: uv sync"
        )


def _label_tasks(result: Task[Any]) -> dict[str, Task[Any]]:
    """The tasks that `result` needs and itself, upstream first, each once; a number tells those of one class apart."""
    ordered: dict[str, Task[Any]] = {}
    waiting: list[tuple[Any, bool]] = [(result, False)]
    while waiting:  # a loop, for a pipeline may be longer than Python's stack
        task, expanded = waiting.pop()
        if expanded:
            ordered.setdefault(task.make_unique_id(), task)
        elif task.make_unique_id() not in ordered:
            waiting.append((task, True))
            waiting.extend((each, False) for each in reversed(_upstream(task)))
    tasks, classes, counts = dict[str, Task[Any]](), dict[str, type](), Counter[str]()
    for task in ordered.values():
        name = task.get_task_family()
        if classes.setdefault(name, type(task)) is not type(task):
            both = f"{classes[name].__module__} and {type(task).__module__}"
            raise LabkartError(
                f"There is a {name} in {both}. Rename one: a task's name stands for it everywhere."
            )
        counts[name] += 1
        tasks[f"{name}-{counts[name]}" if counts[name] > 1 else name] = task
    return tasks


def _upstream(task: Task[Any]) -> list[Task[Any]]:
    for each in upstream(task):
        if not isinstance(each, Task):
            remedy = f"Let {type(each).__name__} inherit from labkart.Task"
            raise LabkartError(
                f"{task.get_task_family()} needs {each!r}, which is no task of Labkart. {remedy}."
            )
    return upstream(task)
