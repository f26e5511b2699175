"""Finds the names in a text that may be those of secrets: `password`, `X-Api-Key`, `--token`.

Knows what a name looks like and in what kind of file it is. Which names are those of secrets is for
`names`, and what follows a name for `named_values`.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from pathlib import PurePath
from typing import NamedTuple

from labkart.secrets.names import Names

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
SETS = re.compile(
    r"(?:\bset(?:env|x)|^[-+ ]?ENV|\bremote modify(?: --[\w-]+)* +[\w-]+"
    r"|\b(?:config|configure)(?: set| --[\w-]+){0,3}"
    r"|\b(?:with|using)(?: the| a)?)[ \t]+[\w./:-]*$",
    re.MULTILINE,
)
_LINE_BEFORE = 500  # characters before a name that tell where it is
IS_PAIR = re.compile(r"name[\"']?: *[\"']?$")  # - name: PASSWORD, and below it - value: ...

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
        is_in_string = any(self.before.count(sign) % 2 for sign in "\"'`") and not is_quoted
        return self.suffix in _CODE and not is_in_string and "#" not in self.before

    @property
    def is_config(self) -> bool:
        """Whether it is in a file of settings."""
        return self.suffix in _CONFIG


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
    is_before = SETS.search(before) or IS_PAIR.search(before)
    return bool(is_compared or is_option or is_before or _FOLLOWED.match(text, end))


@cache
def _suffix(file: str) -> str:
    path = PurePath(file.lower())
    parts = (path.suffix, path.name, path.stem)
    return next((part for part in parts if part in _CODE | _CONFIG), "")
