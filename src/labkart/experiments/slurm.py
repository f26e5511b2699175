"""SLURM's own commands: what they say, in words that a person or a program can use."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from labkart.errors import LabkartError

# Waiting for one of these is waiting for ever.
_NEVER = ("AccountNotAllowed", "BadConstraints", "InvalidAccount", "InvalidQOS")
_NEVER += ("PartitionNodeLimit", "PartitionTimeLimit", "QOSNotAllowed")
# Ends after which there is no result, and what a person can do about them.
_ENDS = {
    "BOOT_FAIL": "its node did not start",
    "CANCELLED": "it was cancelled",
    "DEADLINE": "it reached its deadline",
    "NODE_FAIL": "its node died",
    "OUT_OF_MEMORY": "it needed more memory than it may have (mem_gb)",
    "TIMEOUT": "it reached its time limit (timeout_min)",
}
# Ends after which there should be a result, or a process that can no longer make one.
_OTHER_ENDS = ("", "COMPLETED", "FAILED", "PREEMPTED")


@dataclass(frozen=True)
class JobStatus:
    """How SLURM says that a job stands; all texts are empty where it is no longer known."""

    state: str = ""
    reason: str = ""
    node: str = ""

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.state.lower() or "gone", self.node or self.reason)))

    @property
    def has_ended(self) -> bool:
        return self.state in _OTHER_ENDS or self.state in _ENDS

    @property
    def why(self) -> str | None:
        """Why there will be no result, where that is certain."""
        if self.state == "PENDING" and self.reason in _NEVER:
            return f"it would never start ({self.reason})"
        return _ENDS.get(self.state)


def check(partitions: str) -> None:
    """Look whether jobs can be submitted here, to these partitions.

    Raises:
        LabkartError: no SLURM on this host, none that answers, or no such partition in it.
    """
    if not (shutil.which("sbatch") and shutil.which("srun")):
        remedy = "Log in to the cluster and run it there, or leave out hydra/launcher=slurm."
        raise LabkartError(f"There is no SLURM on this host (no sbatch). {remedy}")
    done = _ask("sinfo", "--noheader", "--all", "--format=%R")
    if done.returncode:
        raise LabkartError(
            f"SLURM does not answer: {one_line(done.stderr)}. Nothing was submitted."
        )
    there = sorted(set(done.stdout.split()))
    for name in filter(None, partitions.split(",")):
        if name not in there:
            raise LabkartError(
                f'No partition "{name}" in this cluster. Choose one of {", ".join(there)}.'
            )


def job_statuses(number: str) -> dict[str, JobStatus] | None:
    """The jobs of an array that SLURM still knows; nothing if it does not answer."""
    try:
        done = _ask(
            "squeue",
            "--noheader",
            "--array",
            "--states=all",
            f"--jobs={number}",
            "--format=%i|%T|%r|%N",
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode and "Invalid job id" not in done.stderr:
        return None
    rows = [line.split("|") for line in done.stdout.splitlines()]
    return {
        job: JobStatus(state, reason if reason != "None" else "", node)
        for job, state, reason, node in rows
    }


def cancel(*words: str) -> None:
    """Cancel the jobs that these words name to `scancel`; Ctrl-C does not stop it."""
    subprocess.run(
        ["scancel", "--quiet", *words], capture_output=True, start_new_session=True, check=False
    )


@contextmanager
def without_job_variables() -> Iterator[None]:
    """Forget what SLURM told this process, where it is a job itself: new jobs would take it for their own."""
    begins = ("SLURM_", "SLURMD_", "SUBMITIT_") if "SLURM_JOB_ID" in os.environ else ()
    told = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(begins) and name != "SLURM_CONF"
    }
    for name in told:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(told)


def one_line(said: str) -> str:
    """What a command complained of."""
    lines = [re.sub(r"^\w+: (error|fatal): ", "", line.strip()) for line in said.splitlines()]
    return "; ".join(filter(None, lines)).rstrip(".")


def _ask(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
