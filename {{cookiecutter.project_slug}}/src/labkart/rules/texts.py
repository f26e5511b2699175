"""What rules say in other languages than English, in which they are written: a file `<language>.toml` for each."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


def of(rule: str, name: str, language: str, part: str | None = None) -> str | None:
    """A text of a rule; nothing where that language has none."""
    table = translations(language).get(rule, {})
    return (table.get(part, {}) if part else table).get(name)


@cache
def translations(language: str) -> dict[str, Any]:
    """All texts of a language by the id of their rule."""
    file = Path(__file__).with_name(f"{language}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
