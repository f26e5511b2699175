"""What differs between two experiments, from settings and code to metrics and times. Reads records and git."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from labkart import project
from labkart.errors import LabkartError
from labkart.records import diff
from labkart.records.diff import Change, changes
from labkart.records.query import flatten
from labkart.records.record import ExperimentRecord, TaskRecord, read_task
from labkart.results import revisions

_ORDER = (
    "order",
    "order of imports",
)  # of what is reached, and so another one where something else is


@dataclass
class CodeChange:
    """How the code differs.

    Attributes:
        changed: the definitions that both reach, and that are not the same.
        one, other: those that only one of them reaches.
        diff: of the files that these are in; None where git does not have both states of them.
    """

    changed: list[str] = field(default_factory=list)
    one: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    diff: str | None = ""


@dataclass
class Comparison:
    """Two experiments, and by name what they have differently.

    Attributes:
        metrics: all of them, also those that are the same.
        tasks: the seconds of the tasks that are not the same run.
        shared: the labels of those that are.
    """

    one: ExperimentRecord
    other: ExperimentRecord
    settings: list[Change]
    code: CodeChange
    data: list[Change]
    packages: list[Change]
    machine: list[Change]
    metrics: list[Change]
    tasks: list[Change]
    shared: list[str]

    @classmethod
    def of(cls, one: ExperimentRecord, other: ExperimentRecord) -> "Comparison":
        """Compare two experiments. Raises LabkartError where they are one."""
        if one.id == other.id:
            raise LabkartError(f"Both are experiment {one.id[:8]}. labkart runs lists the others.")
        here, there = ({use.label: use.id for use in each.tasks} for each in (one, other))
        read, also = _records(one), _records(other)
        took, then = (
            {label: each.wall_seconds for label, each in records.items()}
            for records in (read, also)
        )
        labels = [
            label for label in dict.fromkeys((*here, *there)) if here.get(label) != there.get(label)
        ]
        return cls(
            one,
            other,
            settings=changes(_settings(one), _settings(other)),
            code=_code(one, other, read, also),
            data=changes(_data(one), _data(other)),
            packages=changes(_packages(one), _packages(other)),
            machine=changes(dict(flatten(one.environment)), dict(flatten(other.environment))),
            metrics=[
                Change(name, one.metrics.get(name), other.metrics.get(name))
                for name in dict.fromkeys((*one.metrics, *other.metrics))
            ],
            tasks=[Change(label, took.get(label), then.get(label)) for label in labels],
            shared=[label for label in here if label not in labels],
        )

    def plain(self) -> dict[str, Any]:
        """The same for programs: of each name first what the one has, then the other."""
        parts = ("settings", "data", "packages", "machine", "metrics", "tasks")
        said = {
            part: {name: [one, other] for name, one, other in getattr(self, part)} for part in parts
        }
        return {
            "one": self.one.id,
            "other": self.other.id,
            "code": asdict(self.code),
            "shared": self.shared,
            **said,
        }


def _records(record: ExperimentRecord) -> dict[str, TaskRecord]:
    """By label, what the tasks of an experiment left behind."""
    return {use.label: one for use in record.tasks if (one := read_task(use.name, use.id))}


def _settings(record: ExperimentRecord) -> dict[str, Any]:
    """The chosen files and the values of the configuration; how it ran and who tried it changes nothing."""
    hidden = ("labkart", "search")
    return record.settings | {
        name: each
        for name, each in flatten(record.config)
        if name.split(".")[0] not in hidden and name not in record.settings
    }


def _packages(record: ExperimentRecord) -> dict[str, str]:
    """All that was installed, but for the project itself, which is code."""
    try:
        lines = (record.folder / "packages.txt").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    versions = dict(line.split("==", 1) for line in lines if "==" in line)
    return {name: version for name, version in versions.items() if name != project.current().name}


def _data(record: ExperimentRecord) -> dict[str, str]:
    """The declared files and folders and the undeclared ones, each with the beginning of its digest."""
    found: dict[str, str] = {}
    for use in record.tasks:
        for name, each in use.result.get("data", {}).items():
            found[f"{use.label}.{name}"] = f"{each['path']} {each['sha256'][:8]}"
        for each in use.result.get("undeclared", ()):
            found[each["path"]] = f"{each['sha256'][:8]}, undeclared"
    return found


def _code(
    one: ExperimentRecord,
    other: ExperimentRecord,
    read: dict[str, TaskRecord],
    also: dict[str, TaskRecord],
) -> CodeChange:
    found, files = CodeChange(), list[str]()
    here, there = _reached(read.values()), _reached(also.values())
    for file in sorted({*here, *there}):
        now, then = here.get(file, {}), there.get(file, {})
        both = now.keys() & then.keys()
        changed = diff.changed_definitions(
            file, {name: now[name] for name in both}, {name: then[name] for name in both}
        )
        alone, another = _alone(file, now.keys() - both), _alone(file, then.keys() - both)
        found.changed += changed
        found.one += alone
        found.other += another
        files += [file] if changed or alone or another else []
    lost = {
        label
        for label in _made(one).keys() & _made(other).keys()
        if not (label in read and label in also)
    }
    found.changed += sorted(
        f"{label}, whose record is gone"
        for label in lost
        if _made(one)[label] != _made(other)[label]
    )
    found.diff = revisions.diff(one, other, files) if files else ""
    return found


def _made(record: ExperimentRecord) -> dict[str, str]:
    """By label, a digest of all code of a task; of one that did not come to its end nothing is known."""
    return {use.label: use.result["code"] for use in record.tasks if "code" in use.result}


def _reached(records: Iterable[TaskRecord]) -> dict[str, dict[str, str]]:
    """By file, the digests of the definitions that tasks reach."""
    found: dict[str, dict[str, str]] = {}
    for record in records:
        for file, parts in record.code.items():
            found.setdefault(file, {}).update(
                {name: each for name, each in parts.items() if name not in _ORDER}
            )
    return found


def _alone(file: str, names: Iterable[str]) -> list[str]:
    """The functions, classes and constants among what one experiment alone reaches."""
    place = file.partition("/")[2] or file
    return [
        f"{place}: {name}"
        for name in sorted({name.partition(".")[0] for name in names})
        if name.isidentifier()
    ]
