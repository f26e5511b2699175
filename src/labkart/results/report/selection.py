"""The experiments of a report, and what is left out of them. Reads records."""

from dataclasses import replace
from typing import Any, NamedTuple

from labkart import project
from labkart.errors import LabkartError
from labkart.language import translate
from labkart.records import sweep
from labkart.records.direction import Directions
from labkart.records.record import ExperimentRecord, read_experiments
from labkart.records.seeds import Ranking
from labkart.results.report.comparability import latest_runs
from labkart.results.report.config import ReportConfig


class SelectedRuns(NamedTuple):
    """The experiments of a report, how they are ranked, and what is left out.

    Attributes:
        records: the experiments.
        ranking: how they are ranked.
        searches: the searches whose trials are left out.
        outdated: the number of runs whose command means another configuration by now.
        unseeded: the ids of those that were run once, beside others with seeds.
    """

    records: list[ExperimentRecord]
    ranking: Ranking
    searches: list[str]
    outdated: int
    unseeded: set[str]


def select_runs(config: ReportConfig) -> SelectedRuns:
    """Select the experiments of a report.

    A configuration that only a search tried is left out, unless the report names searches.

    Raises:
        LabkartError: there are none, or a condition is invalid.
    """
    records = config.selection.experiments()
    if not any(condition.startswith("task") for condition in config.where):
        # A run that stopped at an earlier task is not a run of the pipeline.
        records = [record for record in records if not record.config.get("task")]
    if not records:
        if read_experiments(most=1):
            text = translate(
                "{name}: no experiment meets these conditions; labkart runs lists them.",
                name=config.name,
            )
        else:
            text = translate(
                "{name}: no experiment meets these conditions; labkart run makes some.",
                name=config.name,
            )
        raise LabkartError(text)
    ranking = ranking_of(config, records[0])
    selected = records if _names_searches(config) else _outside_searches(records, ranking)
    ids = {record.id for record in selected}
    searches = {record.study for record in records if record.study and record.id not in ids}
    complete = [record for record in selected if record.status != "pruned"]
    latest = latest_runs(complete, ranking)
    kinds = {ranking.config_key(record) for record in latest}
    outdated = sum(ranking.config_key(record) not in kinds for record in complete)
    unseeded = sweep.unseeded_experiments(id for record in latest for id in record.sweeps)
    return SelectedRuns(latest, ranking, sorted(searches), outdated, unseeded)


def _names_searches(config: ReportConfig) -> bool:
    names_one = any(condition.startswith("search") for condition in config.where)
    return bool(config.study or config.sweep or config.tag or names_one)


def _outside_searches(records: list[ExperimentRecord], ranking: Ranking) -> list[ExperimentRecord]:
    """The runs of configurations that also ran outside of searches; if there are none, all."""
    kinds = {ranking.config_key(record) for record in records if record.sweeps or not record.study}
    return [record for record in records if ranking.config_key(record) in kinds] or records


def ranking_of(config: ReportConfig, record: ExperimentRecord) -> Ranking:
    """How these experiments are ranked, by their own settings."""
    settings: dict[str, Any] = record.config.get("labkart") or {}
    metric = config.metrics[0] if config.metrics else None
    ranking = Ranking.of(settings, project.current().folds, metric)
    own = Directions(config.higher_is_better, config.lower_is_better, ranking.directions)
    return replace(ranking, directions=own)
