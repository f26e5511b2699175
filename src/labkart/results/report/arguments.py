"""The arguments of `labkart report`: what to make, and with which settings. Makes nothing."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labkart.language import translate
from labkart.results.report.choices import ALLOWED, FIGURES, LANGUAGES, LAYOUTS, PAIRS, TESTS

# The options that take several words.
_SEVERAL = ("metrics", "higher_is_better", "lower_is_better", "primary", "figures", "allow")


@dataclass(frozen=True)
class ReportOptions:
    """What to make.

    Attributes:
        name: of the report.
        settings: those of the command, to add to `reports/<name>.yaml`.
        all: make all reports again.
        check: only say which reports are not current.
    """

    name: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    all: bool = False
    check: bool = False

    @classmethod
    def of(cls, args: argparse.Namespace) -> "ReportOptions":
        """The options that `parser` read. Conditions may also stand behind an option's values."""
        values = dict(vars(args))
        words, every, check = values.pop("words"), values.pop("all"), values.pop("check")
        for key in _SEVERAL:
            words += [word for word in values[key] or () if _is_condition(word)]
            values[key] = [word for word in values[key] or () if not _is_condition(word)]
        name = next((word for word in words if not _is_condition(word)), None)
        values["where"] = [word for word in words if word != name]
        return cls(name, {key: value for key, value in values.items() if value}, every, check)


def _is_condition(word: str) -> bool:
    return any(sign in word for sign in "=<>")


def parser() -> argparse.ArgumentParser:
    """The command line of `labkart report`; `ReportOptions.of` takes what it reads."""
    parser = argparse.ArgumentParser(
        "labkart report", description=translate("Tables and figures for the thesis, in reports/.")
    )
    add = parser.add_argument
    words = translate(
        "the report, whose settings reports/<name>.yaml keeps; then which experiments, for "
        "example model=logistic,forest"
    )
    add("words", nargs="*", metavar="name", help=words)
    add("--sweep", help=translate("only the experiments of this sweep"))
    add("--study", help=translate("only the experiments of this study"))
    add("--tag", help=translate("only the experiments of this tag"))
    add("--commit", help=translate("only the experiments of this commit"))
    add(
        "--since",
        metavar="DAY",
        help=translate("only those that began then or later, as 2026-11-25"),
    )
    add("--until", metavar="DAY", help=translate("only those that began then or earlier"))
    add(
        "--metrics",
        nargs="+",
        metavar="METRIC",
        help=translate("what to compare (default: all metrics)"),
    )
    higher = translate("of which higher is better, where names do not tell")
    add("--higher-is-better", nargs="+", metavar="METRIC", help=higher)
    lower = translate("of which lower is better, where names do not tell")
    add("--lower-is-better", nargs="+", metavar="METRIC", help=lower)
    baseline = translate(
        "test the others against the one group that meets this (name=value,name=value)"
    )
    add("--baseline", action="append", metavar="name=value", help=baseline)
    pairs = translate("test each group against the baseline, or all pairs of groups (baseline)")
    add("--pairs", choices=PAIRS, help=pairs)
    datasets = translate("the setting that names the data set (data), or none")
    add("--datasets", metavar="NAME", help=datasets)
    add(
        "--interval",
        choices=("t", "bootstrap"),
        help=translate("method of confidence intervals (t)"),
    )
    add(
        "--test",
        choices=(*TESTS, "none"),
        help=translate("the paired test against the baseline (t)"),
    )
    items = translate("test over the items of a logged table, such as per_query, not over runs")
    add("--items", metavar="TABLE[:ITEM[:VALUE]]", help=items)
    repeat = translate("what the runs of a group are: seeds, or folds of a cross-validation (seed)")
    add("--repeat", choices=("seed", "fold"), help=repeat)
    primary = translate("the metrics whose tests are corrected together (default: all)")
    add("--primary", nargs="+", metavar="METRIC", help=primary)
    layout = translate("a row per metric and group (details), or a column per metric or per system")
    add("--layout", choices=LAYOUTS, help=layout)
    figures = translate("which to draw (default: each that has something to show)")
    add("--figures", nargs="+", metavar=f"{{{','.join((*FIGURES, 'none'))}}}", help=figures)
    add("--title", help=translate("the caption"))
    language = translate("the language of the table, its notes and the figures (en)")
    add("--language", choices=LANGUAGES, help=language)
    allow = translate("what the runs need not have in common")
    add("--allow", nargs="+", metavar=f"{{{','.join(ALLOWED)}}}", help=allow)
    add("--all", action="store_true", help=translate("make all of reports/*.yaml again"))
    add(
        "--check",
        action="store_true",
        help=translate("say which files are not current, and exit with 1"),
    )
    return parser
