"""One job on a node of a cluster: what runs there, and what a signal of SLURM means to it."""

import os
import signal
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from labkart.errors import LabkartError, describe


class JobFailure(Exception):
    """What a job could not do, in a line."""


class SlurmJob:
    """A function `module:function`, called with a job's overrides in the project's root.

    A time limit or a preemption puts it back into the queue, and it begins again: finished tasks are cached.
    """

    def __init__(self, function: str, root: Path) -> None:
        self.function, self.root = function, root

    def __call__(self, overrides: list[str]) -> None:
        os.chdir(self.root)
        endings = _obey()
        try:
            module, _, name = self.function.partition(":")
            getattr(import_module(module), name)(overrides)
        except BaseException as error:
            if not endings:
                raise JobFailure(_line(error, self.root)) from error
        if endings and endings[0]:
            raise JobFailure(endings[0])
        if endings:
            raise SystemExit(
                1
            )  # without a result: it is in the queue again, or somebody cancelled it

    def checkpoint(self, overrides: list[str]) -> Any:
        """The same once more; submitit asks for it."""
        return import_module("submitit.core.utils").DelayedSubmission(self, overrides)


def _line(error: BaseException, root: Path) -> str:
    return (
        str(error).partition("\n")[0] if isinstance(error, LabkartError) else describe(error, root)
    )


def _obey() -> list[str]:
    """Let SLURM's signals end this process as Ctrl-C would, and its workers in silence.

    Returns:
        Empty until one came; then why the job has failed, or an empty text if it has not.
    """
    main, endings = os.getpid(), list[str]()
    asked = import_module("submitit.core.job_environment").JobEnvironment._usr_sig()
    put_back = signal.getsignal(asked)

    def end(number: int, frame: FrameType | None) -> None:
        if os.getpid() != main:
            if number == asked:  # each process of a job gets it, and one is enough
                return
            raise SystemExit(128 + number)
        if endings:
            return
        endings.append("")
        try:
            if number == asked and callable(put_back):
                put_back(number, frame)
        except RuntimeError:  # what submitit raises where it does not put a job back
            endings[0] = "it reached its time limit too often (timeout_min, max_num_timeout)"
        except (Exception, SystemExit):  # it is in the queue again, or SLURM has its own opinion
            pass
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, asked):
        signal.signal(number, end)
    return endings
