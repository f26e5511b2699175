"""What an answer must be like. A check returns the answer as it will be used, or raises what is wrong with it."""

import re
from collections.abc import Callable
from functools import partial

from hooks.names import TAKEN

# Control characters, ends of lines, halves of characters, characters that reverse others: no file or terminal is sure to keep them.
# Others have no width: of these, scripts and pictures need two between their own characters (U+200C, U+200D).
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff]"
)
_JOINERS = "\u200c\u200d"
# What Python's packaging takes: letters beyond ASCII, two dots in a row or a dot before the @ would stop `uv sync`.
_WORD = r"[a-zA-Z0-9!#$%&'*+/=?^_`|~-]+"
_EMAIL = re.compile(
    rf"{_WORD}(\.{_WORD})*@([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9-]*[a-zA-Z0-9]{{2}}"
)


class Wrong(ValueError):
    """A sentence in both languages, and what may be meant instead."""

    def __init__(self, english: str, japanese: str, instead: str = "") -> None:
        super().__init__(english)
        self.sentences = {"en": english, "ja": japanese}
        self.instead = instead


def line(text: str, limit: int) -> str:
    """One line of any language."""
    if not (text := text.strip()) or not text.strip(_JOINERS):
        raise Wrong("it is empty.", "空です。")
    if _UNSEEN.search(text):
        raise Wrong(
            "it holds a line break or a character that cannot be seen. Type it again by hand.",
            "改行か、目に見えない文字が含まれています。手で入力し直してください。",
        )
    if len(text) > limit:
        raise Wrong(f"use at most {limit} characters.", f"{limit} 文字以内にしてください。")
    return text


def email(text: str) -> str:
    """An address, in ASCII."""
    if len(text := text.strip()) > 254 or not _EMAIL.fullmatch(text):
        raise Wrong(
            "this is no e-mail address. It looks like ann@example.org, in letters without accents.",
            "メールアドレスではありません。半角で ann@example.org のように入力してください。",
        )
    return text


def choice(text: str, *options: str) -> str:
    """One of the options, in small or capital letters, or its number."""
    known = {option.casefold(): option for option in options}
    known |= {str(number): option for number, option in enumerate(options, start=1)}
    if (chosen := known.get(text.strip().casefold())) is None:
        listed = ", ".join(options)
        raise Wrong(f"choose one of {listed}.", f"{listed} から選んでください。", options[0])
    return chosen


def slug(text: str) -> str:
    """A name for a folder which, with _ for -, is one for a package, too."""
    text = text.strip()
    if not _is_name(text):
        instead = _instead(text)
        raise Wrong(
            f"use at most 40 lower-case letters, digits and hyphens, a letter first, as in {instead}.",
            f"半角の英小文字、数字、ハイフンで 40 文字以内、先頭は英字にしてください。例: {instead}",
            instead,
        )
    if text.replace("-", "_") in TAKEN:
        instead = _instead(f"{text[:34]}-study")
        raise Wrong(
            f"Python, Labkart or the system uses this name. Choose another, as in {instead}.",
            f"Python や Labkart やシステムが使う名前です。別の名前にしてください。例: {instead}",
            instead,
        )
    return text


def _is_name(text: str) -> bool:
    return len(text) <= 40 and bool(re.fullmatch(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", text))


def _instead(text: str) -> str:
    """A name near the text. Nothing is spelt out from another script: whoever writes 研究 knows best what to call it here."""
    guess = re.sub(r"[^a-z0-9]+", "-", text.lower())[:40].strip("-") if text.isascii() else ""
    return guess if _is_name(guess) and guess.replace("-", "_") not in TAKEN else "my-thesis"


CHECKS: dict[str, Callable[[str], str]] = {
    "language": lambda text: choice(text, "en", "ja"),
    "project_slug": slug,
    "project_title": partial(line, limit=300),
    "author_name": partial(line, limit=100),
    "author_email": email,
    "license": lambda text: choice(text, "MIT", "BSD-3-Clause", "Apache-2.0", "none"),
}
