"""The numbers of a table as data for a program, and how those of two tables differ."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labkart.language import translate
from labkart.results.report.line import Line
from labkart.results.report.overall import Overall
from labkart.results.report.pairs import Pair
from labkart.results.report.statistics import Interval
from labkart.results.report.table import ReportTable


def numbers_of(table: ReportTable) -> list[dict[str, Any]]:
    """The numbers of a table, as JSON has them.

    Returns:
        A dictionary per metric and group, then per test of a pair (with its `baseline`), and then
        per system over several data sets (with these `datasets`); each has its `numbers` by name.
    """
    return [
        *(_of_line(metric, line) for metric, lines in table.lines.items() for line in lines),
        *(_of_pair(metric, pair) for metric, pairs in table.pairs.items() for pair in pairs),
        *(entry for overall in table.overalls for entry in _of_overall(overall)),
    ]


def differences(
    then: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]], tolerance: float
) -> Iterator[str]:
    """A sentence for each number that another table has not, or has with another value.

    Args:
        then: the numbers of the one table.
        now: those of the other one.
        tolerance: up to which two numbers are equal, relative to the larger one.
    """
    entries = {_name(entry): entry["numbers"] for entry in now}
    for entry in then:
        new = entries.get(_name(entry), {})
        for name, before in entry["numbers"].items():
            after = new.get(name)
            if not _is_equal(before, after, tolerance):
                yield f"{_name(entry)}: {name} {_text(before)} -> {_text(after)}"


def _of_line(metric: str, line: Line) -> dict[str, Any]:
    numbers = {"n": len(line.values), "mean": line.mean, "deviation": line.deviation}
    return {
        "metric": metric,
        "group": line.group.settings,
        "numbers": {**numbers, **_ends(line.interval)},
    }


def _of_pair(metric: str, pair: Pair) -> dict[str, Any]:
    test = pair.test
    numbers = {"pairs": test.pairs, "difference": test.difference, **_ends(test.interval)}
    return {
        "metric": metric,
        "group": pair.group.settings,
        "baseline": pair.baseline.settings,
        "numbers": {**numbers, "effect": test.effect, "p": pair.p},
    }


def _of_overall(overall: Overall) -> Iterator[dict[str, Any]]:
    for system, rank in zip(overall.systems, overall.ranks, strict=True):
        yield {
            "metric": overall.metric,
            "group": system,
            "datasets": overall.datasets,
            "numbers": {"rank": rank, "p": overall.p},
        }


def _ends(interval: Interval | None) -> dict[str, float | None]:
    return {
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
    }


def _name(entry: Mapping[str, Any]) -> str:
    """What the numbers are of, in words that no other entry has."""
    metric, group = entry["metric"], _settings(entry["group"])
    if "baseline" in entry:
        return translate(
            "{metric} of {group} against {baseline}",
            metric=metric,
            group=group,
            baseline=_settings(entry["baseline"]),
        )
    if "datasets" in entry:
        datasets = ", ".join(entry["datasets"])
        return translate(
            "{metric} of {group} over {datasets}", metric=metric, group=group, datasets=datasets
        )
    return translate("{metric} of {group}", metric=metric, group=group) if group else metric


def _settings(settings: Mapping[str, str]) -> str:
    return " ".join(f"{name}={settings[name]}" for name in sorted(settings))


def _is_equal(then: Any, now: Any, tolerance: float) -> bool:
    if then is None or now is None:
        return then is now
    before, after = float(then), float(now)  # JSON has NaN as a text
    both_nan = math.isnan(before) and math.isnan(after)
    return both_nan or math.isclose(before, after, rel_tol=tolerance, abs_tol=tolerance)


def _text(number: Any) -> str:
    return translate("none") if number is None else f"{float(number):.10g}"
