"""What differs between two experiments, from settings and code to metrics and times.

Reads records and git, and changes nothing in either. Prints nothing: see `cli/compare.py`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkart import git, project, signals
from labkart.language import bilingual, mistake
from labkart.nested import flatten
from labkart.records import values
from labkart.records.diff import Change, changed_definitions, changes, restored
from labkart.records.record import ExperimentRecord, TaskRecord, read_task

# The orders of definitions and imports: they differ whenever other code is reached.
_ORDERS = {"order", "order of imports"}

_Definitions = dict[str, dict[str, str]]  # by file and name, the digest of a definition


@dataclass
class CodeChange:
    """How the code of two experiments differs.

    Attributes:
        changed: the definitions that both use and that differ.
        only_first, only_second: those that only one of them uses.
        diff: a unified diff of their files; None if git does not have both states.
    """

    changed: list[str] = field(default_factory=list)
    only_first: list[str] = field(default_factory=list)
    only_second: list[str] = field(default_factory=list)
    diff: str | None = ""


@dataclass
class Comparison:
    """Two experiments, and what differs between them.

    Attributes:
        parts: by title, what differs in "settings", "data", "packages" and "machine"; all
            "metrics", also equal ones; the seconds of "tasks" that are not the same run in both.
        shared: the labels of the tasks that are the same run in both.
    """

    first: ExperimentRecord
    second: ExperimentRecord
    parts: dict[str, list[Change]]
    code: CodeChange
    shared: list[str]

    def as_dict(self) -> dict[str, Any]:
        """The comparison for programs: a pair of values per name."""
        code = {
            "changed": self.code.changed,
            "one": self.code.only_first,
            "other": self.code.only_second,
            "diff": self.code.diff,
        }
        entry = {"one": self.first.id, "other": self.second.id, "code": code, "shared": self.shared}
        for title, rows in self.parts.items():
            entry[title] = {row.name: [row.one, row.other] for row in rows}
        return entry


def compare_experiments(first: ExperimentRecord, second: ExperimentRecord) -> Comparison:
    """Compare two experiments.

    Raises:
        LabkartError: they are the same one.
    """
    if first.id == second.id:
        raise mistake("Both are experiment {id}. labkart runs lists the others.", id=first.id[:8])
    first_ids = {task.label: task.id for task in first.tasks}
    second_ids = {task.label: task.id for task in second.tasks}
    first_tasks = _task_records(first)
    second_tasks = _task_records(second)
    labels = [change.name for change in changes(first_ids, second_ids)]
    parts = {
        "settings": changes(_settings(first), _settings(second)),
        "data": changes(_data(first), _data(second)),
        "packages": changes(_packages(first), _packages(second)),
        "machine": changes(dict(flatten(first.environment)), dict(flatten(second.environment))),
        "metrics": _pair({**first.metrics, **second.metrics}, first.metrics, second.metrics),
        "tasks": _pair(labels, _seconds(first_tasks), _seconds(second_tasks)),
    }
    code = _compare_code(first, second, first_tasks, second_tasks)
    shared = [label for label in first_ids if label not in labels]
    return Comparison(first, second, parts, code, shared)


def _pair(names: Iterable[str], one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Change]:
    return [Change(name, one.get(name), other.get(name)) for name in names]


def _task_records(experiment: ExperimentRecord) -> dict[str, TaskRecord]:
    """By label, the records of an experiment's tasks that are still there."""
    records = {task.label: read_task(task.name, task.id) for task in experiment.tasks}
    return {label: record for label, record in records.items() if record}


def _seconds(tasks: Mapping[str, TaskRecord]) -> dict[str, float]:
    return {label: task.wall_seconds for label, task in tasks.items()}


def _settings(experiment: ExperimentRecord) -> dict[str, Any]:
    """What was chosen; masked values with what tells them from others."""
    settings = values.settings(experiment)
    marks = {name: values.mark(experiment, name) for name in settings}
    return settings | {name: f"{settings[name]}{mark}" for name, mark in marks.items() if mark}


def _packages(experiment: ExperimentRecord) -> dict[str, str]:
    """The versions of what was installed, without the project itself, which is code."""
    lines = experiment.text("packages.txt").splitlines()
    pairs = (re.split("==| @ ", line, maxsplit=1) for line in lines)
    versions = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    versions.pop(project.current().name, None)
    return versions


def _data(experiment: ExperimentRecord) -> dict[str, str]:
    """Declared and undeclared files and folders, each with the first letters of its digest."""
    data: dict[str, str] = {}
    for task in experiment.tasks:
        for name, state in task.result.get("data", {}).items():
            data[f"{task.label}.{name}"] = f"{state['path']} {state['sha256'][:8]}"
        for state in task.result.get("undeclared", ()):
            data[state["path"]] = f"{state['sha256'][:8]}, undeclared"
    return data


