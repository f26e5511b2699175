"""The project as a version of the template makes it: cruft generates it, git keeps it.

Git can merge three ways only if it has the files that both sides began with. A project's history
has them at its beginning; after an update it has merged ones.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from labkart import git, signals
from labkart.cli.template import STATE_FILE, Origin, Template
from labkart.files import read_json
from labkart.language import mistake, translate

_CRUFT = "cruft>=2.16,<3"
# They would lead cruft and uv to another environment or repository.
_FOREIGN_VARIABLES = ("PYTHONPATH", "VIRTUAL_ENV", "GIT_DIR")


@dataclass(frozen=True)
class Rendering:
    """What cruft made: a commit of the files that an update may change, and `.cruft.json`."""

    commit: str
    files: set[str]
    state: dict[str, Any]


def render(
    root: Path, origin: Origin, template: Template, commit: str, parent: str | None = None
) -> Rendering:
    """Let cruft make the project from a commit of the template, and commit it into no branch.

    Raises:
        LabkartError: cruft fails, or neither cruft nor uv is installed.
    """
    with signals.temporary_folder() as folder:
        (output := folder / "output").mkdir()
        version = ("--checkout", commit, "--extra-context", json.dumps(origin.answers))
        options = ("--no-input", "--default-config", "--output-dir", str(output))
        result = run_tool(
            [*_cruft(), "create", str(template.folder), *version, *options], origin, folder
        )
        if result.returncode:
            reason = last_line(result.stderr)
            raise mistake(
                "The project cannot be made from {commit}: {reason}.",
                commit=commit[:7],
                reason=reason,
            )
        (made,) = output.iterdir()
        files = _updated_files(root, made)
        state = read_json(made / STATE_FILE)
        return Rendering(_commit_files(root, made, files, parent), set(files), state)


def _updated_files(root: Path, made: Path) -> list[str]:
    """The names of the generated files that an update may change."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    skipped = [*settings["tool"].get("cruft", {}).get("skip", []), STATE_FILE, ".git"]
    paths = [path for path in sorted(made.rglob("*")) if path.is_file()]
    names = [path.relative_to(made).as_posix() for path in paths]
    return [name for name in names if not _is_skipped(name, skipped)]


def _is_skipped(name: str, patterns: Sequence[str]) -> bool:
    """Whether a file or a folder above it matches, as cruft decides it."""
    names = [name, *(folder.as_posix() for folder in Path(name).parents)]
    return any(fnmatch(part, pattern) for part in names for pattern in patterns)


def _commit_files(root: Path, made: Path, files: Sequence[str], parent: str | None) -> str:
    """Commit generated files to the project's repository, into no branch; returns the commit."""
    prefix = git.output(root, "rev-parse", "--show-prefix") or ""
    paths = "\n".join(str(made / name) for name in files)
    stored = git.run(root, "hash-object", "-w", "--no-filters", "--stdin-paths", stdin=paths)
    index = ""
    for name, digest in zip(files, stored.output.split(), strict=True):
        mode = "100755" if os.access(made / name, os.X_OK) else "100644"
        index += f"{mode} {digest}\t{prefix}{name}\0"
    people = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
    variables = {f"GIT_{name}": "labkart" for name in people}
    with signals.temporary_folder() as folder:
        variables["GIT_INDEX_FILE"] = f"{folder}/index"
        git.run(root, "update-index", "-z", "--index-info", stdin=index, env=variables)
        tree = git.run(root, "write-tree", env=variables).output.strip()
        parents = ("-p", parent) if parent else ()
        commit = git.run(root, "commit-tree", tree, *parents, "-m", "Template", env=variables)
    return commit.output.strip()


def _cruft() -> list[str]:
    """The command cruft, from this environment or as uv runs it."""
    folders = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    if cruft := shutil.which("cruft", path=os.pathsep.join(folders)):
        return [cruft]
    if uv := os.environ.get("UV") or shutil.which("uv"):
        return [uv, "tool", "run", "--quiet", "--python", sys.executable, "--from", _CRUFT, "cruft"]
    raise mistake(
        "Neither cruft nor uv is installed, and cruft makes the newer files. Run: pip install uv"
    )


def run_tool(
    command: Sequence[str], origin: Origin | None = None, temporary: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run cruft or uv, in English and without questions.

    Args:
        command: what to run.
        origin: where the template truly comes from, for cruft.
        temporary: the folder for its temporary ones; it leaves them if it is killed.
    """
    variables = {name: text for name, text in os.environ.items() if name not in _FOREIGN_VARIABLES}
    variables |= {"NO_COLOR": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
    if origin:
        variables["LABKART_TEMPLATE"] = origin.address
    if temporary:
        variables["TMPDIR"] = str(temporary)
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with signals.child_process(command, env=variables, encoding="utf-8", **streams) as process:
        texts = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, *texts)


def last_line(text: str) -> str:
    """The last line of a program's error stream, without a full stop."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [
        translate("it gives no reason")
    ]
    return lines[-1].removeprefix("fatal: ").removeprefix("error: ").rstrip(".")
