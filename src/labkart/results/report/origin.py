"""The line in a table, a figure or the numbers that names their origin, and its provenance."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labkart.files import read_text
from labkart.language import translate
from labkart.results.report.table import ReportTable

MARK = "labkart: "
_COMMENTS = {".tex": ("% ", ""), ".csv": ("# ", ""), ".md": ("<!-- ", " -->")}
ENDINGS = tuple(_COMMENTS)


def origin_of(table: ReportTable) -> dict[str, Any]:
    """The origin of a table or figure; its provenance has all else."""
    records = [record for group in table.groups for record in group.records]
    return {
        "command": f"labkart report {table.config.name}",
        "commits": sorted({str(record.code.get("commit")) for record in records}),
    }


def with_origin(body: str, ending: str, origin: Mapping[str, Any]) -> bytes:
    """A file's content, with its origin in comments before it."""
    start, end = _COMMENTS[ending]
    note = translate(
        "Made by `{command}`. Its numbers are those of the experiments in the provenance beside it:"
        " edit nothing here.",
        command=origin["command"],
    )
    line = stamp(body, origin).replace("--", "\\u002d\\u002d")  # would end an HTML comment
    return f"{start}{note}{end}\n{start}{MARK}{line}{end}\n{body}".encode()


def stamp(body: str, origin: Mapping[str, Any]) -> str:
    """An origin in a line, with the digest of the body that follows it."""
    return json.dumps({**origin, "body": digest(body.encode())})


def read(file: Path) -> dict[str, Any] | None:
    """The origin in a file, or None if missing; see `read_stamp`."""
    for start, end in _COMMENTS.values():
        _, mark, rest = read_text(file).partition(f"\n{start}{MARK}")
        if mark:
            line, _, body = rest.partition("\n")
            return read_stamp(line.removesuffix(end), body)
    return None


def read_stamp(line: str, body: str) -> dict[str, Any] | None:
    """An origin, or None if damaged; `edited` tells whether the body was changed."""
    try:
        origin = json.loads(line)
        return {**origin, "edited": origin["body"] != digest(body.encode())}
    except (ValueError, KeyError, TypeError):
        return None


def digest(content: bytes) -> str:
    """The digest of a file's content in an origin."""
    return hashlib.sha256(content).hexdigest()[:16]
