"""What `runs` and `compare` say of records that somebody edited."""

from collections.abc import Sequence

from labkart import console
from labkart.records.record import ExperimentRecord

_MOST = 3  # that a person reads


def warn_of_edits(experiments: Sequence[ExperimentRecord]) -> None:
    """Name the experiments whose records are not as Labkart wrote them, and what to do."""
    edited = [experiment for experiment in experiments if experiment.edited]
    for experiment in edited[:_MOST]:
        console.warn(
            f"  the record of {experiment.id[:8]} was edited: its values are not those that were"
            f" logged. {experiment.command} writes it again"
        )
    if len(edited) > _MOST:
        console.warn(f"  and {len(edited) - _MOST} more records were edited")
