"""What rules say in other languages than English, in which they are written: a file `<language>.toml` for each."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any


def of(rule: str, name: str, language: str, part: str | None = None) -> str | None:
    """A text of a rule; nothing where that language has none."""
    table = translations(language).get(rule, {})
    return (table.get(part, {}) if part else table).get(name)


def format_text(said: str, language: str) -> str:
    """What another part of Labkart said in English, as far as that language has words for it."""
    for pattern, words in _others(language).items():
        said = pattern.sub(lambda match, words=words: words.format(**match.groupdict()), said)
    return said.replace("\u3002 ", "\u3002")  # in Japanese no blank stands between sentences


@cache
def _others(language: str) -> dict[re.Pattern[str], str]:
    """Sentences of others as patterns, in which a name in braces stands for any words."""
    found = translations(language).get("others", {})
    return {
        re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(said))): words
        for said, words in found.items()
    }


@cache
def translations(language: str) -> dict[str, Any]:
    """All texts of a language by the id of their rule."""
    file = Path(__file__).with_name(f"{language}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
