"""Waivers: a comment `labkart: allow RULE: reason`, or an entry of [[tool.labkart.allow]]."""

import fnmatch
import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree

_COMMENT = re.compile(r"#\s*labkart:\s*allow\b\s*([\w-]*)\s*[:\uff1a]?\s*(.*?)\s*$")
_WITH_COMMENTS = (
    ".cff",
    ".gitattributes",
    ".gitignore",
    ".py",
    ".pyi",
    ".sh",
    ".toml",
    ".yaml",
    ".yml",
)
_TABLE = "pyproject.toml"


class Waiver(Rule):
    """A waiver names a rule, gives a reason, and is needed."""

    reason = (
        "An exception that nobody can explain is a hole, and an old one hides the next mistake."
    )
    fix = (
        "Write `# labkart: allow <rule>: <reason>` on the line or above it; for a file without such"
        " comments, or a finding without a line, write [[tool.labkart.allow]] with rule, path and"
        " reason in pyproject.toml. Remove waivers that allow nothing."
    )
    messages: ClassVar[dict[str, str]] = {
        "reason": "the waiver of {rule} gives no reason",
        "unknown": 'there is no rule "{rule}"',
        "unneeded": "the waiver of {rule} allows nothing; remove it",
        "table": "[[tool.labkart.allow]] must have rule, path and reason, each a text",
    }

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Find wrong entries of the table; other problems depend on what the other rules find."""
        yield from (entry for entry in _read_waivers(tree) if isinstance(entry, Finding))


@dataclass(frozen=True)
class _Allowance:
    """A waiver that was written.

    Attributes:
        rule: the id of the rule that it names.
        reason: why.
        pattern: the file that it is for, or several with `*`.
        line: the line that it is for; 0 for findings that no comment can waive.
        place: the file and line of the waiver itself.
    """

    rule: str
    reason: str
    pattern: str
    line: int
    place: tuple[str, int]

    def covers(self, finding: Finding) -> bool:
        if finding.rule.id != self.rule:
            return False
        if self.line:
            return (finding.path, finding.line) == (self.pattern, self.line)
        # A comment stands where its reader sees it, so the table is only for the rest.
        takes_comment = finding.line and finding.path.endswith(_WITH_COMMENTS)
        path = finding.path.rstrip("/")
        return not takes_comment and fnmatch.fnmatch(path, self.pattern.rstrip("/"))


def apply_waivers(
    tree: Tree, findings: Sequence[Finding], known: Collection[str], checked: Collection[str]
) -> Iterator[Finding]:
    """Yield the findings that no waiver covers, and, if that rule is checked, wrong waivers.

    Args:
        tree: the project.
        findings: what the rules found.
        known: the ids of all rules that can be waived.
        checked: the ids of the rules that were checked; only of those a waiver can be unneeded.
    """
    covered = set[Finding]()
    for waiver in _read_waivers(tree):
        if isinstance(waiver, Finding):
            continue
        mine = {finding for finding in findings if waiver.covers(finding)}
        key = _problem(waiver, known) or ("" if mine or waiver.rule not in checked else "unneeded")
        if not key:
            covered |= mine
        elif Waiver.id in checked:
            path, line = waiver.place
            yield Waiver.finding(path, key, line, rule=waiver.rule)
    yield from (finding for finding in findings if finding not in covered)


def _problem(waiver: _Allowance, known: Collection[str]) -> str:
    """The key of what is wrong with a waiver by itself; empty if nothing is."""
    if waiver.rule not in known:
        return "unknown"
    return "" if re.search(r"\w", waiver.reason) else "reason"


def _read_waivers(tree: Tree) -> Iterator[_Allowance | Finding]:
    """All waivers of a project; findings for wrong entries of the table."""
    for path, text in tree.texts():
        if path.endswith(_WITH_COMMENTS):
            lines = text.split("\n")
            for number, line in enumerate(lines, 1):
                if "labkart:" in line and (match := _COMMENT.search(line)):
                    meant = _line_meant(lines, number)
                    yield _Allowance(match[1], match[2], path, meant, (path, number))
        if path == _TABLE:
            yield from _read_table(text)


def _read_table(text: str) -> Iterator[_Allowance | Finding]:
    try:
        table: Any = tomllib.loads(text).get("tool", {}).get("labkart", {}).get("allow", [])
    except ValueError:
        return
    lines = [n for n, line in enumerate(text.split("\n"), 1) if "tool.labkart.allow" in line]
    for number, entry in enumerate(table if isinstance(table, list) else [table]):
        line = lines[min(number, len(lines) - 1)] if lines else 0
        match entry:
            case {"rule": str(rule), "path": str(path), "reason": str(reason)}:
                yield _Allowance(rule, reason, path, 0, (_TABLE, line))
            case _:
                yield Waiver.finding(_TABLE, "table", line)


def _line_meant(lines: Sequence[str], number: int) -> int:
    """The line that a comment is for: its own, or the next code if it stands alone."""
    while number <= len(lines) and re.match(r"\s*(#|$)", lines[number - 1]):
        number += 1
    return number
