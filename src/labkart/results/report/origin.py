"""The line in a table or figure that names its origin: the command, the commits, its provenance."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labkart.results.report.table import ReportTable

_MARK = "labkart: "
_COMMENTS = {".tex": ("% ", ""), ".csv": ("# ", ""), ".md": ("<!-- ", " -->")}
ENDINGS = tuple(_COMMENTS)


def origin_of(table: ReportTable, provenance: bytes) -> dict[str, Any]:
    """The origin of a table; all else is in the file of its provenance, which this content has."""
    records = [record for group in table.groups for record in group.records]
    return {
        "command": f"labkart report {table.config.name}",
        "definition": table.config.digest,
        "commits": sorted({str(record.code.get("commit")) for record in records}),
        "provenance": digest(provenance),
    }


def with_origin(body: str, ending: str, origin: Mapping[str, Any]) -> bytes:
    """A file's content, with its origin in comments before it."""
    start, end = _COMMENTS[ending]
    note = (
        f"Made by `{origin['command']}`. "
        "Its numbers are those of the experiments in the provenance beside it: edit nothing here."
    )
    line = json.dumps({**origin, "body": digest(body.encode())}, ensure_ascii=True)
    line = line.replace("--", "\\u002d\\u002d")  # two hyphens would end an HTML comment
    return f"{start}{note}{end}\n{start}{_MARK}{line}{end}\n{body}".encode()


def read(file: Path) -> dict[str, Any] | None:
    """The origin in a file, or None if missing; `edited` tells whether its body was changed."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError):
        return None
    for number, line in enumerate(lines[:5]):
        _, mark, text = line.partition(_MARK)
        if mark:
            try:
                origin = json.loads(text.strip().removesuffix("-->"))
            except ValueError:
                return None
            body = "".join(lines[number + 1 :])
            return {**origin, "edited": origin.get("body") != digest(body.encode())}
    return None


def digest(content: bytes) -> str:
    """The digest of a file's content in an origin."""
    return hashlib.sha256(content).hexdigest()[:16]
