"""The logs of jobs on other hosts, and which of them is whose: found by the id of an experiment.

The jobs of a command have a folder of their own, with an index of the experiments. `labkart clean`
removes it after a week.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from labkart import project
from labkart.files import encode_json, read_json, write_atomically
from labkart.language import translate

FOLDER = "jobs"
_INDEX = "experiments.json"


def jobs_folder(name: str = "") -> Path:
    """Where the jobs of a command, which have a name, keep their files."""
    return project.current().outputs / FOLDER / name


def index_logs(folder: Path, logs: Mapping[str, Sequence[Path]]) -> None:
    """Keep which logs below the folder of the jobs belong to which experiment."""
    names = {id: [path.name for path in paths] for id, paths in logs.items()}
    write_atomically(folder / _INDEX, encode_json(names))


def describe_failure(failure: str, log: Path) -> str:
    """Why a job failed, and its log if there is one."""
    if not log.exists():
        return failure
    return translate(
        "{failure}. Its log: {log}", failure=failure.rstrip(".。"), log=project.current().short(log)
    )


def find_logs(experiment: str) -> list[Path]:
    """The logs of an experiment's last job that are not empty; none if it was no job."""
    indexes = jobs_folder().glob(f"*/{_INDEX}")
    for index in sorted(indexes, key=lambda path: -path.stat().st_mtime_ns):
        if names := (read_json(index) or {}).get(experiment):
            paths = [index.with_name(name) for name in names]
            return [path for path in paths if path.is_file() and path.stat().st_size]
    return []
