"""Jobs of a cluster: their states in SLURM, and what runs on a node.

Knows SLURM's commands, and what its states and signals mean. Submits nothing.
"""

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from labkart._compat import submitit_signal
from labkart.errors import LabkartError
from labkart.language import translate
from labkart.signals import Stopped
from labkart.wording import describe_error

# Reasons for which a job would wait for ever.
_NEVER_STARTS = (
    "AccountNotAllowed",
    "BadConstraints",
    "InvalidAccount",
    "InvalidQOS",
    "PartitionNodeLimit",
    "PartitionTimeLimit",
    "QOSNotAllowed",
)
# States after which there should be a result, or a process that can no longer make one.
_ENDED = ("", "COMPLETED", "FAILED", "PREEMPTED")


@dataclass(frozen=True)
class JobStatus:
    """The state of a job; all texts are empty if SLURM no longer knows the job."""

    state: str = ""
    reason: str = ""
    node: str = ""

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.state.lower() or "gone", self.node or self.reason)))

    @property
    def has_ended(self) -> bool:
        """Whether nothing runs any more."""
        return self.state in _ENDED or self.state in _losses()

    @property
    def loss(self) -> str | None:
        """Why there will be no result; None if there may be one."""
        if self.state == "PENDING" and self.reason in _NEVER_STARTS:
            return translate("it would never start ({reason})", reason=self.reason)
        return _losses().get(self.state)


def _losses() -> dict[str, str]:
    """States after which there is no result, in words."""
    return {
        "BOOT_FAIL": translate("its node did not start"),
        "CANCELLED": translate("it was cancelled"),
        "DEADLINE": translate("it reached its deadline"),
        "NODE_FAIL": translate("its node died"),
        "OUT_OF_MEMORY": translate("it needed more memory than it may have (mem_gb)"),
        "TIMEOUT": translate("it reached its time limit (timeout_min)"),
    }


def job_statuses(number: str) -> dict[str, JobStatus] | None:
    """The jobs of an array that SLURM still knows, by id; None if it does not answer."""
    options = ("--noheader", "--array", "--states=all", f"--jobs={number}", "--format=%i|%T|%r|%N")
    try:
        command = ["squeue", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode and "Invalid job id" not in done.stderr:
        return None
    statuses: dict[str, JobStatus] = {}
    for line in done.stdout.splitlines():
        job, state, reason, node = line.split("|")
        statuses[job] = JobStatus(state, reason if reason != "None" else "", node)
    return statuses


def cancel(*options: str) -> None:
    """Cancel the jobs that these options of `scancel` name; Ctrl-C does not stop it."""
    command = ["scancel", "--quiet", *options]
    subprocess.run(command, capture_output=True, start_new_session=True, check=False)


def process_count(settings: Mapping[str, Any]) -> int:
    """How many processes a job has, on all its nodes together."""
    values = {key.removeprefix("slurm_"): value for key, value in settings.items()}
    per_node = values.get("tasks_per_node") or values.get("ntasks_per_node") or 1
    try:
        return int(values.get("nodes") or 1) * int(per_node)
    except ValueError:  # submitit says what is wrong
        return 1


def one_line(text: str) -> str:
    """The errors that a command has printed."""
    lines = [re.sub(r"^\w+: (error|fatal): ", "", line.strip()) for line in text.splitlines()]
    return "; ".join(filter(None, lines)).rstrip(".")


def is_follower() -> bool:
    """Whether this is another process of a job than the one that commits."""
    return os.environ.get("SLURM_PROCID", "0") != "0"


class JobFailure(Exception):
    """What a job could not do, in a line."""


@dataclass(frozen=True)
class SlurmJob:
    """A function `module:function`, called with a job's overrides in the project's root.

    A time limit or a preemption puts the job back into the queue, and it begins again: finished
    tasks are cached.
    """

    function: str
    root: Path

    def __call__(self, overrides: list[str]) -> None:
        """Run the job on the node."""
        os.chdir(self.root)
        ending = _Ending()
        try:
            module, _, name = self.function.partition(":")
            getattr(import_module(module), name)(overrides)
        except BaseException as error:
            if not ending.has_begun:
                text = (
                    str(error)
                    if isinstance(error, LabkartError)
                    else describe_error(error, self.root)
                )
                raise JobFailure(text.partition("\n")[0]) from error
        if ending.failure:
            raise JobFailure(ending.failure)
        if ending.has_begun:  # without a result: it is in the queue again, or was cancelled
            raise SystemExit(1)

    def checkpoint(self, overrides: list[str]) -> Any:
        """The same job again; submitit asks for it when it puts a job back into the queue."""
        return import_module("submitit.core.utils").DelayedSubmission(self, overrides)


class _Ending:
    """Lets SLURM's signals end this process as Ctrl-C would, and its workers without a message.

    Attributes:
        has_begun: whether a signal came.
        failure: why the job has failed; empty if SLURM put it back into the queue.
    """

    def __init__(self) -> None:
        self.has_begun = False
        self.failure = ""
        self._process = os.getpid()
        self._warning_signal = submitit_signal()
        self._requeue = signal.getsignal(self._warning_signal)
        for number in (signal.SIGTERM, self._warning_signal):
            signal.signal(number, self._end)

    def _end(self, number: int, frame: FrameType | None) -> None:
        is_warning = number == self._warning_signal
        if os.getpid() != self._process and not is_warning:
            raise Stopped(128 + number)
        # Each process of a job gets the warning, and the main process needs it once.
        if os.getpid() != self._process or self.has_begun:
            return
        if is_warning and is_follower():  # the first one of the job puts it back
            return
        self.has_begun = True
        if is_warning and callable(self._requeue):
            try:
                self._requeue(number, frame)
            except RuntimeError:  # what submitit raises if it does not put a job back
                self.failure = translate(
                    "it reached its time limit too often (timeout_min, max_num_timeout)"
                )
            # It is in the queue again, or SLURM refused.
            except (Exception, SystemExit):
                pass
        raise KeyboardInterrupt
