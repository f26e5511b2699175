"""Finds secrets in texts by their names: `password = "..."`, `X-Api-Key: ...`, `--token ...`.

Knows how a value follows its name in code, in files of settings, in commands and in prose. Which
names are those of secrets is for `names`.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import PurePath
from typing import NamedTuple

from labkart.secrets.names import ALWAYS, IF_MIXED, Names, is_secret

# A value that was found, in the group `value`, and when it is a secret.
_Candidate = tuple[re.Match[str] | None, int]

# Parts of the names of secrets, in small letters.
_HINT = (
    r"pass(?!e|ag|iv)|pwd|psw|pw(?![a-z])|secret(?!ar|i)|token(?!i)|key|cred(?!i)|credential"
    r"|kennwort|contrase|auth(?!or[^i]|ors)|cookie|jwt|sig(?:nature)?(?![a-z])|pat(?![a-z])"
    r"|pins?(?![a-z])|code(?=[\"':= ])|sas(?![a-z])"
    r"|bearer|otp(?![a-z])|キー|パス|暗証|合言葉|秘密|認証|アクセス|トークン|シークレット|密码|口令"
)
_LONGEST_NAME = 60
_NAME = re.compile(r"[\w.-]*")
_FOLLOWED = re.compile(r"[\\\]\"'`*]{0,4}\s{0,9}(?:\??[:=!<>(,\uff1a\uff1d]|is\b|was\b|value=)")
_WORD_BEFORE = re.compile(r"\b(api|access|secret|private|auth|security|verification) $", re.I)
# `git config user.password ...`, `ENV DB_PASSWORD ...`
_SETS = re.compile(
    r"(?:\bsetenv|^[-+ ]?ENV|\b(?:config|configure)(?: set| --[\w-]+){0,3}"
    r"|\b(?:with|using)(?: the| a)?)[ \t]+[\w./:-]*$",
    re.MULTILINE,
)
_LINE_BEFORE = 500  # characters before a name that tell where it is

# A value in quotes counts in code, too.
_QUOTED = (
    r"[a-zA-Z@]{0,2}(?P<quote>\\{0,3}(?:\"{3}|'{3}|[\"'`]))"
    r"(?P<value>(?:(?!(?P=quote))(?:\\.|[^\\\n]))+)(?P=quote)"
)
_CLOSED = r"[\\\]\"'`*]{0,4}(?:[ \t]{0,9}:[ \t]{0,9}[\w.\[\]|, ]{1,60}?)?[ \t]*"  # and its type
_IN_CALL = rf"(?:[^()\"'\n]|\"[^\"\n]*\"|'[^'\n]*'|\n[-+ ]?){{0,200}}?\bdefault\s*=\s*{_QUOTED}"
_WRAPPER = r"[\w.]*(?:Parameter|Field|Secret|SecretStr|str|bytes|quote|b64decode|encode)"
_OR = r"(?:[\w.]+(?:\([^()\n]*\)|\[[^\[\]\n]*\])?\s+or\s+)?"
_AFTER = [
    re.compile(
        rf"{_CLOSED}(?::=|=>|<-|[=!]==?|[:=\uff1a\uff1d])[ \t]*{_OR}"
        rf"(?:(?:{_WRAPPER})?\(\s*(?:\n[-+ ]\s*)?)?{_QUOTED}"
    ),
    re.compile(rf"{_CLOSED}=\s*[\w.]+\({_IN_CALL}"),
    re.compile(rf"[\"'],{_IN_CALL}"),  # add_argument("--password", default="...")
]
_LIST = re.compile(rf"{_CLOSED}[:=][ \t]*\[\s*(?P<value>[\"'][^\[\]()\n]*[\"'])\s*,?\s*\]")
_CALLED = re.compile(rf"\(\s*{_QUOTED}\s*\)")  # set_password("...")
_READS = re.compile(r"(?:get|load|read|fetch|find|has|delete|import|ask)", re.I)
_ARGUMENT = re.compile(rf"[\"']\s*,\s*{_QUOTED}")  # getenv("PASSWORD", "..."), "--password", "..."
_TAKES_NAME = re.compile(r"(?:get|getenv|setdefault|setenv|putenv|pop)\(\s*[\"']$")
_COMPARED = re.compile(r"([\"'])(?P<value>(?:(?!\1).)+)\1\s*[!=]==?\s*$")
_TAG = re.compile(r">(?P<value>[^<>\n]+)</")
_ATTRIBUTE = re.compile(r"[\"']\s+value=[\"'](?P<value>[^\"'\n]+)")
_HEADER = re.compile(r"[\"']?\s*:\s*[\"']?(?P<value>[^\"'\n]+)")
_SCHEME = re.compile(r"(?:Bearer|Basic|Token|ApiKey|Digest)\s+", re.IGNORECASE)

# One without quotes does not: there it is the name of something.
_BARE = r"(?P<value>(?:\$\{[^{}\n]*\}|[^\s\"'`,;&<>()|\\}])+)"
_EQUAL = re.compile(rf"[\])\"'`*]{{0,3}}[=\uff1d](?!=){_BARE}")
_SPACED = re.compile(rf"[\])\"'`*]{{0,3}} *=(?!=) *{_BARE}")
_COLON = re.compile(rf"[\"'`*]{{0,4}}[ \t]*[:\uff1a][ \t*]*{_BARE}")
_SAID = re.compile(rf"[ \t]*(?:is|was)[ \t:]+[\"'`]?{_BARE}")
_SPACE = re.compile(r"[ \t]+(?P<value>\S+)")
_OPTION = re.compile(r"(?:=|[ \t]+)[\"']?(?P<value>[^\s\"'\[\]-][^\s\"'\]]*)")
_NUMBER = re.compile(r"[\"'\]]{0,2}[ \t]*[:=][ \t]*(?P<value>\d{4,})\b(?!\.)")
_LINE = re.compile(
    r"[\"'\]]{0,2}[ \t]*(?:[:?]=|=(?!=)|[:\uff1a][ \t])[ \t]*(?P<value>[^\s\"'|>](?:(?! #)[^\n])*)"
)
_BLOCK = re.compile(r":[ \t]+[|>][-+]?[ \t]*\n[-+ ]?[ \t]+(?P<value>[^\n]+)")

_FILE_IN_DIFF = re.compile(r"^diff --git .*/([^/\"\n]+)\"?$", re.MULTILINE)
_BEGINNING = re.compile(r"[-+>#*\s]*(?:export\s+|set\s+|\$env:)?[\"'`*]{0,3}")
_CODE = {".py", ".pyi", ".ipynb", ".js", ".ts", ".jsx", ".tsx", ".r", ".jl", ".c", ".cc", ".cpp"}
_CODE |= {".h", ".java", ".go", ".rs", ".rb", ".php", ".lua"}
_CONFIG = {".yaml", ".yml", ".ini", ".cfg", ".conf", ".toml", ".properties", ".env", ".sh", ".bash"}
_CONFIG |= {".zsh", ".netrc", ".pypirc", ".npmrc", ".condarc", ".renviron", "credentials"}
_CONFIG |= {"makefile", "dockerfile"}


class Place(NamedTuple):
    """A name in a text that may be that of a secret.

    Attributes:
        level: when its value is a secret; `NEVER` if the project says that it is none.
        before: what stands before it in its line.
        suffix: of the file that it is in; empty for a log, a traceback, a command.
    """

    text: str
    start: int
    end: int
    name: str
    level: int
    before: str
    suffix: str

    @property
    def is_first(self) -> bool:
        """Whether nothing but signs stands before it in its line."""
        return bool(_BEGINNING.fullmatch(self.before))

    @property
    def is_code(self) -> bool:
        """Whether it is in code, and neither in a string nor in a comment."""
        is_quoted = self.text[self.end : self.end + 1] in ("'", '"')
        is_in_string = any(self.before.count(sign) % 2 for sign in "\"'") and not is_quoted
        return self.suffix in _CODE and not is_in_string and "#" not in self.before


def find_names(text: str, small: str, file: str, names: Names) -> Iterator[Place]:
    """The names that may be those of secrets, or that the project says are none.

    Args:
        text: the text.
        small: it in small letters.
        file: the name of the file that it is the content of, if any.
        names: which names are secret.
    """
    files = [(match.start(), match[1]) for match in _FILE_IN_DIFF.finditer(text)]
    has_netrc = ".netrc" in file or ".netrc" in text
    end = 0
    for hint in _hints(names.secrets | names.not_secrets).finditer(small):
        if hint.start() < end:
            continue
        left = text[max(hint.start() - _LONGEST_NAME, end) : hint.start()]
        right = text[hint.start() : hint.end() + _LONGEST_NAME]
        start = hint.start() - len(_beginning(left[::-1]))
        name = (text[start : hint.start()] + _beginning(right)).rstrip(".-")
        end = max(start + len(name), hint.end())
        is_data = len(name) > _LONGEST_NAME
        before = text[max(text.rfind("\n", 0, start) + 1, start - _LINE_BEFORE) : start]
        has_value = has_netrc or _has_value(text, start, start + len(name), before)
        if is_data or not has_value:
            continue
        word = _WORD_BEFORE.search(before)
        known = f"{word[1]}_{name}" if word else name
        level = names.level(known)
        if level or names.allows(known):
            index = bisect_right(files, (start, "\uffff")) - 1
            suffix = _suffix(files[index][1] if index >= 0 else file)
            yield Place(text, start, start + len(name), known, level, before, suffix)


@cache
def _hints(names: frozenset[str]) -> re.Pattern[str]:
    literals = [max(re.split(r"[*?.\[\]]", name.lower()), key=len) for name in names]
    return re.compile("|".join([_HINT, *(re.escape(literal) for literal in literals if literal)]))


def _beginning(text: str) -> str:
    """What can be part of a name."""
    match = _NAME.match(text)
    return match.group() if match else ""


def _has_value(text: str, start: int, end: int, before: str) -> bool:
    """Whether a value may stand beside a name: most names of a log have none."""
    is_compared = text[start - 3 : start].rstrip().endswith("=")
    is_option = text[start] == "-" or text[end - 1] in "はが"
    return bool(is_compared or is_option or _FOLLOWED.match(text, end) or _SETS.search(before))


@cache
def _suffix(file: str) -> str:
    path = PurePath(file.lower())
    parts = (path.suffix, path.name, path.stem)
    return next((part for part in parts if part in _CODE | _CONFIG), "")


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
    if place.before[-1:] in ("?", "&"):  # in an address
        is_issued = name.endswith(("token", "sig", "signature"))
        return ALWAYS if is_issued else max(place.level, IF_MIXED)
    if place.suffix == ".env":
        return max(place.level, IF_MIXED)
    if name.endswith(("cookie", "authorization")):
        value = place.text[place.end : place.end + 80].partition("\n")[0]
        has_value = "=" in value.strip(" :='\"") or _SCHEME.search(value)
        return ALWAYS if has_value else place.level
    if name == "pass" and place.suffix not in _CONFIG:  # a verb, too
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
    if not _READS.match(place.name):
        is_setter = place.name.lower().rpartition(".")[2].startswith("set")
        yield _CALLED.match(text, end), level if is_setter else doubtful
    if place.name.startswith("--") or _TAKES_NAME.search(place.before):
        yield _ARGUMENT.match(text, end), level
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
        if place.suffix in _CONFIG:
            yield _BLOCK.match(text, end), level
            yield _LINE.match(text, end) if place.is_first else None, level
        yield from _in_text(place, level)


def _in_text(place: Place, level: int) -> Iterator[_Candidate]:
    """A value in a line of a log, of a command, of a traceback."""
    text, end, before = place.text, place.end, place.before
    is_config, doubtful = place.suffix in _CONFIG, min(level, IF_MIXED)
    is_argument = re.search(r"\([^()]*,$|\($|,\s+$", before) and not is_config
    yield _EQUAL.match(text, end), doubtful if is_argument else level
    if match := _COLON.match(text, end):
        is_line = place.is_first and text[match.end() : match.end() + 1] in ("", "\n", "\r")
        is_pair = re.search(r"[{,]\s*[\"']?$", before) and "{" in before
        is_value = (is_config and "#" not in before) or is_line or is_pair
        yield match, level if is_value else doubtful
    if place.name.endswith(("は", "が")) or _SETS.search(before):
        yield _SPACE.match(text, end), doubtful
    for pattern in (_SPACED, _SAID, _NUMBER):
        yield pattern.match(text, end), doubtful
