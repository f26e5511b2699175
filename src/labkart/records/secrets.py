"""Finds passwords, keys and tokens in texts, by the patterns of detect-secrets and a few more.

Changes no text, and knows no record.
"""

import logging
import re
import warnings
from collections.abc import Iterable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

MASK = "***"
SHORTEST = 6  # characters; shorter values (1, true, a user's name) are everywhere
Span = tuple[int, int]

# Tokens of services that research code talks to, and whose form detect-secrets does not know.
_MORE_TOKENS = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{30,}|github_pat_\w{22,}|sk-ant-[\w-]{20,}|sk-proj-[\w-]{20,}|AIza[\w-]{35})"
)
_MORE_KEYS = ("(?:access|auth|api|bearer|hf|hub)_?token", "passphrase")
_REST_OF_TOKEN = re.compile(r"(?:[\w+/=-]|\.(?=\w))*")
_NUCLEOTIDES = re.compile(r"[ACGTUN]+")

_FILE_IN_DIFF = re.compile(r"diff --git .*/([^/\"]+)\"?$")
# Up to the end of a private key; if that is missing, the lines that look like it.
_KEY = re.compile(
    r"[^\v]{0,20000}?(?=-----END|Private-MAC)|.*(?:\n[-+ ]?[ \t]*[\"']?[A-Za-z0-9+/=]{16,}.*)*"
)
_LINE_OF_KEY = re.compile(r"[A-Za-z0-9/=][^\n\r]*")

# What follows the name of a secret. The patterns of detect-secrets do not match a value that starts
# with no letter, an annotation, or a prefix of a text in Python.
_QUOTED_VALUE = (
    r"[\\\]\"']{0,3}(?:\s{0,9}:\s{0,9}[\w.\[\]| ]{1,60}?)?\s*"
    r"(?::=|=>|[=!]==?|[:=])\s*[a-z@]{0,2}(\\?[\"'`])((?:(?!\1)(?:\\.|.))+)\1"
)
_UNQUOTED_VALUE = r"[\]\"']{0,2}\s*(?::=|[:=])\s*([^\s\"'].*)"
_ARGUMENT = r"(?<!\S)[\w.@/+~-]*?{key}=([^\s\"']*[^\s\"'(),])(?!\S)"

# A line of data in a notebook has millions of characters, and the time of the patterns grows with
# the square of it.
_LONG_LINE, _OVERLAP = 1_000, 400  # characters
_LONG_WORD = re.compile(r"[\w-]{24}")  # the shortest key that a service has
_YAML_PAIR = re.compile(r"\s*(?:- )?[\"']?[\w.-]+[\"']?:\s+(?!\w[\w.\[\]| ]* = )")
_CONFIG_FILES = (".env", ".sh", ".bash", ".zsh", ".netrc", ".pypirc")
_REFERENCE = re.compile(r"[\w.-]+[\[(]")  # get_password(), os.environ["..."]
_PLAIN_WORDS = {"true", "false", "null", "none", "yes", "no", "on", "off"}
_PLAIN_WORDS |= {"str", "bytes", "int", "bool"}


class _Assignment(NamedTuple):
    """A pattern of a secret's name with its value, which is a group of the pattern."""

    pattern: re.Pattern[str]
    group: int
    is_quoted: bool = True  # otherwise a comment or a bracket may follow the value

    def value(self, match: re.Match[str]) -> str:
        value = match[self.group]
        if self.is_quoted:
            return value
        value = value.partition(" #")[0].rstrip()
        is_in_braces = "{" in match.string[: match.start()]
        return re.split(r"[,}\]]", value)[0] if is_in_braces else value


class _Patterns(NamedTuple):
    tokens: list[re.Pattern[str]]  # for whole texts, as the next ones
    private_keys: list[re.Pattern[str]]
    service_keys: list[re.Pattern[str]]  # under the name of one service, in lines with a long word
    quoted: list[_Assignment]  # for lines that contain the name of a secret, as the next two
    unquoted: list[_Assignment]
    arguments: list[_Assignment]
    name: re.Pattern[str]  # of a secret, such as `password`
    hint: re.Pattern[str]  # what a line must contain so that it can contain a secret at all


