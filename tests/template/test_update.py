"""`labkart update`: from a release of the template to the newest, with a student's work in between."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conftest import Once
from tests.support.bake import SOURCE, TEMPLATE, UV, Project, clean_environment
from tests.support.bytecode import share_bytecode
from tests.support.tiny import soon
from tests.support.variants import variants

PROJECT = SOURCE.name
NEWEST = "v1000.0.0"
CRUFT = [
    *(UV, "tool", "run", "--quiet", "--python", sys.executable),
    *("--from", "cruft>=2.16,<3", "cruft"),
]


def run(folder: Path, *words: str | Path, **variables: str) -> str:
    done = subprocess.run(
        words,
        check=False,
        cwd=folder,
        env=clean_environment(**variables),
        capture_output=True,
        text=True,
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
    files = git(TEMPLATE, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, files.split("\0")):
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
    """Turn today's template into what it may have been: an older library, other files and bounds."""
    project = folder / PROJECT
    replace(
        folder / "src/labkart/__init__.py", r'^__version__ = ".*"', f'__version__ = "{version}"'
    )
    replace(project / "pyproject.toml", r"(pytest>=[\d.]+),<\d+", r"\1,<99")
    replace(project / "pyproject.toml", r'requires-python = "\S+"', 'requires-python = ">=3.11"')
    replace(project / ".gitignore", r"\A", "/left-over/\n")
    (project / ".editorconfig").unlink()
    (project / "justfile").write_text("# A file that a later version does without.\n")
    for language in ("en", "ja"):
        replace(folder / "templates" / language / "README.md", r"^# ", "# About ")
    replace(folder / "CHANGELOG.md", r"(?s)^## \d.*", f"## {version}\n\nAn early one.\n")
    if version == "0.0.1":
        replace(project / ".github/workflows/ci.yml", r"timeout-minutes: \d+", "timeout-minutes: 7")
        replace(project / "pyproject.toml", r"(ipykernel)>=\d+", r"\1>=6")
        replace(
            folder / "templates/classification/settings.yaml", r"test_size: 0\.25", "test_size: 0.2"
        )


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

    return once("template", fill)[0]


@pytest.fixture
def make(tmp_path: Path, template: Path, environment: Path) -> Callable[..., Project]:
    """Make a project from the template's address: `make("v0.0.1", language="ja")`."""
    settings = {
        "cookiecutters_dir": str(tmp_path / "kept"),
        "replay_dir": str(tmp_path / "replay"),
        "abbreviations": {"lab": "git+file://{0}"},
    }
    (tmp_path / "settings.yaml").write_text(json.dumps(settings))

    def made(tag: str, by: str = "cookiecutter", **answers: str) -> Project:
        version = ["--checkout", tag]
        if by == "cruft":
            words = [*CRUFT, "create", f"file://{template}", "--no-input"]
            words += ["--extra-context", json.dumps(answers)]
        else:
            words = [sys.executable, "-m", "cookiecutter", f"lab:{template}", "--no-input"]
            version += [f"{name}={value}" for name, value in answers.items()]
        run(tmp_path, *words, *version, COOKIECUTTER_CONFIG=str(tmp_path / "settings.yaml"))
        return Project(tmp_path / answers.get("project_slug", "my-thesis"), environment)

    return made


@pytest.fixture
def copied(tmp_path: Path, template: Path, environment: Path, once: Once) -> Callable[[], Project]:
    """A project of one's own from the first release, which was made once."""

    def fill(folder: Path) -> None:
        settings = {"cookiecutters_dir": str(folder / "kept"), "replay_dir": str(folder / "replay")}
        (folder / "settings.yaml").write_text(json.dumps(settings))
        words = ["--config-file", folder / "settings.yaml", "--no-input", "--checkout", "v0.0.1"]
        run(folder, sys.executable, "-m", "cookiecutter", *words, f"git+file://{template}")

    made = once("made-from-a-release", fill)[0] / "my-thesis"
    return lambda: Project(Path(shutil.copytree(made, tmp_path / "my-thesis")), environment)


def update(project: Project, *words: str, code: int = 0, **variables: str) -> str:
    """What `labkart update` says; without a `uv.lock` and the variable `UV` it moves no library."""
    # cruft comes by uv, which need not be on the path of whoever runs the tests.
    folder = str(Path(shutil.which(UV) or UV).parent)
    path = os.pathsep.join([variables.pop("PATH", clean_environment()["PATH"]), folder])
    done = project.run("labkart", "update", *words, **variables, PATH=path)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def is_clean(project: Project) -> bool:
    return git(project.root, "status", "--porcelain") == ""


