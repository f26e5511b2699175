"""What `runs` and `compare` say of records that somebody edited."""

from collections.abc import Sequence

from labkart import console
from labkart.language import translate
from labkart.records.record import ExperimentRecord

_MOST = 3  # that a person reads


def warn_of_edits(experiments: Sequence[ExperimentRecord]) -> None:
    """Name the experiments whose records are not as Labkart wrote them, and what to do."""
    edited = [experiment for experiment in experiments if experiment.edited]
    for experiment in edited[:_MOST]:
        console.warn(
            translate(
                "  the record of {id} was edited: its values are not those that were "
                "logged. {command} writes it again",
                id=experiment.id[:8],
                command=experiment.command,
            )
        )
    if len(edited) > _MOST:
        more = len(edited) - _MOST
        console.warn(translate("  and {more} more records were edited", more=more))
