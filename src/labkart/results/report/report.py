"""The verb `report`: make the tables and figures of experiments, or refuse runs that do not fit."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from labkart import console, project
from labkart.errors import LabkartError
from labkart.files import write_atomically
from labkart.results.report import (
    comparability,
    config,
    figure_files,
    formats,
    latex,
    numbers,
    origin,
    provenance,
    staleness,
    width,
)
from labkart.results.report.cautions import cautions
from labkart.results.report.comparability import Problem
from labkart.results.report.config import ALLOWED, FIGURES, LAYOUTS, PAIRS, TESTS, ReportConfig
from labkart.results.report.method import over_datasets
from labkart.results.report.selection import SelectedRuns, select_runs
from labkart.results.report.table import ReportTable, compare_groups

_FORMATS = {".tex": latex.latex, ".md": formats.markdown, ".csv": formats.csv_text}
# The options that take several words.
_SEVERAL = ("metrics", "higher_is_better", "lower_is_better", "primary", "figures", "allow")
_MOST_PROBLEMS = 10  # of a kind, that a person reads


@dataclass(frozen=True)
class ReportOptions:
    """What to make.

    Attributes:
        name: of the report.
        settings: those of the command, to add to `reports/<name>.yaml`.
        all: make all reports again.
        check: only say which reports are not current.
    """

    name: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    all: bool = False
    check: bool = False

    @classmethod
    def of(cls, args: argparse.Namespace) -> "ReportOptions":
        """The options that `parser` read. Conditions may also stand behind an option's values."""
        values = dict(vars(args))
        words, every, check = values.pop("words"), values.pop("all"), values.pop("check")
        for key in _SEVERAL:
            words += [word for word in values[key] or () if _is_condition(word)]
            values[key] = [word for word in values[key] or () if not _is_condition(word)]
        name = next((word for word in words if not _is_condition(word)), None)
        values["where"] = [word for word in words if word != name]
        return cls(name, {key: value for key, value in values.items() if value}, every, check)


def _is_condition(word: str) -> bool:
    return any(sign in word for sign in "=<>")


def report(options: ReportOptions) -> None:
    """Make a report, make all, or check all.

    Raises:
        LabkartError: with all problems that forbid a table and their remedies; no file has changed.
    """
    if options.all or options.check:
        if options.name or options.settings:
            raise LabkartError(
                "--all and --check take no name and no settings: reports/*.yaml say what to make."
            )
        _all_or_check(options)
    elif options.name:
        _make(_updated_config(options.name, options.settings))
    else:
        raise LabkartError(
            "Which report? labkart report <name>, or --all. labkart report --help explains it."
        )


def _all_or_check(options: ReportOptions) -> None:
    names = config.names()
    if not names:
        console.say(
            "  There is no reports/*.yaml yet; labkart report <name> <conditions> makes one."
        )
    elif options.check:
        _check(names)
    else:
        _make_all(names)


def _make_all(names: Sequence[str]) -> None:
    """Make all reports; one that is refused does not stop the others."""
    failures = list[str]()
    for name in names:
        console.say(name, style="bold")
        try:
            _make(config.read(name))
        except LabkartError as error:
            failures.append(f"{name}: {error}")
    _forget_numbers_but(names)
    if failures:
        count = f"{len(failures)} of {len(names)} reports were not made."
        raise LabkartError("\n".join([*failures, count]))


def _forget_numbers_but(names: Sequence[str]) -> None:
    """Leave the numbers of reports that have no file any more out of `numbers.tex`."""
    with numbers.lock():
        if staleness.unknown_numbers(names):
            kept = {name: part for name, part in numbers.read().items() if name in names}
            _write(config.folder() / numbers.FILE, numbers.content(kept))


