"""The line in a table or figure that says where it comes from: experiments, commits, data, command."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labkart.results.report.comparability import data
from labkart.results.report.table import ReportTable

_WORD = "labkart: "
_COMMENTS = {".tex": ("% ", ""), ".csv": ("# ", ""), ".md": ("<!-- ", " -->")}
ENDINGS = tuple(_COMMENTS)


def origin(comparison: ReportTable) -> dict[str, Any]:
    """What an experiment's file tells of itself.

    Of each group the newest experiment and its words are named: somebody can look whether they mean the same today.
    """
    records = [each for group in comparison.groups for each in group.records]
    groups = [
        max(group.records, key=lambda each: each.started or "") for group in comparison.groups
    ]
    uses = [use for each in records for use in each.tasks]
    return {
        "command": f"labkart report {comparison.definition.name}",
        "definition": comparison.definition.digest,
        "experiments": sorted(each.id for each in records),
        "groups": {each.id: each.overrides for each in groups},
        "commits": sorted({str(each.code.get("commit")) for each in records}),
        "data": {
            path: sorted(each[:16] for each in found) for path, found in sorted(data(uses).items())
        },
        "allowed": list(comparison.definition.allow),
    }


def with_origin(body: str, ending: str, origin: Mapping[str, Any]) -> bytes:
    """A file's text with the lines before it that say where it comes from."""
    begin, end = _COMMENTS[ending]
    told = f"Made by `{origin['command']}`. Its numbers are those of the experiments below: edit nothing here."
    line = json.dumps({**origin, "body": digest(body.encode())}, ensure_ascii=True).replace(
        "--", "\\u002d\\u002d"
    )
    return f"{begin}{told}{end}\n{begin}{_WORD}{line}{end}\n{body}".encode()


def read(file: Path) -> dict[str, Any] | None:
    """What a file tells of itself; nothing where it tells nothing. `edited` says that its body is another one now."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    for number, line in enumerate(lines := text.splitlines(keepends=True)):
        _, found, rest = line.partition(_WORD)
        if found and number < 5:
            try:
                said = json.loads(rest.strip().removesuffix("-->"))
            except ValueError:
                return None
            return {
                **said,
                "edited": said.get("body") != digest("".join(lines[number + 1 :]).encode()),
            }
    return None


def digest(content: bytes) -> str:
    """Of a file's content, as these lines name it."""
    return hashlib.sha256(content).hexdigest()[:16]
