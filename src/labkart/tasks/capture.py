"""What this process prints while it runs a task, handed to the process that keeps it.

Works on the descriptors of the process: so it has what child processes and compiled code print. A
task on a terminal still has a terminal. For the other end see `tasks.monitor`.
"""

import ctypes
import fcntl
import json
import os
import secrets
import sys
import termios
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from labkart.records import machine_use
from labkart.tasks.context import context
from labkart.tasks.monitor import PRINTED, TASK, Monitor
from labkart.tasks.sampler import Start

_STREAMS = (1, 2)
_PIPE_SIZE = 1 << 20  # bytes; the system may refuse
_LIBC = ctypes.CDLL(None)


@contextmanager
def captured(folder: Path) -> Iterator[None]:
    """Keep what is printed in the block in the log of a task, by the folder of its record."""
    channel = _channel()
    if not channel or channel.is_in_use:
        yield
        return
    channel.begin(folder)
    try:
        yield
    finally:
        channel.end()


def start(secrets_of_config: Collection[str]) -> None:
    """Give tasks logs, in this process and in those that it forks from now on.

    Args:
        secrets_of_config: values that must be in no log.
    """
    with suppress(OSError):  # no more processes, for example: then there are no logs
        if context.monitor is None:
            context.monitor = Monitor()
        context.monitor.hide(secrets_of_config)


def _channel() -> "_Channel | None":
    """This process's own; None if nobody takes what it prints."""
    if context.monitor is None:
        return None
    channel: Any = context.channel
    if channel is None or not channel.is_usable:
        try:
            context.channel = _Channel(context.monitor)
        except OSError:  # the monitor has died, or there are too many files open
            context.channel = None
    return context.channel


class _Channel:
    """Takes what this process prints while it runs a task.

    Attributes:
        is_in_use: whether a task runs.
        is_usable: whether it may take another one. It is this process's alone, and children that a
            task leaves behind may go on printing.
    """

    def __init__(self, monitor: Monitor) -> None:
        self.is_in_use = False
        self._process = os.getpid()
        self._is_used_up = False
        self._began = 0.0
        self._mark = b"\x1b_" + secrets.token_hex(8).encode() + b"\x1b\\"  # no terminal shows it
        self._original = {number: os.dup(number) for number in _STREAMS}
        self._ends = dict[int, int]()  # where each of the two goes while a task runs
        self._state = _unnamed_file()
        self._answer, answer = os.pipe()
        sources = dict[int, int]()  # what the monitor reads, by the stream
        for number, original in self._original.items():
            if number > 1 and _are_same(original, self._original[1]):
                self._ends[number] = self._ends[1]
            else:
                sources[number], self._ends[number] = _pipe_like(original)
        try:
            pairs = [(source, self._original[number]) for number, source in sources.items()]
            monitor.open_channel(self._mark, [self._state, answer, *chain(*pairs)])
        finally:
            for descriptor in (answer, *sources.values()):
                os.close(descriptor)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # and nothing else, as in a notebook
                stream.reconfigure(line_buffering=True)

    @property
    def is_usable(self) -> bool:
        return self._process == os.getpid() and not self._is_used_up

    def begin(self, folder: Path) -> None:
        """From now on, take what is printed for the task with this folder."""
        self.is_in_use = True
        start = Start.now()
        self._began = start.time
        self._tell(json.dumps([str(folder), start.process, start.time, start.used]))
        _flush()
        for number, end in self._ends.items():
            os.dup2(end, number)

    def end(self) -> None:
        """Stop, and wait until all of it is kept and shown."""
        self._is_used_up = True  # should the wait be interrupted
        try:
            _flush()
            for number, original in self._original.items():
                os.dup2(original, number)
            with suppress(OSError):  # the monitor has died
                self._wait()
            self._tell("")
            self._is_used_up = _has_children()
        finally:
            self.is_in_use = False
            if self._is_used_up:
                self._close()

    def _wait(self) -> None:
        is_long = time.time() - self._began >= machine_use.SHORTEST
        if is_long or not self._is_silent():
            for end in set(self._ends.values()):
                os.write(end, self._mark)
            os.read(self._answer, 1)

    def _is_silent(self) -> bool:
        """Whether the task has printed nothing."""
        for end in set(self._ends.values()):
            # What is written to a terminal takes a moment to arrive, and elsewhere than on Linux
            # the end of a pipe where one writes does not tell what is in it.
            if os.isatty(end) or sys.platform != "linux":
                return False
            if any(fcntl.ioctl(end, termios.FIONREAD, bytes(4))):
                return False
        return os.pread(self._state, 1, 0) != PRINTED

    def _tell(self, task: str) -> None:
        os.pwrite(self._state, f"{task}\n".encode(), TASK)

    def _close(self) -> None:
        ends = {self._state, self._answer, *self._original.values(), *self._ends.values()}
        for descriptor in ends:
            os.close(descriptor)


def _unnamed_file() -> int:
    """The descriptor of a new file: in memory on Linux, else on the disk."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("labkart")
    with TemporaryFile() as file:
        return os.dup(file.fileno())


def _pipe_like(original: int) -> tuple[int, int]:
    """The two ends of a pipe, or of a terminal if that is what a descriptor is."""
    if not os.isatty(original):
        source, end = os.pipe()
        with suppress(OSError, AttributeError):  # only Linux has it
            fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        return source, end
    source, end = os.openpty()
    fcntl.ioctl(source, termios.TIOCSWINSZ, fcntl.ioctl(original, termios.TIOCGWINSZ, bytes(8)))
    settings = termios.tcgetattr(original)
    settings[1] &= ~termios.OPOST  # the real one does it
    termios.tcsetattr(end, termios.TCSANOW, settings)
    return source, end


def _are_same(first: int, second: int) -> bool:
    return os.path.samestat(os.fstat(first), os.fstat(second))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # it is closed
            stream.flush()
    _LIBC.fflush(None)  # compiled code has a buffer of its own


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
