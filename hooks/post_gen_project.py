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
    return (
        BY_CRUFT
        and parent.parent == temporary
        and re.fullmatch(r"tmp[a-z0-9_]{8}", parent.name) is not None
    )


def words(english: str, japanese: str) -> str:
    return japanese if "{{ cookiecutter.language }}" == "ja" else english


def git(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, errors="replace")


def make_repository() -> str | None:
    """Commit the untouched output, so that every later change can be seen. Returns what stands in the way, if anything."""
    inside, ignored = git("rev-parse", "--show-prefix"), git("check-ignore", "--quiet", ".")
    if inside.returncode == 0 and not inside.stdout.strip():
        return None  # made once more, over a project that has its own
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


if is_passing():
    sys.exit()
try:
    warning = make_repository()
except OSError:
    warning = words(
        "git is not installed, so there is no history yet.",
        "git がないので、履歴はまだありません。",
    )
notes = [warning] if warning else []
if not Path(".cruft.json").exists():
    notes.append(
        words(
            "The template is no commit of a git repository, so `labkart update` will not know what to compare with.",
            "テンプレートが git のコミットではないので、`labkart update` は比べる相手が分かりません。",
        )
    )
if "{{ is_folder(cookiecutter) }}" == "True":
    notes.append(
        words(
            "The library is installed from the template's folder on this machine, so others and CI cannot install it. "
            "For them, name a git address in pyproject.toml: labkart @ git+https://...",
            "ライブラリはこのコンピュータにあるテンプレートのフォルダから入ります。ほかの人や CI では入らないので、"
            "pyproject.toml に git の住所を書いてください: labkart @ git+https://...",
        )
    )
said = "".join(f"{words('Note', '注意')}: {note}\n" for note in notes)
said += (
    f"\n{words('Your project is in {}/. Now:', '{}/ ができました。次は:').format(PROJECT.name)}\n"
)
said += f"\n    cd {PROJECT.name}\n    uv run labkart run\n    uv run labkart ui\n"
try:
    if sys.stdout:
        sys.stdout.reconfigure(
            errors="replace"
        )  # a terminal without Japanese letters shows question marks
    print(said, flush=True)
except OSError:
    sys.stdout = None  # nobody reads it; a hook that fails would take the project away
