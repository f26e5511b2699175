"""`labkart run`: one experiment, or many with `-m`. Hydra parses; how it looks is here."""

from collections.abc import Mapping, Sequence

from labkart import console
from labkart.experiments.output import LineOutput
from labkart.experiments.run import run
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Group, Ranking
from labkart.table import Column

# What a person reads.
_MOST_METRICS = 8
_MOST_ROWS = 20


def main(argv: list[str]) -> int:
    """Run an experiment or a sweep."""
    return run(argv, TerminalOutput())


class TerminalOutput(LineOutput):
    """How a run tells a person on a terminal what happens: a `RunOutput`."""

    def show_result(self, metrics: Mapping[str, float], experiment_id: str) -> None:
        """Print the closing lines of an experiment: metrics, id, and where to look further."""
        super().show_result(metrics, experiment_id)
        console.say(f"  experiment {experiment_id[:6]}  ·  {console.command('ui')}")

    def show_groups(self, records: Sequence[ExperimentRecord], ranking: Ranking) -> None:
        """Print a row per configuration, best first: means and deviations over the seeds."""
        groups = ranking.group([record for record in records if record.ended])
        if not groups:
            return
        metrics = ranking.metrics(groups)
        columns = _columns(groups[:_MOST_ROWS], metrics)
        omitted_metrics = metrics[min(len(metrics), _MOST_METRICS) - console.show_table(columns) :]
        if len(groups) > _MOST_ROWS:
            console.say(f"  ... and {len(groups) - _MOST_ROWS} more")
        if omitted_metrics:
            console.say(f"  {_describe_omitted(omitted_metrics)}", "dim")


def _columns(groups: Sequence[Group], metrics: Sequence[str]) -> list[Column]:
    columns = [
        Column(name, [group.settings[name] for group in groups]) for name in groups[0].settings
    ]
    for rank, name in enumerate(metrics[:_MOST_METRICS]):
        columns.append(Column(name, [_format_spread(group, name) for group in groups], rank))
    if metrics and any(len(group.records) > 1 for group in groups):
        columns.append(Column("n", [str(len(group.values(metrics[0]))) for group in groups]))
    return columns


def _describe_omitted(metrics: Sequence[str]) -> str:
    first, *others = metrics
    names = f"{first} and {len(others)} more are" if others else f"{first} is"
    return f"{names} not shown; labkart.rank_by={first} shows it first"


def _format_spread(group: Group, metric: str) -> str:
    """A mean and its deviation, both with the decimals of the mean."""
    text = console.format_number(group.mean(metric))
    deviation = group.deviation(metric)
    if deviation is None:
        return text
    if "e" in text:
        return f"{text} ± {console.format_number(deviation)}"
    decimals = len(text.partition(".")[2])
    return f"{text} ± {deviation:.{decimals}f}"
