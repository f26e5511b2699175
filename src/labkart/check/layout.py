"""The rule on where files may lie."""

import re
from collections.abc import Iterator
from typing import ClassVar

from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree

_FOLDERS = {
    ".devcontainer", ".github", ".vscode", "conf", "data", "docs", "notebooks", "outputs", "reports", "src", "tests",
}  # fmt: skip
_FILES = {
    ".cruft.json", ".editorconfig", ".gitattributes", ".gitignore", ".gitmodules", ".mailmap",
    ".pre-commit-config.yaml", ".python-version", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE",
    "README.ja.md", "README.md", "pyproject.toml", "uv.lock",
}  # fmt: skip
_CONFIG = re.compile(r".*\.(?:yaml|md)|.*/\.gitkeep")
_CODE = re.compile(r".*\.(?:pyi?|md)|.*/py\.typed")


class OutsideLayout(Rule):
    """Every file lies where the layout has a place for it."""

    reason = "Who knows one project knows them all: where inputs, settings, code and results are."
    fix = (
        "Move it: steps and helpers to `src/<package>/`, settings to conf/, inputs to data/raw/, looking around to"
        " notebooks/, tables and figures to reports/, texts to docs/. What code makes, a task writes to outputs/."
    )
    says: ClassVar[dict[str, str]] = {
        "top": "{path} has no place at the top of the project",
        "config": "Hydra reads only files that end in .yaml",
        "data": "data/ holds raw/ and nothing else: what code makes of it is the output of a task",
        "package": "src/ holds one package of yours, {package}; {path} is something else",
        "code": "src/{package}/ holds Python code and nothing else",
    }

    def look(self, tree: Tree) -> Iterator[Finding]:
        found = dict.fromkeys(filter(None, (_misplaced(path, tree) for path in tree.files)))
        for path, key in found:
            yield self.at(path, key, path=path, package=tree.package)


def _misplaced(path: str, tree: Tree) -> tuple[str, str] | None:
    """The file, or the outermost folder around it that has no place, and which of the rule's sentences says so."""
    top, *rest = path.split("/")
    if not rest:
        is_link_to_folder = top in _FOLDERS and (tree.root / path).is_dir()
        return None if top in _FILES or is_link_to_folder else (path, "top")
    if top not in _FOLDERS:
        return f"{top}/", "top"
    second = f"{top}/{rest[0]}{'/' if len(rest) > 1 else ''}"
    if top == "conf":
        return None if _CONFIG.fullmatch(path) else (path, "config")
    if top == "data":
        return None if rest[0] in ("raw", "raw.sha256", "README.md") else (second, "data")
    if top == "src" and rest[0] not in (tree.package, "hydra_plugins"):
        return second, "package"
    if top == "src" and rest[0] == tree.package and not _CODE.fullmatch(path):
        return path, "code"
    return None
