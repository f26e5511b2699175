"""The line in a table or figure that names its origin: experiments, commits, data and command."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labkart.results.report.comparability import data_digests
from labkart.results.report.table import ReportTable

_MARK = "labkart: "
_COMMENTS = {".tex": ("% ", ""), ".csv": ("# ", ""), ".md": ("<!-- ", " -->")}
ENDINGS = tuple(_COMMENTS)


def origin_of(table: ReportTable) -> dict[str, Any]:
    """The origin of a table.

    It names the newest experiment of each group with its overrides: `staleness` asks whether they
    mean the same today.
    """
    records = [record for group in table.groups for record in group.records]
    newest = [max(group.records, key=lambda run: run.started or "") for group in table.groups]
    tasks = [task for record in records for task in record.tasks]
    return {
        "command": f"labkart report {table.config.name}",
        "definition": table.config.digest,
        "experiments": sorted(record.id for record in records),
        "groups": {record.id: record.overrides for record in newest},
        "commits": sorted({str(record.code.get("commit")) for record in records}),
        "data": {
            path: sorted(digest[:16] for digest in digests)
            for path, digests in sorted(data_digests(tasks).items())
        },
        "allowed": list(table.config.allow),
    }


def with_origin(body: str, ending: str, origin: Mapping[str, Any]) -> bytes:
    """A file's content, with its origin in comments before it."""
    start, end = _COMMENTS[ending]
    note = (
        f"Made by `{origin['command']}`. "
        "Its numbers are those of the experiments below: edit nothing here."
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
