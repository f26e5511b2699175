"""The numbers of a table as data for a program: as CSV and JSON have them, and how two differ."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

from labkart.language import translate
from labkart.results.report.line import Line, Pair
from labkart.results.report.ranks import Overall
from labkart.results.report.statistics import Interval
from labkart.results.report.table import ReportTable

# The columns of each CSV file, after metric and settings and before the effect size.
_COLUMNS = ("n", "mean", "deviation", "low", "high", "best")
_COLUMNS += ("difference", "difference_low", "difference_high", "p", "p_holm")
# Those that only some have.
_RARE_COLUMNS = ("p_plain", "against", "mean_rank", "critical_difference")


def numbers_of(table: ReportTable) -> list[dict[str, Any]]:
    """The numbers of a table, as JSON has them.

    Returns:
        A dictionary per metric and group, then per pair if all are tested (with its `baseline`),
        and then per system over several data sets (with these `datasets`). Each has its `numbers`
        by name, and in `no_test` why there is no test.
    """
    effect = table.effect.name
    pairs = table.all_pairs if table.config.pairs == "all" else []
    return [
        *(
            _of_line(metric, line, effect)
            for metric, lines in table.lines.items()
            for line in lines
        ),
        *(_of_pair(pair, effect) for pair in pairs),
        *(entry for overall in table.overalls for entry in _of_overall(overall)),
    ]


def csv_text(table: ReportTable) -> str:
    """All numbers, unrounded: a line per group and metric, then per pair, and per system."""
    rows = [_row(entry, table.datasets.setting) for entry in numbers_of(table)]
    rare = [name for name in _RARE_COLUMNS if any(row.get(name) is not None for row in rows)]
    tests = (table.effect.name, "pairs", "no_test")
    text = StringIO()
    head = ["metric", *table.settings, *_COLUMNS, *tests, *rare]
    writer = csv.DictWriter(text, head, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


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


def _of_line(metric: str, line: Line, effect: str) -> dict[str, Any]:
    numbers = {"n": len(line.values), "mean": line.mean, "deviation": line.deviation}
    numbers |= {**_ends("", line.interval), "best": int(line.best)}
    test = _of_pair(line.pair, effect) if line.pair else {"numbers": {}, "no_test": ""}
    return {
        "metric": metric,
        "group": line.group.settings,
        "numbers": numbers | test["numbers"],
        "no_test": test["no_test"],
    }


def _of_pair(pair: Pair, effect: str) -> dict[str, Any]:
    test = pair.test
    numbers = {"difference": test.difference, **_ends("difference_", test.interval)}
    numbers |= {"p": test.p, "p_holm": pair.p, effect: test.effect, "pairs": test.pairs}
    return {
        "metric": pair.metric,
        "group": pair.group.settings,
        "baseline": pair.baseline.settings,
        "numbers": numbers | {"p_plain": test.plain_p},
        "no_test": test.obstacle,
    }


def _of_overall(overall: Overall) -> Iterator[dict[str, Any]]:
    numbers = {"p": overall.test.p, "p_holm": overall.p, "pairs": len(overall.datasets)}
    numbers["critical_difference"] = overall.critical_difference
    for system, rank in zip(overall.systems, overall.ranks, strict=True):
        yield {
            "metric": overall.metric,
            "group": system,
            "datasets": overall.datasets,
            "numbers": {**numbers, "mean_rank": rank},
            "no_test": overall.test.obstacle,
        }


def _ends(prefix: str, interval: Interval | None) -> dict[str, float | None]:
    low, high = (interval.low, interval.high) if interval else (None, None)
    return {f"{prefix}low": low, f"{prefix}high": high}


def _row(entry: Mapping[str, Any], data_setting: str) -> dict[str, Any]:
    """The columns of an entry in the CSV file."""
    row = {"metric": entry["metric"], **entry["group"], **entry["numbers"]}
    row["no_test"] = entry["no_test"]
    if "baseline" in entry:
        system = {name: it for name, it in entry["baseline"].items() if name != data_setting}
        row["against"] = _settings(system)
    return row


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
