"""A process beside those of tasks: it writes their logs, and measures what long ones use.

It takes what they print, shows it and keeps it, so that a task that is killed loses nothing. Knows
pipes and terminals; what a task is, it learns from `tasks.capture`.
"""

import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import active_children
from multiprocessing.util import Finalize
from pathlib import Path

from labkart.records import machine_use
from labkart.records.task_log import LogWriter
from labkart.secrets import redact
from labkart.tasks import sampler
from labkart.tasks.sampler import GraphicsCards, Sampler, Start
from labkart.tasks.stream import Stream

_FLUSH = 0.3  # seconds between two writes to a log
_LOOK = 1.0  # seconds between two looks at which tasks run
_PATIENCE = 1.0  # seconds to wait for its end
# How messages arrive whole, and whether the end of all senders is one of them: only on Linux.
_MESSAGES = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_DGRAM
_LARGEST = 1 << 16  # bytes of a message, and of what a channel tells of its task
_MOST_FILES = 1 << 20  # that a process has open; some systems set no limit
PRINTED, SILENT = b"1", b"0"
TASK = 1  # where a channel's file tells of the task; before that, whether it has printed something


class Monitor:
    """The process, as this one and those that it forks know it.

    Attributes:
        process: its id.
    """

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, _MESSAGES)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LARGEST)
        sys.stdout.flush()
        sys.stderr.flush()
        strangers = {child.pid for child in active_children() if child.pid}
        leader = os.getpid()
        self.process = os.fork()
        if not self.process:
            with suppress(BaseException):
                self._socket.close()
                _run(theirs, strangers, leader)
            os._exit(0)
        theirs.close()
        self._hidden = set[str]()
        # At the end of this process, whether or not another one has forked it.
        Finalize(self, _end, (self._socket, self.process), exitpriority=0)

    def hide(self, values: Collection[str]) -> None:
        """Keep some values out of all logs. Raises OSError if the process has died."""
        new = set(values) - self._hidden
        if new:
            self._hidden |= new
            self._socket.send(json.dumps(sorted(new)).encode())

    def open_channel(self, mark: bytes, descriptors: Iterable[int]) -> None:
        """Hand over a channel.

        Args:
            mark: what the task's process writes to each stream when the task ends.
            descriptors: the file that tells of the task, the pipe that takes the answer to a mark,
                and for each stream where it is read and where it is shown.

        Raises:
            OSError: the process has died.
        """
        socket.send_fds(self._socket, [mark], list(descriptors))


def _end(channel: socket.socket, process: int) -> None:
    """Let the monitor end, and wait for it unless something still prints."""
    if channel.type == socket.SOCK_DGRAM:
        with suppress(OSError):  # it has died
            channel.send(b"")
    channel.close()
    end = time.monotonic() + _PATIENCE
    with suppress(ChildProcessError):
        while time.monotonic() < end and not os.waitpid(process, os.WNOHANG)[0]:
            time.sleep(0.002)


@dataclass
class _Channel:
    """What one process prints, task after task."""

    mark: bytes
    state: int
    answer: int
    streams: list[Stream]
    strangers: set[int]
    cards: GraphicsCards
    text: bytes = b""  # what its file tells of the task
    folder: Path | None = None
    log: LogWriter | None = None
    sampler: Sampler | None = None

    def receive(self, stream: Stream) -> bool:
        """Take what a stream has; False if it is at its end."""
        os.pwrite(self.state, PRINTED, 0)
        data = stream.read(self.mark)
        if data is not None:
            stream.show(data)
            self._keep(data)
        if all(stream.is_marked for stream in self.streams):
            self.end_task()
            for other in self.streams:
                other.is_marked = False
            os.pwrite(self.state, SILENT, 0)
            with suppress(OSError):
                os.write(self.answer, b".")
        return data is not None

    def _keep(self, data: bytes) -> None:
        try:
            self.look()
            if self.log:
                self.log.add(data)
        except Exception:  # a full disk, for example
            self.log = None

    def look(self) -> None:
        """See which task the process runs now."""
        text = os.pread(self.state, _LARGEST, TASK).partition(b"\n")[0]
        if text == self.text:
            return
        self.end_task()
        self.text = text
        if text:
            folder, process, began, used = json.loads(text)
            self.folder = Path(folder)
            self.log = LogWriter(self.folder)
            start = Start(process, began, tuple(used))
            self.sampler = Sampler(start, self.strangers, self.cards)

    def tick(self) -> None:
        """Write what is new, and measure what is due."""
        self.look()
        if self.log and self.log.is_behind:
            self.log.write()
        if self.sampler and self.sampler.due <= time.time():
            self.sampler.sample()
            if self.folder and self.sampler.seconds >= machine_use.SHORTEST:
                sampler.write(self.folder, self.sampler)

    def end_task(self) -> None:
        """Complete what is kept of the task."""
        with suppress(Exception):  # a full disk, for example
            if self.log:
                self.log.close()
            if self.folder and self.sampler and self.sampler.seconds >= machine_use.SHORTEST:
                self.sampler.end()
                sampler.write(self.folder, self.sampler)
        self.folder = self.log = self.sampler = None

    def close(self) -> None:
        self.end_task()
        for descriptor in (self.state, self.answer):
            os.close(descriptor)


