"""What a bake writes, whatever the answers: the layout, nothing unrendered, files that their own tools accept."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import SOURCE, TEMPLATE, Project, bake_into, clean_environment
from labkart import check, project
from labkart.rules import EVERY, Tree
from labkart.rules.configs import Configured

ANSWERS = {
    "defaults": {},
    "japanese": {"project_title": "卒業研究「深層学習」", "author_name": "山田 太郎", "project_slug": "sotsuken"},
    "quotes": {
        "project_title": 'A "quoted" title & Bob\'s <b>',
        "author_name": 'Anna "Ann" O\'Brien',
        "license": "Apache-2.0",
    },
    "signs": {"project_title": "C:\\new: #1 % tab\there - {x}", "project_slug": "a2-b_c", "license": "BSD-3-Clause"},
    "long": {"project_slug": "a-very-long-name-of-a-thesis-about-table", "project_title": "x" * 300, "license": "none"},
}

LAYOUT = {
    ".github", ".gitignore", ".pre-commit-config.yaml", "CITATION.cff", "LICENSE", "README.md",
    "conf", "data", "notebooks", "pyproject.toml", "reports", "src", "tests",
}  # fmt: skip


@pytest.fixture(scope="module", params=ANSWERS)
def baked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, str]]:
    answers = dict(json.loads((TEMPLATE / "cookiecutter.json").read_text())) | ANSWERS[request.param]
    answers["license"] = ANSWERS[request.param].get("license", "MIT")
    return bake_into(tmp_path_factory.mktemp(request.param), **ANSWERS[request.param]), answers


def test_there_are_at_most_six_questions_each_with_a_prompt_and_a_default() -> None:
    context = json.loads((TEMPLATE / "cookiecutter.json").read_text())
    questions = [name for name in context if not name.startswith("_")]
    assert len(questions) <= 6
    assert all(context[name] and context["__prompts__"][name] for name in questions)


def test_the_layout_is_that_of_the_design_and_nothing_else(baked: tuple[Project, dict[str, str]]) -> None:
    project, answers = baked
    package = answers["project_slug"].replace("-", "_")
    tops = {file.partition("/")[0] for file in project.files()}
    assert tops == LAYOUT - ({"LICENSE"} if answers["license"] == "none" else set())
    assert {path.name for path in (project.root / "src").iterdir()} == {
        package, "labkart", "labkart.sha256", "hydra_plugins"
    }  # fmt: skip
    assert {path.name for path in (project.root / "conf").iterdir()} == {
        "config.yaml", "data", "experiment", "hydra", "model", "search"
    }  # fmt: skip
    assert len([file for file in project.files() if file.startswith("conf/")]) <= 10
    assert project.has("data/raw")


def test_nothing_is_left_unrendered(baked: tuple[Project, dict[str, str]]) -> None:
    project, answers = baked
    for file in project.files() - {".github/workflows/ci.yml"}:
        text = project.read(file).replace(answers["project_title"], "")
        assert not re.search(r"cookiecutter\.|\{\{|\{%", text), file


@pytest.mark.parametrize("folder", ["src/labkart", "src/hydra_plugins"])
def test_our_own_code_is_copied_byte_for_byte(baked: tuple[Project, dict[str, str]], folder: str) -> None:
    def contents(root: Path) -> dict[str, bytes]:
        files = [file for file in (root / folder).rglob("*") if file.is_file() and "__pycache__" not in file.parts]
        return {file.relative_to(root).as_posix(): file.read_bytes() for file in files}

    assert contents(baked[0].root) == contents(SOURCE)
    assert "cookiecutter" not in "".join(content.decode() for content in contents(SOURCE).values())


def test_the_list_of_our_own_files_is_right_and_complete(baked: tuple[Project, dict[str, str]]) -> None:
    root = baked[0].root
    subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "src/labkart.sha256"], cwd=root, check=True)
    ours = {file for file in baked[0].files() if file.startswith(("src/labkart/", "src/hydra_plugins/"))}
    assert {line[66:] for line in baked[0].read("src/labkart.sha256").splitlines()} == ours


def test_the_list_is_the_same_from_another_clone_with_bytecode_in_it(
    tmp_path: Path, bake: Callable[..., Project]
) -> None:
    shutil.copytree(TEMPLATE / "hooks", tmp_path / "hooks")
    shutil.copytree(SOURCE / "src", tmp_path / SOURCE.name / "src")
    cache = tmp_path / SOURCE.name / "src" / "labkart" / "rules" / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "rule.pyc").touch()
    words = [sys.executable, "-c", "from hooks.answers import runtime_sums; print(runtime_sums())"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == bake().read("src/labkart.sha256")


def test_a_fresh_project_breaks_no_rule(baked: tuple[Project, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Those on what composes and what can be laid out are tried in tests/test_check.py: they run the pipeline."""
    monkeypatch.chdir(baked[0].root)
    static = [rule for rule in EVERY if not issubclass(rule, Configured)]
    assert [(each.place, each.said("en")) for each in check.look(Tree(project.current()), static)] == []


