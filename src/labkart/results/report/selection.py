"""The experiments of a report, what is left out of them, and how to leave out more.

Reads records.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from labkart import project
from labkart.language import mistake, translate
from labkart.records import last_used, sweep
from labkart.records.direction import Directions
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Group, Ranking
from labkart.results.report.comparability import latest_runs
from labkart.results.report.config import ReportConfig
from labkart.wording import listed


@dataclass(frozen=True)
class SelectedRuns:
    """The experiments of a report, how they are ranked, and what is left out."""

    records: list[ExperimentRecord]
    ranking: Ranking
    searches: list[str]  # the searches whose trials are left out
    unseeded: set[str]  # the ids of those that were run once, beside others with seeds


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
        raise mistake(
            "{name}: no experiment meets these conditions; labkart runs lists them.",
            name=config.name,
        )
    ranking = ranking_of(config, records[0])
    names_search = any(condition.startswith("search") for condition in config.where)
    if names_search or config.study or config.sweep or config.tag:
        selected = records
    else:
        selected = _outside_searches(records, ranking)
    ids = {record.id for record in selected}
    searches = {record.study for record in records if record.study and record.id not in ids}
    latest = latest_runs([run for run in selected if run.status != "pruned"], ranking)
    unseeded = sweep.unseeded_experiments(id for record in latest for id in record.sweeps)
    return SelectedRuns(latest, ranking, sorted(searches), unseeded)


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


def narrower_selections(config: ReportConfig, groups: Sequence[Group]) -> Iterator[str]:
    """How to leave out runs that are not meant, if they differ in more than the conditions say."""
    named = {condition.name for condition in config.selection.where}
    free = [name for name in groups[0].settings if name not in named]
    records = [record for group in groups for record in group.records]
    if free and not config.sweep:
        texts = {name: dict.fromkeys(group.settings[name] for group in groups) for name in free}
        differences = (
            translate("{name} is {values}", name=name, values=listed(text or "null" for text in it))
            for name, it in texts.items()
        )
        newest = max(records, key=lambda run: (run.status == "finished", last_used.last_used(run)))
        group = next(group for group in groups if group.is_any_of([newest.id]))
        own = [name for name in free if group.settings[name] or "." not in name]
        examples = [f"{name}={group.settings[name] or 'null'}" for name in own]
        yield translate(
            "Perhaps not all are meant: {settings}. Name those that are, such as {example}.",
            settings=listed(differences, "; "),
            example=shlex.quote([f"{free[-1]}=null", *newest.overrides[:1], *examples][-1]),
        )
        if newest.sweeps:
            id = newest.sweeps[-1]
            command = sweep.find_sweep(id).command
            yield translate(
                "Or take only the runs of {command}: --sweep {id}", command=command, id=id[:6]
            )
    if any(record.status != "finished" for record in records) and "status" not in named:
        yield translate("Or take only what finished successfully: status=finished")
