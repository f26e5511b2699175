"""What `labkart check` prints: the findings, the list of rules, the rules as a page or as JSON."""

import json
import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from labkart import project
from labkart.check import raw
from labkart.check.rule import Finding, Rule, translation
from labkart.check.rules import RULES
from labkart.check.tree import Tree
from labkart.check.waivers import Waiver, apply_waivers, read_waivers
from labkart.errors import LabkartError
from labkart.wording import did_you_mean

_BY_ID = {rule.id: rule for rule in RULES}
# Rules that find again what another one has found in the same file.
_CONSEQUENCES = ("broken-config", "broken-pipeline")
TEXTS = {
    "fine": "Nothing broken: {rules} rules hold.",
    "fine-one": "Nothing broken: the rule holds.",
    "count": "{findings} findings, {rules} rules broken. labkart check --list explains the rules.",
    "count-one": "1 finding. labkart check --list explains the rule.",
    "locked": "Files in data/raw.sha256: {all} ({new} new, {changed} changed, {missing} gone).",
    "title": "The rules",
    "intro": """\
`labkart check` says where one of these rules is broken, and what to do. CI and `pre-commit` run it.
`labkart check <rule>` checks one rule, and `labkart check --list` prints what this page says. It
takes about as long as the import of your pipeline. What `ruff check` finds, such as `print()` and
`mlflow.start_run()`, is not repeated here.

Write an exception where it is made, with its reason: a comment `# labkart: allow <rule>: <reason>`
on the line or above it. For a file without such comments there is a table in `pyproject.toml`:

```toml
[[tool.labkart.allow]]
rule = "large-file"
path = "reports/poster.pdf"
reason = "the printer needs it as it is"
```""",
    "reason": "Why",
    "fix": "What to do",
}


def check(options: Namespace) -> int:
    """Check rules, or list them, or lock the data, and print what there is to say.

    Args:
        options: `rules` (ids; none for all), `list`, `markdown`, `json`, `lock_data`.

    Returns:
        The exit code: 1 if a rule is broken.

    Raises:
        LabkartError: there is no rule of that name, or the data cannot be locked.
    """
    current = project.current()
    os.chdir(current.root)
    rules = [_rule(id) for id in options.rules] or list(RULES)
    tree, language, findings = Tree(current), current.language, list[Finding]()
    if options.list:
        _print((format_page if options.markdown else format_list)(rules, language))
    elif options.lock_data:
        _print(_text("locked", language, **raw.lock_data(tree)))
    else:
        findings = find_problems(tree, rules)
        text = format_json(findings, language)
        _print(text if options.json else format_findings(findings, len(rules), language))
    return int(bool(findings))


def find_problems(tree: Tree, rules: Sequence[type[Rule]]) -> list[Finding]:
    """What rules find that is not waived, by path and line."""
    findings, waivers = list[Finding](), read_waivers(tree)
    # The student's code may change anything in this process, so it is imported last.
    for rule in sorted(rules, key=lambda rule: rule.runs_code):
        findings += rule().check(tree)
    unreadable = {finding.path for finding in findings if finding.rule.id == "unreadable-file"}
    consequences = {(path, id) for path in unreadable for id in _CONSEQUENCES}
    causes = [it for it in dict.fromkeys(findings) if (it.path, it.rule.id) not in consequences]
    known = _BY_ID.keys() - {Waiver.id}
    left = apply_waivers(waivers, causes, known, {rule.id for rule in rules})
    return sorted(left, key=lambda finding: (finding.path, finding.line, finding.rule.id))


def _rule(id: str) -> type[Rule]:
    if id not in _BY_ID:
        hint = did_you_mean(id, _BY_ID)
        raise LabkartError(f'There is no rule "{id}". {hint} labkart check --list explains them.')
    return _BY_ID[id]


def _text(key: str, language: str, **values: object) -> str:
    return (translation(language, "check", key) or TEXTS[key]).format(**values)


def format_findings(findings: Sequence[Finding], rules: int, language: str) -> str:
    """The places, how to fix each kind once, and how many there are."""
    if not findings:
        return _text("fine" if rules > 1 else "fine-one", language, rules=rules)
    places = [f"{it.place}  {it.rule.id}  {it.message(language)}" for it in findings]
    broken = list(dict.fromkeys(finding.rule for finding in findings))
    fixes = [f"{rule.id}: {rule.text('fix', language)}" for rule in broken]
    key = "count" if len(findings) > 1 else "count-one"
    count = _text(key, language, findings=len(findings), rules=len(broken))
    return "\n".join([*places, "", *fixes, "", count])


def format_json(findings: Sequence[Finding], language: str) -> str:
    """The findings for programs."""
    rows = [
        {
            "path": finding.path,
            "line": finding.line or None,
            "rule": finding.rule.id,
            "says": finding.message(language),
            "fix": finding.rule.text("fix", language),
        }
        for finding in findings
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def format_list(rules: Sequence[type[Rule]], language: str) -> str:
    """The rules for a terminal."""
    return "\n\n".join(
        f"{rule.id}: {rule.text('sentence', language)}\n"
        f"  {rule.text('reason', language)}\n  -> {rule.text('fix', language)}"
        for rule in rules
    )


def format_page(rules: Sequence[type[Rule]], language: str) -> str:
    """The rules for a page of the documentation."""
    why, remedy = _text("reason", language), _text("fix", language)
    parts = [f"# {_text('title', language)}", _text("intro", language)]
    for rule in rules:
        parts += [f"## `{rule.id}`", rule.text("sentence", language)]
        reason, fix = rule.text("reason", language), rule.text("fix", language)
        parts.append(f"- {why}: {reason}\n- {remedy}: {fix}")
    return "\n\n".join(parts)


def _print(text: str) -> None:
    """Print with "?" for what the terminal cannot show, and for file names that are not text."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding) + "\n")