def _check(names: Sequence[str]) -> None:
    """Fail if a file is not what its config and today's code would make. Needs no outputs."""
    reasons = {name: staleness.stale(config.read(name)) for name in names}
    stale = [f"{name}: {reason}" for name, reason in reasons.items() if reason]
    stale += filter(None, [staleness.unknown_numbers(names)])
    if stale:
        raise LabkartError(
            "\n".join([*stale, "Run what is missing, and then: labkart report --all"])
        )
    count = f"{len(names)} reports are" if len(names) > 1 else "1 report is"
    console.say(f"  {count} current")


def _make(report_config: ReportConfig) -> None:
    table, runs = _compare(report_config)
    files = _files(table)
    section, lost_rows = numbers.section_of(table), staleness.lost_rows(report_config)
    with numbers.lock():
        files[config.folder() / numbers.FILE] = numbers.with_section(section)
        for file, content in files.items():
            _write(file, content)
    figure_files.remove_others(report_config, files)
    _show(table, runs)
    for sentence in lost_rows:
        console.warn(f"  {sentence}")
    folder = project.current().short(config.folder())
    console.say(f"  {folder}/: {', '.join(sorted(file.name for file in files))}")
    reason = staleness.stale(report_config)
    if reason:
        console.warn(
            f"  made of earlier runs: {reason.rstrip('.')}. Run that, and make the report again"
        )


def _compare(report_config: ReportConfig) -> tuple[ReportTable, SelectedRuns]:
    """The table of a report.

    Raises:
        LabkartError: with all problems that forbid it.
    """
    runs = select_runs(report_config)
    groups = runs.ranking.group(runs.records)
    problems = comparability.lost_experiments(report_config)
    problems += comparability.problems(groups, runs.ranking, runs.unseeded)
    refused = [problem for problem in problems if problem.kind not in report_config.allow]
    if refused:
        hints = list(comparability.narrower_selections(report_config, groups))
        raise LabkartError(_refusal(report_config, refused, hints))
    return compare_groups(report_config, groups, runs.ranking, runs.unseeded), runs


def _refusal(report_config: ReportConfig, problems: Sequence[Problem], hints: Sequence[str]) -> str:
    """All problems that forbid a table, with their remedies."""
    lines = [f"{report_config.name}: these runs do not belong in one table."]
    kinds = list(dict.fromkeys(problem.kind for problem in problems))
    for kind in kinds:
        same = [problem for problem in problems if problem.kind == kind]
        for problem in same[:_MOST_PROBLEMS]:
            remedy = problem.remedy.replace(": labkart run", f": {console.command('run')}")
            lines.append(f"  {kind}: {problem.text}. {remedy}.")
        if len(same) > _MOST_PROBLEMS:
            lines.append(f"  {kind}: and {len(same) - _MOST_PROBLEMS} more")
    lines += hints
    if set(kinds) <= set(ALLOWED):
        lines.append(f"Or add --allow {' '.join(kinds)} to the command; the caption will say so.")
    return "\n".join(lines)


def _files(table: ReportTable) -> dict[Path, bytes]:
    """The contents of a report's files."""
    report_config, facts = table.config, provenance.content_of(table)
    source = origin.origin_of(table, facts)
    files = {} if "none" in report_config.figures else figure_files.figure_files(table, source)
    source["figures"] = {file.name: origin.digest(content) for file, content in files.items()}
    for ending, text in _FORMATS.items():
        content = origin.with_origin(text(table), ending, source)
        files[report_config.file(ending)] = content
    files[report_config.file(provenance.ENDING)] = facts
    if not report_config.file(".yaml").exists():
        files[report_config.file(".yaml")] = report_config.yaml_text().encode()
    return files


def _write(file: Path, content: bytes) -> None:
    try:
        write_atomically(file, content)
    except OSError as error:
        path = project.current().short(file)
        raise LabkartError(
            f"{path}: {error.strerror or error}. Fix that and make the report again."
        ) from None


