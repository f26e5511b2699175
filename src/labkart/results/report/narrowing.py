"""How to leave out of a report the runs that are not meant. Reads records."""

import shlex
from collections.abc import Iterator, Sequence

from labkart.experiments.override_syntax import write_value
from labkart.language import translate
from labkart.records import last_used, sweep
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Group
from labkart.records.values import value
from labkart.results.report.config import ReportConfig
from labkart.results.report.labels import listed


def narrower_selections(config: ReportConfig, groups: Sequence[Group]) -> Iterator[str]:
    """How to leave out runs that are not meant, if they differ in more than the conditions say."""
    named = {condition.name for condition in config.selection.where}
    free = [name for name in groups[0].settings if name not in named]
    records = [record for group in groups for record in group.records]
    records.sort(key=lambda run: (run.status == "finished", last_used.last_used(run)), reverse=True)
    latest = next((id for record in records for id in reversed(record.sweeps)), None)
    same_sweep = [record for record in records if latest in record.sweeps] or records[:1]
    # A setting that varies within the latest sweep is meant to vary.
    suspects = [
        name for name in free if len({_condition(name, record) for record in same_sweep}) == 1
    ]
    if suspects and not config.sweep:
        settings = "; ".join(
            translate("{name} is {values}", name=name, values=_group_values(name, groups))
            for name in suspects
        )
        example = _condition(suspects[0], records[0])
        yield translate(
            "Perhaps not all are meant: {settings}. Name those that are, such as {example}.",
            settings=settings,
            example=example,
        )
        if latest:
            command = sweep.find_sweep(latest).command
            yield translate(
                "Or take only the runs of {command}: --sweep {id}", command=command, id=latest[:6]
            )
    if any(record.status != "finished" for record in records) and "status" not in named:
        yield translate("Or take only what finished successfully: status=finished")


def _group_values(setting: str, groups: Sequence[Group]) -> str:
    values = (group.settings[setting] or translate("not set") for group in groups)
    return listed(dict.fromkeys(values))


def _condition(name: str, record: ExperimentRecord) -> str:
    """The condition that an experiment's setting meets."""
    return shlex.quote(f"{name}={write_value(value(record, name))}")
