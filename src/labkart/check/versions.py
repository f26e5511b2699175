"""The rule on versions: of the template around the code, of the installed library, of `uv.lock`."""

import json
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution
from typing import Any, ClassVar

from labkart import __version__
from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree

_LOCKED = re.compile(
    r'^name = "labkart"\n(?:version = "(?P<version>[^"]*)"\n)?'
    r'source = \{ (?:git = "[^"#]*#(?P<commit>\w+)")?',
    re.MULTILINE,
)


class VersionMismatch(Rule):
    """The installed library is the one in uv.lock, and as new as the files from the template."""

    reason = (
        "Only such a pair was tested together, and only what uv.lock names is what others and CI"
        " run."
    )
    fix = (
        "If the template is older: `labkart update`. If the library is older:"
        " `uv lock --upgrade-package labkart && uv sync`. If uv.lock names another library:"
        " `uv sync`."
    )
    messages: ClassVar[dict[str, str]] = {
        "template": "the template is of version {template}, the installed library of {library}",
        "lock": "uv.lock names labkart {locked}, and {installed} is installed",
    }

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Compare major and minor with the template's, version or commit with the lock's."""
        template, line = _template_version(tree)
        if template and _minor(template) != _minor(__version__):
            values = {"template": template, "library": __version__}
            yield self.finding("pyproject.toml", "template", line, **values)
        if locked := _LOCKED.search(_text(tree, "uv.lock")):
            package = distribution("labkart")
            commit = _commit(package.read_text("direct_url.json"))
            if locked["commit"] and commit and locked["commit"] != commit:
                yield self.finding(
                    "uv.lock", "lock", locked=locked["commit"][:12], installed=commit[:12]
                )
            elif locked["version"] and locked["version"] != package.version:
                values = {"locked": locked["version"], "installed": package.version}
                yield self.finding("uv.lock", "lock", **values)


def _template_version(tree: Tree) -> tuple[str, int]:
    """The version in `[tool.labkart]` and its line; empty if the key is missing."""
    text = _text(tree, "pyproject.toml")
    version = tomllib.loads(text).get("tool", {}).get("labkart", {}).get("template", "")
    lines = (n for n, line in enumerate(text.splitlines(), 1) if line.startswith("template"))
    return str(version), next(lines, 0)


def _text(tree: Tree, path: str) -> str:
    return dict(tree.texts()).get(path, "")


def _minor(version: str) -> list[str]:
    """Major and minor of a version."""
    return version.split(".")[:2]


def _commit(direct_url: str | None) -> str:
    """The commit that a package was installed from; empty if it came from elsewhere."""
    source: Any = json.loads(direct_url or "{}")
    return source.get("vcs_info", {}).get("commit_id", "")