class _Line(NamedTuple):
    """A line, or a part of a long one, that may contain a secret; `file` is its file in a diff."""

    start: int
    text: str
    file: str


@cache
def is_key(name: str) -> bool:
    """Whether a value under this name, such as `password`, is a secret."""
    return bool(_patterns().name.search(name.lower()))


def is_harmless(value: str) -> bool:
    """Whether a value is not a secret in spite of its name: a small number, a reference."""
    from detect_secrets.filters import heuristic

    value = value.strip()
    word = value.lower().strip(",;")
    if not value or word == MASK or word in _PLAIN_WORDS:
        return True
    if len(value) < SHORTEST and heuristic.is_not_alphanumeric_string(value):
        return True
    is_reference = value.startswith("$") or _REFERENCE.match(value)
    return bool(is_reference or heuristic.is_templated_secret(value))


def mask(text: str, spans: Iterable[Span]) -> str:
    """The text with `***` in place of each span; spans may overlap, and line numbers stay."""
    parts, end = list[str](), 0
    for start, stop in sorted(spans):
        if start >= end:
            parts += [text[end:start], MASK]
        parts.append("\n" * text.count("\n", max(start, end), stop))
        end = max(end, stop)
    return "".join([*parts, text[end:]])


def spans(text: str) -> Iterator[Span]:
    """Where the secrets are in a text."""
    patterns = _patterns()
    for pattern in patterns.tokens:
        for match in pattern.finditer(text):
            yield from _token(match)
    for pattern in patterns.private_keys:
        for match in pattern.finditer(text):
            yield from _key_lines(text, match.end())
    for line in _suspicious_lines(text):
        for start, stop in _in_line(line):
            yield line.start + start, line.start + stop


def _token(match: re.Match[str]) -> Iterator[Span]:
    """The secret in a match: its group if that is the end of it, as in `://user:`, or all of it."""
    start, end = match.span()
    groups = [match.span(number) for number in range(1, match.re.groups + 1)]
    tails = [span for span in groups if span[1] >= end - 1]
    if tails:
        first, last = max(tails, key=lambda span: span[1] - span[0])
        if not is_harmless(match.string[first:last]):
            yield first, last
    elif not _is_sequence(match):
        # The signature of a JWT, or a key that is longer than they used to be.
        rest = _REST_OF_TOKEN.match(match.string, end)
        yield start, rest.end() if rest else end


def _is_sequence(match: re.Match[str]) -> bool:
    """Whether a match is DNA or a protein: they contain AWS's ACCA... and AKIA..., too."""
    start, end = match.span()
    neighbours = match.string[start - 1 : start] + match.string[end : end + 1]
    is_sequence = re.search("[A-Z0-9]", neighbours) or _NUCLEOTIDES.fullmatch(match.group())
    return "AKIA" in match.re.pattern and bool(is_sequence)


def _key_lines(text: str, start: int) -> Iterator[Span]:
    """The lines of a private key, without what a diff or an indent puts before them."""
    if body := _KEY.match(text, start):
        yield from (line.span() for line in _LINE_OF_KEY.finditer(text, start, body.end()))


def _suspicious_lines(text: str) -> Iterator[_Line]:
    """The lines that contain the name of a secret; long ones in overlapping parts."""
    hint = _patterns().hint
    start, name = 0, ""
    for line in text.split("\n"):
        if file := _FILE_IN_DIFF.match(line):
            name = file[1]
        for first in range(0, max(len(line) - _OVERLAP, 1), _LONG_LINE - _OVERLAP):
            part = line[first : first + _LONG_LINE]
            if hint.search(part.lower()):
                yield _Line(start + first, part, name)
        start += len(line) + 1


