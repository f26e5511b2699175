"""The word of a person, a cluster or a closed terminal that this process shall end. It must not get lost."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 10.0  # seconds that another process has to end
_SOON = 0.01  # seconds after which a word that came at a bad moment is said again

# The process that leads, and then the signals that came.
_came: list[int] = []


def install_handlers() -> None:
    """From now on, end in order: the one who leads says that it was stopped, its workers end in silence."""
    _came[:] = [os.getpid()]
    for asked in _ENDINGS:
        if signal.getsignal(asked) != signal.SIG_IGN:  # as under nohup
            signal.signal(asked, _stop)
    sys.unraisablehook = _unheard


def raise_pending() -> None:
    """End now if somebody asked for it and Python lost the word, as it does where it cannot raise anything."""
    if _came[1:] and _came[0] == os.getpid():
        raise KeyboardInterrupt


@contextmanager
def deferred() -> Iterator[list[int]]:
    """Let a block come to its end first: what came in it is said again after it, unless the block clears the list."""
    came = list[int]()
    before = {asked: signal.getsignal(asked) for asked in _ENDINGS}
    before = {
        asked: handler for asked, handler in before.items() if handler not in (signal.SIG_IGN, None)
    }
    for asked in before:
        signal.signal(asked, lambda number, _: came.append(number))
    try:
        yield came
    finally:
        for asked, handler in before.items():
            signal.signal(asked, handler)
        for number in came[:1]:
            signal.raise_signal(number)


@contextmanager
def child_process(command: Sequence[str], **settings: Any) -> Iterator["subprocess.Popen[str]"]:
    """Another process. Where the block is cut short, it is gone, with all that it started."""
    started = list[subprocess.Popen[str]]()
    try:
        with deferred():  # one that is cut off while it starts is known to nobody
            started.append(subprocess.Popen(command, text=True, start_new_session=True, **settings))
        yield started[0]
    except BaseException:
        for process in started:
            _end(process)
        raise
    finally:
        for process in started:
            process.__exit__(None, None, None)


def _end(process: "subprocess.Popen[str]") -> None:
    """First ask the whole group, then do not ask."""
    with deferred(), suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
        os.killpg(process.pid, signal.SIGKILL)


def exit_code() -> int:
    """The exit code of a command that was stopped."""
    return 128 + (_came[1:] or [signal.SIGINT])[0]


def _stop(number: int, frame: FrameType | None) -> None:
    if _is_logging(frame):
        again = threading.Timer(_SOON, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()
        return
    _came.append(number)
    raise KeyboardInterrupt if os.getpid() == _came[0] else SystemExit(128 + number)


def _is_logging(frame: FrameType | None) -> bool:
    """Whether a message is being logged. Cut off there, logging keeps its lock, and every thread that logs waits on."""
    while frame and frame.f_globals.get("__name__") != "logging":
        frame = frame.f_back
    return frame is not None


def _unheard(what: "sys.UnraisableHookArgs") -> None:
    """Python cannot raise out of what a finaliser does, and would print a traceback: `look` says it again."""
    if not (_came[1:] and isinstance(what.exc_value, KeyboardInterrupt | SystemExit)):
        sys.__unraisablehook__(what)
