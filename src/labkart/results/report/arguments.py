"""The arguments of `labkart report`: what to make, and with which settings. Makes nothing."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labkart.language import translate
from labkart.results.report.config import SETTINGS, names


@dataclass(frozen=True)
class ReportOptions:
    """What to make."""

    name: str | None = None  # of the report
    # Those of the command, to add to `reports/<name>.yaml`.
    settings: Mapping[str, Any] = field(default_factory=dict)
    all: bool = False  # make all reports again
    check: bool = False  # only say which reports are not current

    @classmethod
    def of(cls, args: argparse.Namespace) -> "ReportOptions":
        """The options that `parser` read.

        Conditions, and the name of a report that exists, may also stand behind an option's values.
        """
        values = dict(vars(args))
        words, every, check = values.pop("words"), values.pop("all"), values.pop("check")
        lists = [name for name, setting in SETTINGS.items() if setting.takes_words and values[name]]
        for key in lists:
            words += [word for word in values[key] if _is_condition(word)]
            values[key] = [word for word in values[key] if not _is_condition(word)]
            if all(map(_is_condition, words)) and values[key][-1] in names():
                words.append(values[key].pop())
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
    words = translate(
        "the report, whose settings reports/<name>.yaml keeps; then which experiments, for "
        "example model=logistic,forest"
    )
    parser.add_argument("words", nargs="*", metavar="name", help=words)
    for name, setting in SETTINGS.items():
        if setting.meaning:
            parser.add_argument(f"--{name.replace('_', '-')}", **setting.option())
    again = translate("make all of reports/*.yaml again")
    parser.add_argument("--all", action="store_true", help=again)
    check = translate("list the files that are out of date, and exit with 1 if there are any")
    parser.add_argument("--check", action="store_true", help=check)
    return parser
