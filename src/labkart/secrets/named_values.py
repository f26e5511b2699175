"""Finds secrets in texts by their names: `password = "..."`, `X-Api-Key: ...`, `--token ...`.

Knows how a value follows its name in code, in files of settings, in commands and in prose. Which
names are those of secrets is for `names`.
"""

import re
from collections.abc import Iterator
from itertools import chain

from labkart.secrets.names import ALWAYS, IF_MIXED, NEVER, is_secret
from labkart.secrets.places import IS_PAIR, SETS, Place

# A value that was found, in the group `value`, and when it is a secret.
_Candidate = tuple[re.Match[str] | None, int]

# A value in quotes counts in code, too.
QUOTED = (
    r"[a-zA-Z@]{0,2}(?P<quote>\\{0,3}(?:\"{3}|'{3}|[\"'`]))"
    r"(?P<value>(?:(?!(?P=quote))(?:\\.|[^\\\n]))+)(?P=quote)"
)
CLOSED = r"[\\\]\"'`*]{0,4}(?:[ \t]{0,9}:[ \t]{0,9}[\w.\[\]|, ]{1,60}?)?[ \t]*"  # and its type
_IN_CALL = rf"(?:[^()\"'\n]|\"[^\"\n]*\"|'[^'\n]*'|\n){{0,200}}?\bdefault\s*=\s*{QUOTED}"
_WRAPPER = r"[\w.]*(?:Parameter|Field|Secret|SecretStr|str|bytes|quote|b64decode|encode)"
_OR = r"(?:[\w.]+(?:\([^()\n]*\)|\[[^\[\]\n]*\])?\s+or\s+)?"
_AFTER = [
    re.compile(
        rf"{CLOSED}(?::=|=>|<-|[=!]==?|[:=\uff1a\uff1d])[ \t]*{_OR}"
        rf"(?:(?:{_WRAPPER})?\(\s*(?:\n[-+ ]\s*)?)?{QUOTED}"
    ),
    re.compile(rf"{CLOSED}=\s*[\w.]+\({_IN_CALL}"),
    re.compile(rf"[\"'],{_IN_CALL}"),  # add_argument("--password", default="...")
]
_LIST = re.compile(rf"{CLOSED}[:=][ \t]*\[\s*(?P<value>[\"'][^\[\]()\n]*[\"'])\s*,?\s*\]")
_OPENS_LIST = re.compile(rf"{CLOSED}[:=][ \t]*\[")
_CALLED = re.compile(rf"\(\s*{QUOTED}\s*\)")  # set_password("...")
_READS = re.compile(r"(?:get|load|read|fetch|find|has|delete|import|ask)", re.I)
_ARGUMENT = re.compile(rf"[\"']\s*,\s*{QUOTED}")  # getenv("PASSWORD", "..."), "--password", "..."
_TAKES_NAME = re.compile(
    r"(?:get|\w+env|setdefault|pop|log_param|set_tag|add_header|setattr)\((?:[\w.]+,)?\s*[\"']$"
)
_COMPARED = re.compile(r"([\"'])(?P<value>(?:(?!\1).)+)\1\s*[!=]==?\s*$")
_TAG = re.compile(r">(?P<value>[^<>\n]+)</")
_ATTRIBUTE = re.compile(r"[\"']\s+value=[\"'](?P<value>[^\"'\n]+)")
_PAIR = re.compile(
    r"[\"']?,?(?:[ \t]*\n[-+ ]?)?[ \t]*[\"']?value[\"']?: *[\"']?(?P<value>[^\s\"'{}]+)"
)
_HEADER = re.compile(r"[\"']?\s*:\s*[\"']?(?P<value>[^\"'\n]+)")
_SCHEME = re.compile(r"(?:Bearer|Basic|Token|ApiKey|Digest)\s+", re.IGNORECASE)

# One without quotes does not: there it is the name of something.
_BARE = r"(?P<value>(?:\$?\{[^{}\n]*\}|[^\s\"'`,;&<>()|\\}])+)"
_EQUAL = re.compile(rf"[\])\"'`*]{{0,3}}[=\uff1d](?!=){_BARE}")
_SPACED = re.compile(rf"[\])\"'`*]{{0,3}} *=(?!=) *{_BARE}")
_COLON = re.compile(rf"[\"'`*]{{0,4}}[ \t]*(?::-|[:\uff1a](?!\?))[ \t*]*{_BARE}")
_SAID = re.compile(rf"[ \t]*(?:is|was)[ \t:]+[\"'`]?{_BARE}")
_SPACE = re.compile(r"[ \t]+(?P<value>\S+)")
_OPTION = re.compile(r"(?:=|[ \t]+)[\"']?(?P<value>[^\s\"'\[\]-][^\s\"'\]]*)")
_NUMBER = re.compile(r"[\"'\]]{0,2}[ \t]*[:=][ \t]*(?P<value>\d{4,})\b(?!\.)")
_LINE = re.compile(
    r"[\"'\]]{0,2}[ \t]*(?:[:?]=|=(?!=)|[:\uff1a][ \t](?![ \t]*#))[ \t]*"
    r"(?P<value>[^\s\"'|>](?:(?! #)[^\n])*)"
)
_BLOCK = re.compile(r":[ \t]+[|>][-+]?[ \t]*\n[-+ ]?[ \t]+(?P<value>[^\n]+)")