class _Loop:
    """What the process does.

    Args:
        requests: where channels are handed over.
        strangers: processes that no task has started.
    """

    def __init__(self, requests: socket.socket, strangers: set[int], leader: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._requests = requests
        self._strangers = strangers
        self._cards = GraphicsCards()
        self._channels: list[_Channel] = []
        self._selector.register(requests, selectors.EVENT_READ, self._accept)
        self._is_open = True
        self._leader = leader
        self._rest = _LOOK if requests.type == socket.SOCK_DGRAM else None

    def run(self) -> None:
        """Work until the last process that may print has ended."""
        due = time.monotonic()
        while self._is_open or self._channels:
            is_behind = any(channel.log and channel.log.is_behind for channel in self._channels)
            pause = _FLUSH if is_behind else _LOOK
            ready = self._selector.select(pause if self._channels else self._rest)
            # Messages come first, for they say what must be hidden of the rest.
            for key, _ in sorted(ready, key=lambda event: event[0].fileobj is not self._requests):
                act: Callable[[], None] = key.data
                act()
            if time.monotonic() >= due:
                due = time.monotonic() + _FLUSH
                for channel in self._channels:
                    with suppress(Exception):  # a full disk, for example
                        channel.tick()
            if self._is_open and self._rest and os.getppid() != self._leader:
                self._end_requests()

    def follow_size(self) -> None:
        for channel in self._channels:
            for stream in channel.streams:
                stream.follow_size()

    def _accept(self) -> None:
        mark, descriptors, _, _ = socket.recv_fds(self._requests, _LARGEST, 16)
        if not mark:
            self._end_requests()
            return
        if not descriptors:
            redact.remember(json.loads(mark))
            return
        state, answer, *rest = descriptors
        streams = [Stream(*pair) for pair in zip(rest[::2], rest[1::2], strict=True)]
        channel = _Channel(mark, state, answer, streams, self._strangers, self._cards)
        self._channels.append(channel)
        for stream in streams:
            self._selector.register(
                stream.source,
                selectors.EVENT_READ,
                lambda stream=stream: self._receive(channel, stream),
            )

    def _end_requests(self) -> None:
        self._is_open = False
        self._selector.unregister(self._requests)

    def _receive(self, channel: _Channel, stream: Stream) -> None:
        try:
            goes_on = channel.receive(stream)
        except Exception:  # the task must not wait for ever
            goes_on = True
        if goes_on:
            return
        self._selector.unregister(stream.source)
        os.close(stream.source)
        channel.streams.remove(stream)
        if not channel.streams:
            with suppress(Exception):
                channel.close()
            self._channels.remove(channel)


def _run(requests: socket.socket, strangers: set[int], leader: int) -> None:
    # Signals are for the whole group of processes; the end of the others is the end of this one.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)
    _close_all_but(requests.fileno())
    loop = _Loop(requests, {*strangers, os.getpid()}, leader)
    signal.signal(signal.SIGWINCH, lambda *_: loop.follow_size())
    loop.run()


def _close_all_but(descriptor: int) -> None:
    """Close what belongs to the process that forked this one: locks, for example."""
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, min(os.sysconf("SC_OPEN_MAX"), _MOST_FILES))
