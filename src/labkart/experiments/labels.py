"""Labels: the names by which people know the tasks of a pipeline, from tables to MLflow's page.

A label is the class's name. Several tasks of a class are told apart by what differs between them:
`Train l1` and `Train l2`. Knows no configuration and no records.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple
from unicodedata import normalize

from labkart.secrets import redact
from labkart.tasks.params import own_params
from labkart.tasks.task import Task
from labkart.tasks.task_id import upstream

_LONGEST = 24  # letters of a value
_LONGEST_LABEL = 80
_NOT_IN_A_LABEL = re.compile(r"[^\w.-]+")  # a label is part of a metric's name in MLflow


def label_tasks(tasks: Sequence[Task[Any]]) -> dict[str, Task[Any]]:
    """The tasks by their labels, in the same order.

    A further task changes only the labels of those that it could be mistaken for.

    Args:
        tasks: all tasks of a pipeline, upstream tasks first.
    """
    labels = _Labels(tasks).labels
    return {labels[task.make_unique_id()]: task for task in tasks}


class _Feature(NamedTuple):
    """What may differ between two tasks of a class.

    Attributes:
        value: what is compared.
        text: what a label shows of it.
        owner: the class of an upstream task; empty for a parameter.
    """

    value: str
    text: str
    owner: str = ""


class _Labels:
    """The labels of some tasks by their ids, made class by class."""

    def __init__(self, tasks: Sequence[Task[Any]]) -> None:
        self.labels: dict[str, str] = {}
        self._members: dict[str, list[Task[Any]]] = {}
        for task in tasks:
            self._members.setdefault(task.get_task_family(), []).append(task)
        self._begun = set[str]()
        for name in self._members:
            self._label_class(name)

    def _label_class(self, name: str) -> None:
        """Label the tasks of a class, after those that they build on."""
        if name in self._begun:
            return
        self._begun.add(name)
        members = self._members[name]
        if len(members) == 1:
            self.labels[members[0].make_unique_id()] = name
            return
        for other in dict.fromkeys(
            needed.get_task_family() for task in members for needed in upstream(task)
        ):
            self._label_class(other)
        ids = [task.make_unique_id() for task in members]
        self.labels |= _numbered(ids, _tell_apart(name, [self._features(task) for task in members]))

    def _features(self, task: Task[Any]) -> dict[str, _Feature]:
        """The features of a task: parameters as the class declares them, then upstream tasks."""
        features: dict[str, _Feature] = {}
        for name, text in redact.redact_values(own_params(task)).items():
            features[name] = _Feature(text, _describe(name, getattr(task, name), text))
        needed = upstream(task)
        features["inputs/"] = _Feature(str(len(needed)), f"{len(needed)} inputs")
        for number, upstream_task in enumerate(needed):
            owner: str = upstream_task.get_task_family()
            # Unknown where a class is upstream of itself.
            label = self.labels.get(upstream_task.make_unique_id(), owner)
            features[f"inputs/{number}"] = _Feature(label, label, owner)
        return features


def _describe(name: str, value: Any, text: str) -> str:
    """A parameter's value in a label; a switch by its name."""
    if isinstance(value, bool):
        return name if value else f"no {name}"
    return text if value is not None and text else f"no {name}"


def _tell_apart(name: str, members: Sequence[dict[str, _Feature]]) -> list[str]:
    """A label for each task of a class, with no more features than tell it from the others."""
    labels = [name] * len(members)
    waiting = [list(range(len(members)))]
    while waiting:
        group = waiting.pop()
        feature = _first_difference([members[index] for index in group])
        if feature is None:
            continue
        parts: dict[str, list[int]] = {}
        for index in group:
            parts.setdefault(members[index].get(feature, _NONE).value, []).append(index)
        waiting += parts.values()
        shown = _shortened([members[part[0]].get(feature, _NONE) for part in parts.values()])
        for part, text in zip(parts.values(), shown, strict=True):
            for index in part:
                labels[index] += f" {text or feature}"
    return [label[:_LONGEST_LABEL].rstrip() for label in labels]


_NONE = _Feature("", "none")


def _first_difference(group: Sequence[dict[str, _Feature]]) -> str | None:
    """The name of the first feature that differs between the first tasks of a group that differ.

    So a task that is added later does not change by what the earlier ones are told apart.
    """
    first, *others = group
    for other in others:
        for name in {**first, **other}:
            if first.get(name, _NONE).value != other.get(name, _NONE).value:
                return name
    return None


def _shortened(features: Sequence[_Feature]) -> list[str]:
    """A few letters of each feature; those that begin alike are shown by their ends."""
    owners = {feature.owner for feature in features}
    prefix = f"{owners.pop()} " if len(owners) == 1 else ""
    texts = [normalize("NFC", feature.text).removeprefix(prefix) for feature in features]
    beginnings = [_cleaned(text.rpartition("/")[2])[:_LONGEST].strip() for text in texts]
    counts = Counter(beginnings)
    return [
        beginning if counts[beginning] == 1 else _cleaned(text)[-_LONGEST:].strip()
        for beginning, text in zip(beginnings, texts, strict=True)
    ]


def _cleaned(text: str) -> str:
    return _NOT_IN_A_LABEL.sub(" ", text).strip()


def _numbered(ids: Sequence[str], labels: Sequence[str]) -> dict[str, str]:
    """The labels by the tasks' ids; equal ones get numbers."""
    counts = Counter(labels)
    unique = {id: label for id, label in zip(ids, labels, strict=True) if counts[label] == 1}
    taken = set(unique.values())
    for id, label in zip(ids, labels, strict=True):
        number = 1
        while id not in unique:
            candidate = f"{label} {number}"
            if candidate not in taken:
                unique[id] = candidate
                taken.add(candidate)
            number += 1
    return unique