def is_newest(project: Project) -> bool:
    """Whether the files around the student's code are those of the newest version."""
    table = project.read("pyproject.toml")
    return (
        project.has(".editorconfig")
        and not project.has("justfile")
        and "@v0.0." not in table
        and "<99" not in table
        and "/left-over/" not in project.read(".gitignore")
    )


# From a release to the newest


def work(project: Project, package: str) -> dict[str, str]:
    """What a student does in their own folders; returns what they wrote."""
    project.edit(f"src/{package}/pipeline.py", '"forest"', '"mine": TrainForest, "forest"')
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
    pattern = rf"conf/|src/{package}/|tests/|README|CITATION|LICENSE"
    return {file: project.read(file) for file in project.files() if re.match(pattern, file)}


@pytest.mark.parametrize(
    ("tag", "by", "answers"),
    variants(
        [
            ("v0.0.1", "cookiecutter", {"license": "none"}),
            (
                "v0.0.2",
                "cruft",
                {
                    "language": "ja",
                    "project_title": "卒業研究「深層学習」",
                    "project_slug": "sotsuken",
                },
            ),
        ]
    ),
)
def test_an_update_keeps_all_that_a_student_did(
    tag: str, by: str, answers: dict[str, str], make: Callable[..., Project]
) -> None:
    project = make(tag, by, **answers)
    assert is_clean(project) and not is_newest(project)
    mine = work(project, project.root.name.replace("-", "_"))
    said = update(project)
    is_japanese = answers.get("language") == "ja"
    moved = f"{tag} から {NEWEST} に更新" if is_japanese else f"from {tag} to {NEWEST}"
    assert moved in said
    assert "pip install --upgrade --editable ." in said
    assert {file: project.read(file) for file in mine} == mine
    assert not project.has("notebooks/explore.ipynb")
    assert is_newest(project)
    table = project.read("pyproject.toml")
    assert '"attrs>=24",' in table and '"iniconfig>=2",' in table and 'version = "0.3.0"' in table
    assert project.read(".gitignore").endswith("/private/\n")
    commit(project.root, "Update the template")
    newest = "が最新です" if is_japanese else "is the newest"
    assert newest in update(project)


@pytest.mark.thorough
def test_uv_moves_the_library_results_stay_valid_and_all_can_be_taken_back(
    copied: Callable[[], Project], compiled: Path
) -> None:
    project = copied()

    def uv(*words: str) -> str:
        return run(project.root, UV, *words, UV_PYTHON=sys.executable)

    uv("sync", "--quiet")
    share_bytecode(compiled, project.root / ".venv")
    uv("run", "labkart", "run", "data=wine")
    assert uv("run", "labkart", "--version") == "labkart 0.0.1"
    commit(project.root, "With the lock")
    lock = project.read("uv.lock")
    said = uv("run", "labkart", "update")
    assert f"from v0.0.1 to {NEWEST}" in said and "uv run pytest" in said
    (version,) = re.findall(r'^version = "(.*)"', _entry(project.read("uv.lock")), re.MULTILINE)
    assert version != "0.0.1"
    assert uv("run", "--no-sync", "labkart", "--version") == f"labkart {version}"
    assert "4 tasks cached, nothing to do" in uv("run", "labkart", "run", "data=wine")
    git(project.root, "reset", "--hard")
    assert is_clean(project) and project.read("uv.lock") == lock
    assert uv("run", "labkart", "--version") == "labkart 0.0.1"


def _entry(lock: str) -> str:
    """The library's entry in `uv.lock`."""
    return next(entry for entry in lock.split("[[package]]") if 'name = "labkart"' in entry)


@pytest.mark.thorough
def test_without_a_network_the_merge_stays_and_the_line_to_type_is_said(
    copied: Callable[[], Project], tmp_path: Path
) -> None:
    project = copied()
    uv = tmp_path / "uv"
    offline = 'if [ "$1" = sync ]; then echo "error: No route to host." >&2; exit 2; fi'
    uv.write_text(f'#!/bin/sh\n{offline}\nexec {shutil.which(UV)} "$@"\n')
    uv.chmod(0o755)
    said = update(project, code=1, UV=str(uv))
    assert "uv could not move the library: No route to host. Try again: uv sync" in said
    assert is_newest(project)