def _show(table: ReportTable, runs: SelectedRuns) -> None:
    for metric, columns in formats.columns(table):
        if metric:
            console.say(f"  {metric}", style="bold")
        console.show_table(columns)
    for sentence in (*over_datasets(table), *cautions(table)):
        console.say(f"  {sentence}")
    if advice := width.advice(table):
        console.say(f"  {table.config.name}.tex: {advice}")
    if runs.outdated:
        console.say(
            f"  without {runs.outdated} runs from before conf/ was edited; "
            "later ones have the same overrides"
        )
    if runs.searches:
        console.say(
            f"  without what only {', '.join(runs.searches)} tried; --study takes all of a search"
        )


def _updated_config(name: str, settings: Mapping[str, Any]) -> ReportConfig:
    """The config of a report, with the settings of the command added to its file."""
    file = config.folder() / f"{name}.yaml"
    if not settings:
        return config.read(name)
    if not file.exists():
        return config.parse(name, settings, "labkart report")
    previous = config.read(name)
    values = {key: value for key, value in asdict(previous).items() if key != "name"}
    updated = config.parse(name, {**values, **settings}, "labkart report")
    if updated != previous:
        if "#" in file.read_text(encoding="utf-8"):
            raise LabkartError(
                f"reports/{name}.yaml has comments, which would be lost. "
                "Change it there, and leave the settings out."
            )
        _compare(updated)  # raises before the file changes
        _write(file, updated.yaml_text().encode())
    return updated


def parser() -> argparse.ArgumentParser:
    """The command line of `labkart report`; `ReportOptions.of` takes what it reads."""
    parser = argparse.ArgumentParser(
        "labkart report", description="Tables and figures for the thesis, in reports/."
    )
    add = parser.add_argument
    words = "the report, whose settings reports/<name>.yaml keeps; then which experiments, for "
    add("words", nargs="*", metavar="name", help=f"{words}example model=logistic,forest")
    for name in ("sweep", "study", "tag", "commit"):
        add(f"--{name}", help=f"only the experiments of this {name}")
    add("--since", metavar="DAY", help="only those that began then or later, as 2026-11-25")
    add("--until", metavar="DAY", help="only those that began then or earlier")
    add("--metrics", nargs="+", metavar="METRIC", help="what to compare (default: all metrics)")
    for side in ("higher", "lower"):
        better = f"of which {side} is better, where names do not tell"
        add(f"--{side}-is-better", nargs="+", metavar="METRIC", help=better)
    baseline = "test the others against the one group that meets this (name=value,name=value)"
    add("--baseline", action="append", metavar="name=value", help=baseline)
    pairs = "test each group against the baseline, or all pairs of groups (baseline)"
    add("--pairs", choices=PAIRS, help=pairs)
    datasets = "the setting that names the data set (data), or none"
    add("--datasets", metavar="NAME", help=datasets)
    add("--interval", choices=("t", "bootstrap"), help="method of confidence intervals (t)")
    add("--test", choices=(*TESTS, "none"), help="the paired test against the baseline (t)")
    items = "test over the items of a logged table, such as per_query, not over runs"
    add("--items", metavar="TABLE[:ITEM[:VALUE]]", help=items)
    repeat = "what the runs of a group are: seeds, or folds of a cross-validation (seed)"
    add("--repeat", choices=("seed", "fold"), help=repeat)
    primary = "the metrics whose tests are corrected together (default: all)"
    add("--primary", nargs="+", metavar="METRIC", help=primary)
    layout = "a row per metric and group (details), or a column per metric or per system"
    add("--layout", choices=LAYOUTS, help=layout)
    figures = "which to draw (default: each that has something to show)"
    add("--figures", nargs="+", metavar=f"{{{','.join((*FIGURES, 'none'))}}}", help=figures)
    add("--title", help="the caption")
    allow = "what the runs need not have in common"
    add("--allow", nargs="+", metavar=f"{{{','.join(ALLOWED)}}}", help=allow)
    add("--all", action="store_true", help="make all of reports/*.yaml again")
    add("--check", action="store_true", help="say which files are not current, and exit with 1")
    return parser
