"""Whether a report's files are what its config, the code and the experiments would make today."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from labkart import project
from labkart.errors import LabkartError
from labkart.language import translate
from labkart.records.record import read_experiment
from labkart.records.seeds import Group
from labkart.results.report import numbers, origin, provenance
from labkart.results.report.comparability import Problem, describe_group, how_to_run
from labkart.results.report.config import ReportConfig
from labkart.results.report.provenance import Provenance
from labkart.results.report.selection import select_runs
from labkart.wording import and_more


def stale(config: ReportConfig) -> str:
    """Why a report is not current, in words; empty if it is.

    The files alone are enough for most of it, so that CI can ask. Where the report was
    made, the experiments that meet the conditions today are compared, too.
    """
    return next(filter(None, _reasons(config)), "")


def _reasons(config: ReportConfig) -> Iterator[str]:
    """What is not current, the first reason first; each part needs that those before it are."""
    file = config.file(provenance.ENDING)
    try:
        facts = provenance.read(file)
    except LabkartError as error:
        yield str(error)
        return
    if facts.config != config:
        yield translate(
            "{file} was made before {report}.yaml changed", file=file.name, report=config.name
        )
    section = numbers.read().get(config.name, "")
    origins = {f"{config.name}{it}": origin.read(config.file(it)) for it in origin.ENDINGS}
    for name, stamp in {**origins, numbers.FILE: numbers.read_origin(section)}.items():
        yield _stale_stamp(name, stamp, file)
    for name, digest in facts.figures.items():
        if _digest(file.with_name(name)) != digest:
            yield translate("{file} does not exist, or was changed", file=name)
    runs = [record.overrides for record in facts.experiments.values()]
    for id, overrides in facts.newest.items():
        if changed := _changed(id, overrides):
            yield translate("{problem}. {remedy}", problem=changed, remedy=how_to_run(runs))
    if _made_here(config).exists():
        yield _changed_records(facts)
        yield _other_experiments(config, facts.experiments)


def _stale_stamp(name: str, stamp: Mapping[str, Any] | None, facts: Path) -> str:
    """A sentence if a file was edited, or was not made with this provenance."""
    if stamp is None:
        return translate("{file} does not have the numbers of this report", file=name)
    if stamp["edited"]:
        return translate("{file} was edited by hand", file=name)
    if stamp.get("provenance") == _digest(facts):
        return ""
    return translate(
        "{file} was not made with this {provenance}: make the report again",
        file=name,
        provenance=facts.name,
    )


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
    problems = list[Problem]()
    for settings, ids in facts.groups:
        lost = [id for id in ids if not read_experiment(id)]
        counts = [len(group.records) for group in groups if group.settings == settings]
        if lost and sum(counts) < len(ids):
            text = translate(
                "{group}: the table has {all} runs of it, {lost} of them without a record here",
                group=describe_group(settings),
                all=len(ids),
                lost=len(lost),
            )
            remedy = how_to_run(facts.experiments[id].overrides for id in lost)
            problems.append(Problem("missing", text, remedy))
    return problems


def note_made_here(config: ReportConfig) -> None:
    """Note beside the records that they have the experiments of this report's table.

    On another machine, such as CI's, no experiment of a table is lost: none ever was there.
    """
    mark = _made_here(config)
    with suppress(OSError):  # where nothing can be written, nothing will be missed
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def _made_here(config: ReportConfig) -> Path:
    """The file that tells that a table was made here, by the digest of its provenance."""
    digest = _digest(config.file(provenance.ENDING))
    return project.current().outputs / "records" / "tables" / digest


def unknown_numbers(names: Collection[str]) -> str:
    """A sentence if `numbers.tex` has numbers of reports that have no file any more."""
    unknown = sorted(numbers.read().keys() - set(names))
    if not unknown:
        return ""
    return translate(
        "{file} has numbers of {names}, of no report", file=numbers.FILE, names=", ".join(unknown)
    )


def _digest(file: Path) -> str:
    """The digest of a file, or empty if missing."""
    try:
        return origin.digest(file.read_bytes())
    except OSError:
        return ""


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
    lost = [id for id, record in records.items() if not record]
    if edited:
        problem = translate("the record of {id} was edited", id=edited[0][:8])
    elif lost:
        problem = translate(
            "{lost} of its {all} experiments have no record any more ({ids})",
            lost=len(lost),
            all=len(ids),
            ids=and_more([id[:8] for id in lost[:3]], len(lost) - 3),
        )
    else:
        return ""
    remedy = how_to_run(facts.experiments[id].overrides for id in edited or lost)
    return translate("{problem}. {remedy}", problem=problem, remedy=remedy)


def _other_experiments(config: ReportConfig, ids: Collection[str]) -> str:
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
