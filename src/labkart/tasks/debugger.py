"""The debugger of `labkart run --debug`, and what `breakpoint()` says in another process.

Knows Python's variable PYTHONBREAKPOINT: `ipdb.set_trace` there makes ipdb the debugger.
"""

import multiprocessing
import os
import pdb
import sys
from bdb import BdbQuit
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from labkart import project
from labkart.errors import LabkartError
from labkart.language import translate
from labkart.tasks.context import context
from labkart.wording import describe_error

# These talk with a person on the terminal; others come with an editor, and work anywhere.
_ON_TERMINAL = ("", "pdb", "ipdb", "pudb", "IPython")


@contextmanager
def debugged() -> Iterator[None]:
    """Open the debugger where the block fails, if a person debugs.

    Raises:
        KeyboardInterrupt: the person has left the debugger at a breakpoint.
        LabkartError: a debugger was opened in a process without a keyboard.
    """
    try:
        yield
    except BdbQuit as error:
        if multiprocessing.parent_process():
            raise LabkartError(_refusal()).with_traceback(error.__traceback__) from error
        raise KeyboardInterrupt from error
    except Exception as error:
        if context.is_debugging:
            _post_mortem(error)
        raise


def refuse_breakpoints() -> None:
    """Let `breakpoint()` in this process say what to do instead of waiting for a keyboard."""
    is_on_terminal = _debugger().partition(".")[0] in _ON_TERMINAL
    if is_on_terminal and sys.breakpointhook is sys.__breakpointhook__:
        sys.breakpointhook = _refuse


def _refuse(*_: Any, **__: Any) -> None:
    if _debugger() != "0":
        raise LabkartError(_refusal())


def _debugger() -> str:
    return os.environ.get("PYTHONBREAKPOINT", "")


def _post_mortem(error: Exception) -> None:
    """Look at the error with the debugger that `breakpoint()` would open."""
    if _debugger() == "0":
        return
    print(describe_error(error, project.current().root), file=sys.stderr)
    try:
        module: Any = import_module(_debugger().rpartition(".")[0])
        look = module.post_mortem
    except (AttributeError, ImportError, ValueError):  # none is named, or it has no such function
        look = pdb.post_mortem
    look(error.__traceback__)


def _refusal() -> str:
    return translate(
        "A task runs in another process, which has no keyboard. Run it with: labkart run --debug"
    )
