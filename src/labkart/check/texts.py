"""What rules say in other languages than English: the file `<language>.toml` beside this module."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


def translation(language: str, *keys: str) -> str | None:
    """A text by its keys, such as `raw-data`, `messages`, `new`; None if the language lacks it."""
    text: Any = translations(language)
    for key in keys:
        text = text.get(key, {})
    return text or None


@cache
def translations(language: str) -> dict[str, Any]:
    """All texts of a language, by the ids of their rules; empty for English."""
    file = Path(__file__).with_name(f"{language}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
