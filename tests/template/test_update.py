"""`labkart update`: from every release to what is here, with a student's work in between."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conftest import Once
from tests.support.bake import SOURCE, TEMPLATE, UV, Project, clean_environment

PROJECT = SOURCE.name
NEWEST = "v1000.0.0"
BOUNDS = re.compile(r'^ +"([\w-]+>=[^"]+)",', flags=re.MULTILINE)


def run(folder: Path, *words: str | Path, **variables: str) -> str:
    done = subprocess.run(
        words, cwd=folder, env=clean_environment(**variables), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def git(folder: Path, *words: str) -> str:
    return run(folder, "git", *words)


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


# A history of the template: two releases of the past, and what is here as the newest


def lay_out(folder: Path) -> None:
    """Write the template as it is here, without what git ignores."""
    files = (
        git(TEMPLATE, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        .strip("\0")
        .split("\0")
    )
    for name in files:
        if (TEMPLATE / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TEMPLATE / name, folder / name)


def replace(file: Path, pattern: str, new: str) -> None:
    text, count = re.subn(
        pattern, new, file.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE
    )
    assert count, f"{file.name} has no {pattern}"
    file.write_text(text, encoding="utf-8")


def age(folder: Path, version: str) -> None:
    """Turn today's template into what it may have been: an older runtime, other bounds, other texts, other files."""
    project = folder / PROJECT
    replace(
        project / "src/labkart/__init__.py", r'^__version__ = ".*"', f'__version__ = "{version}"'
    )
    replace(
        project / "src/labkart/task.py",
        r"\Z",
        "\n\n# What a later version does without.\nLEFT_OVER = 1\n",
    )
    (project / "src/labkart/left_over.py").write_text('"""A room that a later version closes."""\n')
    replace(project / "pyproject.toml", r"(threadpoolctl>=[\d.]+),<\d+", r"\1")
    replace(project / "pyproject.toml", r"(pytest>=[\d.]+),<\d+", r"\1,<99")
    replace(project / "pyproject.toml", r'requires-python = "\S+"', 'requires-python = ">=3.11"')
    replace(project / ".gitignore", r"^/venv/\n", "")
    (project / ".editorconfig").unlink()
    for language in ("en", "ja"):
        replace(folder / "templates" / language / "README.md", r"\A# ", "# About ")
    replace(folder / "CHANGELOG.md", r"(?s)^## \d.*", f"## {version}\n\nAn early one.\n")
    if version == "0.0.1":
        replace(project / ".github/workflows/ci.yml", r"timeout-minutes: \d+", "timeout-minutes: 7")
        replace(project / "pyproject.toml", r"(ipykernel)>=\d+", r"\1>=6")
        replace(project / "conf/config.yaml", r"test_size: 0\.25", "test_size: 0.2")


@pytest.fixture(scope="session")
def template(once: Once) -> Path:
    def fill(folder: Path) -> None:
        git(folder, "init", "--quiet", "--initial-branch=main")
        for version in ("0.0.1", "0.0.2"):
            lay_out(folder)
            age(folder, version)
            commit(folder, version)
            git(folder, "tag", f"v{version}")
        shutil.rmtree(folder / PROJECT)
        lay_out(folder)
        commit(folder, "The newest")
        git(folder, "tag", NEWEST)
        if tags():
            git(folder, "fetch", "--quiet", str(TEMPLATE), "refs/tags/v*:refs/tags/v*")

    return once("template", fill)[0]


def tags() -> list[str]:
    """Those of this repository itself, where there are any."""
    done = subprocess.run(
        ["git", "tag", "--list", "v*"], cwd=TEMPLATE, capture_output=True, text=True
    )
    return done.stdout.split()


@pytest.fixture
def make(tmp_path: Path, template: Path, environment: Path) -> Callable[..., Project]:
    """Make a project from the template's address: `make("v0.0.1", language="ja")`, by cookiecutter or by cruft."""
    settings = {"cookiecutters_dir": str(tmp_path / "kept"), "replay_dir": str(tmp_path / "replay")}
    settings["abbreviations"] = {"lab": "git+file://{0}"}  # type: ignore[assignment]
    (tmp_path / "settings.yaml").write_text(json.dumps(settings))

    def made(tag: str | None, by: str = "cookiecutter", **answers: str) -> Project:
        version = ["--checkout", tag] if tag else []
        if by == "cruft":
            words = [
                *CRUFT,
                "create",
                f"file://{template}",
                "--no-input",
                "--extra-context",
                json.dumps(answers),
            ]
        else:
            words = [sys.executable, "-m", "cookiecutter", f"lab:{template}", "--no-input"]
            version += [f"{name}={value}" for name, value in answers.items()]
        run(tmp_path, *words, *version, COOKIECUTTER_CONFIG=str(tmp_path / "settings.yaml"))
        return Project(tmp_path / answers.get("project_slug", "my-thesis"), environment)

    return made


