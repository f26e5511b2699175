"""After the files are there: a git repository with one commit, and what to do next. Never fails, asks for no network."""

import subprocess
from pathlib import Path

PROJECT = Path.cwd()


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


try:
    warning = make_repository()
except OSError:
    warning = "git is not installed, so there is no history yet."
if warning:
    print(f"Note: {warning}")
print(
    f"\nYour project is in {PROJECT.name}/. Now:\n\n    cd {PROJECT.name}\n    uv run labkart run\n    uv run labkart ui\n"
)
