"""The environment variables that a project's code and settings read, with their values.

Finds those that are named in the text of a file: `os.environ["SCALE"]`, `os.getenv("SCALE")`,
`${oc.env:SCALE}`. Runs no code.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from labkart.files import read_text
from labkart.secrets import redact
from labkart.secrets.names import MASK, Names

_IN_CODE = re.compile(
    r"""(?:\benviron(?:\.(?:get|pop|setdefault))?\s*[\[(]|\bgetenv\s*\()\s*["'](\w+)["']"""
)
_IN_SETTINGS = re.compile(r"\$\{\s*oc\.env\s*:\s*(\w+)")
_PLACES = (("src", "*.py", _IN_CODE), ("conf", "*.yaml", _IN_SETTINGS))
_LONGEST = 200  # characters of a value


def names(root: Path) -> list[str]:
    """The variables that the files in `src/` and `conf/` read."""
    texts = (
        (read_text(file), pattern)
        for folder, ending, pattern in _PLACES
        for file in (root / folder).rglob(ending)
    )
    return sorted({name for text, pattern in texts for name in pattern.findall(text)})


def values(names: Iterable[str], environment: Mapping[str, str]) -> dict[str, str | None]:
    """The values of variables: None for one that is not set, `***` for what may be a secret."""
    return {name: _value(name, environment.get(name)) for name in names}


def _value(name: str, value: str | None) -> str | None:
    if not value:
        return value
    if Names.current().are_secret_variable(name, value):
        return MASK
    return redact.redact_text(value)[:_LONGEST]
