"""Whether a report's files are what its config, the code and the experiments would make today."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from labkart import console, project
from labkart.errors import LabkartError
from labkart.language import translate
from labkart.records.record import read_experiment
from labkart.records.seeds import Group
from labkart.results.report import numbers, origin, provenance
from labkart.results.report.comparability import Problem
from labkart.results.report.config import ReportConfig
from labkart.results.report.provenance import Provenance
from labkart.results.report.selection import select_runs


def stale(config: ReportConfig) -> str:
    """Why a report is not current, in words; empty if it is.

    The files alone are enough for most of it, so that CI can ask. Where the report was
    made, the experiments that meet the conditions today are compared, too.
    """
    return next(_reasons(config), "")


def _reasons(config: ReportConfig) -> Iterator[str]:
    """What is not current, the first reason first; each part needs that those before it are."""
    origins = list[dict[str, Any]]()
    for ending in origin.ENDINGS:
        name = f"{config.name}{ending}"
        facts = origin.read(config.file(ending))
        if facts is None:
            yield translate("{file} does not exist, or does not name its origin", file=name)
            return
        if facts["edited"]:
            yield translate("{file} was edited by hand", file=name)
        if facts.get("definition") != config.digest:
            yield translate(
                "{file} was made before {report}.yaml changed", file=name, report=config.name
            )
        origins.append(facts)
    first = origins[0]
    for name, digest in first.get("figures", {}).items():
        if _file_digest(config.file("").with_name(name)) != digest:
            yield translate("{file} does not exist, or was changed", file=name)
    file = config.file(provenance.ENDING)
    if _file_digest(file) != first.get("provenance"):
        yield translate("{file} does not exist, or was changed", file=file.name)
        return
    facts = provenance.read(file)
    ids = sorted(facts.experiments)
    yield from filter(None, [_stale_numbers(config, ids)])
    changes = (_changed(id, overrides) for id, overrides in facts.newest.items())
    yield from filter(None, changes)
    if _made_here(first["provenance"]).exists():
        yield from filter(None, [_changed_records(facts)])
        yield from filter(None, [_other_experiments(config, ids)])


def lost_runs(config: ReportConfig, groups: Sequence[Group]) -> list[Problem]:
    """The runs of the table in `reports/` that it would lose if these groups took its place.

    Their records are gone, or on another machine.
    """
    try:
        facts = provenance.read(config.file(provenance.ENDING))
    except LabkartError:
        return []  # the report is new
    if facts.config.selection != config.selection:
        return []
    problems, counts = list[Problem](), {_key(it.settings): len(it.records) for it in groups}
    for settings, ids in facts.groups:
        lost = [id for id in ids if not read_experiment(id)]
        if lost and counts.get(_key(settings), 0) < len(ids):
            row = " ".join(f"{name}={text}" for name, text in settings.items())
            text = translate(
                "{group}: the table has {all} runs of it, {lost} of them without a record here",
                group=row or translate("the only group"),
                all=len(ids),
                lost=len(lost),
            )
            command = " ".join(["run", *facts.experiments[lost[0]].overrides])
            remedy = translate("Run it: {command}", command=console.command(command))
            problems.append(Problem("missing", text, remedy))
    return problems


def _key(settings: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(settings.items()))


def note_made_here(config: ReportConfig) -> None:
    """Note beside the records that they have the experiments of this report's table.

    On another machine, such as CI's, no experiment of a table is lost: none ever was there.
    """
    mark = _made_here(_file_digest(config.file(provenance.ENDING)) or "")
    with suppress(OSError):  # where nothing can be written, nothing will be missed
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def _made_here(digest: str) -> Path:
    """The file that tells that a table was made here, by the digest of its provenance."""
    return project.current().outputs / "records" / "tables" / digest


def unknown_numbers(names: Collection[str]) -> str:
    """A sentence if `numbers.tex` has numbers of reports that have no file any more."""
    unknown = sorted(numbers.read().keys() - set(names))
    if not unknown:
        return ""
    return translate(
        "{file} has numbers of {names}, of no report", file=numbers.FILE, names=", ".join(unknown)
    )


def _stale_numbers(config: ReportConfig, ids: Sequence[str]) -> str:
    section = numbers.read().get(config.name)
    if section is None:
        return translate("{file} does not have its numbers", file=numbers.FILE)
    if section.is_edited:
        return translate("{file} was edited by hand", file=numbers.FILE)
    if section.origin.get("definition") != config.digest or section.origin["experiments"] != ids:
        return translate(
            "{file} was made before {report}.tex", file=numbers.FILE, report=config.name
        )
    return ""


def _file_digest(file: Path) -> str | None:
    """The digest of a file, or None if missing."""
    try:
        return origin.digest(file.read_bytes())
    except OSError:
        return None


def _changed(id: str, overrides: Sequence[str]) -> str:
    """A sentence if the same overrides mean another experiment today."""
    from labkart.experiments import composer, plan

    command = " ".join(overrides)
    try:
        planned = plan.plan(composer.compose_overrides(*overrides))
    except LabkartError as error:
        return f"{command}: {error}"
    if planned.record.id == id:
        return ""
    return translate(
        "{command} means another experiment today: code, data or settings changed",
        command=command or "labkart run",
    )


def _changed_records(facts: Provenance) -> str:
    """A sentence if some records behind the table were edited, or do not exist any more."""
    ids = list(facts.experiments)
    records = {id: read_experiment(id) for id in ids}
    edited = [id for id, record in records.items() if record and record.edited]
    if edited:
        return translate("the record of {id} was edited", id=edited[0][:8])
    lost = [id for id, record in records.items() if not record]
    if not lost:
        return ""
    rows = [overrides for id, overrides in facts.newest.items() if id in lost]
    commands = "; ".join(f"labkart run {' '.join(overrides)}".strip() for overrides in rows[:3])
    more = ", ..." if len(lost) > 3 else ""
    text = translate(
        "{lost} of its {all} experiments have no record any more ({ids})",
        lost=len(lost),
        all=len(ids),
        ids=", ".join(id[:8] for id in lost[:3]) + more,
    )
    return f"{text}; {translate('to begin with: {commands}', commands=commands)}" if rows else text


def _other_experiments(config: ReportConfig, ids: Sequence[str]) -> str:
    """A sentence if other experiments meet the conditions today than those of the table."""
    records = select_runs(config).records
    # What failed is in no table, unless it was allowed there.
    today = {it.id for it in records if it.status == "finished" or it.id in ids}
    new, gone = len(today.difference(ids)), len(set(ids) - today)
    if not new and not gone:
        return ""
    return translate(
        "{new} experiments that meet its conditions are not in it, and {gone} of "
        "those in it do not meet them any more",
        new=new,
        gone=gone,
    )