CRUFT = [
    UV,
    "tool",
    "run",
    "--quiet",
    "--python",
    sys.executable,
    "--from",
    "cruft>=2.16,<3",
    "cruft",
]


def update(project: Project, *words: str, code: int = 0, **variables: str) -> str:
    done = project.run("labkart", "update", *words, **({"UV": UV} | variables))
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def is_clean(project: Project) -> bool:
    return git(project.root, "status", "--porcelain") == ""


def runtime(root: Path) -> dict[str, bytes]:
    folders = (root / "src/labkart", root / "src/hydra_plugins")
    return {file.name: file.read_bytes() for folder in folders for file in folder.glob("*.py")}


# From a release to the newest


def work(project: Project, package: str) -> dict[str, str]:
    """What a student does in their own rooms; returns what they wrote."""
    project.edit(
        f"src/{package}/tasks/train.py",
        "    def run(self) -> None:",
        "    # mine\n    def run(self) -> None:",
    )
    project.edit(
        f"src/{package}/pipeline.py",
        '"forest": TrainForest',
        '"forest": TrainForest, "trees": TrainForest',
    )
    project.edit("conf/config.yaml", "test_size", "# mine\n  test_size")
    (project.root / "README.md").write_text("# My own words\n", encoding="utf-8")
    (project.root / "notebooks/explore.ipynb").unlink()
    (project.root / f"src/{package}/tasks/mine.py").write_text(
        '"""A stage of my own."""\n', encoding="utf-8"
    )
    with (project.root / ".gitignore").open("a") as file:
        file.write("/private/\n")
    project.edit("pyproject.toml", 'version = "0.1.0"', 'version = "0.3.0"')
    run(project.root, UV, "add", "--frozen", "--quiet", "attrs>=24")
    run(project.root, UV, "add", "--frozen", "--quiet", "--dev", "iniconfig>=2")
    commit(project.root, "My work")
    mine = {
        file
        for file in project.files()
        if re.match(rf"conf/|src/{package}/|tests/|README|CITATION|LICENSE", file)
    }
    return {file: project.read(file) for file in mine}


@pytest.mark.parametrize(
    "tag, by, answers",
    [
        ("v0.0.1", "cookiecutter", {}),
        (
            "v0.0.1",
            "cruft",
            {"language": "ja", "project_title": "卒業研究「深層学習」", "project_slug": "sotsuken"},
        ),
        ("v0.0.2", "cookiecutter", {"language": "ja", "license": "none"}),
        ("v0.0.2", "cruft", {}),
        *((tag, "cookiecutter", {}) for tag in tags()),
    ],
)
def test_an_update_from_a_release_keeps_all_that_a_student_did(
    tag: str, by: str, answers: dict[str, str], make: Callable[..., Project], template: Path
) -> None:
    project = make(tag, by, **answers)
    assert is_clean(project)
    package = project.root.name.replace("-", "_")
    mine = work(project, package)
    said = update(project)
    assert f"from {tag} to {NEWEST}" in said
    assert {file: project.read(file) for file in mine} == mine
    assert project.has("notebooks") and not project.has("notebooks/explore.ipynb")
    assert runtime(project.root) == runtime(SOURCE)
    table = project.read("pyproject.toml")
    assert '"attrs>=24",' in table and '"iniconfig>=2",' in table and 'version = "0.3.0"' in table
    assert set(BOUNDS.findall((SOURCE / "pyproject.toml").read_text())) < set(BOUNDS.findall(table))
    assert project.read(".gitignore").endswith("/private/\n") and "/venv/" in project.read(
        ".gitignore"
    )
    assert project.has(".editorconfig")
    commit(project.root, "Update the template")
    assert "is the newest" in update(project)


