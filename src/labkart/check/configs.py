"""Rules on the configuration and the pipeline. They remember the answer to the same files."""

import ast
import hashlib
import json
import os
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from labkart import packages, project
from labkart.check import surroundings
from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree
from labkart.files import read_json, write_atomically

_VARIABLE = re.compile(rb"oc\.env\s*:\s*(\w+)")
_CHILD = "from labkart.check.laying import main; main()"


class Configured(Rule):
    """What the other process finds."""

    waits = True

    def begin(self, tree: Tree) -> None:
        _started(tree)

    def look(self, tree: Tree) -> Iterator[Finding]:
        for rule, path, line, key, values in _found(tree):
            if rule == self.id:
                yield self.at(path, key, line, **values)


class BrokenConfig(Configured):
    """Every file in conf/ composes: each choice of each group, each experiment, each search."""

    reason = "A file that nobody chose for a month fails on the day when it is needed."
    fix = "Mend the line, or remove the file. `labkart run <group>=<file> --cfg job` shows what Hydra makes of it."
    says: ClassVar[dict[str, str]] = {
        "missing": "not there, and every configuration begins with it",
        "file": "not YAML that Hydra reads: {why}",
        "composed": "does not compose: {why}",
        "named": "names what is not there: {why}",
    }


class BrokenPipeline(Configured):
    """The pipeline can be laid out with every file in conf/."""

    reason = "The mistake shows now, and not after the first hours of a sweep."
    fix = "Mend it in the place that is named. `labkart status <group>=<file>` says whether the pipeline stands."
    says: ClassVar[dict[str, str]] = {
        "import": "the pipeline cannot be imported: {why}",
        "laid-out": "the pipeline cannot be laid out: {why}",
        "died": "the pipeline cannot be laid out: Python ended ({why})",
    }


class UnusedKey(Configured):
    """Every setting in conf/ is read by the pipeline."""

    reason = "Who changes a setting that nothing reads believes to have changed the experiment."
    fix = "Remove the line, or hand it to a task in pipeline.py: make(Task, cfg.section) passes on all of a section."
    says: ClassVar[dict[str, str]] = {"unread": "no pipeline reads {name}"}


@cache
def _memo(tree: Tree) -> tuple[Path, str]:
    """Where the answer is remembered, and what it is an answer to: settings, code, packages, variables of settings."""
    digest = hashlib.sha256(
        f"{sys.version} {sorted(packages.installed_packages().versions.items())}".encode()
    )
    variables = set[str]()
    for top in ("conf", "src", "pyproject.toml"):
        for file in sorted(_files(tree.root / top)):
            content = _laying_out(
                file.read_bytes(), tree.root / "src" / tree.package / "tasks" in file.parents
            )
            digest.update(f"{file}\0{len(content)}\0".encode(errors="surrogateescape") + content)
            variables |= {name.decode() for name in _VARIABLE.findall(content)}
    digest.update(
        repr([(name, os.environ.get(name)) for name in sorted(variables)]).encode(
            errors="surrogateescape"
        )
    )
    return project.current().outputs / "memos" / "check.json", digest.hexdigest()


def _laying_out(content: bytes, is_tasks: bool) -> bytes:
    """What of a file counts: no run() of a task, since none runs while pipelines are laid out, and no comment."""
    if not is_tasks:
        return content
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(content, "", "exec")  # it refuses more than the parser does
            module = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return content
    for each in module.body:
        for inner in each.body if isinstance(each, ast.ClassDef) else ():
            if isinstance(inner, ast.FunctionDef) and inner.name == "run":
                inner.body = []
    return ast.dump(module).encode(errors="surrogatepass")


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        inside = (each for each in path.rglob("*") if "__pycache__" not in each.parts)
        yield from (each for each in inside if each.is_file())
    elif path.is_file():
        yield path


@cache
def _started(tree: Tree) -> "subprocess.Popen[bytes] | None":
    """The other process; nothing where it would say what it said before."""
    if _before(tree) is not None:
        return None
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-P", "-c", _CHILD]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=tree.root, env=found, stdin=pipe, stdout=pipe, stderr=pipe)


def _before(tree: Tree) -> list[Any] | None:
    try:
        file, state = _memo(tree)
        said = read_json(file)
        around = said["around"]
        return (
            said["found"] if said["state"] == state and surroundings.now(around) == around else None
        )
    except (OSError, TypeError, KeyError):
        return None


@cache
def _found(tree: Tree) -> list[Any]:
    process = _started(tree)
    if process is None:
        return _before(tree) or []
    from labkart.check.composing import (
        Composing,  # it imports Hydra, while the other process imports the pipeline
    )

    conf = Composing(tree.root)
    said, errors = process.communicate(pickle.dumps((conf.files, conf.composed)))
    try:
        laid_out, around = json.loads(said)
    except ValueError:
        last = (
            errors.decode(errors="replace").strip() or f"exit code {process.returncode}"
        ).splitlines()[-1]
        return [["broken-pipeline", f"src/{tree.package}/pipeline.py", 0, "died", {"why": last}]]
    found = [["broken-config", *each] for each in conf.found] + laid_out
    # What failed may have done so for a reason outside of these files: next time it is tried again.
    if all(each[0] == UnusedKey.id for each in found):
        with suppress(OSError):
            file, state = _memo(tree)
            write_atomically(
                file, json.dumps({"state": state, "found": found, "around": around}).encode()
            )
    return found
