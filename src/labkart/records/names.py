"""The names of an experiment's tasks, of its results and of their metrics. Reads no file."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from labkart.errors import LabkartError
from labkart.language import join_sentences, mistake, translate
from labkart.records.record import ExperimentRecord
from labkart.wording import nearest


@dataclass(frozen=True)
class TaskNames:
    """What a person may call the tasks of a pipeline.

    Attributes:
        classes: the class of each task, by its label.
        results: the label of each task that the pipeline returned, by its key; the key of a task
            that was returned without one is its label.
    """

    classes: Mapping[str, str]
    results: Mapping[str, str]

    @classmethod
    def of(cls, record: ExperimentRecord) -> "TaskNames":
        """The names in the record of an experiment."""
        return cls({task.label: task.name for task in record.tasks}, results_of(record))

    @property
    def known(self) -> list[str]:
        """All labels, and the keys that are not labels."""
        return list(dict.fromkeys([*self.classes, *self.results]))

    def labels(self, name: str) -> list[str]:
        """The labels of the tasks of a name: a label, the key of a result, or a class.

        Raises:
            LabkartError: there is no such task.
        """
        if name in self.classes:
            return [name]
        if name in self.results:
            return [self.results[name]]
        labels = [label for label, task_class in self.classes.items() if task_class == name]
        if not labels:
            problem = translate(
                "{name}: the pipeline has {names}.", name=name, names=", ".join(self.known)
            )
            raise LabkartError(join_sentences(problem, nearest(name, self.known)))
        return labels

    def label(self, name: str) -> str:
        """The label of the one task of a name.

        Raises:
            LabkartError: there is no such task, or more than one.
        """
        labels = self.labels(name)
        if len(labels) > 1:
            names = ", ".join(f'"{label}"' for label in labels)
            raise mistake(
                "{name}: the pipeline has several tasks of this class. Name one of {names}.",
                name=name,
                names=names,
            )
        return labels[0]


def results_of(record: ExperimentRecord) -> dict[str, str]:
    """The label of each result of an experiment, by its key."""
    return record.results or {task.label: task.label for task in record.tasks[-1:]}


class MetricNames:
    """How the metrics of an experiment's tasks are named.

    A result's metric keeps its name, so that experiments can be compared. If several results log a
    metric of one name, it gets the key of the result before it: `<key>.<metric>`. The metrics of
    all other tasks are named `<task>.<metric>`; what one of them logged by MLflow's own functions
    keeps its name if nothing else has it.

    Args:
        record: the experiment's record.
        logged: the metrics of its tasks by label; None takes those in the record.
    """

    def __init__(
        self, record: ExperimentRecord, logged: Mapping[str, Iterable[Any]] | None = None
    ) -> None:
        if logged is None:
            logged = {task.label: task.result.get("metrics", ()) for task in record.tasks}
        self._all = logged
        self._states = {task.label: task.state for task in record.tasks}
        results = results_of(record)
        self._keys = {results[key]: key for key in reversed(results)}
        self._logged = {label: logged.get(label, ()) for label in reversed(self._keys)}
        counts = Counter(
            name for metrics in self._logged.values() for name in {name for name, *_ in metrics}
        )
        self._shared = {name for name, count in counts.items() if count > 1}
        others = Counter(
            name
            for label, metrics in logged.items()
            if label not in self._keys
            for name in {name for name, *_, by_mlflow in metrics if by_mlflow}
        )
        self._taken = {name for name, count in others.items() if count > 1} | counts.keys()

    def is_result(self, label: str) -> bool:
        """Whether the pipeline returned this task."""
        return label in self._keys

    def full(self, label: str, name: str, by_mlflow: bool = False) -> str:
        """The name that a task's metric has in the experiment."""
        if label not in self._keys:
            return name if by_mlflow and name not in self._taken else f"{label}.{name}"
        return f"{self._keys[label]}.{name}" if name in self._shared else name

    def all(self) -> dict[str, float]:
        """The last value of each metric of all tasks."""
        return {
            self.full(label, name, by_mlflow): value
            for label, metrics in self._all.items()
            for name, value, *_, by_mlflow in metrics
        }

    def results(self, states: Collection[str] = ()) -> dict[str, float]:
        """The last value of each metric of the results: the metrics of the experiment.

        Args:
            states: of the results that count; empty means all.
        """
        return {
            self.full(label, name): value
            for label, metrics in self._logged.items()
            for name, value, *_ in metrics
            if not states or self._states[label] in states
        }
