"""What an answer must be like: a check returns its final form, or raises why it is invalid."""

import re
import unicodedata
from collections.abc import Callable
from functools import partial

from hooks.names import RESERVED

# Control characters, line ends, halves of characters and marks that reverse text: not every file or
# terminal keeps them. Of those without a width, scripts and emoji need two (U+200C, U+200D).
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
# Blank, although Unicode calls them letters or symbols.
_BLANKS = "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U0001d159"
# As Python's packaging: with letters beyond ASCII, two dots in a row or a dot before the @,
# `uv sync` fails.
_WORD = r"[a-zA-Z0-9!#$%&'*+/=?^_`|~-]+"
_EMAIL = re.compile(
    rf"{_WORD}(\.{_WORD})*@([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9-]*[a-zA-Z0-9]{{2}}"
)


class InvalidAnswer(ValueError):
    """A sentence in both languages, and an answer to suggest, if any."""

    def __init__(self, english: str, japanese: str, suggestion: str = "") -> None:
        super().__init__(english)
        self.sentences = {"en": english, "ja": japanese}
        self.suggestion = suggestion


def line(text: str, limit: int) -> str:
    """One line of any language."""
    text = text.strip()
    if not text:
        raise InvalidAnswer("it is empty.", "空です。")
    if _INVISIBLE.search(text) or not any(map(_is_visible, text)):
        raise InvalidAnswer(
            "it contains a line break or an invisible character. Type it by hand.",
            "改行か、目に見えない文字が含まれています。手で入力し直してください。",
        )
    if len(text) > limit:
        raise InvalidAnswer(f"use at most {limit} characters.", f"{limit} 文字以内にしてください。")
    return text


def _is_visible(letter: str) -> bool:
    """Whether it shows by itself: no blank, no joiner, no accent without a letter."""
    return unicodedata.category(letter)[0] in "LNPS" and letter not in _BLANKS


def email(text: str) -> str:
    """An e-mail address in ASCII."""
    text = text.strip()
    if len(text) > 254 or not _EMAIL.fullmatch(text):
        raise InvalidAnswer(
            "this is not a valid e-mail address. Use ASCII letters, for example ann@example.org.",
            "メールアドレスではありません。半角で ann@example.org のように入力してください。",
        )
    return text


def choice(text: str, *options: str) -> str:
    """One of the options, given by its name in any case or by its number."""
    names = {option.casefold(): option for option in options}
    names |= {str(number): option for number, option in enumerate(options, start=1)}
    option = names.get(text.strip().casefold())
    if option is None:
        options_text = ", ".join(options)
        raise InvalidAnswer(
            f"choose one of {options_text}.", f"{options_text} から選んでください。", options[0]
        )
    return option


def slug(text: str) -> str:
    """A name for a folder that, with _ for -, is a name for a package too."""
    text = text.strip()
    if not _is_name(text):
        suggestion = _suggestion(text)
        raise InvalidAnswer(
            "use at most 40 lower-case letters, digits and hyphens, a letter first, "
            f"for example {suggestion}.",
            "半角の英小文字、数字、ハイフンで 40 文字以内、先頭は英字にしてください。"
            f"例: {suggestion}",
            suggestion,
        )
    if text.replace("-", "_") in RESERVED:
        suggestion = _suggestion(f"{text[:34]}-study")
        raise InvalidAnswer(
            f"Python, Labkart or the system uses this name. Choose another: {suggestion}.",
            f"Python や Labkart やシステムが使う名前です。別の名前にしてください。例: {suggestion}",
            suggestion,
        )
    return text


def _is_name(text: str) -> bool:
    return len(text) <= 40 and bool(re.fullmatch(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", text))


def _suggestion(text: str) -> str:
    """A name near the text. Other scripts are not transcribed: 研究 has several readings."""
    guess = re.sub(r"[^a-z0-9]+", "-", text.lower())[:40].strip("-") if text.isascii() else ""
    return guess if _is_name(guess) and guess.replace("-", "_") not in RESERVED else "my-thesis"


CHECKS: dict[str, Callable[[str], str]] = {
    "language": lambda text: choice(text, "en", "ja"),
    "project_slug": slug,
    "project_title": partial(line, limit=300),
    "author_name": partial(line, limit=100),
    "author_email": email,
    "sample": lambda text: choice(text, "classification", "retrieval", "blank"),
    "license": lambda text: choice(text, "MIT", "BSD-3-Clause", "Apache-2.0", "none"),
}
