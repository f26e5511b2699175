"""How a run differs from the recorded one: two records of an experiment, task by task. Runs nothing, reads no file."""

import math
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from labkart.records.query import flatten
from labkart.records.record import ExperimentRecord, TaskRecord, TaskRun
from labkart.records.verdict import TOLERANCE, Deviation, Verdict

_ENVIRONMENT = ("python", "os", "cpu", "threads", "gpu", "gpu_driver")
_OTHER = ("labkart", "search")  # settings that change nothing of what comes out

Tasks = Mapping[str, TaskRecord | None]
"""What is known of tasks beside the experiment's record, by their labels."""


def compare_records(
    then: ExperimentRecord,
    now: ExperimentRecord,
    before: Tasks,
    after: Tasks,
    tolerance: float = TOLERANCE,
    ignored: Collection[str] = (),
) -> Verdict:
    """What to say of two records of an experiment; tasks are matched by their labels.

    Args:
        before, after: the records of their tasks, as far as they are known, to name code and packages.
        ignored: patterns of metrics that do not count, such as `*seconds`.
    """
    found = Verdict(
        then.id,
        tolerance=tolerance,
        tasks=len(then.tasks),
        again=now.id,
        environment=now.environment,
    )
    uses = {use.label: use for use in now.tasks}
    causes = {use.label: list(_causes(use, uses.get(use.label))) for use in then.tasks}
    found.outputs = [
        use.label for use in then.tasks if _outputs(use) != _outputs(uses.get(use.label))
    ]
    found.deviations = [each for each in _deviations(then, now) if not _is_any(each.name, ignored)]
    settings = list(_settings(then, now))
    found.notes = [*settings, *(note for notes in causes.values() for note in notes)]
    found.notes += dict.fromkeys(
        note for use in then.tasks for note in _reached(use, uses.get(use.label), before, after)
    )
    found.notes += [
        f"{use.label} is new in the pipeline" for use in now.tasks if use.label not in causes
    ]
    found.notes += [
        f"{use.label}: its result was accepted from other code"
        for use in then.tasks
        if use.result.get("accepted")
    ]
    found.notes += _machine(then.environment, now.environment)
    failed = next((use for use in now.tasks if use.state == "failed"), None)
    off = {each.task for each in found.deviations if not each.is_within(tolerance)}
    found.first = next(
        (label for label in causes if label in found.outputs or label in off or causes[label]), None
    )
    if now.status != "finished":
        found.kind, found.error = "different", failed.error if failed else now.error
        found.first = failed.label if failed else found.first
    elif off or settings or any(causes.values()):
        found.kind = "different"
        found.first = found.first or then.tasks[-1].label
    elif not found.outputs:
        found.kind, found.first = "identical", None
    elif then.metrics:
        found.kind, found.first = "equal", None
    else:
        found.kind, found.error = "different", "there is no metric by which they could be equal"
    return found


def _outputs(use: TaskRun | None) -> list[str] | None:
    """The digests of what a task wrote; of one that is not there, or of which they are not known, nothing."""
    return [each["sha256"] for each in map(_plain, use.result.get("outputs", ()))] if use else None


def _causes(then: TaskRun, now: TaskRun | None) -> Iterator[str]:
    """Why a task's result may be another one: what it was told to do, and what it read."""
    if now is None:
        yield f"{then.label} is not in the pipeline"
        return
    if not now.result:  # it did not run
        return
    one, other = then.result.get("params", {}), now.result.get("params", {})
    for name in dict.fromkeys([*one, *other]):
        if one.get(name) != other.get(name):
            yield f"{then.label}: {name} {one.get(name, 'none')} -> {other.get(name, 'none')}"
    if then.result.get("seed") != now.result.get("seed") and one.get("seed") == other.get("seed"):
        yield f"{then.label}: seed {then.result.get('seed')} -> {now.result.get('seed')}"
    states = [{each["path"]: each["sha256"] for each in _read(use)} for use in (then, now)]
    for path in dict.fromkeys([*states[0], *states[1]]):
        if states[0].get(path) != states[1].get(path):
            yield f"{then.label}: data {path}"


