"""One composed configuration: its tasks, its plan, its build, its record. Prints nothing: a `Watcher` hears of it."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError

from . import build, calls, lock, mask, moment, project, provenance
from .build import Watcher
from .errors import LabkartError, did_you_mean, told
from .identity import upstream
from .record import ExperimentRecord, TaskUse, now, read_experiment
from .task import Task

# Settings of the machinery: they change how an experiment runs, never what comes out.
_MACHINERY = "labkart"
# What is no part of an experiment's identity: that, and which search tries it.
_HIDDEN = (_MACHINERY, "search")
# Of a task's record, what the experiment's own tells as well.
_MADE = (
    "undeclared",
    "params",
    "seed",
    "data",
    "cpu_seconds",
    "peak_memory_mb",
    "gpu_memory_mb",
    "outputs",
    "metrics",
    "figures",
    "tables",
    "models",
    "accepted",
)


@dataclass
class Experiment:
    """A configuration whose tasks are made and know their ids.

    Attributes:
        tasks: every task by its label, upstream tasks first; the last one makes the result.
        missing: the labels of those that a run would compute, for the result or for another one that it computes.
        record: what is known of it: `finished` where it ran before and nothing is to do, else `planned`.
    """

    config: DictConfig
    tasks: dict[str, Task[Any]]
    missing: set[str]
    record: ExperimentRecord

    @property
    def workers(self) -> int:
        """How many tasks may run at once."""
        return int(OmegaConf.select(self.config, f"{_MACHINERY}.workers", default=1))


def plan(cfg: DictConfig) -> Experiment:
    """The experiment that a composed configuration describes; nothing has run yet.

    Raises:
        LabkartError: the configuration does not fit the pipeline, or there is no task of the name `cfg.task`.
    """
    moment.look()
    with moment.held():
        return _plan(cfg)


def _plan(cfg: DictConfig) -> Experiment:
    tasks = _tasks(cfg)
    if name := cfg.get("task"):
        if name not in tasks:
            raise LabkartError(f"task={name}: the pipeline has {', '.join(tasks)}. {did_you_mean(name, tasks)}")
        tasks = _labelled(tasks[name])
    result = tasks[list(tasks)[-1]]
    missing = _missing(tasks)
    uses = [
        TaskUse(label, task.get_task_family(), task.make_unique_id(), "not run" if label in missing else "cached")
        for label, task in tasks.items()
    ]
    settings = _settings(cfg)
    shown = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key not in _HIDDEN])
    identity = f"{result.make_unique_id()}\n{settings}\n{OmegaConf.to_yaml(shown)}"
    id = hashlib.sha256(identity.encode()).hexdigest()[:16]
    before = read_experiment(id)
    if not missing and before and before.status == "finished":
        return Experiment(cfg, tasks, missing, before)
    overrides = list(HydraConfig.get().overrides.task)
    record = ExperimentRecord(
        id=id,
        project=project.current().name,
        command=" ".join(["labkart", "run", *overrides]),
        overrides=overrides,
        settings=settings,
        tasks=uses,
        artifact_mb=float(OmegaConf.select(cfg, f"{_MACHINERY}.artifact_mb", default=1.0)),
    )
    return Experiment(cfg, tasks, missing, record)


def _missing(tasks: dict[str, Task[Any]]) -> set[str]:
    found, needed = set[str](), {list(tasks.values())[-1].make_unique_id()}
    for label, task in reversed(tasks.items()):
        if task.make_unique_id() in needed and not task.complete():
            found.add(label)
            needed |= {each.make_unique_id() for each in upstream(task)}
    return found


def _begin(experiment: Experiment) -> None:
    """Write down what is going to run, and on what code and machine."""
    record = experiment.record
    lock.sweep()
    record.status, record.started = "running", now()
    record.code, diff = provenance.code(project.current().root)
    record.environment = provenance.environment()
    mask.learn(experiment.config)
    record.overrides = mask.words(record.overrides)
    record.command = " ".join(["labkart", "run", *record.overrides])
    record.settings = mask.values(record.settings)
    record.config = mask.config(experiment.config, resolve=True)
    texts = {"config.yaml": mask.yaml(experiment.config), "uncommitted.patch.txt": mask.text(diff)}
    record.write(texts | {"packages.txt": provenance.packages(), "uv.lock": provenance.uv_lock(project.current().root)})


def run(experiment: Experiment, watcher: Watcher, begun: Callable[[], None] = lambda: None) -> None:
    """Build what is missing and complete the experiment's record; `begun` is called once that says `running`.

    A failed task fails the experiment, not its siblings; after Ctrl-C the record is `killed`.
    """
    with lock.running(experiment.record.id) as alone:
        other = None if alone else read_experiment(experiment.record.id)
        _begin(experiment)
        if other and other.started:  # another process runs the same one: they share its run in MLflow
            experiment.record.started = other.started
        else:
            begun()
        _run(experiment, watcher)


def close_abandoned() -> list[ExperimentRecord]:
    """Complete the records of experiments whose process died, and return them."""
    found = []
    for id in lock.abandoned():
        if (record := read_experiment(id)) and record.status == "running":
            record.status, record.ended, record.error = "killed", now(), "The process was killed."
            record.write()
            found.append(record)
    return found


def _run(experiment: Experiment, watcher: Watcher) -> None:
    record = experiment.record
    watcher.planned(record.tasks)
    result = experiment.tasks[record.tasks[-1].label]
    try:
        uses = {task.task_id: (use, task) for use in record.tasks for task in [experiment.tasks[use.label]]}
        with moment.held(), calls.of(record):  # the moment of the plan
            build.run(result, uses, experiment.workers, watcher)
            states = {use.state for use in record.tasks}
            stopped = "pruned" if "pruned" in states and "failed" not in states else "failed"
            record.status = "finished" if result.complete() else stopped
    except KeyboardInterrupt:
        record.status = "killed"
    read = [(use, experiment.tasks[use.label].last_record()) for use in record.tasks]
    known = [(use, one) for use, one in read if one]
    failures = [f"{use.label}\n{one.traceback}" for use, one in known if use.state == "failed"]
    record.error = next((use.error for use in record.tasks if use.error), None)
    last = result.last_record()
    record.metrics = {metric.name: metric.value for metric in last.metrics} if last else {}
    for use, one in known:
        use.made = {name: value for name, value in vars(one).items() if name in _MADE}
    record.ended = now()
    record.write({"traceback.txt": "\n".join(failures).encode(errors="backslashreplace").decode()})


def _settings(cfg: DictConfig) -> dict[str, Any]:
    """What tells experiments apart at a glance: the chosen files, and the plain values at the top."""
    choices = HydraConfig.get().runtime.choices
    files = {
        group: option for group, option in choices.items() if "/" not in group and group not in ("local", "search")
    }
    values = {str(key): cfg[key] for key in cfg if not OmegaConf.is_config(cfg._get_node(key))}
    return {key: value for key, value in {**files, **values}.items() if value is not None}


def _tasks(cfg: DictConfig) -> dict[str, Task[Any]]:
    """The tasks behind what the student's function returns."""
    here = project.current()
    module, _, function = here.entry.partition(":")
    try:
        code = import_module(module)
        _check_that_it_is_ours(code)
        result = getattr(code, function)(cfg)
        if not isinstance(result, Task):
            raise LabkartError(f"{here.entry} returned {result!r}. Let it end with: return make(YourLastTask, ...)")
        return _labelled(result)
    except LabkartError:
        raise
    except ConfigAttributeError as error:
        where = told(error, here.root).partition(": ")[0]
        raise LabkartError(f'{where}: conf/ has no "{error.full_key}". Add it to conf/config.yaml.') from None
    except Exception as error:
        raise LabkartError(f"{told(error, here.root)}\nThe pipeline could not be laid out; nothing has run.") from error


