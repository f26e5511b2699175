"""The word of a person, a cluster or a closed terminal that this process shall end. It must not get lost."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# The process that leads, and then the signals that came.
_came: list[int] = []


def listen() -> None:
    """From now on, end in order: the one who leads says that it was stopped, its workers end in silence."""
    _came[:] = [os.getpid()]
    for asked in _ENDINGS:
        if signal.getsignal(asked) != signal.SIG_IGN:  # as under nohup
            signal.signal(asked, _stop)


def look() -> None:
    """End now if somebody asked for it and Python lost the word, as it does where it cannot raise anything."""
    if _came[1:] and _came[0] == os.getpid():
        raise KeyboardInterrupt


@contextmanager
def later() -> Iterator[None]:
    """Let a block come to its end first: what came in it is said again after it."""
    came = list[int]()
    before = {asked: signal.getsignal(asked) for asked in _ENDINGS}
    before = {asked: handler for asked, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for asked in before:
        signal.signal(asked, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for asked, handler in before.items():
            signal.signal(asked, handler)
        for number in came[:1]:
            signal.raise_signal(number)


def code() -> int:
    """The exit code of a command that was stopped."""
    return 128 + (_came[1:] or [signal.SIGINT])[0]


def _stop(number: int, _: object) -> None:
    _came.append(number)
    raise KeyboardInterrupt if os.getpid() == _came[0] else SystemExit(128 + number)
