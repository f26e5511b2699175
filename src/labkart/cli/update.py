"""`labkart update`: git merges the newer template's files into the project, uv moves the library.

The project is rendered from two versions of the template, the one it has and the newer one. What
differs between them is merged with what the student changed. Files that `[tool.cruft] skip` in
pyproject.toml lists belong to the student and stay as they are.
"""

import argparse
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from labkart import __version__, console, git, project, signals
from labkart.cli.rendering import last_line, render, run_tool
from labkart.cli.template import STATE_FILE, Origin, Template, fetch_template, read_origin
from labkart.errors import LabkartError
from labkart.files import read_json, write_atomically

_UNFINISHED = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
}
# Without --inexact, uv would remove extras such as `slurm`.
_UV_STEPS = (("lock", "--upgrade-package", "labkart"), ("sync", "--inexact"))
_BY_UV = " && ".join(" ".join(("uv", *step)) for step in _UV_STEPS)
_BY_PIP = "pip install --upgrade --editable ."


def main(argv: list[str]) -> int:
    """Update, or say whether there is a newer version."""
    args = _parser().parse_args(argv)
    root = project.current().root
    origin = read_origin(root, __version__)
    if not args.check:
        _check_clean(root)
    with console.busy("looking at the template"), fetch_template(origin) as template:
        commit = template.target(args.to)
        current, newer = template.name(origin.commit), template.name(commit)
        is_older = not args.to and template.is_ancestor(commit, origin.commit)
        if is_older or template.has_same_files(commit, origin.commit):
            console.say(f"  this is {newer} already" if args.to else f"  {current} is the newest")
            return 0
        news = template.news(commit, origin.commit)
        if args.check:
            _show_news(current, newer, news)
            return 1
        _merge(root, origin, template, commit, args.to or newer)
    if news:
        console.say(f"{news}\n")
    return _finish(root, current, newer)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "labkart update", description="Update this project to a newer Labkart."
    )
    parser.add_argument(
        "--check", action="store_true", help="only say whether there is one; exit with 1 if so"
    )
    parser.add_argument(
        "--to", metavar="TAG", help="this version instead of the newest release; or a branch"
    )
    return parser


def _show_news(current: str, newer: str, news: str) -> None:
    summary = f"  {newer} is available; this project has {current}"
    console.say("\n\n".join(filter(None, [summary, news])))
    console.say(f"\n  take it: {console.command('update')}")


def _check_clean(root: Path) -> None:
    """Make sure that the update will be the only change, so that it can be seen and taken back.

    Raises:
        LabkartError: there is no repository, an unfinished merge, or an uncommitted change.
    """
    # Some people have configured git to ignore new files.
    status = git.run(root, "status", "--porcelain", "--untracked-files=normal")
    if not status.ok:
        raise LabkartError(
            f"{root} is not in a git repository, and only git can merge. "
            'Begin one: git init, git add --all, git commit -m "Before the update"'
        )
    for name, kind in _UNFINISHED.items():
        path = git.output(root, "rev-parse", "--git-path", name)
        if path and (root / path).exists():
            raise LabkartError(
                f"A {kind} is not finished, and the update would become part of it. "
                "Finish it first."
            )
    changes = status.output.splitlines()
    if changes:
        files = [line[3:] for line in changes[:5]]
        files += [f"... and {len(changes) - 5} more"] if len(changes) > 5 else []
        listing = "\n  ".join(["There are changes that are not committed:", *files])
        raise LabkartError(f"{listing}\nCommit them first: git add --all, git commit")


def _merge(root: Path, origin: Origin, template: Template, commit: str, revision: str) -> None:
    """Merge what differs between two versions of the template into the project.

    Raises:
        LabkartError: something is in the way, or both sides changed the same lines.
    """
    current = render(root, origin, template, origin.commit)
    newer = render(root, origin, template, commit, parent=current.commit)
    _check_obstacles(root, newer.files - current.files)
    with signals.deferred() as pending:
        # Or files of the student's would move along with a folder of the template.
        options = ("-c", "merge.directoryRenames=false")
        result = git.run(root, *options, "cherry-pick", "--no-commit", newer.commit)
        conflicts = git.paths(root, "diff", "--name-only", "--relative", "--diff-filter=U", "-z")
        if not result.ok and not conflicts:
            raise LabkartError(f"The update did not work: {result.reason}. Nothing has changed.")
        _write_state(root, origin, newer.state, revision)
        pending.clear()  # half an update helps nobody; how to take it all back is said below
    if conflicts:
        raise LabkartError(_describe_conflicts(root, conflicts, newer.files))


