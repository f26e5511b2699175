"""Whether the files of a report are what its definition, the code and the experiments of today would make."""

from collections.abc import Sequence
from typing import Any

from labkart.errors import LabkartError
from labkart.records.record import read_experiment
from labkart.results.report import origin
from labkart.results.report.config import ReportConfig
from labkart.results.report.table import select_runs


def stale(found: ReportConfig) -> str:
    """Why a report is not current, in words; empty where it is.

    The files alone tell most of it, so that CI can ask. Where experiments are here, those that meet the conditions are
    compared, too.
    """
    every = list[dict[str, Any]]()
    for ending in origin.ENDINGS:
        told = origin.read(found.file(ending))
        if told is None:
            return f"{found.name}{ending} is not there, or does not say where it comes from"
        if told["edited"]:
            return f"{found.name}{ending} was edited by hand"
        if told.get("definition") != found.digest:
            return f"{found.name}{ending} was made before {found.name}.yaml changed"
        every.append(told)
    told = every[0]
    for name, digest in told.get("figures", {}).items():
        if _digest_of(found, name) != digest:
            return f"{name} is not there, or is another one now"
    changed = (_changed(id, words) for id, words in told["groups"].items())
    return next(filter(None, changed), "") or _others(found, told["experiments"])


def _digest_of(found: ReportConfig, name: str) -> str:
    """Of a figure's file; empty where there is none."""
    try:
        return origin.digest(found.file("").with_name(name).read_bytes())
    except OSError:
        return ""


def _changed(id: str, words: Sequence[str]) -> str:
    """What the same words mean today, where that is another experiment."""
    from labkart.experiments import config, plan

    try:
        planned = plan.plan(config.compose_overrides(*words))
    except LabkartError as error:
        return f"{' '.join(words)}: {error}"
    if planned.record.id == id:
        return ""
    return f"{' '.join(words) or 'labkart run'} means another experiment today: code, data or settings changed"


def _others(found: ReportConfig, made_of: Sequence[str]) -> str:
    """Which experiments meet the conditions today, where they are not those of the table."""
    if not any(map(read_experiment, made_of)):
        return ""  # they are on another machine
    today = {each.id for each in select_runs(found).records}
    new, gone = len(today.difference(made_of)), len(set(made_of) - today)
    return (
        f"{new} experiments that meet its conditions are not in it, and {gone} do not any more"
        if new or gone
        else ""
    )