def find_value(place: Place) -> Iterator[tuple[int, int]]:
    """The secret that follows a name, or precedes it in a comparison; none or one."""
    for match, level in chain(_quoted(place), _unquoted(place)):
        if match:
            start, end = match.span("value")
            scheme = _SCHEME.match(place.text, start, end)
            start = scheme.end() if scheme else start
            value = place.text[start:end].rstrip()
            is_call = place.text[end : end + 1] in ("(", "[")  # it gives one
            level = max(level, IF_MIXED) if scheme else level  # noqa: PLW2901
            if is_secret(value, level, place.name) and not is_call:
                yield start, start + len(value)
            return


def _level(place: Place) -> int:
    """When the value is a secret, in view of what stands around the name."""
    name = place.name.lower()
    if name == "secrets" and place.is_config and _OPENS_LIST.match(place.text, place.end):
        return NEVER  # their names, as in a project's own pyproject.toml
    if place.before[-1:] in ("?", "&"):  # in an address
        is_issued = name.endswith(("token", "sig", "signature"))
        return ALWAYS if is_issued else max(place.level, IF_MIXED)
    if place.suffix == ".env" or (place.is_config and place.name.isupper()):
        return max(place.level, IF_MIXED)
    if name.endswith(("cookie", "authorization")):
        value = place.text[place.end : place.end + 80].partition("\n")[0]
        has_value = "=" in value.strip(" :='\"") or _SCHEME.search(value)
        return ALWAYS if has_value else place.level
    if name == "pass" and not place.is_config:  # a verb, too
        return IF_MIXED
    return max(place.level, IF_MIXED) if "login(" in place.before else place.level


def _quoted(place: Place) -> Iterator[_Candidate]:
    text, end, level = place.text, place.end, _level(place)
    doubtful = min(level, IF_MIXED)
    yield _LIST.match(text, end), level
    for pattern in _AFTER:
        match = pattern.match(text, end)
        is_prose = match and match["quote"] == "`"
        yield match, doubtful if is_prose else level
    if level == ALWAYS and place.name.lower().endswith(("cookie", "authorization")):
        yield _HEADER.match(text, end), level
    function = place.name.lower().rpartition(".")[2]
    if not _READS.match(function):
        is_setter = function.startswith("set")
        yield _CALLED.match(text, end), level if is_setter else doubtful
    if place.name.startswith("--") or _TAKES_NAME.search(place.before):
        yield _ARGUMENT.match(text, end), level
    if IS_PAIR.search(place.before):
        yield _PAIR.match(text, end), level
    if place.before.endswith(("<", '"')):
        yield _TAG.match(text, end) or _ATTRIBUTE.match(text, end), level
    yield _COMPARED.search(text, place.start - len(place.before), place.start), level


def _unquoted(place: Place) -> Iterator[_Candidate]:
    text, end, level = place.text, place.end, _level(place)
    if place.name.startswith("--") or (place.name.startswith("-") and place.before):
        yield _OPTION.match(text, end), level
    elif place.is_code:
        yield _NUMBER.match(text, end), level
    elif place.suffix == ".netrc":
        yield _SPACE.match(text, end), level
    else:
        if place.is_config:
            yield _BLOCK.match(text, end), level
            is_line = place.is_first and "#" not in place.before
            yield _LINE.match(text, end) if is_line else None, level
        yield from _in_text(place, level)


def _in_text(place: Place, level: int) -> Iterator[_Candidate]:
    """A value in a line of a log, of a command, of a traceback."""
    text, end, before = place.text, place.end, place.before
    is_config, doubtful = place.is_config, min(level, IF_MIXED)
    is_argument = re.search(r"\([^()]*,$|\($|,\s+$", before) and not is_config
    yield _EQUAL.match(text, end), doubtful if is_argument else level
    if match := _COLON.match(text, end):
        is_line = place.is_first and text[match.end() : match.end() + 1] in ("", "\n", "\r")
        is_pair = re.search(r"[{,]\s*[\"']?$", before) and "{" in before
        is_header = place.name.lower().startswith("x-")
        is_value = (is_config and "#" not in before) or is_line or is_pair or is_header
        yield match, level if is_value else doubtful
    if place.name.endswith(("は", "が")) or SETS.search(before):
        yield _SPACE.match(text, end), doubtful
    for pattern in (_SPACED, _SAID, _NUMBER):
        yield pattern.match(text, end), doubtful
