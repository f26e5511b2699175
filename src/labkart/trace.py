"""What this command looks at and prints, so that the next one like it can be answered at once.

A process has one such trace, in `_current`, for its first command. Python's audit hook sees what is
opened and listed; what Labkart only looks up (`digests`) is noted by `rely_on`. Decides nothing:
for the answer that is kept see `cli.answers`.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TextIO

_WRITES = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
# What a pipeline may ask whose answer is not in any file.
_ASKS_OTHERS = {
    *("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork", "os.forkpty"),
    *("socket.connect", "socket.getaddrinfo", "socket.sendto"),
}


@dataclass
class Trace:
    """What one command looked at and printed.

    Attributes:
        files: the files that it looked at, whether or not they exist.
        folders: the folders that it listed.
        packages: the lists of files (RECORD) of the installed packages that count.
        imported: the modules that were imported before it began.
        printed: what it printed: 1 or 2 for the stream, and the text.
        experiment: the experiment that it answered with; None if no answer can be given again.
        written: when it had written its results, in nanoseconds since 1970; 0 if it wrote none.
        doubts: why the same command may get another answer although nothing has changed.
    """

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    packages: set[str] = field(default_factory=set)
    imported: frozenset[str] = field(default_factory=lambda: frozenset(sys.modules))
    printed: list[tuple[int, str]] = field(default_factory=list)
    experiment: str | None = None
    written: int = 0
    doubts: list[str] = field(default_factory=list)


@dataclass
class _Current:
    """What this process traces.

    Attributes:
        trace: that of the command that runs; None before and after it.
        has_hook: whether Python has the audit hook.
        is_used: whether a command ran before: then what it imported is not opened again.
        is_unseen: whether what is printed is only traced.
    """

    trace: Trace | None = None
    has_hook: bool = False
    is_used: bool = False
    is_unseen: bool = False


_current = _Current()


@contextmanager
def traced() -> Iterator[Trace]:
    """Trace the block."""
    trace = Trace()
    if not _current.has_hook:
        sys.addaudithook(_hook)
        _current.has_hook = True
    if _current.is_used:
        trace.doubts.append("it is not the first command of this process")
    _current.is_used = True
    streams = {1: sys.stdout, 2: sys.stderr}
    for number, stream in streams.items():
        _copy_writes(stream, number, trace)
    _current.trace = trace
    try:
        yield trace
    finally:
        _current.trace = None
        for stream in streams.values():
            vars(stream).pop("write", None)


@contextmanager
def untraced() -> Iterator[None]:
    """Do not trace the block: whoever runs it says by `rely_on` what counts."""
    trace, _current.trace = _current.trace, None
    try:
        yield
    finally:
        _current.trace = trace


def results_written() -> None:
    """Note that the command has written its results: later changes of them are in doubt."""
    if _current.trace:
        _current.trace.written = time.time_ns()


def is_answer() -> bool:
    """Whether what is printed can be given again to the same command."""
    return bool(_current.trace and not _current.trace.doubts)


@contextmanager
def unseen() -> Iterator[None]:
    """Do not print what the block prints: it is only the answer to the next command."""
    _current.is_unseen = True
    try:
        yield
    finally:
        _current.is_unseen = False


def rely_on(path: str | os.PathLike[str]) -> None:
    """Note a file that the answer depends on, whether or not it exists."""
    if _current.trace:
        _current.trace.files.add(_absolute(path))


def rely_on_package(record: str) -> None:
    """Note an installed package that the answer depends on, by its list of files."""
    if _current.trace:
        _current.trace.packages.add(record)


def new_modules() -> list[Any]:
    """The modules that this process has imported since the command began."""
    before = _current.trace.imported if _current.trace else ()
    return [module for name, module in list(sys.modules.items()) if name not in before]


def doubt(reason: str) -> None:
    """Note why the same command may get another answer although nothing has changed."""
    if _current.trace:
        _current.trace.doubts.append(reason)


def confirm(experiment: str) -> None:
    """Note that the command changed nothing, so that its answer about an experiment can be kept."""
    trace = _current.trace
    if trace and trace.experiment is not None:
        trace.doubts.append("it has several answers")
    elif trace:
        trace.experiment = experiment


def _copy_writes(stream: TextIO, number: int, trace: Trace) -> None:
    """Keep a copy of what is written to a stream, which stays the object that it is."""
    write = stream.write

    def copied(text: str) -> int:
        if _current.trace is trace:
            trace.printed.append((number, text))
        return len(text) if _current.is_unseen else write(text)

    try:
        vars(stream)["write"] = copied
    except TypeError:
        trace.doubts.append("its output cannot be copied")


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """What Python calls at each event."""
    trace = _current.trace
    if not trace:
        return
    if event == "open":
        path, mode, flags = arguments
        if "r" in mode if mode else not flags & _WRITES:
            _add(trace.files, path)
    elif event in ("os.listdir", "os.scandir"):
        _add(trace.folders, arguments[0] or ".")
    elif event == "sqlite3.connect":
        _add(trace.files, arguments[0])
    elif event in _ASKS_OTHERS:
        trace.doubts.append(event)


def _add(paths: set[str], path: Any) -> None:
    if isinstance(path, str | bytes | os.PathLike):
        with suppress(ValueError, OSError):
            paths.add(_absolute(path))


def _absolute(path: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> str:
    text = os.fsdecode(path)
    return text if text.startswith("/") else f"{os.getcwd()}/{text}"  # noqa: PTH109 (called often)
