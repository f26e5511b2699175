"""Waivers: where a file says that a rule does not hold in one place, and why; and what is wrong with a waiver."""

import fnmatch
import io
import re
import tokenize
import tomllib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from labkart.check import linted
from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree

_COMMENT = re.compile(r"labkart:\s*allow\b\s*([\w-]*)\s*[:\uff1a]?\s*(.*?)\s*(?:-->)?\s*$")
_NOQA = re.compile(
    r"#\s*(?:((?:ruff|flake8)\s*:\s*(?:noqa|file-ignore|disable))|noqa)\b"
    r"(?:\s*[:\[]\s*([A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)\]?)?(.*)",
    re.IGNORECASE,
)
# Files in which a comment begins with a hash, by the end of their names.
_HASHED = (".cff", ".gitattributes", ".gitignore", ".py", ".pyi", ".sh", ".toml", ".yaml", ".yml")
_TABLE = "pyproject.toml"


@dataclass(frozen=True)
class Allowance:
    """A waiver: the rule it names, the reason it gives, where it is written, and the place that it speaks of.

    Attributes:
        path: of the file, or of several with `*`.
        about: the line that it speaks of; 0 for what has no line.
        where: the file and line of the waiver itself.
    """

    rule: str
    reason: str
    path: str
    about: int
    where: tuple[str, int]

    def covers(self, finding: Finding) -> bool:
        if finding.rule.id != self.rule:
            return False
        if self.about:
            return finding.path == self.path and finding.line == self.about
        # What can be said on the line itself is said there, where its reader sees it.
        can_say = finding.line and finding.path.endswith((*_HASHED, ".md"))
        return not can_say and fnmatch.fnmatch(finding.path.rstrip("/"), self.path.rstrip("/"))


class Waiver(Rule):
    """A waiver names a rule, gives a reason, and is needed."""

    reason = "An exception that nobody can explain is no exception but a hole, and an old one hides the next mistake."
    fix = (
        "Write `# labkart: allow <rule>: <reason>` on the line or above it (in Markdown as `<!-- ... -->`),"
        " `# noqa: CODE <reason>` for what ruff finds, and for what can hold no comment [[tool.labkart.allow]] with"
        " rule, path and reason in pyproject.toml. Remove those that waive nothing."
    )
    says: ClassVar[dict[str, str]] = {
        "reason": "the waiver of {rule} gives no reason",
        "unknown": 'there is no rule "{rule}" to waive',
        "noqa": "this noqa hides {rule} and gives no reason; write # noqa: CODE reason",
        "file": "this noqa hides {rule} in the whole file; write # noqa: CODE reason on the line",
        "nothing": "the waiver of {rule} waives nothing; remove it",
        "ruff": "{rule} is ruff's: write # noqa: {codes} reason on the line",
        "table": "[[tool.labkart.allow]] wants rule, path and reason, each a text",
    }

    def look(self, tree: Tree) -> Iterator[Finding]:
        for path, text in tree.texts():
            if path.endswith((".py", ".pyi")) and _NOQA.search(text):
                for line, comment, _ in _comments(path, text):
                    yield from self._unexplained(path, line, comment)

    def _unexplained(self, path: str, line: int, comment: str) -> Iterator[Finding]:
        for whole, codes, rest in _NOQA.findall(comment):
            named = [
                code
                for code in linted.CODES
                if not codes or code in re.split(r"[,\s]+", codes.upper())
            ]
            if named and whole:
                yield self.at(path, "file", line, rule=", ".join(named))
            elif named and not re.search(r"\w", rest):
                yield self.at(path, "noqa", line, rule=", ".join(named))

    def wrong(self, waived: Allowance, known: Collection[str]) -> Finding | None:
        """What is wrong with a waiver by itself."""
        if waived.rule not in known:
            return self.at(*_place(waived, "unknown"), rule=waived.rule)
        ruffs = next((each.codes for each in linted.EVERY if each.id == waived.rule), None)
        if ruffs:
            return self.at(*_place(waived, "ruff"), rule=waived.rule, codes=", ".join(ruffs))
        if not re.search(r"\w", waived.reason):
            return self.at(*_place(waived, "reason"), rule=waived.rule)
        return None


def _place(waived: Allowance, key: str) -> tuple[str, str, int]:
    return waived.where[0], key, waived.where[1]


def applied(
    tree: Tree, findings: Sequence[Finding], known: Collection[str], ran: Collection[str]
) -> list[Finding]:
    """The findings that no waiver covers, and those on the waivers.

    Args:
        known: the ids of all rules that can be waived.
        ran: of those that looked; of the others nobody knows whether a waiver is needed.
    """
    judge, found, covered = Waiver(), list[Finding](), set[Finding]()
    for each in written(tree):
        if isinstance(each, Finding):
            found.append(each)
        elif wrong := judge.wrong(each, known):
            found.append(wrong)
        elif each.rule in ran:
            mine = {finding for finding in findings if each.covers(finding)}
            covered |= mine
            if not mine:
                found.append(judge.at(*_place(each, "nothing"), rule=each.rule))
    return [finding for finding in findings if finding not in covered] + (
        found if Waiver.id in ran else []
    )


def written(tree: Tree) -> Iterator[Allowance | Finding]:
    """All waivers of a project; findings where the table of them is none."""
    for path, text in tree.texts():
        if "labkart: allow" in text or "labkart:allow" in text:
            for line, comment, about in _comments(path, text):
                if match := _COMMENT.search(comment):
                    yield Allowance(match[1], match[2], path, about, (path, line))
    yield from _tabled(tree.text(_TABLE) or "")


def _tabled(text: str) -> Iterator[Allowance | Finding]:
    try:
        table: Any = tomllib.loads(text).get("tool", {}).get("labkart", {}).get("allow", [])
    except ValueError:
        return
    lines = [
        number for number, line in enumerate(text.splitlines(), 1) if "tool.labkart.allow" in line
    ]
    for place, entry in enumerate(table if isinstance(table, list) else [table]):
        line = lines[min(place, len(lines) - 1)] if lines else 0
        match entry:
            case {"rule": str(rule), "path": str(path), "reason": str(reason)}:
                yield Allowance(rule, reason, path, 0, (_TABLE, line))
            case _:
                yield Waiver().at(_TABLE, "table", line)


def _comments(path: str, text: str) -> Iterator[tuple[int, str, int]]:
    """The comments of a file: the line of each, its text, and the line it speaks of: its own, or alone the next one."""
    lines = text.split("\n")
    if path.endswith((".py", ".pyi")):
        found = _in_python(text)
    elif path.endswith(".md"):
        found = _in_markdown(lines)
    elif path.endswith(_HASHED):
        found = (
            (number, line[line.index("#") :]) for number, line in enumerate(lines, 1) if "#" in line
        )
    else:
        return
    is_comment: Callable[[str], bool] = lambda line: (
        line.strip().startswith(("#", "<!--")) or not line.strip()
    )  # noqa: E731
    for number, comment in found:
        about = number
        while about <= len(lines) and is_comment(lines[about - 1]):
            about += 1
        yield number, comment, about


def _in_python(text: str) -> Iterator[tuple[int, str]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    except (
        tokenize.TokenError,
        SyntaxError,
    ):  # the rest of it cannot be read; another rule says so
        return


def _in_markdown(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Comments outside of blocks of code, which show to a reader how to write one."""
    fenced = False
    for number, line in enumerate(lines, 1):
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        if not fenced and "<!--" in re.sub("`[^`]*`", "", line):
            yield number, line[line.index("<!--") :]
