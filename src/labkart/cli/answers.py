"""Answers of `labkart run` and `labkart status`, given again at once while nothing has changed.

An answer is kept if the command changed nothing. It holds what was printed and the state of all
that it depends on: the project's files, every other file that was opened or looked up, the
environment variables, Python and the installed packages. In any doubt the command runs. Imports
nothing that is slow to import.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkart import digests, file_states, installed_files, project, trace
from labkart.files import read_json, write_atomically

VERBS = ("run", "status")
_MOST_ANSWERS = 100
_MOST_PATHS = 20_000
# Variables that differ from one command to the next in the same shell.
_IGNORED = {"_", "OLDPWD", "SHLVL"}
# What reading a damaged answer raises, or one about files that are gone.
_DAMAGED = (AttributeError, KeyError, TypeError, ValueError, file_states.UnknownStateError)
_SYSTEM = ("/dev/", "/proc/", "/sys/")


def answer(verb: str, arguments: list[str], compute: Callable[[list[str]], int]) -> int:
    """Give the answer of an earlier command with the same arguments again, or else compute it.

    Args:
        verb: the verb.
        arguments: its arguments; with options, it is always computed.
        compute: runs the verb; returns the exit code.
    """
    has_options = any(word.startswith("-") and word != "--json" for word in arguments)
    if verb not in VERBS or has_options or not (sys.stdout and sys.stderr):
        return compute(arguments)
    file = project.current().outputs / "memos" / "answers" / f"{_key(verb, arguments)}.json"
    try:
        before = _Surroundings.now(since=time.time_ns() - file_states.DOUBT)
    except file_states.UnknownStateError:
        return compute(arguments)
    with suppress(*_DAMAGED):
        if _give_again(verb, read_json(file), before):
            return 0
    with trace.traced() as looked_at:
        code = compute(arguments)
    if code == 0 and looked_at.experiment and not looked_at.doubts:
        with suppress(file_states.UnknownStateError, OSError):  # the next command takes longer
            _keep(file, before, looked_at)
    return code


def _key(verb: str, arguments: Sequence[str]) -> str:
    """A digest of the command, and of all that is not in a file: variables, terminal, Python."""
    variables = {name: text for name, text in os.environ.items() if name not in _IGNORED}
    streams = [
        (stream.isatty(), stream.encoding, os.get_terminal_size(stream.fileno()))
        if stream.isatty()
        else (False, stream.encoding)
        for stream in (sys.stdout, sys.stderr)
    ]
    machine = (os.uname().nodename, os.getuid(), os.getcwd())  # noqa: PTH109 (as a text)
    python = (sys.version, sys.orig_argv, sys.path, sys.warnoptions, sys.flags)
    return file_states.digest(
        [
            repr(part)
            for part in (verb, arguments, sorted(variables.items()), streams, machine, python)
        ]
    )[:32]


@dataclass(frozen=True)
class _Surroundings:
    """What every answer depends on.

    Attributes:
        since: times from then on are in doubt.
        packages: a digest of what is installed.
        folders: the states of the folders of code, first of all the project's.
    """

    since: int
    packages: str
    folders: dict[str, file_states.FolderState]

    @classmethod
    def now(cls, since: int) -> "_Surroundings":
        """Those of this moment.

        Raises:
            UnknownStateError: they cannot be told in reasonable time.
        """
        current = project.current()
        left_out = {str(current.outputs), str(current.root / "outputs"), sys.prefix}
        lines, roots = list[str](), {str(current.root): None}
        for folder in dict.fromkeys(map(os.path.abspath, sys.path)):
            if not _is_installed(folder):
                roots[folder] = None
                continue
            lines += installed_files.modules(folder)
            for metadata in installed_files.metadata(folder):
                lines.append(metadata.state)
                roots |= {metadata.editable: None} if metadata.editable else {}
        states = dict[str, file_states.FolderState]()
        for root in sorted(roots, key=len):
            if not _is_covered(root, states):
                states[root] = file_states.folder_state(root, since, left_out)
        return cls(since, file_states.digest(lines), states)

    @property
    def recent(self) -> dict[str, str]:
        """The contents of the files that changed a moment ago, as digests."""
        return {
            file: text for state in self.folders.values() for file, text in state.recent.items()
        }

    def as_json(self) -> dict[str, Any]:
        """What is kept of it."""
        states = {root: state.digest for root, state in self.folders.items()}
        return {"packages": self.packages, "code": states}


def _is_installed(folder: str) -> bool:
    """Whether a folder of modules has installed packages, the standard library or scripts."""
    is_script = folder == os.path.dirname(sys.executable)  # noqa: PTH120 (as a text)
    return is_script or folder.endswith(".zip") or installed_files.is_installed(f"{folder}/")


def _is_covered(path: str, states: dict[str, file_states.FolderState]) -> bool:
    """Whether a file or folder is part of one of the folders."""
    return any(state.covers(root, path) for root, state in states.items())


def _give_again(verb: str, kept: Any, now: _Surroundings) -> bool:
    """Print a kept answer if all that it depends on is as it was; return whether it is."""
    if not kept or not _holds(kept, now) or _is_disturbed():
        return False
    if verb == "run" and not _use_again(kept["experiment"]):
        return False
    for number, text in kept["printed"]:
        (sys.stdout if number == 1 else sys.stderr).write(text)
    return True


def _holds(kept: dict[str, Any], now: _Surroundings) -> bool:
    return (
        all(kept[name] == state for name, state in now.as_json().items())
        and all(digests.stamp(file) == stamp for file, stamp in kept["files"].items())
        and all(file_states.names(folder) == names for folder, names in kept["folders"].items())
        and all(file_states.content(file) == digest for file, digest in kept["recent"].items())
        and all(installed_files.state(it) == digest for it, digest in kept["used"].items())
    )


def _is_disturbed() -> bool:
    """Whether an experiment or a search runs or has died, or MLflow may lack one."""
    outputs = project.current().outputs
    folders = ("running", "unpublished/experiments", "unpublished/studies")
    marks = outputs.glob("records/studies/*/.searching*")
    return any(file_states.names(str(outputs / folder)) for folder in folders) or any(marks)


def _use_again(experiment: str) -> bool:
    """Note that an experiment is used again; False if MLflow does not have all of it."""
    from labkart.records import last_used, record
    from labkart.tracking import links

    known = record.read_experiment(experiment)
    if not known or known.edited or not links.is_published(known):
        return False
    last_used.mark_used(known)
    return True


def _keep(file: Path, before: _Surroundings, looked_at: trace.Trace) -> None:
    """Keep an answer, unless something has changed since the command began."""
    now = _Surroundings.now(before.since)
    if now != before:
        return
    files = _others(now, looked_at.files)
    recent = [path for path in files if _is_recent(path, before.since, looked_at)]
    kept = {
        **now.as_json(),
        "recent": {**now.recent, **{path: file_states.content(path) for path in recent}},
        "files": {path: digests.stamp(path) for path in files},
        "folders": {path: file_states.names(path) for path in _others(now, looked_at.folders)},
        "used": {record: installed_files.state(record) for record in looked_at.packages},
        "experiment": looked_at.experiment,
        "printed": looked_at.printed,
    }
    write_atomically(file, json.dumps(kept).encode())
    others = sorted(file.parent.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for oldest in others[:-_MOST_ANSWERS]:
        oldest.unlink(missing_ok=True)


def _is_recent(path: str, since: int, looked_at: trace.Trace) -> bool:
    """Whether a file changed a moment ago.

    Raises:
        UnknownStateError: it changed while the command ran, which may have read it before.
    """
    start = since + file_states.DOUBT
    stamp = digests.stamp(path)
    changed = max(stamp[:2]) if stamp else 0
    is_result = path.startswith(f"{project.current().outputs}/")
    if changed >= (max(start, looked_at.written) if is_result else start):
        raise file_states.UnknownStateError(path)
    return changed >= since


def _others(now: _Surroundings, paths: set[str]) -> list[str]:
    """The paths that are neither in a folder of code nor installed, and that decide something."""
    outputs = str(project.current().outputs)
    ignored = (*_SYSTEM, f"{outputs}/memos/", f"{outputs}/mlflow.db")
    normalised = sorted({os.path.normpath(path) for path in paths})
    others = [
        path
        for path in normalised
        if not path.startswith(ignored)
        and "/__pycache__/" not in path
        and not _is_installed(path)
        and not _is_covered(path, now.folders)
    ]
    if len(others) > _MOST_PATHS:
        raise file_states.UnknownStateError(others[0])
    return others
