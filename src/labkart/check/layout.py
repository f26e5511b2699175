"""The rule on where files may be."""

import keyword
import re
from collections.abc import Iterator
from typing import ClassVar

from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree

# Hidden folders and files are settings of tools; the machine's own, or secrets, are not for git.
_FOLDERS = re.compile(
    r"\..+|binder|conf|data|docker|docs|external|manuscript|notebooks|paper|poster|presentation"
    r"|latex|LICENSES|reports|slides|src|tests|tex|thesis|third_party|vendor"
)
_FILES = re.compile(
    r"\.(?!DS_Store$|env$|env\.local$).+"
    r"|[A-Z][A-Z_-]+(?:\.[a-z]{2})?(?:\.(?:bib|cff|in|md|rst|txt))?"  # README and the like
    r"|[A-Z]\w+file(?:\.\w+)?|justfile|makefile|Singularity|\w+\.def"
    r"|(?:docker-)?compose(?:\.\w+)?\.ya?ml|(?:requirements|constraints)[\w.-]*\.(?:in|txt)"
    r"|(?:environment[\w-]*|[a-z]+-pipelines|appveyor|codecov|conda-lock|dvc|mkdocs|myst|params"
    r"|readthedocs|Taskfile|_\w+)\.ya?ml|(?:conftest|noxfile|setup)\.py"
    r"|(?:codemeta|croissant|datapackage|package(?:-lock)?|pyrightconfig|renovate"
    r"|ro-crate-metadata|tsconfig)\.json5?|apt\.txt|runtime\.txt|postBuild"
    r"|.+\.(?:cfg|code-workspace|ini|lock|nix|Rproj|toml)|latexmkrc"
)
_ORIGIN = ".labkart.json"  # of the file in which `labkart output -o` says what it has copied
_DATA = ("raw", "raw.sha256", "raw.dvc", "README.md", ".gitignore", ".gitkeep")
_CONFIG = re.compile(r".*\.(?:yaml|md)|.*/\.gitkeep")
_CODE = re.compile(r".*\.(?:pyi?|md)|.*/py\.typed")


class OutsideLayout(Rule):
    """Every file is in a folder that the layout has for it."""

    reason = "Readers who know one project find inputs, settings, code and results in every other."
    fix = (
        "Move it: steps and helpers to `src/<package>/`, settings to conf/, inputs to data/raw/,"
        " experiments by hand to notebooks/, tables and figures to reports/, texts to docs/. A task"
        " writes what code makes to outputs/."
    )
    messages: ClassVar[dict[str, str]] = {
        "outputs": "git has {path}, which a task made; git rm --cached {path}",
        "module": "{path} cannot be imported: use letters, digits and _ in its name",
        "top": "{path} does not belong at the top of the project",
        "config": "Hydra reads only files whose name ends in .yaml",
        "data": "data/ holds only raw/; what code makes from it is the output of a task",
        "package": "src/ holds only your package {package}, and {path} is something else",
        "code": "src/{package}/ holds only Python code",
    }

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Find files, or the outermost folders around them, that have no place."""
        problems = dict.fromkeys(filter(None, (_problem(path, tree) for path in tree.files)))
        for path, key in problems:
            yield self.finding(path, key, path=path, package=tree.package)


def _problem(path: str, tree: Tree) -> tuple[str, str] | None:
    """The file, or the outermost folder around it, that has no place, and the message's key."""
    top, *rest = path.split("/")
    if top == "outputs" and rest:
        return path, "outputs"
    if not rest:
        is_link_to_folder = _FOLDERS.fullmatch(top) and (tree.root / path).is_dir()
        is_copy = top.endswith(_ORIGIN) or (tree.root / f"{path}{_ORIGIN}").is_file()
        return None if _FILES.fullmatch(top) or is_link_to_folder or is_copy else (path, "top")
    if not _FOLDERS.fullmatch(top):
        return f"{top}/", "top"
    below = f"{top}/{rest[0]}{'/' if len(rest) > 1 else ''}"
    problems = {
        (path, "config"): top == "conf" and not _CONFIG.fullmatch(path),
        (below, "data"): top == "data" and rest[0] not in _DATA,
        (below, "package"): top == "src" and rest[0] not in (tree.package, "hydra_plugins"),
        (path, "code"): path.startswith(f"src/{tree.package}/") and not _CODE.fullmatch(path),
        (path, "module"): top == "src" and path.endswith(".py") and not _is_module(path),
    }
    return next((problem for problem, is_so in problems.items() if is_so), None)


def _is_module(path: str) -> bool:
    """Whether Python can import a file below `src/` by its name."""
    names = path.removesuffix(".py").split("/")[1:]
    return all(name.isidentifier() and not keyword.iskeyword(name) for name in names)