def _compare_code(
    first: ExperimentRecord,
    second: ExperimentRecord,
    first_tasks: Mapping[str, TaskRecord],
    second_tasks: Mapping[str, TaskRecord],
) -> CodeChange:
    first_code = _definitions(first_tasks)
    second_code = _definitions(second_tasks)
    code = CodeChange()
    files = list[str]()
    for file in sorted({*first_code, *second_code}):
        one = first_code.get(file, {})
        other = second_code.get(file, {})
        both = one.keys() & other.keys()
        shared = [{name: digests[name] for name in both} for digests in (one, other)]
        changed = changed_definitions(file, *shared)
        only_first = _definition_names(file, one.keys() - both)
        only_second = _definition_names(file, other.keys() - both)
        if changed or only_first or only_second:
            files.append(file)
        code.changed += changed
        code.only_first += only_first
        code.only_second += only_second
    digests = changes(_code_digests(first), _code_digests(second))
    for label, *both in sorted(digests):
        # A task that did not finish has no digest, and one with both records was compared above.
        if all(both) and not (label in first_tasks and label in second_tasks):
            code.changed.append(bilingual("{task}, whose record is gone", task=label))
    code.diff = _code_diff(first, second, files) if files else ""
    return code


def _code_digests(experiment: ExperimentRecord) -> dict[str, str]:
    """By label, a digest of all code of a task; unknown for a task that did not finish."""
    return {task.label: task.result["code"] for task in experiment.tasks if "code" in task.result}


def _definitions(tasks: Mapping[str, TaskRecord]) -> _Definitions:
    definitions: _Definitions = {}
    for task in tasks.values():
        for file, digests in task.code.items():
            names = digests.keys() - _ORDERS
            definitions.setdefault(file, {}).update({name: digests[name] for name in names})
    return definitions


def _definition_names(file: str, names: Iterable[str]) -> list[str]:
    """Functions, classes and constants, as `tasks/train.py: TrainForest`; without methods."""
    path = file.partition("/")[2] or file
    tops = sorted({name.partition(".")[0] for name in names})
    return [f"{path}: {name}" for name in tops if name.isidentifier()]


def _code_diff(
    first: ExperimentRecord, second: ExperimentRecord, files: Iterable[str]
) -> str | None:
    """How files such as `my_thesis/tasks/train.py` differ between what two experiments ran.

    Returns:
        A unified diff; None if git does not have both states.
    """
    names = ("--show-toplevel", "--show-prefix", "--path-format=absolute", "--git-path", "objects")
    text = git.output(project.current().root, "rev-parse", *names)
    if text is None:
        return None
    top, prefix, objects = text.split("\n")
    paths = [f"{prefix}{folder}{file}" for file in files for folder in ("src/", "")]
    with signals.temporary_folder() as folder:
        # New objects go there; those of the repository are only read.
        variables = {
            "GIT_OBJECT_DIRECTORY": str(folder),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": objects,
            "GIT_INDEX_FILE": f"{folder}/index",
        }
        first_tree = _write_tree(Path(top), first, paths, variables)
        second_tree = _write_tree(Path(top), second, paths, variables)
        if first_tree is None or second_tree is None:
            return None
        # Unlike `git diff`, it does not depend on how the student has configured git.
        command = ("--literal-pathspecs", "diff-tree", "-r", "-p", first_tree, second_tree)
        result = git.run(Path(top), *command, "--", *paths, env=variables)
        return result.output if result.ok else None


def _write_tree(
    top: Path, experiment: ExperimentRecord, paths: list[str], variables: dict[str, str]
) -> str | None:
    """The git tree with these files as an experiment had them: its commit and its changes."""
    commit = experiment.code.get("commit")
    dirty = experiment.code.get("dirty")
    if dirty is None or not re.fullmatch("[0-9a-f]{4,64}", str(commit or "0000")):
        return None
    if git.output(top, "read-tree", commit or "--empty", env=variables) is None:
        return None
    patch = experiment.text("uncommitted.patch.txt")
    if dirty and not patch and not experiment.code.get("left_out"):
        return None
    if patch:
        included = [f"--include={path}" for path in paths]
        patch = restored(patch, lambda path: git.output(top, "show", f"{commit}:{path}") or "")
        arguments = ("apply", "--cached", "--whitespace=nowarn", *included, "-")
        if not git.run(top, *arguments, env=variables, stdin=patch).ok:
            return None
    return git.output(top, "write-tree", env=variables)
