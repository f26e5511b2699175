"""Signals that ask this process to end: from a person, a cluster or a closed terminal.

None of them gets lost, none cuts off what must be complete, and processes that this one started end
with it.
"""

import ctypes
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 10.0  # seconds that another process has to end
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # of <sys/prctl.h>
_RETRY = 0.01  # seconds after which a signal that came at a bad moment is sent again


class Stopped(SystemExit):
    """Ends a forked worker that got one of the signals."""


@dataclass
class _Received:
    """The signals that this process received. A process has one set of handlers, so it has one."""

    leader: int = 0  # the id of the process that installed the handlers; its forked workers differ
    numbers: list[int] = field(default_factory=list)

    @property
    def is_leader(self) -> bool:
        return os.getpid() == self.leader


_received = _Received()


def install_handlers() -> None:
    """From now on, end in order: this process by KeyboardInterrupt, its forked workers silently."""
    _received.leader = os.getpid()
    _received.numbers.clear()
    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, _stop)
    sys.unraisablehook = _report_unraisable


def raise_pending() -> None:
    """End now if a signal came where Python cannot raise an exception, such as in a finaliser."""
    if _received.numbers and _received.is_leader:
        raise KeyboardInterrupt


@contextmanager
def deferred() -> Iterator[list[int]]:
    """Let a block finish first; a signal that came meanwhile is raised after it.

    Yields:
        The signals that came. If the block clears the list, none is raised.
    """
    numbers = list[int]()
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    changed = [number for number in _SIGNALS if handlers[number] not in (signal.SIG_IGN, None)]
    for number in changed:
        signal.signal(number, lambda number, _: numbers.append(number))
    try:
        yield numbers
    finally:
        for number in changed:
            signal.signal(number, handlers[number])
        for number in numbers[:1]:
            signal.raise_signal(number)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for the time of a block; it is gone afterwards, also if the block is interrupted."""
    folder = ""
    try:
        with deferred():
            folder = mkdtemp(prefix="labkart-")
        yield Path(folder)
    finally:
        with deferred():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def child_process(command: Sequence[str], **settings: Any) -> Iterator["subprocess.Popen[str]"]:
    """Another process. If the block is interrupted, it ends with all processes that it started.

    `settings` are arguments of `subprocess.Popen`.
    """
    started = list[subprocess.Popen[str]]()
    try:
        with deferred():  # interrupted while it starts, nobody would know the process
            started.append(subprocess.Popen(command, text=True, start_new_session=True, **settings))
        yield started[0]
    except BaseException:
        for process in started:
            _end(process)
        raise
    finally:
        for process in started:
            process.__exit__(None, None, None)


def follow_leader(leader: int) -> None:
    """End in order when the process that forked this one dies, on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != leader:  # it has died already
        raise Stopped


def adopt_orphans() -> None:
    """From now on, processes whose parent dies become children of this one, on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def children() -> set[int]:
    """The ids of the processes that this one has started or adopted, on Linux."""
    numbers = set[int]()
    for thread in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended
            numbers |= {int(number) for number in thread.read_text().split()}
    return numbers


def kill(numbers: Iterable[int]) -> None:
    """Kill children of this process, by their ids."""
    for number in numbers:
        with suppress(OSError):
            os.kill(number, signal.SIGKILL)
            os.waitpid(number, 0)


def end(processes: Sequence[Any]) -> None:
    """End processes of `multiprocessing` and wait for them."""
    for process in processes:
        process.terminate()
    join(processes)


def join(processes: Sequence[Any]) -> None:
    """Wait for processes of `multiprocessing` that are about to end; kill those that do not."""
    end = time.monotonic() + _PATIENCE
    for process in processes:
        process.join(max(0.0, end - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


@contextmanager
def forked(count: int, work: Callable[[], object]) -> Iterator[None]:
    """Do some work in forked processes beside the block, which end with it or soon after it."""

    def follow(leader: int = os.getpid()) -> None:
        install_handlers()
        follow_leader(leader)
        work()

    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=follow, daemon=False) for _ in range(count)]
    try:
        for process in processes:
            process.start()
        yield
        join(processes)
    finally:
        end([process for process in processes if process.is_alive()])


def exit_code() -> int:
    """The exit code of a command that was stopped."""
    return 128 + (_received.numbers or [signal.SIGINT])[0]


def _end(process: "subprocess.Popen[str]") -> None:
    """Interrupt the whole process group, and kill it if that does not help."""
    with deferred(), suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
        os.killpg(process.pid, signal.SIGKILL)


def _stop(number: int, frame: FrameType | None) -> None:
    if _is_logging(frame):
        retry = threading.Timer(_RETRY, os.kill, (os.getpid(), number))
        retry.daemon = True
        retry.start()
        return
    # A worker ends already after its first signal: the next one must not cut that off.
    is_first = not _received.numbers
    _received.numbers.append(number)
    if _received.is_leader:
        raise KeyboardInterrupt
    if is_first:
        raise Stopped(128 + number)


def _is_logging(frame: FrameType | None) -> bool:
    # Interrupted there, logging would keep its lock: all threads that log would wait forever.
    while frame and frame.f_globals.get("__name__") != "logging":
        frame = frame.f_back
    return frame is not None


def _report_unraisable(error: "sys.UnraisableHookArgs") -> None:
    """Print no traceback of a signal that came in a finaliser: `raise_pending` raises it again."""
    is_signal = isinstance(error.exc_value, KeyboardInterrupt | SystemExit)
    if not (_received.numbers and is_signal):
        sys.__unraisablehook__(error)
