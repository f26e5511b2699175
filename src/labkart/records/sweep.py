"""The record of a sweep: its command and its experiments. Does not know how they run."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from labkart import project
from labkart.errors import LabkartError
from labkart.language import translate
from labkart.records.record_file import read_record, write_record


@dataclass
class SweepRecord:
    """One command and its experiments."""

    id: str  # a digest of the command: the same arguments are the same sweep
    command: str
    experiments: list[str]  # the ids of the experiments of the command, when it ran last
    started: str
    # Those whose grid names no seed, beside others with seeds: one run each is enough.
    unseeded: list[str] = field(default_factory=list)
    status: str = "running"  # or `finished`, `failed`, `stopped`
    ended: str | None = None

    def write(self) -> None:
        """Write the record in place of an earlier one of the same command."""
        write_record(_folder() / self.id, self)


def find_sweep(prefix: str) -> SweepRecord:
    """The sweep whose id begins with `prefix`.

    Raises:
        LabkartError: there is none, or more than one.
    """
    folders = sorted(_folder().glob("*"))
    sweeps = [sweep for folder in folders if (sweep := read_record(folder, SweepRecord))]
    matches = [sweep for sweep in sweeps if sweep.id.startswith(prefix)]
    if len(matches) == 1 and prefix:
        return matches[0]
    known = ", ".join(sweep.id[:6] for sweep in matches or sweeps) or translate("none")
    if len(matches) > 1:
        raise LabkartError(
            translate(
                '{count} sweeps begin with "{prefix}". There are: {ids}',
                count=len(matches),
                prefix=prefix,
                ids=known,
            )
        )
    raise LabkartError(
        translate('No sweep begins with "{prefix}". There are: {ids}', prefix=prefix, ids=known)
    )


def unseeded_experiments(ids: Iterable[str]) -> set[str]:
    """The ids of the experiments of some sweeps that were run once, beside others with seeds."""
    sweeps = (read_record(_folder() / id, SweepRecord) for id in set(ids))
    return {id for sweep in sweeps if sweep for id in sweep.unseeded}


def _folder() -> Path:
    return project.current().outputs / "records" / "sweeps"
