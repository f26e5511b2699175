"""The files and folders of the project that a task names without declaring them.

A parameter may name one, or a text in the code that the task reaches. Whoever reads it, in whatever
language: the name is seen, and the content counts. Runs nothing.
"""

import functools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from labkart import digests, opened_files, project
from labkart.digests import FileState
from labkart.fingerprint import fingerprint, imports, snapshot
from labkart.language import join_sentences, translate
from labkart.records.record import TaskRecord
from labkart.tasks import task_id
from labkart.tasks.data_files import DataFile
from labkart.tasks.file_access import declaration, may_be_data, may_be_input, warn
from labkart.tasks.params import values_in

# The fingerprint counts code.
_CODE = (".py", ".pyc", ".so", ".ipynb", ".sh")
# What a project has at its top beside data; a text with such a name need not mean the file.
_PAPERS = re.compile(
    r"(README|LICENSE|CHANGELOG|CONTRIBUTING|CITATION|AUTHORS|Makefile|Dockerfile)\b.*"
    r"|pyproject\.toml|requirements.*\.txt|setup\.cfg",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"""'([^'"\n]+)'|"([^'"\n]+)\"""")  # a path in a command of SQL
_PATTERN = re.compile(r"[*?\[]")
_LONGEST = 5000  # characters; a longer text is no path


@dataclass(frozen=True)
class NamedPath:
    """A file or folder, and where it is named.

    Attributes:
        path: from the project's root.
        place: the parameter, as `Train.file`, or the file and line of the code.
        parameter: the parameter's name, if its value is the path and nothing else.
    """

    path: str
    place: str
    parameter: str = ""


def named_paths(task: task_id.TaskWithId[Any]) -> list[NamedPath]:
    """The existing files and folders that a task names and does not declare, each once."""
    root = project.current().root
    named: dict[str, NamedPath] = {}
    for text, place, parameter in [*_parameter_texts(task), *_code_texts(type(task))]:
        path = Path(os.path.normpath(root / text))
        if _is_input(path):
            name = path.relative_to(root).as_posix()
            named.setdefault(name, NamedPath(name, place, parameter))
    declared = _declared(task) if named else []
    for name in list(named):
        if any(_overlap(root / name, other) for other in declared):
            del named[name]
    return [it for it in named.values() if not _has_parent(it.path, named)]


def report(task: task_id.TaskWithId[Any]) -> None:
    """Warn once of each path that a task names without declaring it, with the line to write.

    Raises:
        LabkartError: it runs in CI, where nobody reads warnings.
    """
    family = task.get_task_family()
    for named in named_paths(task):
        kind = "DataFolder" if (project.current().root / named.path).is_dir() else "DataFile"
        if named.parameter:
            message = translate(
                '{place} names {path} without declaring it. Declare "{line}" in {task}.',
                place=named.place,
                path=named.path,
                line=f"{named.parameter}: {kind} = {kind}()",
                task=family,
            )
        else:
            problem = translate(
                "{task} names {path} in {place} without declaring it.",
                task=family,
                path=named.path,
                place=named.place,
            )
            message = join_sentences(problem, declaration(family, named.path, kind))
        _warn_once(named, message)


def _warn_once(named: NamedPath, message: str) -> None:
    """Warn of a place once in this process and in those that it forks."""
    if named not in _reported:
        warn(message)
        _reported.add(named)


# A process has one terminal, on which a person reads each warning once.
_reported = set[NamedPath]()


def states(task: task_id.TaskWithId[Any]) -> dict[str, FileState]:
    """The present states of what a task names without declaring it, by path."""
    root = project.current().root
    present: dict[str, FileState] = {}
    for named in named_paths(task):
        with suppress(OSError), opened_files.ignored():
            present[named.path] = digests.content_state(root / named.path, root)
    return present


def without(paths: Iterable[str], named: Mapping[str, Any]) -> list[str]:
    """The paths that are not named, nor in a folder that is."""
    return [path for path in paths if path not in named and not _has_parent(path, named)]


def describe_new(task: task_id.TaskWithId[Any], last: TaskRecord) -> str:
    """What a task or one above it names, and its last run did not find; empty if there is nothing.

    A file that is older than the record of that run was written by the run itself.
    """
    known = {state.path: "" for state in last.undeclared}
    record = digests.stamp(last.folder / "record.json")
    for named in [*named_paths(task), *_named_above(task)]:
        now = digests.stamp(project.current().root / named.path)
        is_known = named.path in known or _has_parent(named.path, known)
        if not is_known and now and record and now[1] > max(record[:2]):
            return translate("{path} is new", path=named.path)
    return ""


