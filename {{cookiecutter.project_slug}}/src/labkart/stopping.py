"""The word of a person, a cluster or a closed terminal that this process shall end. It must not get lost."""

import os
import signal

# The process that leads, and then the signals that came.
_came: list[int] = []


def listen() -> None:
    """From now on, end in order: the one who leads says that it was stopped, its workers end in silence."""
    _came[:] = [os.getpid()]
    for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(asked) != signal.SIG_IGN:  # as under nohup
            signal.signal(asked, _stop)


def look() -> None:
    """End now if somebody asked for it and Python lost the word, as it does where it cannot raise anything."""
    if _came[1:] and _came[0] == os.getpid():
        raise KeyboardInterrupt


def code() -> int:
    """The exit code of a command that was stopped."""
    return 128 + (_came[1:] or [signal.SIGINT])[0]


def _stop(number: int, _: object) -> None:
    _came.append(number)
    raise KeyboardInterrupt if os.getpid() == _came[0] else SystemExit(128 + number)
