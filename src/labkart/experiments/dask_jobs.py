"""Many jobs on machines that share a disk and have no SLURM: Dask's scheduler hands them out.

A job is a process of its own beside a worker of Dask, so it begins with today's code and can be
ended. Knows nothing of what a job computes: results come by the shared disk.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from labkart import console, project, signals, threads
from labkart.errors import LabkartError
from labkart.language import join_sentences, mistake, translate
from labkart.records import job_log
from labkart.records.job_log import jobs_folder
from labkart.wording import describe_error, did_you_mean

_PAUSE = 0.3  # seconds between two looks at a job's process
_PATIENCE = 10  # seconds for the scheduler to answer, and for a job to stop
_STOP = "stop"  # a file in the folder of the jobs: when it is there, they end


@dataclass
class DaskJobs:
    """Jobs that Dask's scheduler has, with the folder of their logs; `states` are by index."""

    folder: Path
    states: dict[int, str]
    _futures: dict[Any, int]

    def logs(self) -> dict[int, list[Path]]:
        """By index, the file into which each job that has not ended will print."""
        return {index: [_log(self.folder, index)] for index in self.states}

    def ended(self) -> Iterator[tuple[int, str | None]]:
        """Each job as it ends: its index, and a sentence if it failed."""
        for future in import_module("distributed").as_completed(list(self._futures)):
            index = self._futures[future]
            del self.states[index]
            log = _log(self.folder, index)
            failure = _failure(future)
            yield index, job_log.describe_failure(failure, log) if failure else None


@contextmanager
def submit(
    function: str, jobs: Sequence[Sequence[str]], settings: Mapping[str, Any]
) -> Iterator[DaskJobs]:
    """Run a function on Dask's workers once for each job.

    Jobs that have not ended when the block is left are ended.

    Args:
        function: `module:function`; it gets a job's overrides.
        jobs: the overrides of each job.
        settings: `scheduler_file`, or `address`.

    Raises:
        LabkartError: there is no scheduler, or it has no workers.
    """
    root = project.current().root
    name = f"dask-{time.strftime('%Y%m%d-%H%M%S')}-{socket.gethostname()}-{os.getpid()}"
    folder = jobs_folder(name)
    with _client(settings) as client:
        folder.mkdir(parents=True)
        futures = dict[Any, int]()
        for index, overrides in enumerate(jobs):
            arguments = (function, str(root), str(_log(folder, index)), list(overrides))
            futures[client.submit(run_job, *arguments)] = index
        try:
            yield DaskJobs(folder, dict.fromkeys(range(len(jobs)), "submitted"), futures)
        finally:
            (folder / _STOP).touch()


def run_job(function: str, root: str, log: str, overrides: list[str]) -> str:
    """Run a job beside this worker of Dask; why it failed, or an empty text."""
    if not Path(log).parent.is_dir():
        host = socket.gethostname()
        return translate(
            "{host} has no {folder}: all machines need the project at one path",
            host=host,
            folder=Path(log).parent,
        )
    share = threads.cores() // import_module("distributed").get_worker().state.nthreads
    variables = threads.variables(max(1, share)) | os.environ
    command = [sys.executable, "-m", __name__, str(os.getpid()), function, *overrides]
    with Path(log).open("a") as file:
        files = {"stdin": subprocess.DEVNULL, "stdout": file, "stderr": file}
        process = subprocess.Popen(command, cwd=root, env=variables, **files)
        while process.poll() is None:
            if Path(log).with_name(_STOP).exists():
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_PATIENCE)
                process.kill()
            time.sleep(_PAUSE)
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        return translate("it was killed by {signal}", signal=name)
    lines = Path(log).read_text(errors="replace").strip().splitlines()
    if not process.returncode:
        return ""
    return lines[-1] if lines else translate("it ended without a word")


def main(argv: Sequence[str]) -> int | str:
    """Run a job in this process; the exit code, or a line for the end of its log."""
    leader, function, *overrides = argv
    signals.follow_leader(int(leader))  # which may have died while Python started
    signals.install_handlers()
    module, _, name = function.partition(":")
    try:
        getattr(import_module(module), name)(overrides)
    except KeyboardInterrupt:
        return translate("it was stopped")
    except LabkartError as error:
        return str(error).partition("\n")[0]
    except Exception as error:
        return describe_error(error, project.current().root)
    return 0


@contextmanager
def _client(settings: Mapping[str, Any]) -> Iterator[Any]:
    """A client of the scheduler that the settings name."""
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise mistake("hydra/launcher=dask needs Dask. Run: uv sync --extra dask") from None
    known = ("address", "scheduler_file")
    for name in settings:
        if name not in known:
            problem = translate('hydra.launcher: no setting "{name}".', name=name)
            raise LabkartError(join_sentences(problem, did_you_mean(name, known)))
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    place = settings.get("address") or settings.get("scheduler_file") or "outputs/dask.json"
    key = "address" if settings.get("address") else "scheduler_file"
    if key == "scheduler_file" and not Path(place).exists():
        problem = translate("There is no Dask scheduler: {file} does not exist.", file=place)
        raise LabkartError(join_sentences(problem, _how_to_start()))
    try:
        client = distributed.Client(**{key: place}, timeout=_PATIENCE)
    except (OSError, TypeError, ValueError) as error:  # a TypeError if it needs a certificate
        reason = str(error).strip().partition("\n")[0]
        problem = translate("Dask's scheduler ({place}): {reason}.", place=place, reason=reason)
        raise LabkartError(join_sentences(problem, _how_to_start())) from None
    with client:
        if not client.nthreads():
            problem = translate("Dask's scheduler ({place}) has no workers.", place=place)
            raise LabkartError(join_sentences(problem, _how_to_start()))
        address = client.scheduler.address
        if address.startswith("tcp:") and "//127.0.0.1:" not in address:
            console.warn(
                translate(
                    "  Without a password, whoever reaches Dask's scheduler ({address})"
                    " can run programs as you. See: labkart docs clusters",
                    address=address,
                )
            )
        yield client


def _failure(future: Any) -> str:
    """Why a job failed; empty if it succeeded."""
    if future.status == "finished":
        return future.result()
    if future.status == "error":  # Dask hands a job to several workers before it gives up
        name = type(future.exception()).__name__
        return translate("the workers that had it died ({error})", error=name)
    return translate("Dask's scheduler has ended")


def place() -> str:
    """Where the jobs run, as the end of a sentence."""
    return translate("by Dask")


def _how_to_start() -> str:
    return translate(
        "Start it with: uv run dask scheduler --scheduler-file outputs/dask.json,"
        " and on each machine: uv run dask worker --scheduler-file outputs/dask.json"
        " (labkart docs clusters)."
    )


def _log(folder: Path, index: int) -> Path:
    return folder / f"{index}.log"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
