"""The rule on secrets in files."""

from collections.abc import Iterator
from typing import ClassVar

from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree
from labkart.secrets import masking
from labkart.secrets.names import Names

_LONGEST = 60  # characters of a line


class Secret(Rule):
    """No file contains a password, key or token."""

    reason = "A secret that was pushed once stays known, whatever a later commit removes."
    fix = (
        "First make the secret worthless: change the password, revoke the token. Then keep the new"
        ' one in an environment variable, and write ${{oc.env:NAME,""}} in conf/ or os.environ[...]'
        " in code. If it is no secret, add its name to not-secrets in [tool.labkart] of"
        " pyproject.toml."
    )
    messages: ClassVar[dict[str, str]] = {"shown": "looks like a secret: {line}"}

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Find the lines of text files in which a secret starts."""
        names = Names.current()
        for path, text in tree.texts():
            spans = sorted(masking.find(text, path, names))
            masked = masking.mask(text, spans).split("\n") if spans else []
            for line in dict.fromkeys(text.count("\n", 0, start) + 1 for start, _ in spans):
                shown = " ".join(masked[line - 1].split())
                if len(shown) > _LONGEST:
                    shown = f"{shown[:_LONGEST]}…"
                yield self.finding(path, "shown", line, line=shown)