@pytest.fixture
def copied(
    tmp_path: Path, template: Path, environment: Path, once: Once
) -> Callable[[str], Project]:
    """A project of one's own from a release's template, which was made once."""

    def fill(folder: Path) -> None:
        words = [
            "--no-input",
            "--output-dir",
            str(folder),
            f"git+file://{template}",
            "--checkout",
            "v0.0.1",
        ]
        settings = json.dumps(
            {"cookiecutters_dir": str(folder / "kept"), "replay_dir": str(folder / "replay")}
        )
        (folder / "settings.yaml").write_text(settings)
        run(
            folder,
            sys.executable,
            "-m",
            "cookiecutter",
            "--config-file",
            folder / "settings.yaml",
            *words,
        )

    made = once("made-from-a-release", fill)[0] / "my-thesis"
    return lambda: Project(Path(shutil.copytree(made, tmp_path / "my-thesis")), environment)


def test_results_stay_valid_through_an_update(copied: Callable[..., Project]) -> None:
    project = copied()
    project.labkart("run", "data=wine")
    update(project)
    assert runtime(project.root) == runtime(SOURCE)
    assert "4 tasks cached, nothing to do" in project.labkart("run", "data=wine")
    assert "accuracy" in project.labkart("run", "data=wine", "model=forest")


def test_a_second_update_merges_what_the_first_one_did_in_a_clone_that_has_no_more_than_was_committed(
    copied: Callable[..., Project], tmp_path: Path
) -> None:
    project = copied()
    run(project.root, UV, "add", "--frozen", "--quiet", "attrs>=24")
    project.edit(".github/workflows/ci.yml", "name: ci", "name: mine")
    project.edit("pyproject.toml", ',<99"', ',<99",\n    "pytest-timeout"')
    commit(project.root, "My work")
    assert "from v0.0.1 to v0.0.2" in update(project, "--to", "v0.0.2")
    commit(project.root, "Update the template")
    git(tmp_path, "clone", "--quiet", "--no-local", str(project.root), "clone")
    clone = Project(tmp_path / "clone", project.environment)
    # Only a merge of three can tell whose these lines are.
    said = update(clone, code=1)
    assert "  pyproject.toml" in said and ".rej" not in said
    assert clone.read("pyproject.toml").count("<<<<<<<") == 1
    assert '"attrs>=24",' in clone.read("pyproject.toml")
    assert clone.read(".github/workflows/ci.yml").startswith("name: mine")


# Where it cannot merge


def test_a_conflict_is_said_and_can_be_taken_back(copied: Callable[..., Project]) -> None:
    project = copied()
    project.edit("src/labkart/task.py", "LEFT_OVER = 1", "LEFT_OVER = 2")
    (project.root / ".editorconfig").write_text("root = true  # mine\n")
    commit(project.root, "What I should not have touched")
    before = {file: project.read(file) for file in project.files()}
    said = update(project, code=1)
    assert "\n  .editorconfig\n  src/labkart/task.py\n" in said and "pyproject.toml" not in said
    assert "LEFT_OVER = 2" in project.read("src/labkart/task.py")
    for command in re.findall(r"git reset --hard|git clean -d --force", said):
        git(project.root, *command.split()[1:])
    assert {file: project.read(file) for file in project.files()} == before
    assert is_clean(project)


