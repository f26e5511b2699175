"""Finds passwords, keys and tokens in texts, and masks them.

By their names and their forms, for which see `named_values` and `tokens`, and by what stands
around them. Knows no record.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain

from labkart.secrets.named_values import find_value
from labkart.secrets.names import ALWAYS, IF_MIXED, IF_RANDOM, MASK, Names, is_secret
from labkart.secrets.places import find_names
from labkart.secrets.sections import find_below
from labkart.secrets.tokens import Span, private_keys, tokens

# Surroundings of secrets that have no name: a part in small letters, the pattern, and when the
# value is a secret.
_ADDRESS_END = r"@(?=[\w\[.${-])"
_ARGUMENT = r"(?P<value>[^\s\"']+)"
_USER = r"(?:-[a-z]*u|--(?:proxy-)?user)[\s=\"',]*[^\s:\"']+"
_DATABASES = r"mysql\w*|mariadb[\w-]*"
_CLIENTS = r"sshpass|(?:docker|podman|az) login|mongo\w*|twine"
_READS_INPUT = r"sudo -S|--password-stdin"
_PAIR = r"\"username\\?\"\s*:[^,]*,\s*\\?\"key\\?\"\s*:\s*\\?\""
_BRACED = r"\b(?:pwd|password)\s*=\s*\{(?!\$)"
_IN_BRACES = r"(?:[^{}\"']|\}\})"
_DRIVER = r"\bdriver=\{\w[\w.]* [^{}]*\}[^\"']*?"
_BRACE = r"\}(?=[;\"'\s]|$)"
_QUOTED = r"%7b\S*?%7d|(?:(?!%3b)[^\s&\"'])+"  # as in an address
_IS = r"[はが]?[ 「『]*(?P<value>[A-Za-z0-9][!-~]{5,})"
_NO_NAME = r"(?:[;@#$~]|!(?![rsa][:}]))"
_TWO = r"\(\s*[\"'][^\"']*[\"'],\s*[\"']"
_SURROUNDINGS = [
    ("://", rf"://[^\s:/@\"'<>]*:(?P<value>[^\s/\"'<>]+){_ADDRESS_END}", ALWAYS),
    ("://", rf"://(?P<value>[^\s:/@\"'<>]+)(?::x-oauth-basic)?{_ADDRESS_END}", IF_RANDOM),
    ("bearer", r"\bbearer(?:[ +]+| ?[\"'] *\+ *f?[\"'])(?P<value>[\w.~+/=-]{6,})", IF_MIXED),
    ("basic", r"\bbasic +(?P<value>[A-Za-z0-9+/]{8,}={0,2})(?=[\"'\s]|$)", IF_RANDOM),
    ("curl", rf"\bcurl\b.*?[\s\"']{_USER}:{_ARGUMENT}", ALWAYS),
    ("-p", rf"\b(?:{_DATABASES}|7z\w?|(?:un)?rar)\b[^|;]*?[\s\"']-p[\"']?{_ARGUMENT}", ALWAYS),
    ("-p", rf"\b(?:{_CLIENTS})\b.*?\s-p *(?!-){_ARGUMENT}", ALWAYS),
    (" -p", r"\b(?:zip|unzip)\b[^|;]*?\s(?-i:-P) *(?P<value>[^\s-]\S*)", ALWAYS),
    (" -w", r"\bldap\w+\b.*? -w *(?P<value>[^\s-]\S*)", ALWAYS),
    (" -n ", r"\bssh-keygen\b.*? -N [\"']?(?P<value>[^\s\"']+)", ALWAYS),
    ("echo ", rf"\becho +[\"']?(?P<value>[^\s\"'|]+)[\"']? *\|.* (?:{_READS_INPUT})", ALWAYS),
    (" -u", rf"\b(?:smbclient|lftp)\b.*? -u[ =]?[^\s%,]+[%,]{_ARGUMENT}", ALWAYS),
    ("htpasswd", r"\bhtpasswd +-\w*b\w* +\S+ +\S+ +[\"']?(?P<value>[^\s\"']+)", ALWAYS),
    ("identified by", r"\bidentified by +[\"'](?P<value>[^\"']+)", ALWAYS),
    (" password '", r"\b(?:role|user|with)\b[^;]*? password +'(?P<value>[^']+)", ALWAYS),
    ("password(", r"\bset_password\([^()]*,\s*[\"'](?P<value>[^\"']+)[\"']\s*\)", ALWAYS),
    (" -a", r"\bredis-cli\b.*? -a (?P<value>\w\S*)", ALWAYS),
    ("-pass", r"\bopenssl\b.*? -pass(?:in|out)? +pass:(?P<value>\S+)", ALWAYS),
    (" login ", r"\b(?:wandb|kaggle|hf) login +(?:--\w+ +)*(?P<value>[^\s-]\S{7,})", IF_MIXED),
    ("login(", r"login\([^()]*?[\"'](?P<value>[^\"'\\]+)\\?[\"']\s*,?\s*\)", IF_MIXED),
    ("auth", rf"(?:\bauth\s*=\s*|Auth){_TWO}(?P<value>[^\"']+)", ALWAYS),
    ('"key', rf"{_PAIR}(?P<value>[^\"\\]+)", ALWAYS),
    ("password", r"\b(?:login|user|account)\s+\S+\s+password\s+(?P<value>\S+)", ALWAYS),
    # Of ODBC and JDBC. Braces around a word are an f-string's, if they are not a driver's as well.
    ("driver", rf"{_DRIVER}{_BRACED}(?P<value>{_IN_BRACES}+){_BRACE}", ALWAYS),
    ("={", rf"{_BRACED}(?P<value>{_IN_BRACES}*{_NO_NAME}{_IN_BRACES}*){_BRACE}", ALWAYS),
    ("%3d", rf"(?:pwd|password)%3d(?P<value>{_QUOTED})", ALWAYS),
    ("session", r"\bsession(?:_?id)?[\"']?\s*[=:]\s*[\"']?(?P<value>[\w%.-]{8,})", IF_RANDOM),
    ("sess", r"\b(?:PHP|J)?SESS(?:ION)?ID[\"']?\s*[=:]\s*[\"']?(?P<value>[\w%.-]{8,})", IF_MIXED),
    ("パスワード", rf"パスワード{_IS}", IF_MIXED),
    ("キー", rf"(?:API|認証|アクセス|秘密)キー{_IS}", IF_MIXED),
    ("トークン", rf"トークン{_IS}", IF_RANDOM),
    (":*:", r"^[-+ ]?[\w.*-]+:(?:\d+|\*):[^:\s]+:[^:\s]+:(?P<value>[^\s:]+)$", ALWAYS),
    (":5432:", r"^[-+ ]?[\w.*-]+:5432:[^:\s]+:[^:\s]+:(?P<value>[^\s:]+)$", ALWAYS),
]  # fmt: skip
_WINDOW = 500  # characters around a part


def mask(text: str, spans: Iterable[Span]) -> str:
    """The text with `***` in place of each span; spans may overlap, and line numbers stay."""
    parts, end = list[str](), 0
    for start, stop in sorted(spans):
        if start >= end:
            parts += [text[end:start], MASK]
        parts.append("\n" * text.count("\n", max(start, end), stop))
        end = max(end, stop)
    return "".join([*parts, text[end:]])


def find(text: str, file: str = "", names: Names | None = None) -> Iterator[Span]:
    """Where the secrets are in a text.

    Args:
        text: the text.
        file: the name of the file that it is the content of, if any.
        names: which names are secret; by default those of the project.
    """
    named, allowed = list[Span](), list[Span]()
    small, names = _small(text), names or Names.current()
    for place in find_names(text, small, file, names):
        if place.level:
            named += [*find_value(place), *find_below(place, names)]
        else:
            stop = text.find("\n", place.end)
            allowed.append((place.end, stop if stop >= 0 else len(text)))
    for span in chain(named, _surrounded(text, small), tokens(text), private_keys(text)):
        if not any(start <= span[0] < end for start, end in allowed):
            yield span


def _small(text: str) -> str:
    """The text in small letters, each of them at its place."""
    small = text.lower()
    return small if len(small) == len(text) else re.sub("[A-Z]", lambda it: it[0].lower(), text)


def _surrounded(text: str, small: str) -> Iterator[Span]:
    """The secrets that have no name, such as the password in an address."""
    for part, pattern, level in _patterns():
        start = small.find(part)
        while start >= 0:
            first = max(text.rfind("\n", 0, start) + 1, start - _WINDOW)
            stop = text.find("\n", start)
            end = min(stop if stop >= 0 else len(text), start + _WINDOW)
            for match in pattern.finditer(text, first, end):
                if is_secret(match["value"], level):
                    yield match.span("value")
            start = small.find(part, end)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str], int]]:
    flags = re.IGNORECASE | re.MULTILINE
    return [(part, re.compile(pattern, flags), level) for part, pattern, level in _SURROUNDINGS]
