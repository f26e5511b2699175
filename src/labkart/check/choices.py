"""The rule on what other files choose of `conf/`. Reads lines of commands, and composes nothing."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree

_CHOICE = re.compile(r"(?<![\w.@/-])([\w/]+)(?:@[\w.]+)?=([\w-]+(?:,[\w-]+)*)(?![\w.-]*[({=])")
_COMMANDS = re.compile(  # CI of any kind, editors, containers; not a changelog
    r"\..+|\w*file(?:\.\w+)?|[\w-]+\.(?:ini|ya?ml)|README(?:\.\w+)?\.md|.*\.sh"
)


class MissingChoice(Rule):
    """The files of conf/ that CI, scripts, the README and the tests choose exist."""

    reason = "A file that was renamed or deleted is missed only when CI fails, or on another day."
    fix = "Name a file that exists, or restore it: `git log -- conf/` says when it went."
    messages: ClassVar[dict[str, str]] = {
        "missing": "{choice}: conf/{group}/ has no {option}.yaml",
    }

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Look for `group=option` in commands, and in the texts of the tests."""
        options = dict[str, set[str]]()
        for file in (Path(path) for path in tree.files):
            group = file.parent.as_posix().removeprefix("conf/")
            # What hydra/launcher may be is in other packages, too.
            is_choice = file.parts[0] == "conf" and file.suffix == ".yaml"
            if is_choice and not group.startswith(("conf", "hydra/")):
                options.setdefault(group, set()).add(file.stem)
        for path, text, line in _words(tree):
            for group, choice in _CHOICE.findall(text):
                for option in choice.split(",") if group in options else ():
                    if option not in options[group]:
                        values = {"choice": f"{group}={choice}", "group": group, "option": option}
                        yield self.finding(path, "missing", line, **values)


def _words(tree: Tree) -> Iterator[tuple[str, str, int]]:
    """The lines of files with commands, and the texts in the code of tests."""
    for path, text in tree.texts():
        if _COMMANDS.fullmatch(path):
            yield from ((path, line, number) for number, line in enumerate(text.split("\n"), 1))
    for path, module in tree.tests.items():
        for node in ast.walk(module):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path, node.value, node.lineno
