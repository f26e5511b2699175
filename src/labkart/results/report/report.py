"""`labkart report`: tables and figures of experiments, made again by one command, refused where the runs do not fit."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

from labkart import console, project
from labkart.errors import LabkartError
from labkart.files import write_atomically
from labkart.records import last_used, sweep
from labkart.records.query import value
from labkart.records.record import ExperimentRecord, read_experiment
from labkart.records.seeds import Group
from labkart.results.report import comparability, config, formats, origin, staleness, table
from labkart.results.report.comparability import Problem
from labkart.results.report.config import ALLOWED, FIGURES, ReportConfig
from labkart.results.report.table import ReportTable, SelectedRuns

_PRINTED = {".tex": formats.latex, ".md": formats.markdown, ".csv": formats.values}


def report(words: Sequence[str]) -> None:
    """Make what the words of a command ask for.

    Raises:
        LabkartError: with all that forbids a table and what to do about it; then no file has changed.
    """
    options = vars(_parser().parse_args(words))
    every, check, name, where = (options.pop(each) for each in ("all", "check", "name", "where"))
    said = {key: value for key, value in {**options, "where": where}.items() if value}
    if every or check:
        if name or said:
            raise LabkartError(
                "--all and --check take no name and no other words: reports/*.yaml say what to make."
            )
        names = config.every()
        if not names:
            console.say(
                "  There is no reports/*.yaml yet; labkart report <name> <conditions> makes one."
            )
            return
        _check(names) if check else _all(names)
        return
    if not name:
        raise LabkartError(
            "Which report? labkart report <name>, or --all. labkart report --help explains it."
        )
    _make(_defined(name, said))


def _written(file: Path, content: bytes) -> None:
    try:
        write_atomically(file, content)
    except OSError as error:
        place = project.current().short(file)
        raise LabkartError(
            f"{place}: {error.strerror or error}. Mend that and make the report again."
        ) from None


def _all(names: Sequence[str]) -> None:
    """Make all; one that is refused keeps the others from nothing."""
    failures = list[str]()
    for name in names:
        try:
            console.say(f"{name}", style="bold")
            _make(config.read(name))
        except LabkartError as error:
            failures.append(f"{name}: {error}")
    if failures:
        raise LabkartError(
            "\n".join([*failures, f"{len(failures)} of {len(names)} reports were not made."])
        )


def _make(found: ReportConfig) -> None:
    shown, chosen = _compared(found)
    source = origin.origin(shown)
    files = _figures(shown, source) if "none" not in found.figures else {}
    source["figures"] = {file.name: origin.digest(content) for file, content in files.items()}
    files |= {
        found.file(end): origin.with_origin(_PRINTED[end](shown), end, source)
        for end in origin.ENDINGS
    }
    if not found.file(".yaml").exists():
        files[found.file(".yaml")] = found.text().encode()
    for file, content in files.items():
        _written(file, content)
    for figure in (
        path for end in (".png", ".pdf") for path in config.folder().glob(f"{found.name}-*{end}")
    ):
        if figure not in files and figure.stem.removeprefix(f"{found.name}-") in FIGURES:
            figure.unlink()  # of an earlier definition
    for metric, columns in formats.columns(shown):
        if metric:
            console.say(f"  {metric}", style="bold")
        console.show_table(columns)
    if chosen.earlier:
        console.say(
            f"  without {chosen.earlier} runs from before conf/ was edited; later ones have the same words"
        )
    if chosen.without:
        console.say(
            f"  without what only {', '.join(chosen.without)} tried; --study takes all of a search"
        )
    console.say(
        f"  {project.current().short(config.folder())}/: {', '.join(sorted(file.name for file in files))}"
    )
    if why := staleness.stale(found):
        console.warn(
            f"  made of what ran before: {why.rstrip('.')}. Run that, and make the report again"
        )


def _compared(found: ReportConfig) -> tuple[ReportTable, SelectedRuns]:
    """The comparison that a definition asks for. Raises LabkartError with all that forbids it."""
    chosen = table.select_runs(found)
    groups = chosen.ranking.group(chosen.records)
    against = [*_lost(found), *comparability.problems(groups, chosen.ranking)]
    refused = [each for each in against if each.kind not in found.allow]
    if refused:
        raise LabkartError(_told(found, refused, list(_narrower(found, groups))))
    return table.compare_groups(found, groups, chosen.ranking), chosen


def _lost(found: ReportConfig) -> list[Problem]:
    """The experiments of a sweep that never began."""
    if not found.sweep:
        return []
    swept = sweep.find_sweep(found.sweep)
    lost = [id for id in swept.experiments if not read_experiment(id)]
    said = f"{len(lost)} of {len(swept.experiments)} experiments of the sweep never began"
    return [Problem("missing", said, f"Make them: {swept.command}")] if lost else []


def _narrower(found: ReportConfig, groups: Sequence[Group]) -> Iterator[str]:
    """How a person leaves out what they do not mean, where the runs differ in more than the words say."""
    named = {condition.name for condition in found.selection.where}
    free = [name for name in groups[0].settings if name not in named]
    records = [each for group in groups for each in group.records]
    records.sort(
        key=lambda each: (each.status == "finished", last_used.last_used(each)), reverse=True
    )
    latest = next((id for each in records for id in reversed(each.sweeps)), None)
    together = [each for each in records if latest in each.sweeps] or records[:1]
    told = [
        name for name in free if len({_word(name, each) for each in together}) == 1
    ]  # they were meant to vary
    if told and not found.sweep:
        every = "; ".join(f"{name} is {_values(name, groups)}" for name in told)
        yield f"Some of them may not be meant: {every}. Name what is, as {_word(told[0], records[0])}."
        if latest:
            yield f"Or take only what {sweep.find_sweep(latest).command} made: --sweep {latest[:6]}"
    if any(each.status != "finished" for each in records) and "status" not in named:
        yield "Or take only what ended well: status=finished"


def _values(name: str, groups: Sequence[Group]) -> str:
    """The values that tell groups apart, three at most."""
    every = list(dict.fromkeys(group.settings[name] or "not set" for group in groups))
    return ", ".join(every[:3]) + (f" and {len(every) - 3} more" if len(every) > 3 else "")


def _word(name: str, record: ExperimentRecord) -> str:
    found = value(record, name)
    return f"{name}={'null' if found is None else str(found).lower() if isinstance(found, bool) else found}"


def _told(found: ReportConfig, refused: Sequence[Problem], narrower: Sequence[str]) -> str:
    """All that forbids a table, ten of a kind at most, with what to do."""
    lines = [f"{found.name}: these runs do not belong into one table."]
    for kind in dict.fromkeys(each.kind for each in refused):
        same = [each for each in refused if each.kind == kind]
        lines += [f"  {kind}: {each.said}. {each.remedy}." for each in same[:10]]
        lines += [f"  {kind}: and {len(same) - 10} more"] if len(same) > 10 else []
    kinds = " ".join(dict.fromkeys(each.kind for each in refused))
    lines = [line.replace(": labkart run", f": {console.command('run')}") for line in lines]
    return "\n".join(
        [*lines, *narrower, f"Or add --allow {kinds} to the command, and the caption will say so."]
    )


def _figures(shown: ReportTable, source: dict[str, Any]) -> dict[Path, bytes]:
    from labkart.results.report import plots

    found = dict[Path, bytes]()
    told = origin.with_origin("", ".csv", source).decode()
    for name, figure in plots.draw(shown).items():
        for end, metadata in (
            (".pdf", {"Subject": told, "CreationDate": None}),
            (".png", {"Comment": told}),
        ):
            figure.savefig(drawn := BytesIO(), format=end[1:], dpi=200, metadata=metadata)
            found[shown.definition.file(f"-{name}{end}")] = drawn.getvalue()
    return found


def _defined(name: str, said: dict[str, Any]) -> ReportConfig:
    """The report of that name, with what the words add to it."""
    file = config.folder() / f"{name}.yaml"
    if not file.exists():
        if not said:
            return config.read(name)  # which says that there is none
        return config.made(name, said, "labkart report")
    before = config.read(name)
    if not said:
        return before
    found = config.made(name, {**_said(before), **said}, "labkart report")
    if found != before:
        if "#" in file.read_text(encoding="utf-8"):
            raise LabkartError(
                f"reports/{name}.yaml has comments, which would be lost. Change it there, and leave the words out."
            )
        found = config.made(name, _said(found), "labkart report")
        _compared(found)  # before the file changes
        _written(file, found.text().encode())
    return found


def _said(found: ReportConfig) -> dict[str, Any]:
    return {name: value for name, value in asdict(found).items() if name != "name"}


def _check(names: Sequence[str]) -> None:
    """Say which files are not what their definition and the code of today would make. Needs no outputs here."""
    stale = [f"{name}: {why}" for name in names if (why := staleness.stale(config.read(name)))]
    if stale:
        raise LabkartError(
            "\n".join([*stale, "Run what is missing, and then: labkart report --all"])
        )
    console.say(
        f"  {len(names)} reports as they should be"
        if len(names) > 1
        else "  1 report as it should be"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "labkart report", description="Tables and figures for the thesis, in reports/."
    )
    add = parser.add_argument
    add("name", nargs="?", help="of the report; reports/<name>.yaml keeps what is said here")
    add(
        "where",
        nargs="*",
        metavar="name=value",
        help="which experiments, for example model=logistic,forest",
    )
    for name in ("sweep", "study", "tag", "commit"):
        add(f"--{name}", help=f"only the experiments of this {name}")
    add("--since", metavar="DAY", help="only those that began then or later, as 2026-11-25")
    add("--until", metavar="DAY", help="only those that began then or earlier")
    add("--metrics", nargs="+", metavar="METRIC", help="what to compare; without it, all metrics")
    add(
        "--baseline",
        metavar="name=value",
        help="test the others against the one group that meets this",
    )
    add("--interval", choices=("t", "bootstrap"), help="how confidence intervals are made (t)")
    add(
        "--test", choices=("t", "wilcoxon", "none"), help="the paired test against the baseline (t)"
    )
    add(
        "--items",
        metavar="TABLE:ITEM:VALUE",
        help="pair the items of a logged table and not the seeds",
    )
    add(
        "--figures",
        nargs="+",
        choices=(*FIGURES, "none"),
        help="without it, each that has something to show",
    )
    add("--title", help="the caption")
    add("--allow", nargs="+", choices=ALLOWED, help="what the runs need not have in common")
    add("--all", action="store_true", help="make all of reports/*.yaml again")
    add("--check", action="store_true", help="say which files are not current, and exit with 1")
    return parser
