"""Finds passwords, keys and tokens in texts, by the patterns of detect-secrets and some more. Changes nothing."""

import logging
import re
import warnings
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

MASK = "***"
SHORTEST = 6  # characters: shorter values (1, true, a user's name) stand everywhere
Span = tuple[int, int]

# Tokens of services that research code talks to, and of which detect-secrets does not know the form.
_MORE_TOKENS = r"\b(?:hf_[A-Za-z0-9]{30,}|github_pat_\w{22,}|sk-ant-[\w-]{20,}|sk-proj-[\w-]{20,}|AIza[\w-]{35})"
_MORE_KEYS = ("(?:access|auth|api|bearer|hf|hub)_?token", "passphrase")
_REST_OF_TOKEN = re.compile(r"(?:[\w+/=-]|\.(?=\w))*")
_NUCLEOTIDES = re.compile(r"[ACGTUN]+")

_FILE_IN_DIFF = re.compile(r"diff --git .*/([^/\"]+)\"?$")
# Up to its end; where that is missing, the lines that look like it.
_KEY = re.compile(
    r"[^\v]{0,20000}?(?=-----END|Private-MAC)|.*(?:\n[-+ ]?[ \t]*[\"']?[A-Za-z0-9+/=]{16,}.*)*"
)
_LINE_OF_KEY = re.compile(r"[A-Za-z0-9/=][^\n\r]*")

# A line of data in a notebook has millions of characters; the detectors' time grows with the square of it.
_LONG_LINE, _OVERLAP = 1_000, 400  # characters
_LONG_WORD = re.compile(r"[\w-]{24}")  # the shortest that a service has for its key
_YAML_PAIR = re.compile(r"\s*(?:- )?[\"']?[\w.-]+[\"']?:\s+(?!\w[\w.\[\]| ]* = )")
_CONFIG_FILES = (".env", ".sh", ".bash", ".zsh", ".netrc", ".pypirc")
_REFERENCE = re.compile(r"[\w.-]+[\[(]")  # get_password(), os.environ["..."]
_NOTHING = {
    "true",
    "false",
    "null",
    "none",
    "yes",
    "no",
    "on",
    "off",
    "str",
    "bytes",
    "int",
    "bool",
}


@cache
def is_key(name: str) -> bool:
    """Whether what stands under this name, such as `password`, is a secret."""
    return bool(_detectors().key.search(name.lower()))


def spans(text: str) -> Iterator[Span]:
    """Where secrets stand in a text."""
    find = _detectors()
    for pattern in find.tokens:
        for match in pattern.finditer(text):
            yield from _token(match)
    for pattern in find.private_keys:
        for match in pattern.finditer(text):
            # Each line, without what a diff or an indent puts before it.
            body = _KEY.match(text, match.end())
            yield from (
                line.span()
                for line in _LINE_OF_KEY.finditer(text, match.end(), body.end() if body else 0)
            )
    for start, line, name in _telling_lines(text):
        for first, last in _in_line(line, name):
            yield start + first, start + last


def _token(match: re.Match[str]) -> Iterator[Span]:
    """The secret in a match of a detector: its group where that is the tail, as after `://user:`, else all of it."""
    start, end = match.span()
    tails = [span for span in map(match.span, range(1, match.re.groups + 1)) if span[1] >= end - 1]
    if tails:
        first, last = max(tails, key=lambda span: span[1] - span[0])
        if not harmless(match.string[first:last]):
            yield first, last
        return
    around = match.string[start - 1 : start] + match.string[end : end + 1]
    # DNA and proteins have AWS's ACCA... and AKIA... in them.
    if "AKIA" in match.re.pattern and (
        re.search("[A-Z0-9]", around) or _NUCLEOTIDES.fullmatch(match.group())
    ):
        return
    rest = _REST_OF_TOKEN.match(
        match.string, end
    )  # the signature of a JWT, a key that is longer than it used to be
    yield start, rest.end() if rest else end


def _telling_lines(text: str) -> Iterator[tuple[int, str, str]]:
    """The lines that name a password or a key: where they begin, and in a diff the name of the file."""
    hint, start, name = _detectors().hint, 0, ""
    for line in text.split("\n"):
        if file := _FILE_IN_DIFF.match(line):
            name = file[1]
        for first in range(0, max(len(line) - _OVERLAP, 1), _LONG_LINE - _OVERLAP):
            part = line[first : first + _LONG_LINE]
            if hint.search(part.lower()):
                yield start + first, part, name
        start += len(line) + 1


