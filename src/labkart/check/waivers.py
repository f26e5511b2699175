"""Waivers: a comment `labkart: allow RULE: reason`, or an entry of [[tool.labkart.allow]]."""

import fnmatch
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree

_COMMENT = re.compile(r"#\s*labkart:\s*allow\b\s*([\w-]*)\s*[:\uff1a]?\s*(.*?)\s*$")
_WITH_COMMENTS = re.compile(r"\.(?:cff|gitattributes|gitignore|pyi?|sh|toml|ya?ml)\Z")
_TABLE = "pyproject.toml"


class Waiver(Rule):
    """A waiver names a rule, gives a reason, and is needed."""

    reason = "An exception that nobody can explain is a hole; an old one hides the next mistake."
    fix = (
        "Write `# labkart: allow <rule>: <reason>` on the line or above it; for a file without such"
        " comments, or a finding without a line, write [[tool.labkart.allow]] with rule, path and"
        " reason in pyproject.toml. Remove waivers that allow nothing."
    )
    messages: ClassVar[dict[str, str]] = {
        "reason": "the waiver of {rule} gives no reason",
        "unknown": 'there is no rule "{rule}"',
        "unneeded": "the waiver of {rule} allows nothing; remove it",
    }

    def check(self, tree: Tree) -> Iterator[Finding]:  # noqa: ARG002 (every rule has it)
        """Find nothing: what is wrong with a waiver depends on what the other rules find."""
        return iter(())


@dataclass(frozen=True)
class Allowance:
    """A waiver that was written."""

    rule: str  # the id of the rule that it names
    reason: str
    pattern: str  # the file that it is for, or several with `*`
    line: int  # that it is for; 0 for findings that no comment can waive
    place: tuple[str, int]  # the file and line of the waiver itself

    def covers(self, finding: Finding) -> bool:
        """Whether it is for a finding."""
        if finding.rule.id != self.rule:
            return False
        if self.line:
            return (finding.path, finding.line) == (self.pattern, self.line)
        # A comment stands where its reader sees it, so the table is only for the rest.
        takes_comment = finding.line and _WITH_COMMENTS.search(finding.path)
        path = finding.path.rstrip("/")
        return not takes_comment and fnmatch.fnmatch(path, self.pattern.rstrip("/"))


def read_waivers(tree: Tree) -> list[Allowance]:
    """All waivers of a project."""
    return [*_in_comments(tree), *_in_table(tree)]


def apply_waivers(
    waivers: Sequence[Allowance],
    findings: Sequence[Finding],
    known: Collection[str],
    checked: Collection[str],
) -> Iterator[Finding]:
    """Yield the findings that no waiver covers, and, if that rule is checked, wrong waivers.

    `known` are the ids of all rules that can be waived, `checked` those of the rules that were
    checked: only of these a waiver can be unneeded.
    """
    covered = set[Finding]()
    for waiver in waivers:
        mine = {finding for finding in findings if waiver.covers(finding)}
        if waiver.rule not in known:
            key = "unknown"
        elif not re.search(r"\w", waiver.reason):
            key = "reason"
        else:
            covered |= mine
            key = "" if mine or waiver.rule not in checked else "unneeded"
        if key and Waiver.id in checked:
            path, line = waiver.place
            yield Waiver.finding(path, key, line, rule=waiver.rule)
    yield from (finding for finding in findings if finding not in covered)


def _in_comments(tree: Tree) -> Iterator[Allowance]:
    for path, text in tree.texts():
        if not _WITH_COMMENTS.search(path) or "labkart:" not in text:
            continue
        lines = text.split("\n")
        for number, line in enumerate(lines, 1):
            if match := _COMMENT.search(line):
                target = _line_meant(lines, number)
                yield Allowance(match[1], match[2], path, target, (path, number))


def _in_table(tree: Tree) -> Iterator[Allowance]:
    """The entries of the table; one without rule or reason has an empty text there."""
    lines = tree.lines(_TABLE, r"\[+tool\.labkart\.allow\]")
    table = tree.settings.get("allow", [])
    for number, entry in enumerate(table if isinstance(table, list) else [table]):
        values = entry if isinstance(entry, dict) else {}
        rule, path, reason = (str(values.get(key, "")) for key in ("rule", "path", "reason"))
        line = lines[number] if number < len(lines) else 0
        yield Allowance(rule, reason, path, 0, (_TABLE, line))


def _line_meant(lines: Sequence[str], number: int) -> int:
    """The line that a comment is for: its own, or the next code if it stands alone."""
    while number <= len(lines) and re.match(r"\s*(#|$)", lines[number - 1]):
        number += 1
    return number
