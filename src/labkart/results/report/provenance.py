"""The file `reports/<name>.provenance.json`: what a table's numbers are, and the runs behind them.

It lies in git beside the table, so `labkart reproduce` and `labkart report --check` need nothing
else, also on a machine that has no records.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from labkart.errors import LabkartError
from labkart.files import encode_json, read_json
from labkart.records import published
from labkart.records.published import PublishedExperiment
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Group
from labkart.results.report import config
from labkart.results.report.config import ReportConfig
from labkart.results.report.selection import ranking_of
from labkart.results.report.table import ReportTable, compare_groups

ENDING = ".provenance.json"
_SCHEMA = 1
_NUMBERS = ("n", "mean", "deviation", "low", "high", "p")


@dataclass(frozen=True)
class Provenance:
    """What a table is made of.

    Attributes:
        config: the report.
        experiments: those of the table, by id.
        groups: the ids of each group, with the settings that tell it from the others.
        unseeded: the ids of the experiments that were run once, beside others with seeds.
        numbers: one dictionary per metric and group.
    """

    config: ReportConfig
    experiments: Mapping[str, PublishedExperiment]
    groups: Sequence[tuple[dict[str, str], list[str]]]
    unseeded: Sequence[str]
    numbers: Sequence[Mapping[str, Any]]

    @property
    def newest(self) -> dict[str, list[str]]:
        """The newest experiment of each group, with its overrides."""
        groups = [[self.experiments[id] for id in ids] for _, ids in self.groups]
        records = [max(group, key=lambda run: run.started or "") for group in groups]
        return {record.id: record.overrides for record in records}

    @property
    def seconds(self) -> float:
        """How long the tasks of its runs took, those of each run added."""
        return sum(task.seconds for run in self.experiments.values() for task in run.tasks)

    def changed_numbers(
        self,
        again: Mapping[str, ExperimentRecord],
        tolerance: float,
        ignored: Collection[str] = (),
    ) -> list[str]:
        """A sentence for each number that differs if these runs take the place of the table's.

        Args:
            again: the new runs, by the ids of those that they repeat.
            tolerance: up to which two numbers are equal, relative to the larger one.
            ignored: patterns of metrics that do not count.
        """
        numbers = [
            line
            for line in self.numbers
            if not any(fnmatchcase(line["metric"], pattern) for pattern in ignored)
        ]
        runs = {id: _repeated(record, again.get(id)) for id, record in self.experiments.items()}
        groups = [Group(dict(settings), [runs[id] for id in ids]) for settings, ids in self.groups]
        try:
            ranking = ranking_of(self.config, groups[0].records[0])
            table = compare_groups(_recomputable(self.config), groups, ranking, self.unseeded)
        except LabkartError as error:
            return [f"the table cannot be made of the new runs: {error}"]
        return list(_differences(numbers, _numbers(table), tolerance))


def content_of(table: ReportTable) -> bytes:
    """The content of a table's file."""
    records = {record.id: record for group in table.groups for record in group.records}
    facts = {
        "schema": _SCHEMA,
        "command": f"labkart report {table.config.name}",
        "report": table.config.name,
        "definition": table.config.digest,
        "settings": yaml.safe_load(table.config.yaml_text()),
        "numbers": _numbers(table),
        "groups": [
            {"settings": group.settings, "experiments": sorted(run.id for run in group.records)}
            for group in table.groups
        ],
        "unseeded": sorted(set(table.unseeded) & records.keys()),
        "experiments": [published.publish(records[id]) for id in sorted(records)],
        "texts": dict(sorted(published.texts_of(list(records.values())).items())),
    }
    return encode_json(facts)


def read(file: Path) -> Provenance:
    """Read such a file.

    Raises:
        LabkartError: it does not exist or is damaged.
    """
    facts = read_json(file)
    remedy = f"Make the report again, or restore it from git: git restore {file.name}"
    if facts is None:
        state = "is damaged" if file.exists() else "does not exist"
        raise LabkartError(f"{file.name} {state}, and it names the runs of the table. {remedy}.")
    try:
        experiments = [published.read(it, facts["texts"]) for it in facts["experiments"]]
        return Provenance(
            config.parse(facts["report"], facts["settings"], file.name),
            {record.id: record for record in experiments},
            [(group["settings"], group["experiments"]) for group in facts["groups"]],
            facts["unseeded"],
            facts["numbers"],
        )
    except (KeyError, TypeError, AttributeError):
        raise LabkartError(f"{file.name} is damaged. {remedy}.") from None


def _repeated(record: ExperimentRecord, again: ExperimentRecord | None) -> ExperimentRecord:
    """The experiment with the results of its repetition."""
    if again is None:
        return replace(record, status="failed")
    return replace(record, metrics=again.metrics, status=again.status)


def _recomputable(report_config: ReportConfig) -> ReportConfig:
    """The report without tests over items, whose tables a repetition does not keep."""
    if not report_config.items:
        return report_config
    return replace(report_config, items=None, test="none")


def _numbers(table: ReportTable) -> list[dict[str, Any]]:
    return [
        {
            "metric": metric,
            "group": line.group.settings,
            "n": len(line.values),
            "mean": line.mean,
            "deviation": line.deviation,
            "low": line.interval.low if line.interval else None,
            "high": line.interval.high if line.interval else None,
            "p": line.p,
        }
        for metric, lines in table.lines.items()
        for line in lines
    ]


def _differences(
    then: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]], tolerance: float
) -> Iterator[str]:
    numbers = {_key(line): line for line in now}
    for line in then:
        metric, settings = line["metric"], line["group"]
        group = " ".join(f"{name}={value}" for name, value in settings.items())
        new = numbers.get(_key(line), {})
        for name in _NUMBERS:
            before, after = line.get(name), new.get(name)
            if name == "p" and after is None:  # a test over items is not made again
                continue
            if not _is_equal(before, after, tolerance):
                of_group = f" of {group}" if group else ""
                yield f"{metric}{of_group}: {name} {_text(before)} -> {_text(after)}"


def _key(line: Mapping[str, Any]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return line["metric"], tuple(sorted(line["group"].items()))


def _is_equal(then: Any, now: Any, tolerance: float) -> bool:
    if then is None or now is None:
        return then is now
    before, after = float(then), float(now)  # JSON has NaN as a text
    both_nan = math.isnan(before) and math.isnan(after)
    return both_nan or math.isclose(before, after, rel_tol=tolerance, abs_tol=tolerance)


def _text(number: Any) -> str:
    return "none" if number is None else f"{float(number):.10g}"
