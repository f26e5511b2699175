"""After the files are there: a git repository with one commit, and what to do next. Never fails, asks for no network."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path.cwd()


def words(english: str, japanese: str) -> str:
    return japanese if "{{ cookiecutter.language }}" == "ja" else english


def git(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, errors="replace")


def make_repository() -> str | None:
    """Commit the untouched output, so that every later change can be seen. Returns what stands in the way, if anything."""
    inside, ignored = git("rev-parse", "--is-inside-work-tree"), git("check-ignore", "--quiet", ".")
    if inside.returncode == 0 and ignored.returncode != 0:
        return words(
            "This folder is inside another git repository, so it got none of its own.",
            "別の git リポジトリの中なので、リポジトリは作っていません。",
        )
    first = "A new project from the Labkart template"
    for step in (
        ["init", "--initial-branch=main"],
        ["add", "--all"],
        ["commit", "--quiet", "--no-verify", f"--message={first}"],
    ):
        done = git(*step)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [done.returncode])[-1]
            return words(
                f"git {step[0]} did not work ({reason}). Mend that and commit by hand.",
                f"git {step[0]} が失敗しました ({reason})。原因を除いて、手でコミットしてください。",
            )
    return None


try:
    warning = make_repository()
except OSError:
    warning = words("git is not installed, so there is no history yet.", "git がないので、履歴はまだありません。")
said = f"{words('Note', '注意')}: {warning}\n" if warning else ""
said += f"\n{words('Your project is in {}/. Now:', '{}/ ができました。次は:').format(PROJECT.name)}\n"
said += f"\n    cd {PROJECT.name}\n    uv run labkart run\n    uv run labkart ui\n"
try:
    if sys.stdout:
        sys.stdout.reconfigure(errors="replace")  # a terminal without Japanese letters shows question marks
    print(said, flush=True)
except OSError:
    sys.stdout = None  # nobody reads it; a hook that fails would take the project away
