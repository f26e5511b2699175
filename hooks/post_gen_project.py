"""After the files are there: a git repository with one commit, and what to do next. Never fails, asks for no network."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path.cwd()
BY_CRUFT = "{{ cookiecutter._commit | default('') }}" != ""


def is_passing() -> bool:
    """Whether this is what `cruft update`, `diff` and `check` generate to compare it with: it stays without history."""
    parent, temporary = PROJECT.parent, Path(tempfile.gettempdir()).resolve()
    return BY_CRUFT and parent.parent == temporary and re.fullmatch(r"tmp[a-z0-9_]{8}", parent.name) is not None


def git(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(["git", *words], capture_output=True, text=True)


def make_repository() -> str | None:
    """Commit the untouched output, so that every later change can be seen. Returns what stands in the way, if anything."""
    inside, ignored = git("rev-parse", "--is-inside-work-tree"), git("check-ignore", "--quiet", ".")
    if inside.returncode == 0 and ignored.returncode != 0:
        return "This folder is inside another git repository, so it got none of its own."
    first = "A new project from the Labkart template"
    for words in (
        ["init", "--initial-branch=main"],
        ["add", "--all"],
        ["commit", "--quiet", "--no-verify", f"--message={first}"],
    ):
        done = git(*words)
        if done.returncode:
            reason = done.stderr.strip().splitlines()
            return f"git {words[0]} did not work ({reason[-1] if reason else done.returncode}). Mend that and commit by hand."
    return None


if is_passing():
    sys.exit()
try:
    warning = make_repository()
except OSError:
    warning = "git is not installed, so there is no history yet."
if warning:
    print(f"Note: {warning}")
if not Path(".cruft.json").exists():
    print(
        "Note: The template is no commit of a git repository, so `labkart update` will not know what to compare with."
    )
print(
    f"\nYour project is in {PROJECT.name}/. Now:\n\n    cd {PROJECT.name}\n    uv run labkart run\n    uv run labkart ui\n"
)