def _in_line(line: str, name: str) -> Iterator[Span]:
    find = _detectors()
    for pattern in find.assignments if _LONG_WORD.search(line) else ():
        for match in pattern.finditer(line):
            yield from _token(match)
    if not find.key.search(line.lower()):
        return
    loose = find.unquoted if (_is_config(name) if name else _YAML_PAIR.match(line)) else []
    rules = [*find.quoted, *([] if name else find.words), *loose]
    # The one for `password "...";` takes long to see that there is none.
    for pattern, group in [
        rule for rule in rules if ";" in line or not rule[0].pattern.endswith(";")
    ]:
        for match in pattern.finditer(line):
            value = match[group]
            if pattern in dict(find.unquoted):
                value = value.partition(" #")[0].rstrip()
                value = re.split(r"[,}\]]", value)[0] if "{" in line[: match.start()] else value
            if not harmless(value):
                yield match.start(group), match.start(group) + len(value)


def _is_config(name: str) -> bool:
    from detect_secrets.plugins import keyword
    from detect_secrets.util.filetype import determine_file_type

    kind = keyword.REGEX_BY_FILETYPE.get(determine_file_type(name))
    return (
        kind is keyword.CONFIG_DENYLIST_REGEX_TO_GROUP
        or name.startswith(".env")
        or name.endswith(_CONFIG_FILES)
    )


def harmless(value: str) -> bool:
    """Whether a value is none although its key is a secret's: nothing, a small number, a reference."""
    from detect_secrets.filters import heuristic

    value = value.strip()
    small = len(value) < SHORTEST and heuristic.is_not_alphanumeric_string(value)
    refers = (
        value.startswith("$") or heuristic.is_templated_secret(value) or _REFERENCE.match(value)
    )
    return (
        small
        or not value
        or value.strip(",;") == MASK
        or value.lower().strip(",;") in _NOTHING
        or bool(refers)
    )


class _Detectors(NamedTuple):
    """What finds secrets: in a whole text, in a line that names a key, and in the name of a setting."""

    tokens: list[re.Pattern[str]]
    private_keys: list[re.Pattern[str]]
    assignments: list[re.Pattern[str]]
    quoted: list[tuple[re.Pattern[str], int]]
    unquoted: list[tuple[re.Pattern[str], int]]
    words: list[tuple[re.Pattern[str], int]]
    key: re.Pattern[str]
    hint: re.Pattern[str]


@cache
def _detectors() -> _Detectors:
    """The patterns of detect-secrets, of all its plugins but those that look at entropy and at IP addresses.

    Commits, digests in lock files and data in notebooks have entropy, and an address opens nothing. Its own scanner is
    not used: it has global settings, reads a line some thirty times, and says what it found but not where.
    """
    show = warnings.showwarning
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins import keyword
    from detect_secrets.plugins.base import RegexBasedDetector

    if warnings.showwarning is not show:
        logging.captureWarnings(False)  # its import sends all warnings of the process to the log
    plugins: dict[str, Any] = {
        plugin.__name__: plugin for plugin in get_mapping_from_secret_type_to_class().values()
    }
    private_keys = list(plugins.pop("PrivateKeyDetector").denylist)
    plugins.pop("IPPublicDetector", None)
    regexes: list[Any] = [
        plugin.denylist for plugin in plugins.values() if issubclass(plugin, RegexBasedDetector)
    ]
    # Those for `<service>_key = ...` are slow, and of use only in lines that have such a word.
    start = RegexBasedDetector.build_assignment_regex("", "", "").pattern[:10]
    assignments = [each for each in chain(*regexes) if each.pattern.startswith(start)]
    tokens = [each for each in chain(*regexes) if each not in assignments]
    names = "|".join([*keyword.DENYLIST, *_MORE_KEYS])
    key = rf"(?:{names})\w*"
    # Its own want a letter first, and no annotation or prefix: api_key: str = r"...".
    annotated = r"[\\\]\"']{0,3}(?:\s{0,9}:\s{0,9}[\w.\[\]| ]{1,60}?)?\s*"
    quoted = (
        key + annotated + r"(?::=|=>|[=!]==?|[:=])\s*[a-z@]{0,2}(\\?[\"'`])((?:(?!\1)(?:\\.|.))+)\1"
    )
    unquoted = key + r"[\]\"']{0,2}\s*(?::=|[:=])\s*([^\s\"'].*)"
    word = rf"(?<!\S)[\w.@/+~-]*?{key}=([^\s\"']*[^\s\"'(),])(?!\S)"
    return _Detectors(
        [*tokens, re.compile(_MORE_TOKENS)],
        private_keys,
        assignments,
        [
            *keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP.items(),
            (re.compile(quoted, re.IGNORECASE), 2),
        ],
        [*keyword.CONFIG_DENYLIST_REGEX_TO_GROUP.items(), (re.compile(unquoted, re.IGNORECASE), 1)],
        [(re.compile(word, re.IGNORECASE), 1)],
        re.compile(names),
        re.compile(f"{names}|key|pass|pw|token"),
    )
