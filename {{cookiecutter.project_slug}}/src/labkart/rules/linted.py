"""Rules that ruff looks for, with the project's own settings: what `ruff check` says in CI, these say, too."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from shutil import which
from typing import Any, ClassVar

from .rule import Finding, Rule
from .tree import OURS, Tree


class Linted(Rule):
    """Where ruff looks, and which of its codes and banned names are this rule."""

    codes: ClassVar[tuple[str, ...]]
    banned: ClassVar[tuple[str, ...]] = ()
    says: ClassVar[dict[str, str]] = {
        "line": "uses {name}",
        "cell": "uses {name} in cell {cell}",
        "absent": "ruff is not installed, and this rule needs it: uv sync, or pip install ruff",
        "broken": "ruff could not look: {why}",
        "off": "ruff does not look for {name} any more: put it back into [tool.ruff.lint] as the template has it",
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
        for each in found:
            said = re.search(r"`([^`]*)`", each["message"])
            name = said[1] if said else each["message"]
            if each["code"] in self.codes and (not self.banned or name in self.banned):
                path = Path(each["filename"]).relative_to(tree.root).as_posix()
                cell = each.get("cell")
                yield self.at(
                    path, "cell" if cell else "line", 0 if cell else each["location"]["row"], name=name, cell=cell
                )

    def _off(self, tree: Tree) -> Iterator[str]:
        """What the settings of ruff do not look for."""
        lint = _settings(tree)
        on = [*lint.get("select", ()), *lint.get("extend-select", ())]
        off = [*lint.get("ignore", ()), *lint.get("extend-ignore", ())]
        for code in self.codes:
            if not _covers(on, code) or _covers(off, code):
                yield code
        yield from set(self.banned) - set(lint.get("flake8-tidy-imports", {}).get("banned-api", {}))


class Print(Linted):
    """Code does not print."""

    reason = "A task that is cached prints nothing, and what eight workers print at once nobody can read or find again."
    fix = "A number: self.log_metric(name, value). A word on the way: logging.getLogger(__name__).info(...)."
    codes = ("T201", "T203")


class OwnTracking(Linted):
    """Code opens no run of MLflow and names no store or experiment of it."""

    reason = "Labkart opens one run an experiment and records who made it; what goes elsewhere is not found again."
    fix = (
        "Use self.log_metric, log_figure, log_table; mlflow.log_... and autologging land in the same run by themselves."
    )
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
    codes = ("NPY002",)


EVERY = (Print, OwnTracking, SysPath, LegacyRandom)
CODES = tuple(dict.fromkeys(code for each in EVERY for code in each.codes))


def _covers(settings: list[str], code: str) -> bool:
    return any(code.startswith(each) or each == "ALL" for each in settings)


@cache
def _settings(tree: Tree) -> dict[str, Any]:
    try:
        table = tomllib.loads(tree.text("pyproject.toml") or "")
    except ValueError:
        return {}
    return table.get("tool", {}).get("ruff", {}).get("lint", {})


@cache
def _started(tree: Tree) -> subprocess.Popen[str] | None:
    beside = Path(sys.executable).with_name("ruff")
    ruff = str(beside) if beside.exists() else which("ruff")
    if not ruff:
        return None
    command = [ruff, "check", "--quiet", "--no-fix", "--exit-zero", "--output-format", "json"]
    return subprocess.Popen(command, cwd=tree.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


@cache
def _found(tree: Tree) -> tuple[list[dict[str, Any]] | None, str]:
    """What ruff found of ours; nothing where it did not come to that, and why."""
    process = _started(tree)
    if process is None:
        return None, ""
    said, errors = process.communicate()
    if process.returncode:
        return None, " ".join(errors.split())
    ours = tuple(str(tree.root / folder) for folder in OURS)
    return [each for each in json.loads(said) if each["code"] in CODES and not each["filename"].startswith(ours)], ""