def _check_obstacles(root: Path, new: Iterable[str]) -> None:
    """Refuse what git would overwrite, or could not merge.

    Raises:
        LabkartError: something of the student's is where a new file must be.
    """
    tracked = set(git.paths(root, "ls-files", "-z"))
    obstacles = dict.fromkeys(filter(None, (_obstacle(root, name, tracked) for name in new)))
    if obstacles:
        lines = [f"  {name}: the newer version has another file of this name" for name in obstacles]
        advice = "Move what is yours, commit that, and update again."
        raise LabkartError("\n".join(["Before the update:", *lines, advice]))


def _obstacle(root: Path, name: str, tracked: set[str]) -> str | None:
    """What is where a new file, or a folder above it, must be."""
    for folder in Path(name).parents:
        if (root / folder).is_file():
            return folder.as_posix()
    is_untracked = os.path.lexists(root / name) and name not in tracked
    return name if is_untracked or (root / name).is_dir() else None


def _write_state(root: Path, origin: Origin, state: dict[str, Any], revision: str) -> None:
    """Write down what the project is made from now; cruft named a copy of the template."""
    answers = state["context"]["cookiecutter"] | {"_template": origin.address}
    updated = read_json(root / STATE_FILE) | {
        "commit": state["commit"],
        "checkout": revision,
        "context": {"cookiecutter": answers},
    }
    text = json.dumps(updated, ensure_ascii=False, indent=2)
    write_atomically(root / STATE_FILE, f"{text}\n".encode())
    git.run(root, "add", STATE_FILE)


def _describe_conflicts(root: Path, conflicts: Sequence[str], files: set[str]) -> str:
    lines = ["Not everything could be merged. You and the template changed the same lines:"]
    for name in conflicts:
        hint = "" if name in files else "   (the newer version does not have it: delete it, or not)"
        lines.append(f"  {name}{hint}")
    return "\n".join(
        [
            *lines,
            "To go on, edit them: your lines follow <<<<<<<, the template's end at >>>>>>>.",
            "Or take the template's file:",
            "  git checkout --theirs FILE",
            'Then: git add --all && git commit -m "Update the template"',
            f"And move the library: {_BY_UV if _uv(root) else _BY_PIP}",
            "To take everything back: git reset --hard",
        ]
    )


def _finish(root: Path, current: str, newer: str) -> int:
    """Move the library, say what has changed and how to go on; 1 if the library stayed."""
    files = git.paths(root, "diff", "--cached", "--name-only", "-z")
    uv = _uv(root)
    problem = _move_library(root, uv) if uv else ""
    git.run(root, "add", "--all")  # uv.lock
    console.say(f"  from {current} to {newer}: {len(files)} files changed")
    if problem:
        console.warn(f"  uv could not move the library: {problem}. Try again: {_BY_UV}")
    if not uv:
        console.say(f"  install it: {_BY_PIP}")
    console.say("  look at it: git diff --cached")
    console.say(f"  try it:     {console.command('check')} && {'uv run ' if uv else ''}pytest")
    console.say(
        '  keep it:    git commit --all -m "Update the template"        or not: git reset --hard'
    )
    return int(bool(problem))


def _uv(root: Path) -> str:
    """The command uv if this project is used with it; else empty."""
    uv = os.environ.get("UV") or shutil.which("uv")
    is_used = "UV" in os.environ or (root / "uv.lock").exists()
    return uv if uv and is_used else ""


def _move_library(root: Path, uv: str) -> str:
    """Install the newest library that pyproject.toml allows; returns why it failed, or empty."""
    for step in _UV_STEPS:
        result = run_tool([uv, *step, "--quiet", "--project", str(root)])
        if result.returncode:
            return last_line(result.stderr)
    return ""
