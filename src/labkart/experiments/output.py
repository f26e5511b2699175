"""Where a run says what happens: what the command line implements, with plain lines as default."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from labkart import console
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Ranking


class RunOutput(Protocol):
    """Where a run says what happens. It is pickled for launchers that start processes."""

    def say(self, text: str) -> None:
        """Print a sentence."""
        console.say(text)

    def warn(self, text: str) -> None:
        """Print a warning."""
        console.warn(text)

    def show_result(
        self,
        metrics: Mapping[str, float],
        experiment_id: str,  # noqa: ARG002 (the command line shows it)
    ) -> None:
        """Show the result of an experiment."""
        if metrics:
            numbers = (f"{name} {console.format_number(value)}" for name, value in metrics.items())
            console.say(f"  {'   '.join(numbers)}")

    def show_groups(self, records: Sequence[ExperimentRecord], ranking: Ranking) -> None:
        """Show the results of a sweep beside each other."""


class LineOutput(RunOutput):
    """The output of one experiment in another process, whose lines the leading one may show."""
