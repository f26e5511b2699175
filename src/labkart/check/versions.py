"""The rules on versions: of template, library and `uv.lock`, and of what a project needs."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.metadata import distribution
from itertools import chain
from typing import Any, ClassVar

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree

_LOCKED = re.compile(
    r'^name = "labkart"\n(?:version = "(?P<version>[^"]*)"\n)?'
    r'source = \{ (?:git = "[^"#]*#(?P<commit>\w+)")?',
    re.MULTILINE,
)


class VersionMismatch(Rule):
    """The installed library is the one in uv.lock, and as new as the files from the template."""

    reason = "Only these were tested together, and CI and other people install what uv.lock names."
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
        library = distribution("labkart")
        template = str(tree.settings.get("template", library.version))
        if template.split(".")[:2] != library.version.split(".")[:2]:
            line = next(iter(tree.lines("pyproject.toml", r"template\s*=")), 0)
            values = {"template": template, "library": library.version}
            yield self.finding("pyproject.toml", "template", line, **values)
        if locked := _LOCKED.search(dict(tree.texts()).get("uv.lock", "")):
            commit = _commit(library.read_text("direct_url.json"))
            values = {"locked": locked["version"], "installed": library.version}
            if locked["commit"] and commit:
                values = {"locked": locked["commit"][:12], "installed": commit[:12]}
            if values["locked"] and values["locked"] != values["installed"]:
                yield self.finding("uv.lock", "lock", **values)


def _commit(direct_url: str | None) -> str:
    """The commit that a package was installed from; empty if it came from elsewhere."""
    source: Any = json.loads(direct_url or "{}")
    return source.get("vcs_info", {}).get("commit_id", "")


class UnboundedDependency(Rule):
    """A dependency has a version, at least the lowest."""

    reason = "Without one, the next installation may choose a version that does not fit your code."
    fix = "`uv add <name>` writes one. By hand: `polars>=1.9`, better `polars>=1.9,<2`."
    messages: ClassVar[dict[str, str]] = {"none": "{name} has no version"}

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Look at the dependencies, the extras and the groups in `pyproject.toml`."""
        settings = tomllib.loads(tree.text("pyproject.toml") or "")
        table, uv = settings.get("project", {}), settings.get("tool", {}).get("uv", {})
        groups = {
            **table.get("optional-dependencies", {}),
            **settings.get("dependency-groups", {}),
            "uv": uv.get("dev-dependencies", []),
        }
        lines = chain(table.get("dependencies", ()), *groups.values())
        requirements = _requirements(lines)
        bounded = {_name(needed) for needed in requirements if _is_bounded(needed)}
        # A commit, a folder or an address; an index says nothing about the version.
        sources = uv.get("sources", {})
        bounded |= {canonicalize_name(name) for name in sources if "index" not in sources[name]}
        for needed in requirements:
            if _name(needed) not in {*bounded, canonicalize_name(table.get("name", ""))}:
                pattern = rf".*[\"'] *{re.escape(needed.name)}\b"
                line = next(iter(tree.lines("pyproject.toml", pattern)), 0)
                yield self.finding("pyproject.toml", "none", line, name=needed.name)


def _name(needed: Requirement) -> str:
    return canonicalize_name(needed.name)


def _is_bounded(needed: Requirement) -> bool:
    """Whether it says more than which versions are wrong."""
    return bool(needed.url) or any(part.operator != "!=" for part in needed.specifier)


def _requirements(lines: Iterable[Any]) -> list[Requirement]:
    """The lines that are requirements; a group may also include another one."""
    requirements = list[Requirement]()
    for line in lines:
        with suppress(InvalidRequirement, TypeError):
            requirements.append(Requirement(line))
    return requirements