@pytest.mark.thorough
def test_a_second_update_merges_what_the_first_one_did_also_in_a_clone(
    copied: Callable[[], Project], tmp_path: Path
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
    assert "  pyproject.toml\n" in said
    assert clone.read("pyproject.toml").count("<<<<<<<") == 1
    assert '"attrs>=24",' in clone.read("pyproject.toml")
    assert clone.read(".github/workflows/ci.yml").startswith("name: mine")


# Where it cannot merge


def test_a_conflict_is_said_can_be_taken_back_and_ends_with_the_templates_files(
    copied: Callable[[], Project], tmp_path: Path
) -> None:
    project = copied()
    project.edit("pyproject.toml", ",<99", ",<98")
    (project.root / ".editorconfig").write_text("root = true  # mine\n")
    (project.root / "justfile").write_text("mine:\n")
    commit(project.root, "What the template changes, too")
    before = {file: project.read(file) for file in project.files()}
    said = update(project, code=1)
    assert "\n  .editorconfig\n  justfile   (the newer version does not have it" in said
    assert "\n  pyproject.toml\n" in said and "pip install" in said
    assert ",<98" in project.read("pyproject.toml")
    other = Project(Path(shutil.copytree(project.root, tmp_path / "other")), project.environment)

    (command,) = re.findall(r"git reset --hard", said)
    git(project.root, *command.split()[1:])
    assert {file: project.read(file) for file in project.files()} == before
    assert is_clean(project)

    (command,) = re.findall(r"git (checkout --theirs) FILE", said)
    git(other.root, *command.split(), "pyproject.toml", ".editorconfig")
    git(other.root, "rm", "--quiet", "justfile")
    commit(other.root, "Update the template")
    assert is_newest(other)
    assert "is the newest" in update(other)


@pytest.mark.thorough
def test_ctrl_c_leaves_no_half_of_a_merge(copied: Callable[[], Project], tmp_path: Path) -> None:
    project = copied()
    real = shutil.which("git")
    ctrl_c = 'case " $* " in *" cherry-pick "*) kill -INT "$PPID";; esac'
    stub = tmp_path / "bin" / "git"
    stub.parent.mkdir()
    stub.write_text(f'#!/bin/sh\n{ctrl_c}\nexec {real} "$@"\n')
    stub.chmod(0o755)
    said = update(project, PATH=os.pathsep.join([str(stub.parent), os.environ["PATH"]]))
    assert f"to {NEWEST}" in said and "git reset --hard" in said
    assert is_newest(project)


# A new file of the template, what the student has there, and what of it is in the way: a file, or the folder
# that is where a file must be. Git ignores the last one, and would overwrite it.
OBSTACLES = [
    ("docs/next/page.md", "docs/next", "docs/next"),
    ("docs/other", "docs/other/page.md", "docs/other"),
    ("outputs/next", "outputs/next", "outputs/next"),
]


@pytest.mark.thorough
def test_what_is_where_a_new_file_must_be_is_said_before_anything_changes(
    copied: Callable[[], Project], template: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(template), "next")
    project = copied()
    for new, mine, _ in OBSTACLES:
        for root, name in ((tmp_path / "next" / PROJECT, new), (project.root, mine)):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(f"{name}\n")
        git(tmp_path / "next", "add", "--force", f"{PROJECT}/{new}")
    commit(tmp_path / "next", "The next one")
    git(tmp_path / "next", "tag", "v1000.1.0")
    note = json.loads(project.read(".cruft.json")) | {"template": str(tmp_path / "next")}
    (project.root / ".cruft.json").write_text(json.dumps(note))
    commit(project.root, "My own page")
    said = update(project, code=1)
    for _, mine, obstacle in OBSTACLES:
        assert f"\n  {obstacle}: the newer version has another file of this name\n" in said
        assert project.read(mine) == f"{mine}\n"
    assert is_clean(project)


SETTINGS = {
    "core.autocrlf": "true",
    "diff.context": "0",
    "diff.noprefix": "true",
    "apply.whitespace": "error-all",
    "merge.conflictStyle": "diff3",
}


@pytest.mark.thorough
def test_a_project_in_a_folder_of_another_repository_is_updated_there_however_git_is_set_up(
    copied: Callable[[], Project], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Git for Windows ends lines with CRLF unless it is configured otherwise."""
    project = copied()
    shutil.rmtree(project.root / ".git")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "my-thesis")
    git(tmp_path, "commit", "--quiet", "--message", "Among others")
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(SETTINGS)))
    for number, (name, value) in enumerate(SETTINGS.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", name)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    git(tmp_path, "clone", "--quiet", ".", "clone")
    clone = Project(tmp_path / "clone/my-thesis", project.environment)
    update(clone)
    assert is_newest(clone)
    changed = git(tmp_path / "clone", "diff", "--cached", "--name-only").split()
    assert {file.partition("/")[0] for file in changed} == {"my-thesis"}


# What a new project must bring along


@pytest.mark.thorough
def test_cruft_alone_can_do_it_and_each_version_is_made_by_its_own_code(
    copied: Callable[[], Project], template: Path, tmp_path: Path
) -> None:
    """The next version's extension has a function that this one's has not, in a module of the same name."""
    git(tmp_path, "clone", "--quiet", str(template), "next")
    replace(
        tmp_path / "next/hooks/functions.py",
        r"globals\.update\(",
        "globals.update(indentation=lambda: 3, ",
    )
    with (tmp_path / "next" / PROJECT / ".editorconfig").open("a") as file:
        file.write("\n[*.next]\nindent_size = {{ indentation() }}\n")
    commit(tmp_path / "next", "The next one")
    project = copied()
    note = json.loads(project.read(".cruft.json")) | {"template": str(tmp_path / "next")}
    (project.root / ".cruft.json").write_text(json.dumps(note))
    commit(project.root, "It has moved")
    run(project.root, *CRUFT, "update", "--skip-apply-ask")
    assert "indent_size = 3" in project.read(".editorconfig")
    commit(project.root, "Update the template")
    assert run(project.root, *CRUFT, "check").startswith("SUCCESS")


@pytest.mark.thorough
def test_what_cruft_generates_to_compare_with_gets_no_history(template: Path) -> None:
    """It does so in a folder like this one; a project of a person may be in a temporary folder, too."""
    for words, has_history in {
        (*CRUFT, "create"): False,
        (sys.executable, "-m", "cookiecutter"): True,
    }.items():
        with TemporaryDirectory() as folder:
            said = run(Path(folder), *words, str(template), "--no-input", "--output-dir", folder)
            assert Path(folder, "my-thesis/.git").exists() == has_history == ("Now:" in said)


@pytest.mark.thorough
def test_the_note_says_where_from_as_cruft_would(
    make: Callable[..., Project], template: Path, tmp_path: Path
) -> None:
    by_cookiecutter = make(NEWEST)
    note = by_cookiecutter.read(".cruft.json")
    state = json.loads(note)
    assert state["template"] == f"file://{template}" and state["checkout"] == NEWEST
    assert state["commit"] == git(template, "rev-parse", NEWEST)
    shutil.move(by_cookiecutter.root, tmp_path / "first")
    # Cruft takes such an address for a folder.
    assert make(NEWEST, "cruft").read(".cruft.json") == note.replace("file://", "")


def test_the_changelog_tells_of_the_librarys_version() -> None:
    text = (TEMPLATE / "src/labkart/__init__.py").read_text()
    (version,) = re.findall(r'^__version__ = "(.*)"', text, flags=re.MULTILINE)
    assert f"\n## {version} - " in (TEMPLATE / "CHANGELOG.md").read_text()


@pytest.mark.thorough
def test_an_update_that_is_interrupted_leaves_nothing_behind(
    copied: Callable[[], Project], tmp_path: Path
) -> None:
    """Ctrl-C in a terminal, and closing it, reach git, uv and cookiecutter, too."""
    project = copied()
    signals = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
    before = {path.name for path in project.root.parent.iterdir()}
    ends = set[str]()
    for number in range(12):
        (temporary := tmp_path / f"temporary-{number}").mkdir()
        variables = clean_environment(TMPDIR=str(temporary))
        process = subprocess.Popen(
            project.command("labkart", "update"),
            cwd=project.root,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        # Before that, Python itself is interrupted.
        soon(lambda folder=temporary: any(folder.iterdir()))
        with suppress(subprocess.TimeoutExpired):
            process.wait(number * 0.2)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signals[number % 3])
        printed, _ = process.communicate(timeout=300)
        assert "Traceback" not in printed, printed
        assert list(temporary.iterdir()) == []
        temporary.rmdir()
        ends.add("done" if is_newest(project) else "nothing")
        assert is_newest(project) or is_clean(project), printed
        git(project.root, "reset", "--quiet", "--hard")
        assert is_clean(project)
    assert "nothing" in ends
    assert {path.name for path in project.root.parent.iterdir()} == before
