"""The record of a sweep: its command and its experiments. Does not know how they run."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from labkart import project
from labkart.errors import LabkartError
from labkart.language import join_sentences, translate
from labkart.records.record_file import read_record, write_record
from labkart.wording import listed


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
    ids = sorted(path.name for path in _folder().glob("*"))
    matches = [id for id in ids if id.startswith(prefix)]
    if len(matches) == 1 and prefix:
        sweep = read_record(_folder() / matches[0], SweepRecord)
        if sweep:
            return sweep
    known = listed(id[:6] for id in matches or ids) if ids else translate("none")
    problem = translate('No sweep begins with "{prefix}".', prefix=prefix)
    if len(matches) > 1:
        problem = translate(
            '{count} sweeps begin with "{prefix}".', count=len(matches), prefix=prefix
        )
    raise LabkartError(join_sentences(problem, translate("There are: {ids}.", ids=known)))


def unseeded_experiments(ids: Iterable[str]) -> set[str]:
    """The ids of the experiments of some sweeps that were run once, beside others with seeds."""
    sweeps = (read_record(_folder() / id, SweepRecord) for id in set(ids))
    return {id for sweep in sweeps if sweep for id in sweep.unseeded}


def _folder() -> Path:
    return project.current().outputs / "records" / "sweeps"