def test_toml_and_yaml_hold_the_answers_as_they_were_given(baked: tuple[Project, dict[str, str]]) -> None:
    project, answers = baked
    table = tomllib.loads(project.read("pyproject.toml"))["project"]
    citation = yaml.safe_load(project.read("CITATION.cff"))
    assert table["description"] == citation["title"] == answers["project_title"]
    assert table["authors"][0]["name"] == citation["authors"][0]["name"] == answers["author_name"]
    assert (
        table.get("license")
        == citation.get("license")
        == (None if answers["license"] == "none" else answers["license"])
    )
    for file in project.files():
        if file.endswith((".yaml", ".yml", ".cff")):
            yaml.safe_load(project.read(file))


def test_the_licence_names_its_owner(baked: tuple[Project, dict[str, str]]) -> None:
    project, answers = baked
    words = {"MIT": "MIT License", "BSD-3-Clause": "BSD 3-Clause License", "Apache-2.0": "Apache License"}
    if answers["license"] == "none":
        assert not project.has("LICENSE")
    else:
        assert words[answers["license"]] in project.read("LICENSE")
        assert answers["license"] == "Apache-2.0" or answers["author_name"] in project.read("LICENSE")


def test_ruff_finds_nothing(baked: tuple[Project, dict[str, str]]) -> None:
    for words in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *words], cwd=baked[0].root, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_type_checker_finds_nothing(bake: Callable[..., Project]) -> None:
    words = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable]
    done = subprocess.run(words, cwd=bake().root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_type_in_a_task_is_found_by_the_type_checker(bake: Callable[..., Project]) -> None:
    project = bake()
    project.edit("src/my_thesis/tasks/train.py", "n_estimators=self.trees", "n_estimators=self.load(self.split)")
    words = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "src/my_thesis/tasks/train.py"]
    done = subprocess.run(words, cwd=project.root, capture_output=True, text=True)
    assert "Split" in done.stdout and done.returncode == 1, done.stdout


def test_baking_twice_writes_the_same_bytes(bake: Callable[..., Project], tmp_path: Path) -> None:
    one, two = bake(), bake_into(tmp_path / "again")
    assert one.files() == two.files()
    assert all((one.root / file).read_bytes() == (two.root / file).read_bytes() for file in one.files())


@pytest.mark.parametrize(
    "slug", ["!!!", "../x", "", "卒業研究", "9lives", "class", "json", "labkart", "sklearn", "a" * 80, "a--b"]
)
def test_a_slug_that_cannot_be_a_package_ends_in_one_line(slug: str, tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "cookiecutter",
        str(TEMPLATE),
        "--no-input",
        "-o",
        str(tmp_path),
        f"project_slug={slug}",
    ]
    done = subprocess.run(words, capture_output=True, text=True, env=clean_environment())
    assert done.returncode == 1
    assert len((done.stdout + done.stderr).strip().splitlines()) == 1
    assert f'"{slug}"' in done.stdout
    assert not list(tmp_path.iterdir())


# The repository around a new project


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout


def bake_aloud(folder: Path, **variables: str) -> tuple[Project, str]:
    words = [sys.executable, "-m", "cookiecutter", str(TEMPLATE), "--no-input", "-o", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, env=clean_environment(**variables))
    assert done.returncode == 0, done.stdout + done.stderr
    return Project(folder / "my-thesis"), done.stdout


def test_the_first_commit_is_the_untouched_output_and_the_next_steps_are_shown(tmp_path: Path) -> None:
    project, said = bake_aloud(tmp_path)
    assert set(git(project.root, "ls-tree", "-r", "--name-only", "HEAD").split()) == project.files()
    assert git(project.root, "status", "--porcelain") == ""
    assert [line.strip() for line in said.splitlines() if line.startswith("    ")] == [
        "cd my-thesis",
        "uv run labkart run",
        "uv run labkart ui",
    ]


def test_without_git_there_is_a_warning_and_a_project(tmp_path: Path) -> None:
    project, said = bake_aloud(tmp_path, PATH=str(Path(sys.executable).parent))
    assert "git is not installed" in said
    assert project.has("pyproject.toml") and not project.has(".git")


def test_without_an_identity_there_is_a_warning_and_a_project(tmp_path: Path) -> None:
    nobody = {f"GIT_{role}_{part}": "" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    project, said = bake_aloud(tmp_path, GIT_CONFIG_GLOBAL="/dev/null", **nobody)
    assert "git commit did not work" in said
    assert project.has("pyproject.toml")


def test_inside_another_repository_there_is_a_warning_and_no_second_one(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    project, said = bake_aloud(tmp_path)
    assert "inside another git repository" in said
    assert not project.has(".git")


def test_in_a_folder_that_the_other_repository_ignores_it_gets_its_own(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("/my-thesis/\n")
    project, _ = bake_aloud(tmp_path)
    assert project.has(".git")
