"""The rule on paths that lead out of the project, in code and in `conf/`."""

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import ClassVar

import yaml

from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree

_FOLDERS = (
    r"(?:data|disk|gpfs|home|lustre|mnt|nfs|raid|scratch|ssd|work)\d*|content/drive|dev/shm|etc|export"
    "|gs|kaggle|Library|media|net|opt|private|project|projects|root|share|shared|srv|storage|tmp"
    "|Users|usr|var|Volumes|workspace"
)
# Names of data sets in HDF5 and routes of a server look like paths, too: of those in code, only
# what lies in a folder that machines have.
_ABSOLUTE = re.compile(
    rf"/(?:{_FOLDERS})/.*"
    r"|~[\w-]*/.*|[A-Za-z]:[\\/].*|\\\\[\w.-]+\\[\w$. -]{2,}(?:\\.*)?|file:/.*",
    re.DOTALL,
)
_MAKES_PATH = {"Path", "pathlib.Path", "os.path.join", "path.join"}
_OF_NAMES = re.compile(
    r"(?:\w+_)?(?:dataset|endpoint|group|key|route|topic|url|xpath)s?"
    r"|find(?:all)?|get|post|put|delete",
    re.IGNORECASE,
)
# In conf/, and where code makes a `Path` of it.
_ABSOLUTE_FILE = re.compile(
    rf"{_ABSOLUTE.pattern}|/(?:{_FOLDERS})|/(?!dev/)[\w.-]+(?:/[\w. -]*)+", re.DOTALL
)


class AbsolutePath(Rule):
    """No text in the code and no setting in conf/ is a path to a place outside of the project."""

    reason = "Such a path exists on one machine only, and often not for long."
    fix = (
        "Declare the file as a parameter (`table: DataFile = DataFile()`) and name it in conf/,"
        " relative to the project; if only this machine has it, in conf/local/default.yaml."
    )
    messages: ClassVar[dict[str, str]] = {
        "path": '"{text}" is an absolute path',
        "outside": '"{text}" leads out of the project',
    }

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Look at the texts in the package's modules, and at the values in conf/."""
        for path, module in tree.code.items():
            for node in _text_starts(module):
                yield from self._find(path, node.lineno, node.value, _ABSOLUTE)
            for node in _texts_of_paths(module):
                yield from self._find(path, node.lineno, node.value, _ABSOLUTE_FILE)
                if node.value == "..":
                    yield self.finding(path, "outside", node.lineno, text=node.value)
        for path, text in tree.texts():
            if path.startswith("conf/") and path.endswith(".yaml"):
                for value, line in _settings(text):
                    yield from self._find(path, line, value, _ABSOLUTE_FILE)

    def _find(
        self, path: str, line: int, text: object, absolute: re.Pattern[str]
    ) -> Iterator[Finding]:
        if not isinstance(text, str):
            return
        if absolute.fullmatch(text):
            yield self.finding(path, "path", line, text=text)
        elif text.startswith("../") and text.strip("./"):
            yield self.finding(path, "outside", line, text=text)


def _settings(text: str) -> Iterator[tuple[str, int]]:
    """The values in a file of settings, with their lines; none where it is not YAML."""
    with suppress(yaml.YAMLError):
        for token in yaml.scan(text):
            if isinstance(token, yaml.ScalarToken):
                yield token.value, token.start_mark.line + 1


def _text_starts(module: ast.Module) -> Iterator[ast.Constant]:
    """The constants that may start a path: no docstring, no key, nothing behind something else."""
    others = set[int]()
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and id(node) not in others:
            yield node
        others.update(map(id, _not_starts(node)))


def _texts_of_paths(module: ast.Module) -> Iterator[ast.Constant]:
    """The constants that begin what is a path without doubt."""
    for node in ast.walk(module):
        match node:
            case ast.Call(func=function, args=[ast.Constant() as text, *_]):
                if ast.unparse(function) in _MAKES_PATH:
                    yield text


def _not_starts(node: ast.AST) -> list[ast.expr]:
    """The parts of a node that do not start a path."""
    match node:
        case ast.JoinedStr(values=[_, *rest]):
            return rest
        case ast.BinOp(op=ast.Add(), right=part):
            return [part]
        # A docstring. In HDF5 and the like, names of data sets look like paths; so do routes.
        case ast.Expr(value=part) | ast.Subscript(slice=part):
            return [part]
        case (
            ast.Call(ast.Attribute(attr=name), args=[part, *_])
            | ast.keyword(arg=str(name), value=part)
            | ast.Assign([ast.Name(name)], part)
        ):
            return [part] if _OF_NAMES.fullmatch(name) else []
    return []
