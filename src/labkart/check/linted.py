"""Rules that ruff looks for, with the project's own settings: what `ruff check` says in CI, these say, too."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from shutil import which
from typing import Any, ClassVar

from labkart.check import classes
from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree


class Linted(Rule):
    """Where ruff looks, and which of its codes and banned names are this rule."""

    codes: ClassVar[tuple[str, ...]]
    banned: ClassVar[tuple[str, ...]] = ()
    free: ClassVar[tuple[str, ...]] = ()  # folders in which it does not hold
    says: ClassVar[dict[str, str]] = {
        "line": "uses {name}",
        "cell": "uses {name} in cell {cell}",
        "absent": "ruff is not installed, and this rule needs it: uv sync, or pip install ruff",
        "broken": "ruff could not look: {why}",
        "off": "ruff does not look for {name} any more: put it back into [tool.ruff.lint] as the template has it",
        "hidden": "ruff does not look for {name} in {where}: take that out of [tool.ruff], and waive single lines",
    }
    waits = True

    def begin(self, tree: Tree) -> None:
        _started(tree)

    def look(self, tree: Tree) -> Iterator[Finding]:
        found, why = _found(tree)
        if found is None:
            yield self.at("pyproject.toml", "broken" if why else "absent", why=why)
            return
        for name in self._off(tree):
            yield self.at("pyproject.toml", "off", name=name)
        for where, name in self._hidden(tree):
            yield self.at("pyproject.toml", "hidden", name=name, where=where)
        for each in found:
            said = re.search(r"`([^`]*)`", each["message"])
            name = said[1] if said else each["message"]
            if each["code"] in self.codes and (not self.banned or name in self.banned):
                path = Path(each["filename"]).relative_to(tree.root).as_posix()
                cell = each.get("cell")
                yield self.at(
                    path,
                    "cell" if cell else "line",
                    0 if cell else each["location"]["row"],
                    name=name,
                    cell=cell,
                )

    def _off(self, tree: Tree) -> Iterator[str]:
        """What the settings of ruff do not look for."""
        lint = _settings(tree).get("lint", {})
        on = [*lint.get("select", ()), *lint.get("extend-select", ())]
        off = [*lint.get("ignore", ()), *lint.get("extend-ignore", ())]
        for code in self.codes:
            if not _covers(on, code) or _covers(off, code):
                yield code
        yield from set(self.banned) - set(lint.get("flake8-tidy-imports", {}).get("banned-api", {}))

    def _hidden(self, tree: Tree) -> Iterator[tuple[str, str]]:
        """Files with code that the settings of ruff leave out, and for which of the codes."""
        ruff = _settings(tree)
        for pattern in (*ruff.get("exclude", ()), *ruff.get("extend-exclude", ())):
            if any(_names(pattern, path) for path in tree.code):
                yield pattern, ", ".join(self.codes)
        for table in ("per-file-ignores", "extend-per-file-ignores"):
            for pattern, off in ruff.get("lint", {}).get(table, {}).items():
                lost = [code for code in self.codes if _covers(off, code)]
                if lost and not pattern.startswith(self.free):
                    yield pattern, ", ".join(lost)


class Print(Linted):
    """Code does not print; a notebook may."""

    reason = "A task that is cached prints nothing, and what eight workers print at once nobody can read or find again."
    free = ("notebooks/",)
    fix = "A number: self.log_metric(name, value). A word on the way: logging.getLogger(__name__).info(...)."
    codes = ("T201", "T203")


class OwnTracking(Linted):
    """Code opens no run of MLflow and names no store or experiment of it."""

    reason = "Labkart opens one run an experiment and records who made it; what goes elsewhere is not found again."
    fix = "Use self.log_metric, log_figure, log_table; mlflow.log_... and autologging land in the same run by themselves."
    codes = ("TID251",)
    banned = (
        "mlflow.MlflowClient",
        "mlflow.create_experiment",
        "mlflow.end_run",
        "mlflow.set_experiment",
        "mlflow.set_tracking_uri",
        "mlflow.start_run",
        "mlflow.tracking.MlflowClient",
    )


class SysPath(Linted):
    """Code does not touch sys.path."""

    reason = "Then what is imported depends on who imports it, and a task's id may miss that code."
    fix = "Import from your package, which is installed; for other code: `uv add --editable <folder>`."
    codes = ("TID251",)
    banned = ("sys.path",)


class LegacyRandom(Linted):
    """Random numbers come from a generator with a seed, not from numpy.random's hidden one."""

    reason = "All code shares the hidden one, so that another library's draw changes your result."
    fix = "rng = np.random.default_rng(self.seed), and then rng.normal(...), rng.permutation(...)."
    says: ClassVar[dict[str, str]] = {**Linted.says, "unseeded": "{name} has no seed"}
    codes = ("NPY002",)
    generators = ("numpy.random.RandomState", "numpy.random.default_rng", "random.Random")

    def look(self, tree: Tree) -> Iterator[Finding]:
        yield from super().look(tree)
        for path, names in classes.names(tree).items():
            for node in ast.walk(tree.code[path]):
                if (
                    isinstance(node, ast.Call)
                    and names.dotted(node.func) in self.generators
                    and not _seeds(node)
                ):
                    yield self.at(path, "unseeded", node.lineno, name=names.dotted(node.func))


EVERY = (Print, OwnTracking, SysPath, LegacyRandom)
CODES = tuple(dict.fromkeys(code for each in EVERY for code in each.codes))


def _seeds(call: ast.Call) -> bool:
    """Whether a call names a seed; `None` is none."""
    given = [*call.args, *(each.value for each in call.keywords)]
    return any(not (isinstance(each, ast.Constant) and each.value is None) for each in given)


def _covers(settings: Sequence[str], code: str) -> bool:
    return any(code.startswith(each) or each == "ALL" for each in settings)


@cache
def _settings(tree: Tree) -> dict[str, Any]:
    try:
        table = tomllib.loads(tree.text("pyproject.toml") or "")
    except ValueError:
        return {}
    return table.get("tool", {}).get("ruff", {})


def _names(pattern: str, path: str) -> bool:
    """Whether one of ruff's patterns means a file, by its path, by a folder above it, or by a name in it."""
    ways = [path, *map(str, Path(path).parents), *Path(path).parts]
    return any(
        fnmatch(way, pattern.strip("/").removeprefix("./").removesuffix("/**")) for way in ways
    )


@cache
def _started(tree: Tree) -> subprocess.Popen[str] | None:
    beside = Path(sys.executable).with_name("ruff")
    ruff = str(beside) if beside.exists() else which("ruff")
    if not ruff:
        return None
    command = [ruff, "check", "--quiet", "--no-fix", "--exit-zero", "--output-format", "json"]
    return subprocess.Popen(
        command, cwd=tree.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )


@cache
def _found(tree: Tree) -> tuple[list[dict[str, Any]] | None, str]:
    """What ruff found of ours; nothing where it did not come to that, and why."""
    process = _started(tree)
    if process is None:
        return None, ""
    said, errors = process.communicate()
    if process.returncode:
        return None, " ".join(errors.split())
    return [finding for finding in json.loads(said) if finding["code"] in CODES], ""
