"""`labkart check`: whether the rules hold, where they do not, and what to do; also the list of them."""

import argparse
import json
import os
import sys
from collections.abc import Sequence

from labkart import project
from labkart.check import raw, texts, waivers
from labkart.check.rules import EVERY, Finding, Rule, Tree
from labkart.errors import LabkartError, did_you_mean

_BY_ID = {rule.id: rule for rule in EVERY}
_SAYS = {
    "fine": "Nothing broken: {rules} rules hold.",
    "fine-one": "Nothing broken: the rule holds.",
    "count": "{findings} findings, {rules} rules broken. labkart check --list says why they are there.",
    "count-one": "1 finding. labkart check --list says why the rule is there.",
    "locked": "Files noted in data/raw.sha256: {all} ({new} new, {changed} changed, {missing} gone).",
    "title": "The rules",
    "intro": """\
`labkart check` says where one of these rules is broken, and what to do. CI and `pre-commit` ask it, too.
`labkart check <rule>` looks at one alone, and `labkart check --list` says what this page says. It takes less than a
second, but as long as the import of your pipeline where settings, parameters or the pipeline itself changed.

An exception stands where it is made, with its reason: a comment `labkart: allow <rule>: <reason>` on the line or above
it. What ruff finds (`print`, `own-tracking`, `sys-path`, `legacy-random`) has ruff's own, `noqa: <code> <reason>`. For
a file that can hold no comment there is a table in `pyproject.toml`:

```toml
[[tool.labkart.allow]]
rule = "large-file"
path = "reports/poster.pdf"
reason = "the printer wants it as it is"
```""",
    "reason": "Why",
    "fix": "What to do",
}


def show(words: Sequence[str]) -> int:
    """The verb `check`."""
    asked = _asked(words)
    here = project.current()
    os.chdir(here.root)
    chosen = [_rule(each) for each in asked.rules] or list(EVERY)
    if asked.list:
        _print(
            markdown(chosen, here.language) if asked.markdown else listing(chosen, here.language)
        )
        return 0
    tree = Tree(here)
    if asked.lock_data:
        _print(_say("locked", here.language, **raw.lock(tree)))
        return 0
    found = look(tree, chosen)
    if asked.json:
        _print(_as_json(found, here.language))
    else:
        _print(_format_findings(found, len(chosen), here.language))
    return int(bool(found))


def look(tree: Tree, chosen: Sequence[type[Rule]]) -> list[Finding]:
    """What these rules find, by path and line."""
    rules = [rule() for rule in chosen]
    for each in rules:
        each.begin(tree)
    # Those that wait for another process are asked when the others are done.
    found = [
        finding
        for each in sorted(rules, key=lambda rule: rule.waits)
        for finding in each.look(tree)
    ]
    known = _BY_ID.keys() - {waivers.Waiver.id}
    kept = waivers.applied(tree, _first_causes(found), known, {each.id for each in rules})
    return sorted(dict.fromkeys(kept), key=lambda each: (each.path, each.line, each.rule.id))


def _first_causes(found: Sequence[Finding]) -> list[Finding]:
    """Without what follows from another finding: a file that cannot be read cannot be imported or composed."""
    unread = {each.path for each in found if each.rule.id == "unreadable-file"}
    follow = ("broken-config", "broken-pipeline")
    return [each for each in found if each.rule.id not in follow or each.path not in unread]


def _asked(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "labkart check", description="Do the rules hold in this project?"
    )
    parser.add_argument("rules", nargs="*", metavar="RULE", help="look at these alone")
    parser.add_argument(
        "--list", action="store_true", help="say what the rules are, why, and what to do"
    )
    parser.add_argument(
        "--markdown", action="store_true", help="... as a page of the documentation"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--lock-data", action="store_true", help="write down what is in data/raw/ now"
    )
    return parser.parse_intermixed_args(words)


def _rule(id: str) -> type[Rule]:
    if id not in _BY_ID:
        raise LabkartError(
            f'There is no rule "{id}". {did_you_mean(id, _BY_ID)} labkart check --list explains them.'
        )
    return _BY_ID[id]


def _say(key: str, language: str, **values: object) -> str:
    return (texts.of("check", key, language) or _SAYS[key]).format(**values)


def _format_findings(found: Sequence[Finding], rules: int, language: str) -> str:
    """What a person reads: the places, how to mend each kind once, and how many there are."""
    if not found:
        return _say("fine" if rules > 1 else "fine-one", language, rules=rules)
    places = [f"{each.place}  {each.rule.id}  {each.said(language)}" for each in found]
    broken = list(dict.fromkeys(each.rule for each in found))
    fixes = [f"{rule.id}: {rule.remedy(language)}" for rule in broken]
    count = _say(
        "count" if len(found) > 1 else "count-one", language, findings=len(found), rules=len(broken)
    )
    return "\n".join([*places, "", *fixes, "", count])


def _as_json(found: Sequence[Finding], language: str) -> str:
    rows = [
        {
            "path": each.path,
            "line": each.line or None,
            "rule": each.rule.id,
            "says": each.said(language),
            "fix": each.rule.remedy(language),
        }
        for each in found
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def listing(rules: Sequence[type[Rule]], language: str) -> str:
    """The rules for a terminal."""
    return "\n\n".join(
        f"{rule.id}: {rule.sentence(language)}\n  {rule.why(language)}\n  -> {rule.remedy(language)}"
        for rule in rules
    )


def markdown(rules: Sequence[type[Rule]], language: str) -> str:
    """The rules for a page of the documentation."""
    why, what = _say("reason", language), _say("fix", language)
    parts = [f"# {_say('title', language)}", _say("intro", language)]
    for rule in rules:
        parts += [f"## `{rule.id}`", rule.sentence(language)]
        parts += [f"- {why}: {rule.why(language)}\n- {what}: {rule.remedy(language)}"]
    return "\n\n".join(parts)


def _print(text: str) -> None:
    """Also where the terminal has no such letters, or names of files are no text."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding) + "\n")
