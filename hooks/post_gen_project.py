"""Runs when the common files are there: the sample, a git repository, and what to do next.

It needs no network. What does not work is said: if this failed, cookiecutter would delete the
project.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path.cwd()
TEMPLATE = Path("{{ (template_folder() | quote)[1:-1] }}")
SAMPLE = "{{ cookiecutter.sample }}"
# In the names and contents of the template's files.
WIRING = "{% raw %}{{cookiecutter.project_slug}}{% endraw %}"
PLACEHOLDER = "{% raw %}{{cookiecutter.__package}}{% endraw %}"
PACKAGE = "{{ cookiecutter.__package }}"
CRUFT_COMMIT = "{{ cookiecutter._commit | default('') }}"
LOCAL_LIBRARY = "{{ is_local(cookiecutter) or '' }}"
LANGUAGE = "{{ cookiecutter.language }}"
AUTHOR = {
    "NAME": "{{ (cookiecutter.author_name | quote)[1:-1] }}",
    "EMAIL": "{{ (cookiecutter.author_email | quote)[1:-1] }}",
}
# A git hook, or a shell that was set up for another repository, would lead git there.
ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX")
ELSEWHERE += ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE")


def is_comparison_render() -> bool:
    """Whether `cruft update`, `diff` or `check` generates this only to compare with a project."""
    temporary = Path(tempfile.gettempdir()).resolve()
    return (
        CRUFT_COMMIT != ""
        and PROJECT.parent.parent == temporary
        and re.fullmatch(r"tmp[a-z0-9_]{8}", PROJECT.parent.name) is not None
    )


def files_below(folder: Path) -> dict[str, Path]:
    """The files of the template in a folder, by the names that they have in the project."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix().replace(PLACEHOLDER, PACKAGE): path for path in files
    }


def lay_sample() -> None:
    """Copy the files of the chosen sample, with the name of the project's package in them."""
    for name, file in files_below(TEMPLATE / "samples" / SAMPLE).items():
        content = file.read_bytes().replace(PLACEHOLDER.encode(), PACKAGE.encode())
        (PROJECT / name).parent.mkdir(parents=True, exist_ok=True)
        (PROJECT / name).write_bytes(content)


def translate_comments() -> None:
    """Put the comments of the template's files and the sample's into the project's language."""
    catalogue_file = TEMPLATE / f"templates/{LANGUAGE}.yaml"
    if not catalogue_file.exists():
        return  # they are in English
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(TEMPLATE))
    import yaml  # cookiecutter needs it, too

    from hooks import comments

    catalogue = yaml.safe_load(catalogue_file.read_text(encoding="utf-8"))
    folders = (TEMPLATE / WIRING, TEMPLATE / "samples" / SAMPLE)
    for name in {name for folder in folders for name in files_below(folder)}:
        file = PROJECT / name
        if comments.has_texts(name) and file.is_file():
            text = comments.translate(name, file.read_bytes().decode(), catalogue)
            file.write_bytes(text.encode())


def sample_problem() -> str:
    """Lay the sample over the common files; what is in the way, empty if nothing.

    Raises:
        OSError: cruft is comparing, and would take what is missing for deleted.
    """
    try:
        lay_sample()
        translate_comments()
    except OSError as error:
        if is_comparison_render():
            raise
        reason = f"{error.filename}: {error.strerror}"
        return translate(
            f"The sample was not copied whole ({reason}). Fix that, and make the project again "
            "into another folder.",
            f"サンプルをすべてはコピーできませんでした ({reason})。"
            "原因を除いて、別のフォルダにもう一度作ってください。",
        )
    return ""


def translate(english: str, japanese: str) -> str:
    """The text in the project's language."""
    return japanese if LANGUAGE == "ja" else english


