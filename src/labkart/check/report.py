"""What `labkart check` prints: the findings as sentences or as JSON, or the list of rules."""

import json
import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from labkart import project
from labkart.check import raw
from labkart.check.rule import Finding, Rule
from labkart.check.rules import RULES
from labkart.check.tree import Tree
from labkart.check.waivers import Waiver, apply_waivers, read_waivers
from labkart.language import mistake, translate, translate_count
from labkart.wording import did_you_mean

_BY_ID = {rule.id: rule for rule in RULES}


def check(options: Namespace) -> int:
    """Check rules, or list them, or lock the data, and print what there is to say.

    Args:
        options: `rules` (ids; none for all), `list`, `json`, `lock_data`.

    Returns:
        The exit code: 1 if a rule is broken.

    Raises:
        LabkartError: there is no rule of that name, or the data cannot be locked.
    """
    current = project.current()
    os.chdir(current.root)
    rules = [_rule(id) for id in options.rules] or list(RULES)
    tree, findings = Tree(current), list[Finding]()
    if options.list:
        _print(format_list(rules))
    elif options.lock_data:
        counts = raw.lock_data(tree)
        _print(
            translate(
                "Files in data/raw.sha256: {all} ({new} new, {changed} changed, {missing} gone).",
                **counts,
            )
        )
    else:
        findings = find_problems(tree, rules)
        _print(format_json(findings) if options.json else format_findings(findings, len(rules)))
    return int(bool(findings))


def find_problems(tree: Tree, rules: Sequence[type[Rule]]) -> list[Finding]:
    """What rules find that is not waived, by path and line."""
    findings, waivers = list[Finding](), read_waivers(tree)
    # The student's code may change anything in this process, so it is imported last.
    for rule in sorted(rules, key=lambda rule: rule.runs_code):
        findings += rule().check(tree)
    unique = list(dict.fromkeys(findings))  # several rules say what keeps them from looking
    known = _BY_ID.keys() - {Waiver.id}
    left = apply_waivers(waivers, unique, known, {rule.id for rule in rules})
    return sorted(left, key=lambda finding: (finding.path, finding.line, finding.rule.id))


def _rule(id: str) -> type[Rule]:
    if id not in _BY_ID:
        hint = did_you_mean(id, _BY_ID)
        raise mistake(
            'There is no rule "{rule}". {hint} labkart check --list explains them.',
            rule=id,
            hint=hint,
        )
    return _BY_ID[id]


def format_findings(findings: Sequence[Finding], rules: int) -> str:
    """The places, how to fix each kind once, and how many there are."""
    if not findings:
        return translate_count(
            "Nothing broken: the rule holds.", "Nothing broken: {count} rules hold.", rules
        )
    places = [f"{it.place}  {it.rule.id}  {it.message()}" for it in findings]
    broken = list(dict.fromkeys(finding.rule for finding in findings))
    fixes = [f"{rule.id}: {rule.text('fix')}" for rule in broken]
    count = translate_count(
        "1 finding. labkart check --list explains the rule.",
        "{count} findings; broken rules: {rules}. labkart check --list explains them.",
        len(findings),
        rules=len(broken),
    )
    return "\n".join([*places, "", *fixes, "", count])


def format_json(findings: Sequence[Finding]) -> str:
    """The findings for programs."""
    rows = [
        {
            "path": finding.path,
            "line": finding.line or None,
            "rule": finding.rule.id,
            "says": finding.message(),
            "fix": finding.rule.text("fix"),
        }
        for finding in findings
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def format_list(rules: Sequence[type[Rule]]) -> str:
    """The rules for a terminal."""
    return "\n\n".join(
        f"{rule.id}: {rule.text('sentence')}\n  {rule.text('reason')}\n  -> {rule.text('fix')}"
        for rule in rules
    )


def _print(text: str) -> None:
    """Print with "?" for what the terminal cannot show, and for file names that are not text."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding) + "\n")
