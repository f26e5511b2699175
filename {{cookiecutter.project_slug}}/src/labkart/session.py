"""What every command that runs tasks does at its beginning and at its end. Knows nothing of what it runs."""

import gc

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
