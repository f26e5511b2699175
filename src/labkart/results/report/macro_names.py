"""The names of LaTeX commands, which have letters alone: digits and signs are spelled out."""

import hashlib
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_TOKEN = re.compile(r"[A-Za-z]+|\d|(?<=\d)\.(?=\d)|(?<![\w.])-(?=[\d.])", re.ASCII)
# Values that say nothing without the name of their setting.
_BARE = re.compile(r"(true|false|null|none)?(?![a-z])", re.IGNORECASE)


class Number(NamedTuple):
    """What a command's name is made of.

    Attributes:
        report: the report's name.
        group: the settings of the group, by their names.
        metric: the metric.
        baseline: for the difference from another group, the settings of that one.
    """

    report: str
    group: tuple[tuple[str, str], ...]
    metric: str
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
