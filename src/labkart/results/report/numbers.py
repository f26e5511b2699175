r"""The file `reports/numbers.tex`: a `\newcommand` for each number of each report.

A section per report, whose comment names the experiments. Making one report writes its section and
keeps the others. LaTeX's commands have letters alone: digits and signs are spelled out.
"""

import hashlib
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from filelock import FileLock

from labkart.files import read_text
from labkart.language import translate
from labkart.records import locks
from labkart.records.file_lock import file_lock
from labkart.records.seeds import Group
from labkart.results.report import config, origin
from labkart.results.report.config import NUMBERS
from labkart.results.report.latex import text
from labkart.results.report.line import Line, Pair, PrintedLine, print_lines
from labkart.results.report.rounding import format_difference, format_p
from labkart.results.report.table import ReportTable

FILE = f"{NUMBERS}.tex"
_SUFFIXES = ("", "Deviation", "N", "Interval", "Difference", "P")
_MARK = f"\n% {origin.MARK}"
_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_TOKEN = re.compile(r"[A-Za-z]+|\d|(?<=\d)\.(?=\d)|(?<![\w.])-(?=[\d.])", re.ASCII)
# Values that say nothing without the name of their setting.
_BARE = re.compile(r"(true|false|null|none)?(?![a-z])", re.IGNORECASE)


class Number(NamedTuple):
    """What a command's name is made of."""

    report: str
    group: tuple[tuple[str, str], ...]  # the settings of the group, by their names
    metric: str
    # For the difference from another group, the settings of that one.
    baseline: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """All of it, which no other number of a project has."""
        return repr(tuple(self))

    @property
    def name(self) -> str:
        """The command's name, which other numbers may have as well."""
        group = "".join(map(_setting, self.group))
        other = "".join(["Against", *map(_setting, self.baseline)]) if self.baseline else ""
        return f"labkart{spell(self.report)}{group}{other}{spell(self.metric)}"

    @property
    def is_spelled(self) -> bool:
        """Whether no letter is lost, as those of Japanese words are."""
        return _plain(self.text).isascii()


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


def spell(text: str) -> str:
    """A text in letters, each word with a capital: `f1@10` is `FOneOneZero`."""
    return "".join(map(_token, _TOKEN.findall(_plain(text))))


def distinct_names(numbers: Sequence[Number], suffixes: Iterable[str]) -> Mapping[Number, str]:
    """The names of commands, all different, also with one of some suffixes behind them.

    Names that would be the same, or that have lost letters, end with letters of their own. A text
    does not compile then until it names what it means; it never has the number of something else.
    """
    endings = list(suffixes)
    counts = Counter(f"{number.name}{ending}" for number in numbers for ending in endings)
    names = dict[Number, str]()
    for number in numbers:
        is_unique = all(counts[f"{number.name}{ending}"] == 1 for ending in endings)
        own = "" if is_unique and number.is_spelled else _letters_of(number.text)
        names[number] = f"{number.name}{own}"
    return names


def _setting(setting: tuple[str, str]) -> str:
    """The value of a setting, with the setting's name where the value alone says nothing."""
    name, value = setting
    before = spell(name.rpartition(".")[2]) if value and _BARE.match(_plain(value)) else ""
    return f"{before}{spell(value)}"


def _token(token: str) -> str:
    if token.isdigit():
        return _DIGITS[int(token)]
    return {".": "Point", "-": "Minus"}.get(token) or token[0].upper() + token[1:]


def _plain(text: str) -> str:
    """The text without accents and wide letters."""
    letters = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _letters_of(text: str) -> str:
    """Four letters that no other text is likely to have."""
    digest = hashlib.sha256(text.encode()).digest()
    return "".join(string.ascii_lowercase[byte % 26] for byte in digest[:4]).capitalize()
