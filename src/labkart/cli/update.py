"""A newer version of the template, merged into the project by cruft. The student's rooms stay as they are."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from labkart import __version__, console, project, signals
from labkart.cli.template import NOTE, Origin, Template, fetch_template, git, last_line
from labkart.errors import LabkartError
from labkart.files import read_json

_CRUFT = "cruft>=2.16,<3"
_PLAIN = {
    "apply.whitespace": "nowarn",
    "diff.context": "3",
    "diff.mnemonicPrefix": "false",
    "diff.noprefix": "false",
}


def show(words: Sequence[str]) -> int:
    """The verb `update`."""
    parser = argparse.ArgumentParser(
        "labkart update", description="Take a newer version of the template."
    )
    parser.add_argument(
        "--check", action="store_true", help="only say whether there is one; exit 1 if so"
    )
    parser.add_argument(
        "--to", metavar="TAG", help="this version, instead of the newest release; or a branch"
    )
    asked = parser.parse_args(words)
    root = project.current().root
    origin = Origin.of(root, __version__)
    if not asked.check:
        _refuse_unclean(root)
    with console.busy("looking at the template"), fetch_template(origin) as template:
        wanted = template.wanted(asked.to)
        here, there = template.name(origin.commit), template.name(wanted)
        if template.is_same(wanted, origin.commit) or (
            not asked.to and template.is_before(wanted, origin.commit)
        ):
            console.say(f"  {here} is the newest" if not asked.to else f"  this is {there} already")
            return 0
        news = template.news(wanted, origin.commit)
        if asked.check:
            console.say("\n\n".join(filter(None, [f"  {there} is there; this is {here}", news])))
            console.say(f"\n  take it: {console.command('update')}")
            return 1
        _merge(root, origin, template, asked.to or there, wanted)
    return _tell(root, here, there, news)


def _refuse_unclean(root: Path) -> None:
    """The update must be the only change, so that it can be seen and taken back."""
    done = git(
        root, "status", "--porcelain", "--untracked-files=normal"
    )  # some people have git overlook these
    if done.returncode:
        raise LabkartError(
            f"{root} is in no git repository, and only git can merge. "
            'Begin one: git init, git add --all, git commit -m "Before the update"'
        )
    if begun := _begun(root):
        raise LabkartError(
            f"A {begun} is not finished, and the update would become part of it. End it first."
        )
    if changes := done.stdout.splitlines():
        more = f"\n  ... and {len(changes) - 5} more" if len(changes) > 5 else ""
        listed = "".join(f"\n  {line[3:]}" for line in changes[:5])
        raise LabkartError(
            f"There are changes that are not committed:{listed}{more}\nCommit them first: git commit"
        )


def _begun(root: Path) -> str:
    """What git is in the middle of; empty where it is in the middle of nothing."""
    kinds = {"MERGE_HEAD": "merge", "CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert"}
    kinds |= {"rebase-merge": "rebase", "rebase-apply": "rebase"}
    paths = git(
        root, "rev-parse", *(word for name in kinds for word in ("--git-path", name))
    ).stdout.splitlines()
    return next(
        (kind for kind, path in zip(kinds.values(), paths, strict=False) if (root / path).exists()),
        "",
    )


def _merge(root: Path, origin: Origin, template: Template, word: str, wanted: str) -> None:
    """Let cruft apply what differs between two versions of the template."""
    cruft = _cruft()
    _refuse_obstacles(
        root,
        _remember(root, cruft, origin, template),
        *template.gone_and_new(origin.commit, wanted),
    )
    where = [
        "--project-dir",
        str(root),
        "--template-path",
        str(template.folder),
        "--checkout",
        word,
    ]
    with signals.deferred() as came:
        done = _run([*cruft, "update", "--skip-apply-ask", *where], start_new_session=True)
        came.clear()  # half a merge helps nobody; what follows says how to take back a whole one
    note = read_json(root / NOTE)
    if done.returncode or not isinstance(note, dict) or note.get("commit") != wanted:
        raise LabkartError(
            f"The update did not work: {last_line(done.stderr or done.stdout)}. Nothing has changed."
        )
    refused = sorted({line[7:] for line in done.stderr.splitlines() if line.startswith("error: ")})
    if (
        files := _unmerged(root) or refused
    ):  # cruft passes on what git says, and then that all is well
        raise LabkartError(_conflict(files))


def _remember(root: Path, cruft: list[str], origin: Origin, template: Template) -> dict[str, str]:
    """Give git the files as the template made them: only with what both sides began from does it merge.

    A project's history has them at its beginning, but after an update what it has of a file is already a merge.

    Returns:
        The name that git has for the content of each file.
    """
    with TemporaryDirectory() as folder:
        options = [
            "--no-input",
            "--default-config",
            "--checkout",
            origin.commit,
            "--output-dir",
            folder,
        ]
        answers = ["--extra-context", json.dumps(origin.answers)]
        done = _run(
            [*cruft, "create", str(template.folder), *options, *answers],
            LABKART_TEMPLATE=origin.address,
        )
        if done.returncode:
            raise LabkartError(
                f"The version of this project cannot be made again: {last_line(done.stderr)}."
            )
        (made,) = Path(folder).iterdir()
        files = [file for file in made.rglob("*") if file.is_file() and ".git" not in file.parts]
        stored = git(
            root,
            "hash-object",
            "-w",
            "--no-filters",
            "--stdin-paths",
            stdin="\n".join(map(str, files)),
        )
        names = (file.relative_to(made).as_posix() for file in files)
        return dict(zip(names, stored.stdout.split(), strict=True))


def _refuse_obstacles(
    root: Path, made: dict[str, str], gone: Sequence[str], new: Sequence[str]
) -> None:
    """Two cases spoil git's merge of all the rest: an edited file that shall go, and what is where a new one must."""

    def committed(name: str) -> str:
        return git(root, "rev-parse", "--verify", "--quiet", f"HEAD:./{name}").stdout.strip()

    def in_the_way(name: str) -> str | None:
        """What of the student's is where a new file, or a folder above it, must be."""
        above = [str(each) for each in Path(name).parents if (root / each).is_file()]
        is_there = (root / name).is_dir() or ((root / name).exists() and not committed(name))
        return next(iter(above), name if is_there else None)

    gone, new = _merged(root, gone), _merged(root, new)
    edited = [name for name in gone if name in made and committed(name) not in ("", made[name])]
    there = dict.fromkeys(filter(None, map(in_the_way, new)))
    lines = [
        f"  {name}: you changed it, but the newer version has it no more. Delete it"
        for name in edited
    ]
    lines += [
        f"  {name}: the newer version brings something else of this name. Move yours"
        for name in there
    ]
    if lines:
        last = "and commit that. What you need of it, keep in your own folders."
        raise LabkartError("\n".join(["Before the update:", *lines, last]))


