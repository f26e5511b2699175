"""What a sweep left behind: the command, and which experiments it meant. Knows nothing of how they run."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from labkart import project
from labkart.errors import LabkartError
from labkart.files import read_json, write_atomically


@dataclass
class SweepRecord:
    """One command and its experiments.

    Attributes:
        id: of the command: the same words are the same sweep.
        experiments: the ids of the experiments that the words meant the last time.
        status: `running`, `finished`, `failed` or `killed`.
    """

    id: str
    command: str
    experiments: list[str]
    started: str
    status: str = "running"
    ended: str | None = None

    def write(self) -> None:
        write_atomically(
            _folder() / self.id / "record.json", json.dumps(asdict(self), indent=1).encode()
        )


def find_sweep(prefix: str) -> SweepRecord:
    """The sweep whose id begins so. Raises LabkartError where there is none, or more than one."""
    known = sorted(path.name for path in _folder().glob("*") if path.is_dir())
    found = [id for id in known if id.startswith(prefix)]
    if len(found) != 1 or not prefix:
        there = ", ".join(id[:6] for id in found or known) or "none"
        raise LabkartError(f'{len(found) or "No"} sweeps begin with "{prefix}". There are: {there}')
    return SweepRecord(**read_json(_folder() / found[0] / "record.json"))


def _folder() -> Path:
    return project.current().outputs / "records" / "sweeps"
