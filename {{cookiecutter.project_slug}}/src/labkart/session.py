"""What every command that runs tasks does at its beginning and at its end. Knows nothing of what it runs."""

import gc
import os
import signal

from . import terminal
from .publisher import Publisher


def make_ready() -> None:
    """What was imported stays; looking through it again and again would take longer than most tasks."""
    gc.freeze()
    gc.enable()


def close(publisher: Publisher) -> None:
    """Tracking never fails a computation: what MLflow does not take waits in the records."""
    with terminal.busy("writing to MLflow"):
        why = publisher.close()
    if why:
        terminal.warn(f"  Not in MLflow yet ({why}). The records have it all; {terminal.command('sync')} publishes it.")


def stop_on_signals() -> None:
    """End in order when a person, a cluster or a closed terminal asks for it."""
    STOPPED[:] = [os.getpid()]
    for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(asked) != signal.SIG_IGN:  # as under nohup
            signal.signal(asked, _stop)


def _stop(number: int, _: object) -> None:
    """This process says that it was stopped; its workers end in silence."""
    STOPPED.append(number)
    raise KeyboardInterrupt if os.getpid() == STOPPED[0] else SystemExit(128 + number)


# The process that leads, and then the signals that came.
STOPPED: list[int] = []
