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

from labkart import console, git, language, project, signals
from labkart.cli import overrides
from labkart.cli.rendering import last_line, render, run_tool
from labkart.cli.template import STATE_FILE, Origin, Template, fetch_template, read_origin
from labkart.errors import LabkartError
from labkart.files import read_json, write_atomically
from labkart.language import mistake, translate

_UNFINISHED = {
    **{"MERGE_HEAD": "merge", "CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert"},
    **{"rebase-merge": "rebase", "rebase-apply": "rebase"},
}
# Without --inexact, uv would remove extras such as `slurm`.
_UV_SYNC = ("sync", "--upgrade-package", "labkart", "--inexact")
_BY_UV = f"uv {' '.join(_UV_SYNC)}"
_BY_PIP = "pip install --upgrade --editable ."


def main(argv: list[str]) -> int:
    """Update, or say whether there is a newer version."""
    args = overrides.parse(_parser(), argv)
    signals.install_handlers()
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
    with console.busy(translate("looking at the template")), fetch_template(origin) as template:
        commit = template.target(args.to)
        current, newer = template.name(origin.commit), template.name(commit)
        is_older = not args.to and template.is_ancestor(commit, origin.commit)
        if is_older or template.has_same_files(commit, origin.commit):
            if args.to:
                console.say(translate("  this project has {version}", version=newer))
            else:
                console.say(translate("  {version} is the newest", version=current))
            return 0
        news = template.news(commit, origin.commit)
        if args.check:
            available = translate(
                "  {newer} is available; this project has {current}", newer=newer, current=current
            )
            console.say(available)
            _show_news(news, origin, newer)
            command = console.command("update")
            console.say(translate("  update to it: {command}", command=command))
            return 1
        answers = _merge(root, origin, template, commit, args.to or newer)
    _show_news(news, origin, newer)
    if questions := describe_new_questions(origin.answers, answers):
        console.say(f"{questions}\n")
    return _finish(root, current, newer)


def _show_news(news: str, origin: Origin, version: str) -> None:
    """Show what has changed; where English is not the project's language, only where that is."""
    if news and language.current() == "en":
        console.say(f"\n{news}\n")
    elif news:
        place = translate(
            "  the changes, in English: CHANGELOG.md in {address}, {version}",
            address=origin.address,
            version=version,
        )
        console.say(place)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        "labkart update", description=translate("Update this project to a newer Labkart.")
    )
    check = translate("only check for a newer version; exit code 0: no, 1: yes, 2: unknown")
    parser.add_argument("--check", action="store_true", help=check)
    to = translate("this version or branch instead of the newest release")
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
        raise mistake(
            "{root} is not in a git repository, and only git can merge. Begin one: "
            'git init, git add --all, git commit -m "Before the update"',
            root=root,
        )
    folder = root / (git.output(root, "rev-parse", "--git-dir") or ".git")
    for name, kind in _UNFINISHED.items():
        if (folder / name).exists():
            raise mistake(
                "A {kind} is not finished, and the update would become part of it. "
                "Finish it first.",
                kind=kind,
            )
    changes = status.output.splitlines()
    if changes:
        files = [line[3:] for line in changes[:5]]
        files += (
            [translate("... and {more} more", more=len(changes) - 5)] if len(changes) > 5 else []
        )
        raise mistake(
            "There are changes that are not committed:\n  {files}\n"
            "Commit them first: git add --all, git commit",
            files="\n  ".join(files),
        )


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
    return translate(
        "The template asks something new, and this was answered:\n{answers}\n"
        "To answer otherwise: git reset --hard, write your answers into "
        '{file} at "cookiecutter", commit that, and update again.',
        answers="\n".join(lines),
        file=STATE_FILE,
    )


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
            raise mistake(
                "The update did not work: {reason}. Nothing has changed.", reason=result.reason
            )
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
        lines = [
            translate("  {name}: the newer version has another file of this name", name=name)
            for name in names
        ]
        text = translate(
            "Before the update:\n{files}\nMove what is yours, commit that, and update again.",
            files="\n".join(lines),
        )
        raise LabkartError(text)


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
    gone = translate("(the newer version does not have it: keep or delete it)")
    lines = [f"  {name}" if name in files else f"  {name}   {gone}" for name in conflicts]
    return translate(
        """\
Not everything could be merged. You and the template changed the same lines:
{files}
To go on, edit them: your lines follow <<<<<<<, the template's end at >>>>>>>.
Or take the template's file:
  git checkout --theirs FILE
Then: git add --all && git commit -m "Update the template"
And move the library: {library}
To undo everything: git reset --hard""",
        files="\n".join(lines),
        library=_BY_UV if _uv(root) else _BY_PIP,
    )


def _finish(root: Path, current: str, newer: str) -> int:
    """Move the library, say what has changed and how to go on; 1 if the library stayed."""
    files = git.paths(root, "diff", "--cached", "--name-only", "-z")
    uv = _uv(root)
    problem = ""
    if uv:
        result = run_tool([uv, *_UV_SYNC, "--quiet", "--project", str(root)])
        problem = last_line(result.stderr) if result.returncode else ""
    git.run(root, "add", "--all")  # uv.lock
    console.say(
        translate(
            "  from {current} to {newer}: {count} files changed",
            current=current,
            newer=newer,
            count=len(files),
        )
    )
    if problem:
        console.warn(
            translate(
                "  uv could not move the library: {problem}. Try again: {command}",
                problem=problem,
                command=_BY_UV,
            )
        )
    if not uv:
        console.say(translate("  install it: {command}", command=_BY_PIP))
    run = "uv run " if uv else ""
    advice = translate(
        """\
  look at it: git diff --cached
  try it:     {check} && {run}pytest
  keep it:    git commit --all -m "Update the template"
  undo it:    git reset --hard""",
        check=console.command("check"),
        run=run,
    )
    console.say(advice)
    return int(bool(problem))


def _uv(root: Path) -> str:
    """The command uv if this project is used with it; else empty."""
    uv = os.environ.get("UV") or shutil.which("uv")
    is_used = "UV" in os.environ or (root / "uv.lock").exists()
    return uv if uv and is_used else ""
