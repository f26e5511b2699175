r"""The file `reports/numbers.tex`: a `\newcommand` for each number of each report.

A section per report, whose comment names the experiments. Making one report writes its section and
keeps the others.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from filelock import FileLock

from labkart.errors import LabkartError
from labkart.files import read_text
from labkart.language import translate
from labkart.records import locks
from labkart.records.file_lock import file_lock
from labkart.records.seeds import Group
from labkart.results.report import config, origin, printed
from labkart.results.report.cells import plain_digits
from labkart.results.report.config import NUMBERS
from labkart.results.report.latex import text
from labkart.results.report.line import Line
from labkart.results.report.macro_names import Number, distinct_names
from labkart.results.report.paired import PairedTest
from labkart.results.report.printed import PrintedLine
from labkart.results.report.rounding import format_p
from labkart.results.report.table import ReportTable

FILE = f"{NUMBERS}.tex"
_SUFFIXES = ("", "Deviation", "N", "Interval", "Difference", "P")
_MARK = "% labkart: "
_HEAD = rf"""% Numbers for the running text, made by `labkart report`: edit nothing here.
% \input{{reports/{NUMBERS}}} in the preamble; then \labkartModelsForestAccuracy{{}} in the text.
"""


@dataclass(frozen=True)
class Section:
    r"""The numbers of one report.

    Attributes:
        origin: which report it is, its definition, its experiments, and the digest of the body.
        body: lines of `\newcommand` and of comments.
    """

    origin: Mapping[str, Any]
    body: str

    @property
    def commands(self) -> set[str]:
        """The names of its commands."""
        return set(re.findall(r"^\\newcommand\{\\(\w+)\}", self.body, re.MULTILINE))

    @property
    def is_edited(self) -> bool:
        """Whether its body was changed by hand."""
        return self.origin.get("body") != origin.digest(self.body.encode())

    def __str__(self) -> str:
        return f"\n{_MARK}{json.dumps(self.origin)}\n{self.body}"


def lock() -> FileLock:
    """Held while the file is read and written again, so that no section is lost."""
    folder = locks.lock_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return file_lock(folder / f"{FILE}.lock")


def section_of(table: ReportTable) -> Section:
    """The section of a report."""
    body = "".join(f"{line}\n" for line in _lines(table))
    facts = {
        "report": table.config.name,
        "definition": table.config.digest,
        "experiments": sorted(record.id for group in table.groups for record in group.records),
        "body": origin.digest(body.encode()),
    }
    return Section(facts, body)


def read() -> dict[str, Section]:
    """The sections of the file, by report; empty if it does not exist."""
    sections = dict[str, Section]()
    for part in read_text(config.folder() / FILE).split(f"\n{_MARK}")[1:]:
        line, _, body = part.partition("\n")
        try:
            facts = json.loads(line)
            sections[facts["report"]] = Section(facts, body)
        except (ValueError, KeyError, TypeError):
            continue  # a section that was damaged is made again with its report
    return sections


def with_section(section: Section) -> bytes:
    """The content of the file with the numbers of one report, and what it has of the others.

    Raises:
        LabkartError: another report has a number of the same name.
    """
    name = section.origin["report"]
    others = {key: other for key, other in read().items() if key != name}
    for key, other in others.items():
        if shared := section.commands & other.commands:
            raise LabkartError(
                translate(
                    "reports/{file}: the reports {key} and {name} would both define {command}. "
                    "Give one of the files reports/{key}.yaml and reports/{name}.yaml "
                    "another name.",
                    file=FILE,
                    key=key,
                    name=name,
                    command=rf"\{min(shared)}",
                )
            )
    return content({**others, name: section})


def content(sections: Mapping[str, Section]) -> bytes:
    """The content of the file."""
    return "".join([_HEAD, *(str(sections[name]) for name in sorted(sections))]).encode()


def _lines(table: ReportTable) -> Iterator[str]:
    numbers = dict(_numbers(table))
    names = distinct_names(list(numbers), _SUFFIXES)
    for key, (groups, texts) in numbers.items():
        ids = " ".join(sorted(record.id for group in groups for record in group.records))
        yield f"% {_source(key)}; experiments {ids}"
        for suffix, number in texts.items():
            yield rf"\newcommand{{\{names[key]}{suffix}}}{{{text(number)}}}"


def _numbers(table: ReportTable) -> Iterator[tuple[Number, tuple[list[Group], dict[str, str]]]]:
    """The numbers as a table prints them, by the end of their names, and the groups they are of."""
    report = table.config.name
    for metric, lines in table.lines.items():
        digits = plain_digits(lines)
        for line in lines:
            key = Number(report, tuple(line.group.settings.items()), metric)
            yield key, ([line.group], _of_line(line, digits))
    for metric, pairs in table.pairs.items() if table.config.pairs == "all" else ():
        for pair in pairs:
            first, second = pair.group.settings.items(), pair.baseline.settings.items()
            differing = tuple(setting for setting in second if setting not in first)
            if pair.test.pairs:
                key = Number(report, tuple(first), metric, differing)
                yield key, ([pair.group, pair.baseline], _of_test(pair.test, pair.p))


def _of_line(line: Line, digits: int) -> dict[str, str]:
    rounded = PrintedLine.of(line, digits)
    numbers = {
        "": rounded.mean,
        "Deviation": rounded.deviation or "-",
        "N": str(len(line.values)),
        "Interval": rounded.interval,
    }
    if line.test and line.test.pairs:
        numbers |= _of_test(line.test, line.p)
    return numbers


def _of_test(test: PairedTest, p: float | None) -> dict[str, str]:
    return {"Difference": printed.difference(test), "P": format_p(p)}


def _source(key: Number) -> str:
    """A report, a group and a metric in one line."""
    group, baseline = (
        " ".join(f"{name}={value}" for name, value in settings if value)
        for settings in (key.group, key.baseline)
    )
    other = f"against {baseline}" if baseline else ""
    return " ".join(", ".join(filter(None, (key.report, group, other, key.metric))).split())
