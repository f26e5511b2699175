"""The file `reports/<name>.provenance.json`: what a table's numbers are, and the runs behind them.

It lies in git beside the table, so `labkart reproduce` and `labkart report --check` need nothing
else, also on a machine that has no records.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from labkart import project
from labkart.errors import LabkartError
from labkart.files import encode_json, read_json
from labkart.language import mistake, translate
from labkart.records import portable_record
from labkart.records.portable_record import PortableRecord
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Group
from labkart.results.report import config, origin
from labkart.results.report.config import ReportConfig
from labkart.results.report.selection import ranking_of
from labkart.results.report.table import ReportTable, compare_groups
from labkart.results.report.table_numbers import differences, numbers_of

ENDING = ".provenance.json"
_SCHEMA = 1


@dataclass(frozen=True)
class Provenance:
    """What a table is made of."""

    config: ReportConfig
    experiments: Mapping[str, PortableRecord]  # those of the table, by id
    # The ids of each group, with the settings that tell it from the others.
    groups: Sequence[tuple[dict[str, str], list[str]]]
    # The ids of the experiments that were run once, beside others with seeds.
    unseeded: Sequence[str]
    numbers: Sequence[Mapping[str, Any]]  # those of the table, as `table_numbers` has them
    figures: Mapping[str, str]  # the digests of the figures, by their files' names

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
        files: Path,
        tolerance: float,
        ignored: Collection[str] = (),
    ) -> list[str]:
        """A sentence for each number that differs if these runs take the place of the table's.

        Args:
            again: the new runs, by the ids of those that they repeat.
            files: the folder with their logged tables, below the same ids.
            tolerance: up to which two numbers are equal, relative to the larger one.
            ignored: patterns of metrics that do not count.
        """
        numbers = [
            entry
            for entry in self.numbers
            if not any(fnmatchcase(entry["metric"], pattern) for pattern in ignored)
        ]
        runs = {
            id: _repeated(record, again.get(id), files / id)
            for id, record in self.experiments.items()
        }
        groups = [Group(dict(settings), [runs[id] for id in ids]) for settings, ids in self.groups]
        try:
            ranking = ranking_of(self.config, groups[0].records[0])
            table = compare_groups(self.config, groups, ranking, self.unseeded)
        except LabkartError as error:
            return [translate("the table cannot be made of the new runs: {error}", error=error)]
        return list(differences(numbers, numbers_of(table), tolerance))


def content_of(table: ReportTable, figures: Mapping[Path, bytes]) -> bytes:
    """The content of a table's file, with the digests of its figures."""
    records = {record.id: record for group in table.groups for record in group.records}
    facts = {
        "schema": _SCHEMA,
        "command": f"labkart report {table.config.name}",
        "report": table.config.name,
        "figures": {file.name: origin.digest(content) for file, content in figures.items()},
        "settings": yaml.safe_load(table.config.yaml_text()),
        "numbers": numbers_of(table),
        "groups": [
            {"settings": group.settings, "experiments": sorted(run.id for run in group.records)}
            for group in table.groups
        ],
        "unseeded": sorted(set(table.unseeded) & records.keys()),
        "experiments": [portable_record.describe(records[id]) for id in sorted(records)],
        "texts": dict(sorted(portable_record.texts_of(list(records.values())).items())),
    }
    return encode_json(facts)


def read(file: Path) -> Provenance:
    """Read such a file.

    Raises:
        LabkartError: it does not exist or is damaged.
    """
    facts: Any = read_json(file)
    try:
        records = [portable_record.read(it, facts["texts"]) for it in facts["experiments"]]
        experiments = {record.id: record for record in records}
        groups = [(group["settings"], group["experiments"]) for group in facts["groups"]]
        if not records or {id for _, ids in groups for id in ids} != experiments.keys():
            raise KeyError("experiments")
        return Provenance(
            config.parse(facts["report"], facts["settings"], file.name),
            experiments,
            groups,
            facts["unseeded"],
            facts["numbers"],
            facts["figures"],
        )
    except (AttributeError, LookupError, TypeError, ValueError):
        raise mistake(
            "{file} does not exist or is damaged, and it names the runs of the table. Make the"
            " report again, or restore it from git: git restore {file}.",
            file=project.current().short(file),
        ) from None


def _repeated(
    record: PortableRecord, again: ExperimentRecord | None, files: Path
) -> ExperimentRecord:
    """The experiment with the results of its repetition."""
    if again is None:
        return replace(record, status="failed")
    results = {"metrics": again.metrics, "status": again.status, "tasks": again.tasks}
    return replace(record, **results, files=files)
