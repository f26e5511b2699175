"""`labkart run`: one experiment, or many with `-m`. Hydra parses; how it looks is here."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence

from labkart import console, project
from labkart.experiments.run import run
from labkart.experiments.run_output import RunOutput
from labkart.language import mistake, translate
from labkart.records.direction import Directions
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Group, Ranking
from labkart.table import Column

_DEBUG, _FAIL_FAST = "--debug", "--fail-fast"
_HELP = {"-h", "--help"}
_MULTIRUN = {"-m", "--multirun"}
_LAUNCHER = ("hydra/launcher=", "hydra.launcher.")
# What a person reads.
_MOST_METRICS = 8
_MOST_ROWS = 20


def main(argv: list[str]) -> int:
    """Run an experiment or a sweep.

    Raises:
        LabkartError: an experiment failed, or cannot be planned.
    """
    if not _HELP.isdisjoint(argv):  # that of Hydra does not have our options
        _parser().print_help()
        return 0
    arguments = [argument for argument in argv if argument not in (_DEBUG, _FAIL_FAST)]
    is_debugging, fail_fast = _DEBUG in argv, _FAIL_FAST in argv
    is_multirun = not _MULTIRUN.isdisjoint(arguments)
    launchers = [argument for argument in arguments if argument.startswith(_LAUNCHER)]
    if is_debugging and (is_multirun or launchers):
        option = "-m" if is_multirun else launchers[0]
        raise mistake(
            "{debug} is for one experiment. Leave out {option}.", debug=_DEBUG, option=option
        )
    if launchers and not is_multirun:  # Hydra would use no launcher, and say nothing
        arguments = ["-m", *arguments]
    return run(arguments, TerminalOutput(), is_debugging=is_debugging, fail_fast=fail_fast)


def _parser() -> ArgumentParser:
    """What `--help` prints; Hydra parses."""
    parser = ArgumentParser(
        "labkart run",
        description=translate("Run the pipeline; finished tasks are not computed again."),
        epilog=_choices(),
        formatter_class=RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    settings = translate("settings of conf/ for this run; --cfg job prints all of them")
    add("settings", nargs="*", metavar="name=value", help=settings)
    every = translate("run every combination of values, such as seed=0,1,2, or of conf/sweep/")
    add("-m", "--multirun", action="store_true", help=every)
    add(_FAIL_FAST, action="store_true", help=translate("end at the first failure"))
    debug = translate("one task after another, where breakpoint() works")
    add(_DEBUG, action="store_true", help=debug)
    add("--cfg", choices=("job",), help=translate("print the composed configuration instead"))
    add("--hydra-help", action="store_true", help=translate("list Hydra's own options"))
    return parser


def _choices() -> str:
    """The files of conf/ that overrides choose."""
    conf = project.current().root / "conf"
    groups = {folder.name: sorted(folder.glob("*.yaml")) for folder in sorted(conf.glob("*"))}
    lines = [
        f"  {group}={','.join(file.stem for file in files)}"
        for group, files in groups.items()
        if files and group != "local"
    ]
    return "\n".join([translate("files of conf/ to choose from:"), *lines]) if lines else ""


class TerminalOutput(RunOutput):
    """How a run shows a person its results on a terminal."""

    def show_result(self, metrics: Mapping[str, float], experiment_id: str) -> None:
        """Print the closing lines of an experiment: metrics, id, and where to look further."""
        super().show_result(metrics, experiment_id)
        experiment = translate("experiment {id}", id=experiment_id[:6])
        console.say(f"  {experiment}  ·  {console.command('ui')}")

    def show_groups(self, records: Sequence[ExperimentRecord], ranking: Ranking) -> None:
        """Print a row per configuration, best first: means and deviations over the seeds."""
        groups = ranking.group([record for record in records if record.ended])
        if not groups:
            return
        metrics = ranking.metrics(groups)
        columns = _columns(groups[:_MOST_ROWS], metrics, ranking.directions)
        omitted_metrics = metrics[min(len(metrics), _MOST_METRICS) - console.show_table(columns) :]
        if len(groups) > _MOST_ROWS:
            console.say(translate("  ... and {more} more", more=len(groups) - _MOST_ROWS))
        if metrics and len(groups) > 1 and not ranking.directions.of(metrics[0]):
            console.say(f"  {_ask_for_direction(metrics[0])}", "dim")
        if omitted_metrics:
            console.say(f"  {_describe_omitted(omitted_metrics)}", "dim")


def _ask_for_direction(metric: str) -> str:
    return translate(
        "not ranked: is {metric} better if it is higher, or lower? Such as {setting}, in conf/",
        metric=metric,
        setting=f"labkart.higher_is_better=[{metric}]",
    )


def _columns(
    groups: Sequence[Group], metrics: Sequence[str], directions: Directions
) -> list[Column]:
    columns = [
        Column(name, [group.settings[name] for group in groups]) for name in groups[0].settings
    ]
    for rank, name in enumerate(metrics[:_MOST_METRICS]):
        title = f"{name} {directions.of(name).arrow}".rstrip()
        columns.append(Column(title, [_format_spread(group, name) for group in groups], rank))
    if metrics and any(len(group.records) > 1 for group in groups):
        columns.append(Column("n", [str(len(group.values(metrics[0]))) for group in groups]))
    return columns


def _describe_omitted(metrics: Sequence[str]) -> str:
    first, *others = metrics
    if not others:
        return translate(
            "{metric} is not shown; labkart.rank_by={metric} shows it first", metric=first
        )
    return translate(
        "{metric} and {more} more are not shown; labkart.rank_by={metric} shows it first",
        metric=first,
        more=len(others),
    )


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