def test_a_word_to_end_leaves_no_half_of_a_merge(
    copied: Callable[[], Project], tmp_path: Path
) -> None:
    project = copied()
    cruft = tmp_path / "bin" / "cruft"
    cruft.parent.mkdir()
    ctrl_c = 'if [ "$1" = update ]; then kill -INT "-$(ps -o pgid= "$PPID" | tr -d " ")"; fi'
    cruft.write_text(f'#!/bin/sh\n{ctrl_c}\nexec {shlex.join(CRUFT)} "$@"\n')
    cruft.chmod(0o755)
    variables = project.variables(PATH=os.pathsep.join([str(cruft.parent), os.environ["PATH"]]))
    words = project.command("labkart", "update")
    done = subprocess.run(
        words,
        cwd=project.root,
        env=variables,
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    assert done.returncode == 0 and f"to {NEWEST}" in done.stdout, done.stdout + done.stderr
    assert "git reset --hard" in done.stdout
    assert runtime(project.root) == runtime(SOURCE)


def test_taking_the_templates_files_ends_a_conflict(copied: Callable[..., Project]) -> None:
    project = copied()
    project.edit("src/labkart/task.py", "LEFT_OVER = 1", "LEFT_OVER = 2")
    commit(project.root, "What I should not have touched")
    said = update(project, code=1)
    (command,) = re.findall(r"git (checkout --theirs) FILE", said)
    git(project.root, *command.split(), "src/labkart/task.py")
    commit(project.root, "Update the template")
    assert runtime(project.root) == runtime(SOURCE)
    assert "is the newest" in update(project)


def test_what_would_spoil_the_merge_is_said_before_anything_changes(
    copied: Callable[..., Project],
) -> None:
    project = copied()
    project.edit("src/labkart/left_over.py", "closes", "locks")
    with (project.root / ".gitignore").open("a") as file:
        file.write("/.editorconfig\n")
    commit(project.root, "What I should not have touched")
    (project.root / ".editorconfig").write_text("root = true  # mine\n")
    said = update(project, code=1)
    assert (
        "left_over.py: you changed it" in said
        and ".editorconfig: the newer version brings something else" in said
    )
    assert is_clean(project) and project.read(".editorconfig") == "root = true  # mine\n"
    (project.root / ".editorconfig").unlink()
    (project.root / "src/labkart/left_over.py").unlink()
    commit(project.root, "As I was told")
    update(project)
    assert runtime(project.root) == runtime(SOURCE)


@pytest.mark.parametrize("name", ["docs/next/page.md", "docs/next"])
def test_a_folder_and_a_file_of_one_name_spoil_no_update(
    name: str, copied: Callable[..., Project], template: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(template), "next")
    new = "docs/next" if name != "docs/next" else "docs/next/page.md"
    (tmp_path / "next" / PROJECT / new).parent.mkdir(exist_ok=True)
    (tmp_path / "next" / PROJECT / new).write_text("new\n")
    commit(tmp_path / "next", "The next one")
    git(tmp_path / "next", "tag", "v1000.1.0")
    project = copied()
    (project.root / name).parent.mkdir(exist_ok=True)
    (project.root / name).write_text("mine\n")
    note = json.loads(project.read(".cruft.json")) | {"template": str(tmp_path / "next")}
    (project.root / ".cruft.json").write_text(json.dumps(note))
    commit(project.root, "My own page")
    assert "\n  docs/next: the newer version brings something else of this name. Move" in update(
        project, code=1
    )
    assert is_clean(project) and project.read(name) == "mine\n"


SETTINGS = {
    "core.autocrlf": "true",
    "diff.context": "0",
    "diff.noprefix": "true",
    "apply.whitespace": "error-all",
}


def test_how_a_person_has_set_up_git_changes_nothing(
    make: Callable[..., Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git for Windows ends lines with CRLF where nobody says otherwise."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(SETTINGS)))
    for number, (name, value) in enumerate(SETTINGS.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", name)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    project = make("v0.0.1")
    (project.root / "data/raw/a.csv").write_text("x\n1\n")
    project.labkart("check", "--lock-data")
    commit(project.root, "My data")
    git(project.root.parent, "clone", "--quiet", "my-thesis", "clone")
    clone = Project(project.root.parent / "clone", project.environment)
    update(clone)
    assert runtime(clone.root) == runtime(SOURCE)
    assert "Nothing broken" in clone.labkart("check", "edited-runtime", "raw-data")


# Where it does not begin


@pytest.mark.parametrize("kind", ["merge", "rebase", "cherry-pick", "revert"])
def test_what_git_is_in_the_middle_of_ends_first(kind: str, copied: Callable[..., Project]) -> None:
    project = copied()
    git(project.root, "switch", "--quiet", "--create", "other")
    (project.root / "CITATION.cff").write_text("theirs\n")
    commit(project.root, "Theirs")
    git(project.root, "switch", "--quiet", "--create", "mine", "HEAD~")
    (project.root / "CITATION.cff").write_text("mine\n")
    commit(project.root, "Mine")
    words = {"rebase": ["other"], "revert": ["--no-edit", "other"]}.get(kind, ["other"])
    subprocess.run(
        ["git", kind, *words], cwd=project.root, env=clean_environment(), capture_output=True
    )
    if kind != "rebase":
        git(project.root, "checkout", "HEAD", "--", "CITATION.cff")
    else:
        git(project.root, "checkout", "HEAD", "--", ".")
    assert is_clean(project)
    assert f"A {kind} is not finished" in update(project, code=1)


@pytest.mark.parametrize("shows", ["normal", "no"])
def test_changes_that_are_not_committed_are_named(
    shows: str, copied: Callable[..., Project]
) -> None:
    project = copied()
    git(project.root, "config", "status.showUntrackedFiles", shows)
    (project.root / "notes.txt").write_text("not to be lost")
    said = update(project, code=1)
    assert "not committed" in said and "notes.txt" in said
    assert json.loads(project.read(".cruft.json"))["checkout"] == "v0.0.1"


def test_without_a_repository_or_git_a_sentence_says_what_to_do(
    copied: Callable[..., Project],
) -> None:
    project = copied()
    assert project.environment
    assert "git is not installed" in update(project, code=1, PATH=str(project.environment / "bin"))
    shutil.rmtree(project.root / ".git")
    said = update(project, code=1, GIT_CEILING_DIRECTORIES=str(project.root.parent))
    assert "no git repository" in said and "git init" in said


def test_a_project_that_does_not_know_its_template_is_told_how_to_say_it(
    copied: Callable[..., Project], template: Path
) -> None:
    project = copied()
    note = project.read(".cruft.json")
    (project.root / ".cruft.json").write_text("{")
    assert ".cruft.json is damaged" in update(project, code=1)
    (project.root / ".cruft.json").unlink()
    said = update(project, code=1)
    (words,) = re.findall(r"uv tool run (cruft link .*)", said)
    linking = words.replace("<the template's address>", f"file://{template}").split()[1:]
    run(project.root, *CRUFT, *linking, "--no-input")
    assert json.loads(project.read(".cruft.json"))["commit"] == json.loads(note)["commit"]


def test_a_template_that_is_gone_or_another_is_said_with_its_address(
    copied: Callable[..., Project], tmp_path: Path
) -> None:
    project = copied()
    note = json.loads(project.read(".cruft.json"))
    for address, words in {
        str(tmp_path / "gone"): "cannot get",
        str(project.root): "does not have the commit",
    }.items():
        (project.root / ".cruft.json").write_text(json.dumps(note | {"template": address}))
        commit(project.root, address)
        said = update(project, code=1)
        assert address in said and words in said and '"template"' in said


def test_a_version_that_is_not_there_is_answered_with_those_that_are(
    copied: Callable[..., Project],
) -> None:
    said = update(copied(), "--to", "v0.0.3", code=1)
    assert 'no version "v0.0.3"' in said and "v0.0." in said.partition("Did you mean")[2]


def test_without_cruft_and_uv_a_sentence_says_what_to_install(
    copied: Callable[..., Project], tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(shutil.which("git") or "git")
    said = update(copied(), code=1, PATH=str(tmp_path / "bin"), UV="")
    assert "pip install uv" in said


def test_whether_there_is_a_newer_version_can_be_asked_alone(
    copied: Callable[..., Project],
) -> None:
    project = copied()
    (project.root / "notes.txt").write_text("does not matter here")
    said = update(project, "--check", code=1)
    assert f"{NEWEST} is there; this is v0.0.1" in said
    assert "## 0.1.0" in said and "An early one" not in said, "what CHANGELOG.md says of it"
    assert "this is v0.0.1 already" in update(project, "--check", "--to", "v0.0.1")


def test_a_project_inside_another_repository_is_updated_in_its_folder(
    copied: Callable[..., Project], tmp_path: Path
) -> None:
    project = copied()
    shutil.rmtree(project.root / ".git")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "my-thesis")
    git(tmp_path, "commit", "--quiet", "--message", "Among others")
    update(project)
    assert runtime(project.root) == runtime(SOURCE)
    assert {
        file.parts[0]
        for file in map(Path, git(tmp_path, "diff", "--cached", "--name-only").split())
    } == {"my-thesis"}


# What a new project must bring along


def test_cruft_alone_can_do_it_and_each_version_is_made_by_its_own_code(
    copied: Callable[..., Project], template: Path, tmp_path: Path
) -> None:
    """The next version's extension has a function that this one's has not, in a module of the same name."""
    git(tmp_path, "clone", "--quiet", str(template), "next")
    replace(
        tmp_path / "next/hooks/state.py",
        r"globals\.update\(",
        "globals.update(indentation=lambda: 3, ",
    )
    with (tmp_path / "next" / PROJECT / ".editorconfig").open("a") as file:
        file.write("\n[*.next]\nindent_size = {{ indentation() }}\n")
    commit(tmp_path / "next", "The next one")
    project = copied()
    assert run(project.root, *CRUFT, "diff") == ""
    note = json.loads(project.read(".cruft.json")) | {"template": str(tmp_path / "next")}
    (project.root / ".cruft.json").write_text(json.dumps(note))
    commit(project.root, "It has moved")
    run(project.root, *CRUFT, "update", "--skip-apply-ask")
    assert "indent_size = 3" in project.read(".editorconfig")
    assert runtime(project.root) == runtime(SOURCE)
    commit(project.root, "Update the template")
    assert run(project.root, *CRUFT, "check").startswith("SUCCESS")


def test_what_cruft_generates_to_compare_with_gets_no_history(template: Path) -> None:
    """It does so in a folder like this one; a project of a person may be in a temporary folder, too."""
    for words, has_history in {
        (*CRUFT, "create"): False,
        (sys.executable, "-m", "cookiecutter"): True,
    }.items():
        with TemporaryDirectory() as folder:
            said = run(Path(folder), *words, str(template), "--no-input", "--output-dir", folder)
            assert Path(folder, "my-thesis/.git").exists() == has_history == ("Now:" in said)


def test_the_note_says_where_from_without_a_password_and_as_cruft_would(
    make: Callable[..., Project], template: Path, tmp_path: Path
) -> None:
    by_cookiecutter = make(NEWEST)
    note = json.loads(by_cookiecutter.read(".cruft.json"))
    assert note["template"] == str(template) and note["checkout"] == NEWEST
    assert note["commit"] == git(template, "rev-parse", NEWEST)
    shutil.move(by_cookiecutter.root, tmp_path / "first")
    assert make(NEWEST, "cruft").read(".cruft.json") == (tmp_path / "first/.cruft.json").read_text()


@pytest.mark.parametrize("change", ["none", "edited", "no repository", "inside another repository"])
def test_a_local_template_is_noted_only_as_a_commit(
    change: str, template: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(template), "local/copy")
    local = tmp_path / "local/copy"
    if change == "edited":
        (local / PROJECT / "note.txt").write_text("not committed")
    elif change != "none":
        shutil.rmtree(local / ".git")
    if change == "inside another repository":
        git(local.parent, "init", "--quiet")
        commit(local.parent, "All of it")
    said = run(
        local, sys.executable, "-m", "cookiecutter", ".", "--no-input", "--output-dir", tmp_path
    )
    assert (
        (tmp_path / "my-thesis/.cruft.json").exists() == (change == "none") == ("Note:" not in said)
    )
    if change == "none":
        assert json.loads((tmp_path / "my-thesis/.cruft.json").read_text())["template"] == str(
            local
        )


def test_a_password_in_the_address_stays_out_of_the_note(template: Path, tmp_path: Path) -> None:
    """A repository that only members can read may have been fetched with a token."""
    git(tmp_path, "clone", "--quiet", str(template), "kept/labkart")
    git(
        tmp_path / "kept/labkart",
        "config",
        "remote.origin.url",
        "https://ann:secret@example.org/lab/labkart.git",
    )
    (tmp_path / "settings.yaml").write_text(
        json.dumps({"cookiecutters_dir": str(tmp_path / "kept")})
    )
    settings = {"COOKIECUTTER_CONFIG": str(tmp_path / "settings.yaml")}
    run(tmp_path, sys.executable, "-m", "cookiecutter", "labkart", "--no-input", **settings)
    note = json.loads((tmp_path / "my-thesis/.cruft.json").read_text())
    assert (
        note["template"]
        == note["context"]["cookiecutter"]["_template"]
        == "https://example.org/lab/labkart.git"
    )


def test_the_versions_agree_and_the_changelog_tells_of_them() -> None:
    (version,) = re.findall(
        r'^version = "(.*)"', (TEMPLATE / "pyproject.toml").read_text(), flags=re.MULTILINE
    )
    assert f'__version__ = "{version}"' in (SOURCE / "src/labkart/__init__.py").read_text()
    assert f"\n## {version} - " in (TEMPLATE / "CHANGELOG.md").read_text()