def _read(use: TaskRun) -> list[dict[str, Any]]:
    return [*use.result.get("data", {}).values(), *map(_plain, use.result.get("undeclared", ()))]


def _reached(then: TaskRun, now: TaskRun | None, before: Tasks, after: Tasks) -> Iterator[str]:
    """Which code and which packages of a task are others."""
    one, other = before.get(then.label), after.get(then.label)
    if not now or not now.result:
        return
    if not one or not other:  # there are only digests
        yield from (
            f"{then.label}: {name}"
            for name in ("code", "packages")
            if then.result.get(name) != now.result.get(name)
        )
        return
    for file in sorted({*one.code, *other.code}):
        old, new = one.code.get(file, {}), other.code.get(file, {})
        names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
        yield from (
            f"{then.label}: code of {file}{f', {name}' if name else ''}" for name in names[:3]
        )
    for name in sorted({*one.packages, *other.packages}):
        if one.packages.get(name) != other.packages.get(name):
            yield f"{name} {one.packages.get(name, 'none')} -> {other.packages.get(name, 'none')}"


def _settings(then: ExperimentRecord, now: ExperimentRecord) -> Iterator[str]:
    one, other = ({**each.settings, **dict(flatten(each.config))} for each in (then, now))
    for name in dict.fromkeys([*one, *other]):
        if one.get(name) != other.get(name) and name.partition(".")[0] not in _OTHER:
            yield f"{name} {one.get(name, 'none')} -> {other.get(name, 'none')}"


def _machine(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in _ENVIRONMENT:
        if name in then and then[name] != now.get(name):
            yield f"{name} {then[name]} -> {now.get(name, 'none')}"


def _deviations(then: ExperimentRecord, now: ExperimentRecord) -> Iterator[Deviation]:
    """The metrics that are not exactly the same, each once: where it is furthest off."""
    uses = {use.label: use for use in now.tasks}
    for use in then.tasks:
        is_last = use is then.tasks[-1]
        one, other = _logged(use), _logged(uses.get(use.label))
        if is_last:  # what the experiment says of itself
            one = [*one, *((name, value) for name, value in then.metrics.items())]
            other = [*other, *((name, value) for name, value in now.metrics.items())]
        worst: dict[str, Deviation] = {}
        for name in dict.fromkeys(name for name, _ in (*one, *other)):
            values = [[value for each, value in side if each == name] for side in (one, other)]
            title = name if is_last else f"{use.label}.{name}"
            for pair in zip(
                *(side + [None] * (max(map(len, values)) - len(side)) for side in values),
                strict=True,
            ):
                deviation = Deviation(use.label, title, *pair)
                if not _is_same(*pair) and _size(deviation) > _size(worst.get(name)):
                    worst[name] = deviation
        yield from worst.values()


def _logged(use: TaskRun | None) -> list[tuple[str, float]]:
    return [(each[0], each[1]) for each in use.result.get("metrics", ())] if use else []


def _is_same(one: float | None, other: float | None) -> bool:
    return one == other or (
        one is not None and other is not None and math.isnan(one) and math.isnan(other)
    )


def _size(deviation: Deviation | None) -> float:
    if deviation is None:
        return -1.0
    if deviation.then is None or deviation.now is None:
        return math.inf
    size = abs(deviation.then - deviation.now)
    return math.inf if math.isnan(size) else size


def _is_any(name: str, patterns: Collection[str]) -> bool:
    return any(
        fnmatchcase(name, each) or fnmatchcase(name.rpartition(".")[2], each) for each in patterns
    )


def _plain(state: Any) -> dict[str, Any]:
    return state if isinstance(state, dict) else vars(state)
