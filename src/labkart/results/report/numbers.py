r"""The file `reports/numbers.tex`: a `\newcommand` for each number of each report.

A section per report, whose comment names the experiments. Making one report writes its section and
keeps the others.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from filelock import FileLock

from labkart.files import read_text
from labkart.language import translate
from labkart.records import locks
from labkart.records.file_lock import file_lock
from labkart.records.seeds import Group
from labkart.results.report import config, origin
from labkart.results.report.config import NUMBERS
from labkart.results.report.latex import text
from labkart.results.report.line import Line, PrintedLine, print_lines
from labkart.results.report.macro_names import Number, distinct_names
from labkart.results.report.pairs import Pair
from labkart.results.report.rounding import format_difference, format_p
from labkart.results.report.table import ReportTable

FILE = f"{NUMBERS}.tex"
_SUFFIXES = ("", "Deviation", "N", "Interval", "Difference", "P")
_MARK = f"\n% {origin.MARK}"


def lock() -> FileLock:
    """Held while the file is read and written again, so that no section is lost."""
    folder = locks.lock_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return file_lock(folder / f"{FILE}.lock")


def section_of(table: ReportTable, provenance: str) -> str:
    """The section of a report, whose table has a provenance of this digest."""
    body = "".join(f"{line}\n" for line in _lines(table))
    facts = {"report": table.config.name, "provenance": provenance}
    return f"{_MARK}{origin.stamp(body, facts)}\n{body}"


def read() -> dict[str, str]:
    """The sections of the file, by report; empty if it does not exist."""
    parts = read_text(config.folder() / FILE).split(_MARK)[1:]
    sections = {(read_origin(part) or {}).get("report", ""): f"{_MARK}{part}" for part in parts}
    sections.pop("", None)  # a section that was damaged is made again with its report
    return sections


def read_origin(section: str) -> dict[str, Any] | None:
    """The origin of a section, see `origin.read_stamp`."""
    line, _, body = section.removeprefix(_MARK).partition("\n")
    return origin.read_stamp(line, body)


def with_section(report: str, section: str) -> bytes:
    """The content of the file with the numbers of one report.

    It keeps those of the other reports that there are.
    """
    sections = {name: other for name, other in read().items() if name in config.names()}
    return content({**sections, report: section})


def content(sections: Mapping[str, str]) -> bytes:
    """The content of the file."""
    head = translate(
        "% Numbers for the running text, made by `labkart report`: edit nothing here.\n"
        "% {preamble} in the preamble; then {example} in the text.\n",
        preamble=rf"\input{{reports/{NUMBERS}}}",
        example=r"\labkartModelsForestAccuracy{}",
    )
    return "".join([head, *(sections[name] for name in sorted(sections))]).encode()


def _lines(table: ReportTable) -> Iterator[str]:
    numbers = _numbers(table)
    names = distinct_names(list(numbers), _SUFFIXES)
    for key, (groups, texts) in numbers.items():
        ids = " ".join(sorted(record.id for group in groups for record in group.records))
        yield f"% {_source(key)}; experiments {ids}"
        for suffix, number in texts.items():
            yield rf"\newcommand{{\{names[key]}{suffix}}}{{{text(number)}}}"


def _numbers(table: ReportTable) -> dict[Number, tuple[list[Group], dict[str, str]]]:
    """The groups that a number is of, and how a table prints it, by the ends of their names."""
    report = table.config.name
    numbers: dict[Number, tuple[list[Group], dict[str, str]]] = {}
    for metric, lines in table.lines.items():
        for line, rounded in zip(lines, print_lines(lines), strict=True):
            key = Number(report, tuple(line.group.settings.items()), metric)
            numbers[key] = ([line.group], _of_line(line, rounded))
    for pair in table.all_pairs if table.config.pairs == "all" else ():
        first, second = pair.group.settings.items(), pair.baseline.settings.items()
        differing = tuple(setting for setting in second if setting not in first)
        key = Number(report, tuple(first), pair.metric, differing)
        if pair.test.pairs:
            numbers[key] = ([pair.group, pair.baseline], _of_pair(pair))
    return numbers


def _of_line(line: Line, rounded: PrintedLine) -> dict[str, str]:
    numbers = {
        "": rounded.mean,
        "Deviation": rounded.deviation or "-",
        "N": str(len(line.values)),
        "Interval": rounded.interval,
    }
    return numbers | (_of_pair(line.pair) if line.pair and line.pair.test.pairs else {})


def _of_pair(pair: Pair) -> dict[str, str]:
    difference = format_difference(pair.test.difference, pair.test.interval)
    return {"Difference": difference, "P": format_p(pair.p)}


def _source(key: Number) -> str:
    """A report, a group and a metric in one line."""
    group, baseline = (
        " ".join(f"{name}={value}" for name, value in settings if value)
        for settings in (key.group, key.baseline)
    )
    other = f"against {baseline}" if baseline else ""
    return " ".join(", ".join(filter(None, (key.report, group, other, key.metric))).split())
