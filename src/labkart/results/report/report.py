"""The verb `report`: make the tables and figures of experiments, or refuse runs that do not fit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

from labkart import console, project
from labkart.errors import LabkartError
from labkart.files import write_atomically
from labkart.language import english, mistake, speaking, translate, translate_count
from labkart.results.report import (
    comparability,
    config,
    formats,
    latex,
    numbers,
    origin,
    provenance,
    staleness,
    table_numbers,
)
from labkart.results.report.arguments import ReportOptions
from labkart.results.report.cautions import cautions
from labkart.results.report.comparability import Problem
from labkart.results.report.config import ReportConfig
from labkart.results.report.method import over_datasets
from labkart.results.report.selection import SelectedRuns, narrower_selections, select_runs
from labkart.results.report.settings import ALLOWED, FIGURE_ENDINGS, FIGURES
from labkart.results.report.table import ReportTable, compare_groups

_FORMATS = {".tex": latex.latex, ".md": formats.markdown, ".csv": table_numbers.csv_text}
_MOST_PROBLEMS = 5  # that a person reads


def report(options: ReportOptions) -> None:
    """Make a report, make all, or check all.

    Raises:
        LabkartError: with all problems that forbid a table and their remedies; no file has changed.
    """
    if options.all or options.check:
        if options.name or options.settings:
            raise mistake(
                "--all and --check take no name and no settings: reports/*.yaml say what to make."
            )
        names = config.names()
        if not names:
            console.say(
                translate(
                    "  There is no reports/*.yaml yet; labkart report <name> <conditions> makes"
                    " one."
                )
            )
        elif options.check:
            _check(names)
        else:
            _make_all(names)
    elif options.name:
        _make(_updated_config(options.name, options.settings))
    else:
        raise mistake(
            "Which report? labkart report <name>, or --all. labkart report --help explains it."
        )


def _make_all(names: Sequence[str]) -> None:
    """Make all reports; one that is refused does not stop the others."""
    failures = list[str]()
    for name in names:
        console.say(name, style="bold")
        try:
            _make(config.read(name))
        except LabkartError as error:
            text = str(error)
            failures.append(text if text.startswith(f"{name}:") else f"{name}: {text}")
    if failures:
        count = translate(
            "{failed} of {all} reports were not made.", failed=len(failures), all=len(names)
        )
        raise LabkartError("\n".join([*failures, count]))


def _check(names: Sequence[str]) -> None:
    """Fail if a file is not what its config and today's code would make. Needs no outputs."""
    reasons = {name: staleness.stale(config.read(name)) for name in names}
    stale = {name: reason for name, reason in reasons.items() if reason}
    if unknown := staleness.unknown_numbers(names):
        stale["--all"] = unknown
    if stale:
        command = console.command(f"report {next(iter(stale)) if len(stale) == 1 else '--all'}")
        lines = [f"{name}: {reason}" for name, reason in stale.items()]
        remedy = translate("Then make them again: {command}", command=command)
        raise LabkartError("\n".join([*lines, remedy]))
    console.say(
        translate_count("  {count} report is current", "  {count} reports are current", len(names))
    )


def _make(report_config: ReportConfig) -> None:
    table, runs = _compare(report_config)
    files = _files(table)
    digest = origin.digest(files[report_config.file(provenance.ENDING)])
    with english():
        section = numbers.section_of(table, digest)
    with numbers.lock():
        files[config.folder() / numbers.FILE] = numbers.with_section(report_config.name, section)
        for file, content in files.items():
            _write(file, content)
    for name, ending in product(FIGURES, FIGURE_ENDINGS):
        figure = report_config.file(f"-{name}{ending}")
        if figure not in files:  # an earlier config had it
            figure.unlink(missing_ok=True)
    staleness.note_made_here(report_config)
    _show(table, runs)
    folder = project.current().short(config.folder())
    console.say(f"  {folder}/: {', '.join(sorted(file.name for file in files))}")
    if reason := staleness.stale(report_config):
        console.warn(
            translate(
                "  made of earlier runs: {reason}. Then make the report again",
                reason=reason.rstrip(".。"),
            )
        )


def _compare(report_config: ReportConfig) -> tuple[ReportTable, SelectedRuns]:
    """The table of a report.

    Raises:
        LabkartError: with all problems that forbid it.
    """
    runs = select_runs(report_config)
    groups = runs.ranking.group(runs.records)
    problems = comparability.lost_experiments(report_config)
    problems += staleness.lost_runs(report_config, groups)
    problems += comparability.problems(groups, runs.ranking, runs.unseeded)
    refused = [problem for problem in problems if problem.kind not in report_config.allow]
    if refused:
        hints = list(narrower_selections(report_config, groups))
        raise LabkartError(_refusal(report_config, refused, hints))
    return compare_groups(report_config, groups, runs.ranking, runs.unseeded), runs


def _refusal(report_config: ReportConfig, problems: Sequence[Problem], hints: Sequence[str]) -> str:
    """All problems that forbid a table, with their remedies."""
    lines = [translate("{name}: these runs do not belong in one table.", name=report_config.name)]
    for problem in problems[:_MOST_PROBLEMS]:
        kind, text, remedy = problem
        line = translate("{kind}: {text}. {remedy}", kind=kind, text=text, remedy=remedy)
        lines.append(f"  {line}")
    if len(problems) > _MOST_PROBLEMS:
        lines.append(translate("  ... and {more} more", more=len(problems) - _MOST_PROBLEMS))
    lines += hints
    kinds = list(dict.fromkeys(problem.kind for problem in problems))
    if set(kinds) <= set(ALLOWED):
        lines.append(
            translate(
                "Or add --allow {kinds} to the command; the caption will say so.",
                kinds=" ".join(kinds),
            )
        )
    return "\n".join(lines)


def _files(table: ReportTable) -> dict[Path, bytes]:
    """The contents of a report's files."""
    report_config, source = table.config, origin.origin_of(table)
    files = dict[Path, bytes]()
    if "none" not in report_config.figures:
        # Matplotlib takes half a second to import.
        from labkart.results.report.figures.figures import figure_files

        files = figure_files(table)
    facts = provenance.content_of(table, files)
    files[report_config.file(provenance.ENDING)] = facts
    source["provenance"] = origin.digest(facts)
    for ending, text in _FORMATS.items():
        with english() if ending == ".csv" else speaking(report_config.language):
            content = origin.with_origin(text(table), ending, source)
            files[report_config.file(ending)] = content
    if not report_config.file(".yaml").exists():
        files[report_config.file(".yaml")] = report_config.yaml_text().encode()
    return files


def _write(file: Path, content: bytes) -> None:
    try:
        write_atomically(file, content)
    except OSError as error:
        raise mistake(
            "{path}: {reason}. Fix that and make the report again.",
            path=project.current().short(file),
            reason=error.strerror or error,
        ) from None


def _show(table: ReportTable, runs: SelectedRuns) -> None:
    for metric, columns in formats.columns(table):
        if metric:
            console.say(f"  {metric}", style="bold")
        console.show_table(columns)
    for sentence in (*over_datasets(table), *cautions(table)):
        console.say(f"  {sentence}")
    if advice := latex.width_advice(table):
        console.say(f"  {table.config.name}.tex: {advice}")
    if runs.searches:
        console.say(
            translate(
                "  without what only {searches} tried; --study takes all of a search",
                searches=", ".join(runs.searches),
            )
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
            raise mistake(
                "reports/{name}.yaml has comments, which would be lost. Change it there, "
                "and leave the settings out.",
                name=name,
            )
        _compare(updated)  # raises before the file changes
        _write(file, updated.yaml_text().encode())
    return updated
