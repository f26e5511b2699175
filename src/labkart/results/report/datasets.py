"""The data sets of a report: which setting names them, their groups, and the baseline of each.

Numbers of different data sets are not compared with each other: see `ranks` for what they say
together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from labkart.errors import LabkartError
from labkart.language import mistake, translate
from labkart.records.condition import Condition
from labkart.records.seeds import Group, Settings
from labkart.results.report.config import ReportConfig
from labkart.wording import did_you_mean

_USUAL = "data"  # the group of conf/ that chooses the data


@dataclass(frozen=True)
class DataSets:
    """The groups of a table by data set."""

    setting: str  # names the data sets; empty if all groups have the same data
    # The groups of each data set; all of them under an empty name if there is no setting.
    parts: dict[str, list[Group]]

    @property
    def names(self) -> list[str]:
        """The data sets; empty if all groups have the same data."""
        return list(self.parts) if self.setting else []

    def system(self, group: Group) -> Settings:
        """What a group is called on each data set."""
        return {name: text for name, text in group.settings.items() if name != self.setting}

    @classmethod
    def of(cls, config: ReportConfig, groups: Sequence[Group]) -> "DataSets":
        """The data sets that a report names, or those of the setting `data`.

        Raises:
            LabkartError: the groups do not differ in what the report names.
        """
        setting = _setting(config, groups[0].settings)
        if not setting:
            return cls("", {"": list(groups)})
        names = sorted({group.settings[setting] for group in groups})
        return cls(
            setting,
            {name: [one for one in groups if one.settings[setting] == name] for name in names},
        )


def _setting(config: ReportConfig, settings: Settings) -> str:
    if config.datasets == "none":
        return ""
    if config.datasets:
        if config.datasets not in settings:
            raise mistake(
                "datasets: the runs do not differ in {datasets}. {hint}",
                datasets=config.datasets,
                hint=did_you_mean(config.datasets, settings),
            )
        return config.datasets
    is_compared = any(Condition.of(text).name == _USUAL for text in config.baseline)
    is_only = list(settings) == [_USUAL]
    return _USUAL if _USUAL in settings and not is_compared and not is_only else ""


def baselines(config: ReportConfig, datasets: DataSets) -> list[Group]:
    """The baseline of each data set; empty if the report has none.

    Raises:
        LabkartError: not exactly one group of a data set is the baseline.
    """
    conditions = [Condition.of(text) for text in config.baseline]
    if not conditions:
        return []
    found = list[Group]()
    for name, groups in datasets.parts.items():
        matches = [
            group
            for group in groups
            if all(condition.holds(run) for condition in conditions for run in group.records)
        ]
        if len(matches) != 1:
            raise LabkartError(_refusal(config, groups, name, len(matches)))
        found += matches
    return found


def _refusal(config: ReportConfig, groups: Sequence[Group], dataset: str, count: int) -> str:
    names = ", ".join(
        " ".join(f"{name}={value}" for name, value in group.settings.items()) for group in groups
    )
    return translate(
        "baseline: {baseline} must hold for one of the groups{part}, but holds for {count}. They"
        " are: {names}",
        baseline=translate(" and ").join(config.baseline),
        part=translate(" of {dataset}", dataset=dataset) if dataset else "",
        count=count or translate("none"),
        names=names,
    )
