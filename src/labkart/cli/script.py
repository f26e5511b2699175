"""The script `labkart`: Ctrl-C ends it quietly also while the command is imported."""

import os
import signal
from typing import NoReturn

_EXIT_CODE = 128 + signal.SIGINT


def main() -> int:
    """Import the command and run it; see `labkart.cli.main`."""
    is_ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN  # as under nohup
    if not is_ignored:
        signal.signal(signal.SIGINT, _end)
    from labkart.cli.main import main as run_verb

    if not is_ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return run_verb()


def _end(*_: object) -> NoReturn:
    os._exit(_EXIT_CODE)  # nothing has been done that could be left half done
