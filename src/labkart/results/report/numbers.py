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
from labkart.records import locks
from labkart.records.file_lock import file_lock
from labkart.results.report import config, origin, printed
from labkart.results.report.cells import plain_digits
from labkart.results.report.config import NUMBERS
from labkart.results.report.latex import text
from labkart.results.report.line import Line
from labkart.results.report.macro_names import Number, distinct_names
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
                f"reports/{FILE}: the reports {key} and {name} would both define "
                rf"\{min(shared)}. Give one of the files reports/{key}.yaml and "
                f"reports/{name}.yaml another name."
            )
    return content({**others, name: section})


def content(sections: Mapping[str, Section]) -> bytes:
    """The content of the file."""
    return "".join([_HEAD, *(str(sections[name]) for name in sorted(sections))]).encode()


def _lines(table: ReportTable) -> Iterator[str]:
    keys = [_key(table, line, metric) for metric, lines in table.lines.items() for line in lines]
    names = distinct_names(keys, _SUFFIXES)
    for metric, lines in table.lines.items():
        digits = plain_digits(lines)
        for line in lines:
            key = _key(table, line, metric)
            ids = " ".join(sorted(record.id for record in line.group.records))
            yield f"% {_source(key)}; experiments {ids}"
            for suffix, number in _numbers(line, digits).items():
                yield rf"\newcommand{{\{names[key]}{suffix}}}{{{text(number)}}}"


def _numbers(line: Line, digits: int) -> dict[str, str]:
    """The numbers of a group and metric as a table prints them, by the end of their names."""
    rounded = PrintedLine.of(line, digits)
    test = line.test if line.test and line.test.pairs else None
    numbers = {
        "": rounded.mean,
        "Deviation": rounded.deviation or "-",
        "N": str(len(line.values)),
        "Interval": rounded.interval,
    }
    if test:
        numbers |= {"Difference": printed.difference(test), "P": format_p(line.p)}
    return numbers


def _key(table: ReportTable, line: Line, metric: str) -> Number:
    return Number(table.config.name, tuple(line.group.settings.items()), metric)


def _source(key: Number) -> str:
    """A report, a group and a metric in one line."""
    group = " ".join(f"{name}={value}" for name, value in key.group if value)
    return " ".join(", ".join(filter(None, (key.report, group, key.metric))).split())
