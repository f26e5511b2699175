"""`labkart update`: git merges the newer template's files into the project, uv moves the library.

The project is rendered from two versions of the template, the one it has and the newer one. What
differs between them is merged with what the student changed. Files that `[tool.cruft] skip` in
pyproject.toml lists belong to the student and stay as they are.
"""

import json
import os
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from labkart import console, git, project, signals
from labkart.cli.rendering import last_line, render, run_tool
from labkart.cli.template import STATE_FILE, Origin, Template, fetch_template, read_origin
from labkart.errors import LabkartError
from labkart.files import read_json, write_atomically

_UNFINISHED = {
    **{"MERGE_HEAD": "merge", "CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert"},
    **{"rebase-merge": "rebase", "rebase-apply": "rebase"},
}
# Without --inexact, uv would remove extras such as `slurm`.
_UV_SYNC = ("sync", "--upgrade-package", "labkart", "--inexact")
_BY_UV = f"uv {' '.join(_UV_SYNC)}"
_BY_PIP = "pip install --upgrade --editable ."
_TO_END_CONFLICTS = """\
To go on, edit them: your lines follow <<<<<<<, the template's end at >>>>>>>.
Or take the template's file:
  git checkout --theirs FILE
Then: git add --all && git commit -m "Update the template"
And move the library: {library}
To undo everything: git reset --hard"""
_TO_END = """\
  look at it: git diff --cached
  try it:     {check} && {run}pytest
  keep it:    git commit --all -m "Update the template"
  undo it:    git reset --hard"""


def main(argv: list[str]) -> int:
    """Update, or say whether there is a newer version."""
    args = _parser().parse_args(argv)
    if not args.check:
        return _update(args)
    try:
        return _update(args)
    except LabkartError as error:
        console.warn(str(error))
        return 2


def _update(args: Namespace) -> int:
    root = project.current().root
    origin = read_origin(root)
    if not args.check:
        _check_clean(root)
    with console.busy("looking at the template"), fetch_template(origin) as template:
        commit = template.target(args.to)
        current, newer = template.name(origin.commit), template.name(commit)
        is_older = not args.to and template.is_ancestor(commit, origin.commit)
        if is_older or template.has_same_files(commit, origin.commit):
            console.say(f"  this project has {newer}" if args.to else f"  {current} is the newest")
            return 0
        news = template.news(commit, origin.commit)
        if args.check:
            console.say(f"  {newer} is available; this project has {current}\n\n{news}".rstrip())
            console.say(f"\n  update to it: {console.command('update')}")
            return 1
        answers = _merge(root, origin, template, commit, args.to or newer)
    if news:
        console.say(f"{news}\n")
    if questions := describe_new_questions(origin.answers, answers):
        console.say(f"{questions}\n")
    return _finish(root, current, newer)


def _parser() -> ArgumentParser:
    parser = ArgumentParser("labkart update", description="Update this project to a newer Labkart.")
    check = "only say whether there is a newer version: exit code 0 if not, 1 if so, 2 if unknown"
    parser.add_argument("--check", action="store_true", help=check)
    to = "this version or branch instead of the newest release"
    parser.add_argument("--to", metavar="TAG", help=to)
    return parser


def _check_clean(root: Path) -> None:
    """Make sure that the update will be the only change, so that it can be seen and undone.

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
    folder = root / (git.output(root, "rev-parse", "--git-dir") or ".git")
    for name, kind in _UNFINISHED.items():
        if (folder / name).exists():
            reason = "the update would become part of it"
            raise LabkartError(f"A {kind} is not finished, and {reason}. Finish it first.")
    changes = status.output.splitlines()
    if changes:
        files = [line[3:] for line in changes[:5]]
        files += [f"... and {len(changes) - 5} more"] if len(changes) > 5 else []
        listing = "\n  ".join(["There are changes that are not committed:", *files])
        raise LabkartError(f"{listing}\nCommit them first: git add --all, git commit")


def describe_new_questions(earlier: Mapping[str, str], answers: Mapping[str, Any]) -> str:
    """Which questions the newer template asks, and how it was answered; empty if none are new.

    Args:
        earlier: the answers that the project was made with.
        answers: those that the newer template was rendered with.
    """
    new = [name for name in answers if name not in earlier and not name.startswith("_")]
    if not new:
        return ""
    lines = [f"  {name}: {answers[name]}" for name in new]
    advice = (
        "To answer otherwise: git reset --hard, write your answers into "
        f'{STATE_FILE} at "cookiecutter", commit that, and update again.'
    )
    return "\n".join(["The template asks something new, and this was answered:", *lines, advice])


def _merge(
    root: Path, origin: Origin, template: Template, commit: str, revision: str
) -> dict[str, Any]:
    """Merge what differs between two versions of the template into the project.

    Returns:
        The answers that the newer version was rendered with.

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
        pending.clear()  # half an update helps nobody; the text below says how to undo all of it
    if conflicts:
        raise LabkartError(_describe_conflicts(root, conflicts, newer.files))
    return newer.state["context"]["cookiecutter"]


def _check_obstacles(root: Path, new: Iterable[str]) -> None:
    """Refuse what git would overwrite, or could not merge.

    Raises:
        LabkartError: something of the student's is where a new file must be.
    """
    tracked = {root / name for name in git.paths(root, "ls-files", "-z")}
    obstacles = set[Path]()
    for path in (root / name for name in new):
        obstacles.update(folder for folder in path.parents if folder.is_file())
        if path.is_dir() or (os.path.lexists(path) and path not in tracked):
            obstacles.add(path)
    if obstacles:
        names = sorted(path.relative_to(root).as_posix() for path in obstacles)
        lines = [f"  {name}: the newer version has another file of this name" for name in names]
        advice = "Move what is yours, commit that, and update again."
        raise LabkartError("\n".join(["Before the update:", *lines, advice]))


def _write_state(root: Path, origin: Origin, state: dict[str, Any], revision: str) -> None:
    """Record what the project is made from now; cruft names a copy of the template."""
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
        hint = "" if name in files else "   (the newer version does not have it: keep or delete it)"
        lines.append(f"  {name}{hint}")
    library = _BY_UV if _uv(root) else _BY_PIP
    return "\n".join([*lines, _TO_END_CONFLICTS.format(library=library)])


def _finish(root: Path, current: str, newer: str) -> int:
    """Move the library, say what has changed and how to go on; 1 if the library stayed."""
    files = git.paths(root, "diff", "--cached", "--name-only", "-z")
    uv = _uv(root)
    problem = ""
    if uv:
        result = run_tool([uv, *_UV_SYNC, "--quiet", "--project", str(root)])
        problem = last_line(result.stderr) if result.returncode else ""
    git.run(root, "add", "--all")  # uv.lock
    console.say(f"  from {current} to {newer}: {len(files)} files changed")
    if problem:
        console.warn(f"  uv could not move the library: {problem}. Try again: {_BY_UV}")
    if not uv:
        console.say(f"  install it: {_BY_PIP}")
    run = "uv run " if uv else ""
    console.say(_TO_END.format(check=console.command("check"), run=run))
    return int(bool(problem))


def _uv(root: Path) -> str:
    """The command uv if this project is used with it; else empty."""
    uv = os.environ.get("UV") or shutil.which("uv")
    is_used = "UV" in os.environ or (root / "uv.lock").exists()
    return uv if uv and is_used else ""