def git(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run git in the project, with these environment variables, and without anybody's hooks."""
    env = {name: text for name, text in os.environ.items() if name not in ELSEWHERE}
    return subprocess.run(
        ["git", "-c", f"core.hooksPath={os.devnull}", *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=env | variables,
    )


def knows_author() -> bool:
    """Whether git has a name and an address for commits; it must not guess them."""
    return git("-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT").returncode == 0


def make_repository() -> str:
    """Commit the files as they are, so that every later change can be seen.

    Returns:
        What is in the way; empty if nothing.
    """
    prefix = git("rev-parse", "--show-prefix")
    is_inside = prefix.returncode == 0
    if is_inside and not prefix.stdout.strip():
        return ""  # generated again, over a project that has a repository
    if is_inside and git("check-ignore", "--quiet", ".").returncode != 0:
        return translate(
            "This folder is inside another git repository, so it has none of its own.",
            "別の git リポジトリの中なので、新しいリポジトリは作っていません。",
        )
    message = translate(
        "A new project from the Labkart template", "Labkart のテンプレートからプロジェクトを作成"
    )
    roles = ("AUTHOR", "COMMITTER")
    identity = {f"GIT_{role}_{part}": text for role in roles for part, text in AUTHOR.items()}
    known = knows_author()
    for step in (
        ["init", "--initial-branch=main"],
        ["add", "--all", "--force"],  # some people have configured git to ignore such files
        ["commit", "--quiet", "--no-verify", "--no-gpg-sign", f"--message={message}"],
    ):
        done = git(*step, **({} if known else identity))
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [done.returncode])[-1]
            return translate(
                f"git {step[0]} did not work ({reason}). Fix that and commit by hand.",
                f"git {step[0]} が失敗しました ({reason})。"
                "原因を除いて、手でコミットしてください。",
            )
    return "" if known else unknown_author()


def unknown_author() -> str:
    """What to type once, so that git accepts the next commit."""
    commands = "".join(
        f"\n    git config --global user.{part.lower()} {shlex.quote(text)}"
        for part, text in AUTHOR.items()
    )
    return translate(
        f"git does not know you yet. Before your first commit, type:{commands}",
        f"git に氏名とメールアドレスがまだ設定されていません。最初のコミットの前に:{commands}",
    )


def repository_problem() -> str:
    """Make the repository; what is in the way, also if git itself is missing."""
    try:
        return make_repository()
    except OSError:
        return translate(
            "git is not installed, so there is no history yet.",
            "git がインストールされていないので、履歴はまだありません。",
        )


def notes(problem: str) -> list[str]:
    """What the author should know about this project."""
    lines = [problem, repository_problem()]
    if not Path(".cruft.json").exists():
        lines.append(
            translate(
                "The template is not a commit of a git repository, "
                "so `labkart update` cannot compare versions.",
                "テンプレートが git のコミットではないので、"
                "`labkart update` はバージョンを比べられません。",
            )
        )
    if LOCAL_LIBRARY:
        lines.append(
            translate(
                "labkart is installed from a folder of this machine, where others and CI cannot "
                "get it. For them, put its git address into pyproject.toml: "
                "labkart @ git+https://...",
                "labkart はこの計算機のフォルダからインストールされるので、"
                "ほかの人や CI では使えません。"
                "その場合は pyproject.toml に git のアドレスを書いてください: "
                "labkart @ git+https://...",
            )
        )
    return [line for line in lines if line]


def main(problem: str) -> None:
    """Make the repository and print what to do next."""
    label = translate("Note", "注意")
    lines = [f"{label}: {note}" for note in notes(problem)]
    heading = translate("Your project is in {}/. Now:", "{}/ ができました。次は:")
    lines += ["", heading.format(PROJECT.name), ""]
    lines += [f"    cd {PROJECT.name}", "    uv run labkart run", "    uv run labkart ui"]
    try:
        if sys.stdout:
            # A terminal without Japanese letters shows question marks.
            sys.stdout.reconfigure(errors="replace")
        print("\n".join(lines), flush=True)
    except OSError:
        sys.stdout = None  # nobody reads it


problem = sample_problem()
if not is_comparison_render():
    main(problem)
