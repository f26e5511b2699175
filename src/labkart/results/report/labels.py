"""What groups, systems and lists are called in print."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from labkart.language import translate
from labkart.records.seeds import Group, Settings
from labkart.results.report.table import ReportTable


def listed(texts: Iterable[str], between: str = ", ") -> str:
    """At most four, and how many more."""
    names = list(texts)
    text = between.join(names[:4])
    if len(names) <= 4:
        return text
    return translate("{names} and {count} more", names=text, count=len(names) - 4)


def percentage(share: float) -> str:
    """A confidence level in print."""
    return f"{100 * share:g}%"


def group_label(
    table: ReportTable, group: Group, short: Mapping[str, str] = MappingProxyType({})
) -> str:
    """A group's settings in print, without those that it does not have.

    Args:
        table: the report's numbers.
        group: one of its groups.
        short: shorter names of settings that have no label.
    """
    return settings_label(table, group.settings, short)


def system_label(table: ReportTable, system: Settings) -> str:
    """A system in print: a single setting's value alone, or the settings with their names."""
    if len(system) == 1:
        return table.config.label(*system.values())
    return settings_label(table, system) or translate("all")


def settings_label(
    table: ReportTable, settings: Settings, short: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Settings in print, as `group_label` writes those of a group."""
    label = table.config.label
    names = {name: label(name) for name in settings}
    names |= {name: text for name, text in short.items() if names[name] == name}
    return ", ".join(f"{names[name]} {label(value)}" for name, value in settings.items() if value)
