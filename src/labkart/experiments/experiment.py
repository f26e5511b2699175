"""Experiments while they run, one or many as one graph of tasks: their records, from `running` to the end.

Prints nothing: a `Watcher` hears of it.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache, cached_property
from typing import Any

from labkart import project, signals
from labkart.experiments import build
from labkart.experiments.build import ProgressListener
from labkart.experiments.plan import Experiment
from labkart.fingerprint import snapshot
from labkart.records import last_used, leftovers, locks, provenance, redact
from labkart.records.record import (
    ExperimentRecord,
    TaskRun,
    current_time,
    digest_of,
    read_experiment,
)
from labkart.tasks import mlflow_calls
from labkart.tasks.task import Task
from labkart.tasks.task_id import upstream

# Of a task's record, what the experiment's own tells as well.
_MADE = (
    "undeclared",
    "params",
    "upstream",
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

RecordCallback = Callable[[ExperimentRecord], None]


def _nothing(record: ExperimentRecord) -> None:
    pass


def run_experiments(
    experiments: Sequence[Experiment],
    workers: int,
    watcher: ProgressListener,
    begun: RecordCallback = _nothing,
    ended: RecordCallback = _nothing,
) -> None:
    """Build what is missing of all of them, each task once, and complete their records, each as it ends.

    A failed task fails the experiments that need it, and no others. After Ctrl-C those that had begun are `killed`.

    Args:
        begun: told of each experiment once its record says `running`.
        ended: told of each once its record is complete.

    Raises:
        KeyboardInterrupt: the person stopped it.
    """
    course = _Execution(experiments, watcher, begun, ended)
    with snapshot.frozen():  # the moment of the plan
        try:
            course.pass_over()
            build.run([each.result for each in experiments if each.missing], workers, course)
        except KeyboardInterrupt:
            course.close("killed")
            raise
        finally:
            mlflow_calls.route_to(None)
    course.close()


def settle(record: ExperimentRecord) -> None:
    """Note that somebody asked for a finished experiment, and name the commit if it ran before that was made.

    Its tasks' ids, which cover the code, are those of today: the commit that is there now makes this result.
    """
    last_used.mark_used(record)
    if record.code.get("dirty"):
        code, diff = _code_now()
        if not code["dirty"] and code["commit"]:
            record.code = code
            record.write({"uncommitted.patch.txt": diff})


def _shared(experiment: Experiment, alone: bool) -> str | None:
    """When another process began the same one that runs it, or has run it since it was planned: they share a run."""
    other = read_experiment(experiment.record.id)
    runs = other and other.status == "running" and not alone
    ran = other and other.status == "finished" and other.ended != experiment.ended
    return other.started if other and (runs or ran) else None


@cache
def _code_now() -> tuple[dict[str, Any], str]:
    return provenance.code_state(project.current().root)


class _Execution:
    """Follows a build for all experiments that it is of; a task that several use belongs to the first of them."""

    def __init__(
        self,
        experiments: Sequence[Experiment],
        watcher: ProgressListener,
        begun: RecordCallback,
        ended: RecordCallback,
    ) -> None:
        self._experiments, self._watcher, self._begun, self._ended = (
            experiments,
            watcher,
            begun,
            ended,
        )
        self._open: dict[str, ExitStack] = {}
        self._over = set[str]()
        self._waiting = {each.record.id: set(each.missing) for each in experiments}
        self._users: dict[str, list[tuple[Experiment, TaskRun]]] = {}
        self._tasks: dict[str, Task[Any]] = {}
        self._shown: dict[str, TaskRun] = {}
        for each in experiments:
            for use in each.record.tasks:
                task = each.tasks[use.label]
                self._tasks[task.task_id] = task
                self._users.setdefault(task.task_id, []).append((each, use))
        watcher.planned([users[0][1] for users in self._users.values()])
        leftovers.remove_leftovers()

    def pass_over(self) -> None:
        """End the experiments of which all tasks are cached: they are new for their settings alone."""
        for each in self._experiments:
            if not each.missing:
                self._end(each)

    def tasks(self) -> list[Task[Any]]:
        return list(self._tasks.values())

    def started(self, task_id: str) -> None:
        needing = [
            pair for pair in self._users.get(task_id, ()) if pair[1].label in pair[0].missing
        ]
        if not needing:  # a `run()` asked for it
            return
        experiment, use = next(
            (pair for pair in needing if pair[0].record.id in self._open), needing[0]
        )
        if experiment.record.id not in self._open:
            self._begin(experiment)
        mlflow_calls.route_to(experiment.record)
        if task_id not in self._shown:  # luigi may set a task aside, and start it again
            self._shown[task_id] = use
            self._watcher.started(use)

    def ended(self, task_id: str, why: str | None) -> None:
        users = self._users.get(task_id, [])
        one = self._tasks[task_id].last_record() if users else None
        for experiment, use in users:
            use.seconds = one.wall_seconds if one else 0.0
            pruned = one is not None and one.status == "pruned"
            use.state = "ran" if why is None else "pruned" if pruned else "failed"
            if why is not None:  # without a record the process itself died, and luigi knows how
                use.error = one.error if one else why
            self._settle(experiment, use)
        if shown := self._shown.pop(task_id, None):
            self._watcher.ended(shown)
        for experiment, _ in users:
            if not self._waiting[experiment.record.id]:
                self._end(experiment)

    def beat(self) -> None:
        signals.raise_pending()
        self._watcher.beat()

    def close(self, status: str = "") -> None:
        """After the build: end what has not ended."""
        for each in self._experiments:
            if status != "killed" or each.record.id in self._open:
                self._end(each, status)

    def _find(self, experiment: Experiment) -> None:
        """Tell of what another process has computed since it was planned."""
        for use in experiment.record.tasks:
            task = experiment.tasks[use.label]
            if use.state == "not run" and task.complete():
                use.state = "cached"
                if self._users[task.task_id][0][1] is use:
                    self._watcher.started(use)
                    self._watcher.ended(use)

    def _settle(self, experiment: Experiment, use: TaskRun) -> None:
        """Wait no more for a task, nor for those that need it if it did not end well."""
        waiting = self._waiting[experiment.record.id]
        waiting.discard(use.label)
        if use.state != "ran":
            lost = {experiment.tasks[use.label].make_unique_id()}
            for label, task in experiment.tasks.items():
                if not lost.isdisjoint(each.make_unique_id() for each in upstream(task)):
                    lost.add(task.make_unique_id())
                    waiting.discard(label)

    @cached_property
    def _provenance(self) -> tuple[dict[str, Any], str, dict[str, Any], dict[str, str]]:
        """The code and the machine, the same for all."""
        root = project.current().root
        code, diff = provenance.code_state(root)
        texts = {"packages.txt": provenance.packages(), "uv.lock": provenance.uv_lock(root)}
        return code, diff, provenance.environment(), texts

    def _begin(self, experiment: Experiment) -> None:
        """Write down what is going to run, and on what code and machine."""
        record, composed, holding = experiment.record, experiment.composed, ExitStack()
        alone = holding.enter_context(locks.mark_running(record.id))
        shared = _shared(experiment, alone)
        self._open[record.id] = holding
        composed.activate()
        record.status, record.started = "running", shared or current_time()
        record.code, diff, record.environment, texts = self._provenance
        redact.remember_secrets(composed.cfg)
        record.overrides = redact.redact_overrides(record.overrides)
        record.command = " ".join(["labkart", "run", *record.overrides])
        record.settings = redact.redact_values(record.settings)
        record.config = redact.redacted_config(composed.cfg, resolve=True)
        record.write(
            {
                "config.yaml": redact.redacted_yaml(composed.cfg),
                "uncommitted.patch.txt": redact.redact_text(diff),
                **texts,
            }
        )
        if not shared:
            self._begun(record)

    def _end(self, experiment: Experiment, status: str = "") -> None:
        """Complete an experiment's record."""
        record = experiment.record
        if record.id in self._over:
            return
        self._over.add(record.id)
        if record.id not in self._open:
            self._begin(experiment)
        if not status:
            self._find(experiment)
        last = experiment.result.last_record()
        states = {use.state for use in record.tasks}
        stopped = "pruned" if "pruned" in states and "failed" not in states else "failed"
        record.status = status or ("finished" if experiment.result.complete() else stopped)
        read = [(use, experiment.tasks[use.label].last_record()) for use in record.tasks]
        known = [(use, one) for use, one in read if one]
        failures = [f"{use.label}\n{one.traceback}" for use, one in known if use.state == "failed"]
        record.error = next((use.error for use in record.tasks if use.error), None)
        record.metrics = {metric.name: metric.value for metric in last.metrics} if last else {}
        for use, one in known:
            use.result = {name: value for name, value in vars(one).items() if name in _MADE}
            use.result |= {name: digest_of(getattr(one, name)) for name in ("code", "packages")}
        record.ended = current_time()
        record.write(
            {"traceback.txt": "\n".join(failures).encode(errors="backslashreplace").decode()}
        )
        self._open.pop(record.id).close()
        self._ended(record)