def _check_that_it_is_ours(code: ModuleType) -> None:
    """A project that was copied with its `.venv` would run the code of the one that it was copied from."""
    here, file = project.current(), Path(str(code.__file__))
    if not file.is_relative_to(here.root / "src"):
        name = code.__name__.partition(".")[0]
        raise LabkartError(f"{name} is imported from {file.parent}, not from {here.root}. Run: uv sync")


def _labelled(result: Task[Any]) -> dict[str, Task[Any]]:
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
    tasks: dict[str, Task[Any]] = {}
    classes, counts = dict[str, type](), Counter[str]()
    for task in ordered.values():
        name = task.get_task_family()
        if classes.setdefault(name, type(task)) is not type(task):
            both = f"{classes[name].__module__} and {type(task).__module__}"
            raise LabkartError(f"There is a {name} in {both}. Rename one: a task's name stands for it everywhere.")
        counts[name] += 1
        tasks[f"{name}-{counts[name]}" if counts[name] > 1 else name] = task
    return tasks


def _upstream(task: Task[Any]) -> list[Task[Any]]:
    for each in upstream(task):
        if not isinstance(each, Task):
            remedy = f"Let {type(each).__name__} inherit from labkart.Task"
            raise LabkartError(f"{task.get_task_family()} needs {each!r}, which is no task of Labkart. {remedy}.")
    return upstream(task)