def _merged(root: Path, names: Sequence[str]) -> list[str]:
    """Those files that an update does not leave alone."""
    table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    skipped = set(table["tool"].get("cruft", {}).get("skip", []))
    return [name for name in names if not skipped & {name, *map(str, Path(name).parents)}]


def _cruft() -> list[str]:
    """The command, from this environment or as uv runs it."""
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    if found := shutil.which("cruft", path=here):
        return [found]
    if uv := os.environ.get("UV") or shutil.which("uv"):
        return [uv, "tool", "run", "--quiet", "--python", sys.executable, "--from", _CRUFT, "cruft"]
    raise LabkartError(
        "Neither cruft nor uv is installed, and cruft merges what is new. Run: pip install uv"
    )


def _run(
    command: list[str], *, start_new_session: bool = False, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run cruft, which asks nothing then, without what belongs to this environment. It reads git's English."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV", "GIT_DIR")
    }
    clean |= {"NO_COLOR": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8", "LANGUAGE": "C"}
    # Whatever this person's git is set to, cruft reads and applies its own differences.
    first = int(clean.get("GIT_CONFIG_COUNT") or 0)
    clean["GIT_CONFIG_COUNT"] = str(first + len(_PLAIN))
    for number, (name, value) in enumerate(_PLAIN.items(), first):
        clean |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        env=clean | variables,
        stdin=subprocess.DEVNULL,
        start_new_session=start_new_session,
    )


def _unmerged(root: Path) -> list[str]:
    """The files with both versions in them, and those that hold what git could not apply."""
    both = git(root, "diff", "--name-only", "--relative", "--diff-filter=U", "-z").stdout.split(
        "\0"
    )
    apart = git(root, "ls-files", "--others", "--exclude-standard", "-z").stdout.split("\0")
    return sorted(
        {name for name in both if name} | {name for name in apart if name.endswith(".rej")}
    )


def _conflict(files: Sequence[str]) -> str:
    apart = ["A .rej file holds lines that found no place: put them in by hand, and delete it."]
    return "\n".join(
        [
            "Not all of it merged. Here both you and the template changed the same lines:",
            *(f"  {file}" for file in files),
            *(apart if any(file.endswith(".rej") for file in files) else []),
            "Go on: edit them (between <<<<<<< and >>>>>>> are yours, then the template's), or take the template's by",
            "  git checkout --theirs FILE",
            'then: git add --all && git commit -m "Update the template"',
            "Take it all back: git reset --hard && git clean -d --force",
        ]
    )


def _tell(root: Path, here: str, there: str, news: str) -> int:
    git(root, "add", "--all")  # cruft leaves its own note outside; so it is all in one place
    files = git(root, "diff", "--cached", "--name-only").stdout.split("\n")[:-1]
    if news:
        console.say(f"{news}\n")
    console.say(f"  from {here} to {there}: {len(files)} files changed")
    console.say("  look at it: git diff --cached")
    console.say(f"  try it:     uv sync && {console.command('check')} && uv run pytest")
    console.say(
        '  keep it:    git commit --all -m "Update the template"        or not: git reset --hard'
    )
    return 0