def _named_above(task: task_id.TaskWithId[Any]) -> dict[NamedPath, None]:
    """What the tasks above one name, each once; looked up once, for each task of a chain asks."""
    generation = snapshot.generation()
    waiting = [task]
    while waiting:  # a loop, for a pipeline may be longer than Python's stack
        current = waiting[-1]
        above = [it for it in task_id.upstream(current) if isinstance(it, task_id.TaskWithId)]
        unknown = [it for it in above if _kept_above(it)[0] != generation]
        if unknown:
            waiting += unknown
            continue
        named: dict[NamedPath, None] = {}
        for needed in above:
            named |= dict.fromkeys(named_paths(needed)) | _kept_above(needed)[1]
        vars(current)["_named_above"] = generation, named
        waiting.pop()
    return _kept_above(task)[1]


def _kept_above(task: task_id.TaskWithId[Any]) -> tuple[int, dict[NamedPath, None]]:
    """What was looked up for a task, and in which snapshot."""
    kept: tuple[int, dict[NamedPath, None]] = vars(task).get("_named_above", (-1, {}))
    return kept


def _declared(task: task_id.TaskWithId[Any]) -> list[Path]:
    """The paths that a task declares, also by default, and those that it writes."""
    root, family = project.current().root, task.get_task_family()
    paths = [root / data["path"] for data in task_id.task_data(task).values()]
    for name, parameter in task.get_params():
        if isinstance(parameter, DataFile) and parameter.has_task_value(family, name):
            paths.append(Path(parameter.task_value(family, name)))
    return [*paths, *task_id.output_paths(task)]


def _parameter_texts(task: task_id.TaskWithId[Any]) -> Iterator[tuple[str, str, str]]:
    for name, parameter in task.get_params():
        value = task.param_kwargs[name]
        if not isinstance(parameter, DataFile):
            whole = name if isinstance(value, str | PurePath) else ""
            texts = [str(item) for item in values_in(value) if isinstance(item, str | PurePath)]
            for path in (path for text in texts for path in _paths_in(text)):
                yield path, f"{task.get_task_family()}.{name}", whole


def _code_texts(kind: type) -> tuple[tuple[str, str, str], ...]:
    return _code_texts_of(kind, snapshot.generation(), imports.generation())


@functools.cache
def _code_texts_of(kind: type, *_: int) -> tuple[tuple[str, str, str], ...]:
    root = project.current().root
    found: list[tuple[str, str, str]] = []
    for literal in fingerprint.literals(kind):
        place = f"{project.current().short(Path(literal.file))}:{literal.line}"
        at_import = imports.read_at_import(literal.file)  # the fingerprint counts it
        folders = root, Path(literal.file).parent  # a module may read what lies beside it
        for path in _paths_in(literal.text):
            names = [os.path.normpath(folder / path) for folder in folders]
            found += [(name, place, "") for name in names if name not in at_import]
    return tuple(found)


def _paths_in(text: str) -> Iterator[str]:
    """What may be paths in a text: it as a whole, and what is quoted in it.

    A path has a separator or a suffix: `data` and `model` may mean anything.
    """
    if len(text) > _LONGEST:
        return
    for quoted in [("", text), *_QUOTED.findall(text)]:
        part = "".join(quoted).strip()
        if match := _PATTERN.search(part):  # the folder of `data/raw/*.csv`
            part = part[: match.start()].rpartition("/")[0]
        if _may_be_path(part):
            yield part


def _may_be_path(text: str) -> bool:
    if "\n" in text or "\0" in text or "://" in text:
        return False
    return "/" in text.strip("./") or bool(Path(text).suffix and not _PAPERS.fullmatch(text))


def _is_input(path: Path) -> bool:
    """Whether an absolute path names a file or folder that may be data."""
    try:
        if path.suffix in _CODE or not path.exists() or not may_be_input(str(path)):
            return False
    except OSError:  # no name of a file
        return False
    return may_be_data(path)


def _overlap(path: Path, other: Path) -> bool:
    return path.is_relative_to(other) or other.is_relative_to(path)


def _has_parent(path: str, names: Mapping[str, Any]) -> bool:
    return any(parent.as_posix() in names for parent in PurePath(path).parents)
