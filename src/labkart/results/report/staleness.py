"""Whether a report's files are what its config, the code and the experiments would make today."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from labkart import console
from labkart.errors import LabkartError
from labkart.records.record import read_experiment
from labkart.results.report import numbers, origin, provenance
from labkart.results.report.config import ReportConfig
from labkart.results.report.provenance import Provenance
from labkart.results.report.selection import select_runs


def stale(config: ReportConfig) -> str:
    """Why a report is not current, in words; empty if it is.

    The files alone are enough for most of it, so that CI can ask. If the experiments are on this
    machine, those that meet the conditions today are compared, too.
    """
    return next(_reasons(config), "")


def _reasons(config: ReportConfig) -> Iterator[str]:
    """What is not current, the first reason first; each part needs that those before it are."""
    origins = list[dict[str, Any]]()
    for ending in origin.ENDINGS:
        name = f"{config.name}{ending}"
        facts = origin.read(config.file(ending))
        if facts is None:
            yield f"{name} does not exist, or does not name its origin"
            return
        if facts["edited"]:
            yield f"{name} was edited by hand"
        if facts.get("definition") != config.digest:
            yield f"{name} was made before {config.name}.yaml changed"
        origins.append(facts)
    first = origins[0]
    for name, digest in first.get("figures", {}).items():
        if _file_digest(config.file("").with_name(name)) != digest:
            yield f"{name} does not exist, or was changed"
    file = config.file(provenance.ENDING)
    if _file_digest(file) != first.get("provenance"):
        yield f"{file.name} does not exist, or was changed"
        return
    facts = provenance.read(file)
    ids = sorted(facts.experiments)
    yield from filter(None, [_stale_numbers(config, ids)])
    changes = (_changed(id, overrides) for id, overrides in facts.newest.items())
    yield from filter(None, changes)
    yield from filter(None, [_changed_records(facts)])
    yield from filter(None, [_other_experiments(config, ids)])


def lost_rows(config: ReportConfig) -> list[str]:
    """A sentence for each row of the table in `reports/` whose experiments have no record any more.

    Made again, the table would be without them.
    """
    try:
        facts = provenance.read(config.file(provenance.ENDING))
    except LabkartError:
        return []  # the report is new
    return [
        f"without {' '.join(f'{name}={text}' for name, text in settings.items())}, which the "
        f"table had: its experiments have no record any more "
        f"({console.command('run ' + ' '.join(facts.experiments[ids[-1]].overrides))})"
        for settings, ids in facts.groups
        if not any(map(read_experiment, ids))
    ]


def unknown_numbers(names: Collection[str]) -> str:
    """A sentence if `numbers.tex` has numbers of reports that have no file any more."""
    unknown = sorted(numbers.read().keys() - set(names))
    return f"{numbers.FILE} has numbers of {', '.join(unknown)}, of no report" if unknown else ""


def _stale_numbers(config: ReportConfig, ids: Sequence[str]) -> str:
    section = numbers.read().get(config.name)
    if section is None:
        return f"{numbers.FILE} does not have its numbers"
    if section.is_edited:
        return f"{numbers.FILE} was edited by hand"
    if section.origin.get("definition") != config.digest or section.origin["experiments"] != ids:
        return f"{numbers.FILE} was made before {config.name}.tex"
    return ""


def _file_digest(file: Path) -> str | None:
    """The digest of a file, or None if missing."""
    try:
        return origin.digest(file.read_bytes())
    except OSError:
        return None


def _changed(id: str, overrides: Sequence[str]) -> str:
    """A sentence if the same overrides mean another experiment today."""
    from labkart.experiments import config, plan

    command = " ".join(overrides)
    try:
        planned = plan.plan(config.compose_overrides(*overrides))
    except LabkartError as error:
        return f"{command}: {error}"
    if planned.record.id == id:
        return ""
    return (
        f"{command or 'labkart run'} means another experiment today: code, data or settings changed"
    )


def _changed_records(facts: Provenance) -> str:
    """A sentence if some records behind the table were edited, or do not exist any more."""
    ids = list(facts.experiments)
    records = {id: read_experiment(id) for id in ids}
    edited = [id for id, record in records.items() if record and record.edited]
    if edited:
        return f"the record of {edited[0][:8]} was edited"
    lost = [id for id, record in records.items() if not record]
    if not lost or len(lost) == len(ids):
        return ""  # if none has a record, they are on another machine
    rows = [overrides for id, overrides in facts.newest.items() if id in lost]
    commands = "; ".join(f"labkart run {' '.join(overrides)}".strip() for overrides in rows[:3])
    which = f"; to begin with: {commands}" if rows else ""
    more = ", ..." if len(lost) > 3 else ""
    return (
        f"{len(lost)} of its {len(ids)} experiments have no record any more "
        f"({', '.join(id[:8] for id in lost[:3])}{more}){which}"
    )


def _other_experiments(config: ReportConfig, ids: Sequence[str]) -> str:
    """A sentence if other experiments meet the conditions today than those of the table."""
    if not any(map(read_experiment, ids)):
        return ""  # they are on another machine
    today = {record.id for record in select_runs(config).records}
    new, gone = len(today.difference(ids)), len(set(ids) - today)
    if not new and not gone:
        return ""
    return (
        f"{new} experiments that meet its conditions are not in it, "
        f"and {gone} of those in it do not meet them any more"
    )