def _in_line(line: _Line) -> Iterator[Span]:
    patterns = _patterns()
    if _LONG_WORD.search(line.text):
        for pattern in patterns.service_keys:
            for match in pattern.finditer(line.text):
                yield from _token(match)
    if not patterns.name.search(line.text.lower()):
        return
    for assignment in _assignments(line):
        for match in assignment.pattern.finditer(line.text):
            value = assignment.value(match)
            if not is_harmless(value):
                start = match.start(assignment.group)
                yield start, start + len(value)


def _assignments(line: _Line) -> Iterator[_Assignment]:
    """The patterns of values that a line may contain."""
    patterns = _patterns()
    assignments = patterns.quoted
    if not line.file:
        assignments = [*assignments, *patterns.arguments]
    if _is_config(line.file) if line.file else _YAML_PAIR.match(line.text):
        assignments = [*assignments, *patterns.unquoted]
    for assignment in assignments:
        # The one for `password "...";` takes long to find that there is none.
        if ";" in line.text or not assignment.pattern.pattern.endswith(";"):
            yield assignment


def _is_config(name: str) -> bool:
    """Whether values need no quotes in a file of this name."""
    from detect_secrets.plugins import keyword
    from detect_secrets.util.filetype import determine_file_type

    kind = keyword.REGEX_BY_FILETYPE.get(determine_file_type(name))
    if kind is keyword.CONFIG_DENYLIST_REGEX_TO_GROUP:
        return True
    return name.startswith(".env") or name.endswith(_CONFIG_FILES)


@cache
def _patterns() -> _Patterns:
    """The patterns of detect-secrets' plugins, and ours.

    Left out are those that look at entropy and at IP addresses: commits, digests in lock files and
    data in notebooks have entropy, and an address opens nothing. Its own scanner is not used: it
    has global settings, reads a line some thirty times, and says what it found but not where.
    """
    plugins = _plugins()
    from detect_secrets.plugins import keyword
    from detect_secrets.plugins.base import RegexBasedDetector

    private_keys = list(plugins.pop("PrivateKeyDetector").denylist)
    plugins.pop("IPPublicDetector", None)
    detectors: list[Any] = [it for it in plugins.values() if issubclass(it, RegexBasedDetector)]
    regexes = [regex for detector in detectors for regex in detector.denylist]
    # Those for keys of one service are slow, and of use only in lines that have a long word.
    start = RegexBasedDetector.build_assignment_regex("", "", "").pattern[:10]
    service_keys = [regex for regex in regexes if regex.pattern.startswith(start)]
    names = "|".join([*keyword.DENYLIST, *_MORE_KEYS])
    key = rf"(?:{names})\w*"
    compiled = partial(re.compile, flags=re.IGNORECASE)
    quoted = keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP.items()
    unquoted = keyword.CONFIG_DENYLIST_REGEX_TO_GROUP.items()
    return _Patterns(
        tokens=[*(regex for regex in regexes if regex not in service_keys), _MORE_TOKENS],
        private_keys=private_keys,
        service_keys=service_keys,
        quoted=[_Assignment(*rule) for rule in (*quoted, (compiled(key + _QUOTED_VALUE), 2))],
        unquoted=[
            _Assignment(*rule, is_quoted=False)
            for rule in (*unquoted, (compiled(key + _UNQUOTED_VALUE), 1))
        ],
        arguments=[_Assignment(compiled(_ARGUMENT.format(key=key)), 1)],
        name=re.compile(names),
        hint=re.compile(f"{names}|key|pass|pw|token"),
    )


def _plugins() -> dict[str, Any]:
    """The plugins of detect-secrets by their names. Its first import here leaves no trace."""
    show = warnings.showwarning
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    if warnings.showwarning is not show:
        logging.captureWarnings(False)  # its import sends all warnings of the process to the log
    return {plugin.__name__: plugin for plugin in get_mapping_from_secret_type_to_class().values()}
