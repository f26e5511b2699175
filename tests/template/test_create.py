"""Making a project: any answer leads to a sound project or to one line, wherever it goes and however it is made."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from importlib.metadata import distributions, requires
from pathlib import Path

import pytest
from cookiecutter.exceptions import FailedHookException
from cookiecutter.main import cookiecutter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow.ml_package_versions import _ML_PACKAGE_VERSIONS
from packaging.requirements import Requirement

from hooks.checks import CHECKS, InvalidAnswer
from hooks.names import RESERVED
from hooks.texts import family_name, git_config, given_name
from tests.conftest import Once
from tests.support import structure
from tests.support.bake import TEMPLATE, UV, Project, clean_environment, published
from tests.support.commands import Commands
from tests.support.terminal import terminal
from tests.support.tiny import write
from tests.support.variants import variants

COOKIECUTTER = (sys.executable, "-m", "cookiecutter")

Create = Callable[..., str]


@pytest.fixture
def create(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Create:
    """Make a project in this process, `create(language="ja")`; what that prints.

    A refusal raises FailedHookException, which cookiecutter's command prints as one line. The hooks
    are those of this repository, which the tests have imported.
    """

    def project(
        folder: Path = tmp_path,
        replay: Path | bool | None = None,
        overwrite: bool = False,
        config: Path | None = None,
        **answers: str,
    ) -> str:
        capfd.readouterr()
        cookiecutter(
            str(TEMPLATE),
            no_input=not replay,
            extra_context=answers or None,
            replay=str(replay) if isinstance(replay, Path) else replay,
            overwrite_if_exists=overwrite,
            output_dir=str(folder),
            config_file=config and str(config),
        )
        return capfd.readouterr().out

    return project


def command(
    folder: Path, *words: str | Path, way: tuple[str, ...] = COOKIECUTTER, **variables: str
) -> str:
    """Make a project by a command that succeeds; what it prints."""
    done = attempt(folder, *words, way=way, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def attempt(
    folder: Path, *words: str | Path, way: tuple[str, ...] = COOKIECUTTER, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = clean_environment(**variables)
    return subprocess.run(
        [*way, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def sentence(done: subprocess.CompletedProcess[str], folder: Path) -> str:
    """The one line that a refusal prints; the folder is as empty as before."""
    (line,) = (done.stdout + done.stderr).strip().splitlines()
    assert done.returncode == 1
    assert not list(folder.iterdir())
    return line


# Hostile answers

RIGHT = {
    "language": ["en", "ja"],
    "project_slug": ["my-thesis", "a", "a1-b_2", "x" * 40, "con-1", "study-of-conf"],
    "project_title": ["卒業研究「深層学習」", "{{ 1/0 }} {% raw %}", "*a* _b_ [c](d) `e` <f> &amp; #", "👩🏽‍🔬", "x" * 300],
    "author_name": ["山田　太郎", 'Anna "Ann" O\'Brien', "{{ cookiecutter }}", "-", "null", "é" * 100],
    "author_email": ["ann@example.org", "a.b+c@x-y.example.ac.jp", "!#$%&'*+/=?^_`|~@a.xn--p1ai"],
    "sample": [*structure.CONF],
    "license": [*structure.LICENCES, "none"],
}  # fmt: skip
VALID = {question: st.sampled_from(texts) for question, texts in RIGHT.items()}

HOSTILE = [
    "", " ", ".", "..", "../x", "/", "/etc/passwd", "C:\\x", "~", "a/b", "\0", "a\0b", "a\nb", "a\r\nb", "\u2028x\u2029y", "\x85a\x9bb",
    "\ud800", "a\udcffb", "\u202egnp.exe", "\ufeffa", "\uffff", "😀", "x" * 10_000, "{{ 1/0 }}", "{% raw %}", "{% endraw %}", "{#",
    "{{ cookiecutter.project_slug }}", "{{ cookiecutter | check_answer('license') }}", "{{ '' }}", "卒業研究", "Ünï", "a b", "-a", "a-", "a--b",
    "9lives", "class", "none", "json", "test", "con", "nul", "labkart", "hydra_plugins", "scikit-learn", "sklearn", "requests", "a@b", "a@b.c", "@",
    "a..b@docomo.ne.jp", "山田@example.org", "ann@例え.jp", "ann@x.org\n", "a@-x.org", "'", '"', '"""', "\\", "\\n", "#", "---", ": x", "- x",
    "<!--", "```", "$(id)", "%s", "!!python/object:x", "&a *a", "[]", "{}", "null", "GPL-3.0", "mit2", "fr", "7",
]  # fmt: skip

hostile = st.sampled_from(HOSTILE) | st.text(st.characters(), max_size=30)


@st.composite
def answer_sets(draw: st.DrawFn) -> dict[str, str]:
    """A hostile text that may be right, and often another answer that may not: the first that is wrong hides the others."""
    strange = {
        draw(st.sampled_from(["project_title", "author_name"])),
        draw(st.sampled_from([*VALID, *[""] * 6])),
    }
    return {name: draw(hostile if name in strange else valid) for name, valid in VALID.items()}


def as_used(answers: dict[str, str]) -> dict[str, str]:
    """Blanks around an answer are nobody's wish; of a choice, capitals and numbers count as the option."""
    options = {"language": ["en", "ja"], "license": [*structure.LICENCES, "none"]}
    options["sample"] = [*structure.CONF]
    used = {name: text.strip() for name, text in answers.items()}
    for name, names in options.items():
        known = {name.casefold(): name for name in names} | {
            str(place): name for place, name in enumerate(names, 1)
        }
        used[name] = known[used[name].casefold()]
    return used


@pytest.mark.parametrize("question", VALID)
def test_every_hostile_text_is_an_answer_or_gets_one_line(question: str) -> None:
    for text in HOSTILE:
        result = checked(question, text)
        if isinstance(result, InvalidAnswer):
            assert set(result.sentences) == {"en", "ja"}
            assert all(line and "\n" not in line for line in result.sentences.values())
        else:
            assert result and result == checked(question, result)
            assert result.encode()


def checked(question: str, text: str) -> str | InvalidAnswer:
    try:
        return CHECKS[question](text)
    except InvalidAnswer as error:
        return error


@pytest.mark.thorough
def test_any_answers_end_in_a_sound_project_or_in_one_line(tmp_path: Path) -> None:
    ends: list[str] = []

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(answer_sets())
    def ends_well(answers: dict[str, str]) -> None:
        with tempfile.TemporaryDirectory(dir=tmp_path) as name:
            (folder := Path(name) / "here").mkdir()
            refusal = refused(folder, answers)
            if refusal:
                ends.append("refused")
                assert "\n" not in refusal and len(refusal.encode()) < 400
                assert not list(folder.iterdir())
                assert any(f'{name} "' in refusal for name in answers)
            else:
                ends.append("made")
                (root,) = folder.iterdir()
                for check in structure.CHECKS:
                    check(Project(root), as_used(answers))
            assert list(Path(name).iterdir()) == [folder]

    ends_well()
    assert min(ends.count("refused"), ends.count("made")) > 10


def refused(folder: Path, answers: dict[str, str]) -> str:
    """Make a project; the sentence of the refusal, if any."""
    options = {"no_input": True, "output_dir": str(folder)}
    try:
        cookiecutter(str(TEMPLATE), extra_context=answers, **options)
    except FailedHookException as refusal:
        return str(refusal)
    return ""


@pytest.mark.parametrize("question", RIGHT)
def test_what_is_right_is_not_refused(question: str) -> None:
    for text in RIGHT[question]:
        assert checked(question, text) == text


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("project_slug", "../x"), ("project_slug", ""), ("project_slug", "卒業研究"), ("project_title", ""), ("author_name", "a\nb"),
        ("author_email", "a@b"), ("license", "GPL-3.0"), ("project_title", "\u200b"), ("project_title", "\u200d"), ("project_title", "\u3164\u2800"), ("author_name", "\u0301\ufe0f"), ("author_name", "Ann\xad"),
        ("project_title", "x" * 10_000), ("author_name", os.fsdecode(b"\xff")),
    ],
    ids=lambda text: ascii(text)[1:20],
)  # fmt: skip
def test_a_wrong_answer_is_refused_in_the_chosen_language(
    question: str, answer: str, language: str, create: Create, tmp_path: Path
) -> None:
    with pytest.raises(FailedHookException) as refusal:
        create(language=language, **{question: answer})
    line = str(refusal.value)
    assert line.startswith(f'{question} "') and "\n" not in line
    assert bool(re.search("[ぁ-ん]", line)) == (language == "ja")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_command_prints_a_refusal_as_one_line(language: str, tmp_path: Path) -> None:
    done = attempt(tmp_path, TEMPLATE, "--no-input", f"language={language}", "author_email=a@b")
    assert sentence(done, tmp_path).startswith('author_email "a@b": ')


def test_an_unknown_language_is_answered_with_those_that_exist(create: Create) -> None:
    with pytest.raises(FailedHookException, match="en, ja"):
        create(language="fr")


def test_what_follows_from_an_answer_cannot_be_answered_otherwise(
    create: Create, tmp_path: Path
) -> None:
    create(__package="../../x", __title="y")
    structure.layout(Project(tmp_path / "my-thesis"), structure.defaults())


def test_a_project_cannot_have_the_name_of_anything_that_it_installs(environment: Path) -> None:
    """Every direct dependency must be known, of the project and of the library; of indirect ones, a new one may be missing."""
    (site,) = environment.glob("lib/python*/site-packages")
    own, library = (
        tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        for folder in (environment.parent, TEMPLATE)
    )
    lines = [*own["project"]["dependencies"], *own["dependency-groups"]["labkart"]]
    lines += library["project"]["dependencies"]
    direct = {_module(Requirement(line).name) for line in lines}
    installed: set[str] = set()
    for package in distributions(path=[str(site)]):
        files = {
            file.parts[0].removesuffix(".py")
            for file in package.files or []
            if file.suffix == ".py"
        }
        names = {_module(package.metadata["Name"]), *filter(str.islower, files)} - {"my_thesis"}
        names = {name for name in names if re.fullmatch("[a-z][a-z0-9_]*", name)}
        installed |= names
        if _module(package.metadata["Name"]) in direct:
            assert names <= RESERVED, package.metadata["Name"]
    flavours = (flavour["package_info"]["pip_release"] for flavour in _ML_PACKAGE_VERSIONS.values())
    companions = {_module(name) for name in flavours}
    companions |= {_module(Requirement(line).name) for line in requires("pandas") or ()}
    assert companions <= RESERVED
    assert {"torch", "transformers", "jax", "datasets", "polars", "cv2", "conftest"} <= RESERVED
    assert direct <= installed
    unknown = sorted(installed - RESERVED)
    assert len(unknown) < len(installed) / 20, f"add these to hooks/names.py: {unknown}"


def _module(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


# On a terminal

FIRST, FOLDER, TITLE, NAME, EMAIL, SAMPLE, LICENCE = (
    "(en): ",
    "(my-thesis): ",
    "): ",
    "(Your Name): ",
    "(you@example.org): ",
    "(classification): ",
    "(MIT): ",
)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_wrong_answer_is_asked_again_on_a_terminal(language: str, tmp_path: Path) -> None:
    with terminal(tmp_path, *COOKIECUTTER, TEMPLATE, HOME=str(tmp_path / "home")) as dialogue:
        for question, line in [
            (FIRST, "fr"), (FIRST, language), (FOLDER, "../x"), ("(x): ", "Schöne Arbeit"), (FOLDER, "json"), ("(json-study): ", ""),
            (TITLE, "{{ 1/0 }} [bold]"), (NAME, "x" * 101), (": ", "山田"), (EMAIL, "a@b"), (": ", "ann@example.org"), (SAMPLE, "blank"),
            (LICENCE, "GPL"), (LICENCE, "4"),
        ]:  # fmt: skip
            dialogue.answer(question, line)
        assert dialogue.end() == 0, dialogue.text
    corrections = [
        line
        for line in dialogue.text.splitlines()
        if re.match(r"  [^\[ ].*(\.|。|例: [a-z-]+)$", line)
    ]
    assert [bool(re.search("[ぁ-ん]", line)) for line in corrections] == [
        False,
        *[language == "ja"] * 6,
    ]
    assert ("Now:" in dialogue.text) == (language == "en")
    answers = {
        "language": language,
        "project_slug": "json-study",
        "project_title": "{{ 1/0 }} [bold]",
        "sample": "blank",
        "license": "none",
    }
    answers |= {"author_name": "山田", "author_email": "ann@example.org"}
    for check in structure.CHECKS:
        check(Project(tmp_path / "json-study"), answers)


@pytest.mark.parametrize("lines", [[], ["en", "json"]], ids=["at a question", "when asked again"])
def test_ctrl_c_ends_in_one_line_and_nothing_is_written(lines: list[str], tmp_path: Path) -> None:
    with terminal(tmp_path, *COOKIECUTTER, TEMPLATE) as dialogue:
        for question, line in zip([FIRST, FOLDER], lines, strict=False):
            dialogue.answer(question, line)
        dialogue.wait_for("): ")
        before = dialogue.text
        assert dialogue.interrupt() == 1
    assert re.fullmatch(r"(\^C)+\s*Aborted!\s*", dialogue.text.removeprefix(before))
    assert not list(tmp_path.iterdir())


def test_on_a_terminal_without_input_nothing_is_asked(tmp_path: Path) -> None:
    with terminal(tmp_path, *COOKIECUTTER, TEMPLATE, "--no-input", "project_slug=../x") as dialogue:
        assert dialogue.end() == 1
    assert len(dialogue.text.splitlines()) == 1


def test_a_terminal_without_japanese_letters_shows_what_it_can(tmp_path: Path) -> None:
    words = (TEMPLATE, "--no-input", "language=ja")
    printed = command(tmp_path, *words, PYTHONIOENCODING="ascii")
    assert "?" in printed and "uv run labkart run" in printed
    done = attempt(tmp_path, *words, "project_slug=研究", PYTHONIOENCODING="ascii")
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 1


def test_nobody_need_read_what_is_printed_at_the_end(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    words = [*COOKIECUTTER, str(TEMPLATE), "--no-input"]
    done = subprocess.run(words, cwd=tmp_path, env=clean_environment(), stdout=writer, check=False)
    os.close(writer)
    assert done.returncode == 0
    assert Project(tmp_path / "my-thesis").has("pyproject.toml")


# Who makes it


def author(folder: Path, slug: str = "my-thesis") -> dict[str, str]:
    return tomllib.loads(Project(folder / slug).read("pyproject.toml"))["project"]["authors"][0]


@pytest.mark.parametrize(
    ("name", "email", "answers"),
    [
        ("山田 太郎", "taro@example.ac.jp", ("山田 太郎", "taro@example.ac.jp")),
        ("{{ 1/0 }}", "root@localhost", ("{{ 1/0 }}", "")),
        ("", "taro@example.ac.jp", ("", "taro@example.ac.jp")),
    ],
)
def test_what_git_knows_is_an_answer_if_it_is_valid(
    name: str,
    email: str,
    answers: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    git(tmp_path, "config", "--file", "identity", "user.name", name)
    git(tmp_path, "config", "--file", "identity", "user.email", email)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "identity"))
    assert (git_config("user.name"), git_config("user.email")) == answers


@pytest.mark.parametrize(
    ("name", "given", "family"),
    [
        ("Ann", "", "Ann"),
        ("Ann  Lee", "Ann", "Lee"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Martin Luther King Jr.", "Martin Luther", "King Jr."),
        ("van Gogh, Vincent", "Vincent", "van Gogh"),
        ("山田 太郎", "太郎", "山田"),
        ("山田太郎", "", "山田太郎"),
    ],
)
def test_a_citation_has_given_and_family_names(name: str, given: str, family: str) -> None:
    assert (given_name(name), family_name(name)) == (given, family)


def test_the_author_is_whom_git_knows(
    create: Create, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "config", "--file", "identity", "user.name", "{{ 1/0 }}")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "identity"))
    create()
    assert author(tmp_path) == {"name": "{{ 1/0 }}", "email": "you@example.org"}


def test_without_git_there_is_a_warning_and_a_project(tmp_path: Path) -> None:
    printed = command(tmp_path, TEMPLATE, "--no-input", PATH=str(Path(sys.executable).parent))
    assert "git is not installed" in printed
    assert author(tmp_path) == {"name": "Your Name", "email": "you@example.org"}
    assert not Project(tmp_path / "my-thesis").has(".git")


def test_whatever_git_is_set_up_for_the_first_commit_has_all_files(tmp_path: Path) -> None:
    """No identity, signing without a key, a hook, an exclude file for half of it, another repository."""
    (tmp_path / "excluded").write_text("*.yaml\n.vscode\nuv.lock\n")
    for name, text in {
        "core.excludesFile": str(tmp_path / "excluded"),
        "core.hooksPath": str(tmp_path / "hooks"),
        "commit.gpgSign": "true",
        "user.signingKey": "nobody",
    }.items():
        git(tmp_path, "config", "--file", "configured", name, text)
    git(tmp_path, "init", "--quiet", "other")
    write(tmp_path, **{"hooks/prepare-commit-msg": "#!/bin/sh\nexit 1\n"})
    (tmp_path / "hooks/prepare-commit-msg").chmod(0o700)  # `--no-verify` leaves this one in
    nobody = {
        f"GIT_{role}_{part}": "" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")
    }
    printed = command(
        tmp_path,
        *(
            TEMPLATE,
            "--no-input",
            'author_name=O\'Neil "{{ 1/0 }}" jr',
            "author_email=o@example.org",
        ),
        GIT_CONFIG_GLOBAL=str(tmp_path / "configured"),
        GIT_DIR=str(tmp_path / "other/.git"),
        GIT_OBJECT_DIRECTORY=str(tmp_path / "other/.git/objects"),
        **nobody,
    )
    project = Project(tmp_path / "my-thesis")
    assert set(git(project.root, "ls-tree", "-r", "--name-only", "HEAD").split()) == project.files()
    (line,) = git(project.root, "log", "--format=%an|%ae|%cn|%ce|%G?").splitlines()
    assert line == "|".join(['O\'Neil "{{ 1/0 }}" jr', "o@example.org"] * 2) + "|N"
    assert "git does not know you yet" in printed
    assert "    git config --global user.name 'O'\"'\"'Neil \"{{ 1/0 }}\" jr'\n" in printed
    assert "    git config --global user.email o@example.org\n" in printed


# Where it goes


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


def test_the_first_commit_is_the_untouched_output_and_the_next_steps_are_shown(
    create: Create, tmp_path: Path
) -> None:
    printed, project = create(), Project(tmp_path / "my-thesis")
    assert set(git(project.root, "ls-tree", "-r", "--name-only", "HEAD").split()) == project.files()
    assert git(project.root, "status", "--porcelain") == ""
    assert [line.strip() for line in printed.splitlines() if line.startswith("    ")] == [
        "cd my-thesis",
        "uv run labkart run",
        "uv run labkart ui",
    ]
    (note,) = re.findall(r"^Note: (labkart is installed from a folder.*)$", printed, flags=re.M)
    assert "others and CI" in note and "labkart @ git+https://" in note


def test_inside_another_repository_there_is_a_warning_and_no_second_one(
    create: Create, tmp_path: Path
) -> None:
    git(tmp_path, "init", "--quiet")
    assert "inside another git repository" in create()
    assert not Project(tmp_path / "my-thesis").has(".git")


def test_in_a_folder_that_the_other_repository_ignores_it_gets_its_own(
    create: Create, tmp_path: Path
) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("/my-thesis/\n")
    create()
    assert Project(tmp_path / "my-thesis").has(".git")


def test_a_folder_that_exists_is_left_alone(create: Create, tmp_path: Path) -> None:
    (tmp_path / "my-thesis").mkdir()
    with pytest.raises(FailedHookException) as refusal:
        create()
    assert str(refusal.value) == (
        f"{tmp_path / 'my-thesis'} exists already. "
        "Choose another folder name, or move that folder away."
    )
    assert not list((tmp_path / "my-thesis").iterdir())
    create(overwrite=True)
    history = git(tmp_path / "my-thesis", "log", "--format=%h")
    assert "another git repository" not in create(overwrite=True)
    assert git(tmp_path / "my-thesis", "log", "--format=%h") == history


def test_a_link_to_nowhere_of_that_name_is_left_alone(create: Create, tmp_path: Path) -> None:
    (tmp_path / "my-thesis").symlink_to("nowhere")
    with pytest.raises(FailedHookException, match="exists already"):
        create()
    assert (tmp_path / "my-thesis").is_symlink() and len(list(tmp_path.iterdir())) == 1


def test_where_no_folder_can_be_made_one_line_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    printed = attempt(tmp_path, TEMPLATE, "--no-input", "--output-dir", "file/below").stdout
    assert printed.splitlines() == [
        f"Cannot make a folder in {tmp_path / 'file'} (Not a directory). "
        "Change to a folder of your own, or give one with -o."
    ]


@pytest.mark.thorough
def test_a_path_with_blanks_and_japanese_letters_is_like_any_other(
    tmp_path: Path, environment: Path, warm: Commands
) -> None:
    template, folder = tmp_path / "ひな形 置き場" / "labkart", tmp_path / "卒業 研究 (2026)"
    folder.mkdir()
    command(folder, published(template), "--no-input", "language=ja")
    project = Project(folder / "my-thesis", environment, warm)
    assert "accuracy" in project.labkart("run", "data=wine")
    assert git(project.root, "status", "--porcelain") == ""


def test_a_sample_that_cannot_be_copied_is_said_and_costs_nothing(
    create: Create, tmp_path: Path
) -> None:
    """A folder where the sample has a file stands for a full disk."""
    (tmp_path / "my-thesis/tests/test_tasks.py").mkdir(parents=True)
    printed = create(overwrite=True)
    (note,) = re.findall("^Note: (The sample was not copied whole .*)$", printed, flags=re.M)
    assert "tests/test_tasks.py: Is a directory" in note
    project = Project(tmp_path / "my-thesis")
    assert project.has("pyproject.toml") and project.has("src/my_thesis/pipeline.py")
    assert git(project.root, "status", "--porcelain") == ""


@pytest.mark.parametrize("language", ["en", "ja"])
def test_without_the_hook_no_half_project_is_made(language: str, tmp_path: Path) -> None:
    options = ("--no-input", "--accept-hooks", "no", f"language={language}")
    line = sentence(attempt(tmp_path, TEMPLATE, *options), tmp_path)
    assert "--accept-hooks no" in line
    assert bool(re.search("[ぁ-ん]", line)) == (language == "ja")


# However it is made


def test_a_template_on_the_web_is_named_and_linked_without_its_password(tmp_path: Path) -> None:
    """Cookiecutter keeps what it fetched: a clone that was fetched with a password stands for that."""
    kept = published(tmp_path / "kept/labkart")
    git(kept, "tag", "v1.2.3")
    git(kept, "config", "remote.origin.url", "https://ann:secret@example.org/lab/labkart.git")
    (config := tmp_path / "config").write_text(f"cookiecutters_dir: {tmp_path}/kept\n")
    printed = command(tmp_path, "labkart", "--no-input", COOKIECUTTER_CONFIG=str(config))
    assert "Note:" not in printed
    project = Project(tmp_path / "my-thesis")
    table = tomllib.loads(project.read("pyproject.toml"))["project"]
    assert "labkart @ git+https://example.org/lab/labkart.git@v1.2.3" in table["dependencies"]
    pages = "https://example.org/lab/labkart/blob/v1.2.3/docs/en"
    assert f"({pages}/index.md)" in project.read("README.md")
    state = json.loads(project.read(".cruft.json"))
    assert state["template"] == "https://example.org/lab/labkart.git"
    assert not [file for file in project.files() if "secret" in project.read(file)]


WAYS = {
    "cookiecutter": COOKIECUTTER,
    "uvx cookiecutter": (UV, "tool", "run", "--quiet", "cookiecutter"),
    "pipx run cookiecutter": (
        UV,
        "tool",
        "run",
        "--quiet",
        "pipx",
        "run",
        "--quiet",
        "--backend=uv",
        "cookiecutter",
    ),
    "cruft create": (UV, "tool", "run", "--quiet", "cruft", "create"),
}


@pytest.mark.parametrize("way", variants([*WAYS]))
def test_it_works_from_a_git_address(way: str, once: Once, tmp_path: Path) -> None:
    repository, _ = once("labkart.git", published)
    words = (f"file://{repository}", "--no-input", "--output-dir")
    # What cookiecutter fetches goes elsewhere for each way, for they run at once.
    (config := tmp_path / "config").write_text(
        f"cookiecutters_dir: {tmp_path}/fetched\nreplay_dir: {tmp_path}/replay\n"
    )
    path = f"{Path(UV).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": path, "COOKIECUTTER_CONFIG": str(config)}
    (made := tmp_path / "made").mkdir()
    command(tmp_path, *words, made, way=WAYS[way], **variables)
    project = Project(made / "my-thesis")
    for check in structure.CHECKS:
        if "cruft" not in way or check is not structure.layout:
            check(project, structure.defaults())
    assert project.has(".git")

    (refused := tmp_path / "refused").mkdir()
    wrong = '--extra-context={"project_slug": "../x"}' if "cruft" in way else "project_slug=../x"
    done = attempt(tmp_path, *words, refused, wrong, way=WAYS[way], **variables)
    assert 'project_slug "../x"' in sentence(done, refused)
    names = {"config", "fetched", "replay", "made", "refused"}
    assert {file.name for file in tmp_path.iterdir()} <= names


def test_no_network_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import os, sys\n"
        "def offline(event, arguments):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.gethostbyname'):\n"
        "        os._exit(70)\n"
        "sys.addaudithook(offline)\n"
    )
    variables = {"PYTHONPATH": str(tmp_path / "site"), "GIT_ALLOW_PROTOCOL": "none"}
    words = [sys.executable, "-c", "import socket; socket.create_connection(('localhost', 1))"]
    assert subprocess.run(words, env=clean_environment(**variables), check=False).returncode == 70
    command(tmp_path, TEMPLATE, "--no-input", **variables)


# The same again


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings of cookiecutter with a folder of their own for the answers that it keeps."""
    file = tmp_path / "config"
    file.write_text(json.dumps({"replay_dir": str(tmp_path / "replay")}))
    return file


@pytest.fixture
def answers(create: Create, config: Path, tmp_path: Path) -> Path:
    """The file that cookiecutter keeps of a project's answers."""
    create(folder=tmp_path / "first", config=config, project_title="{{ 1/0 }}", language="ja")
    (file,) = (tmp_path / "replay").iterdir()
    return file


def test_a_configuration_file_may_be_named_by_a_relative_path(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("default_context: {author_name: Ann}")
    command(tmp_path, TEMPLATE, "--no-input", "--config-file", "own.yaml", "-o", "made")
    assert author(tmp_path / "made")["name"] == "Ann"


def test_the_same_again_is_the_same(
    create: Create, config: Path, answers: Path, tmp_path: Path
) -> None:
    create(folder=tmp_path / "second", replay=answers)
    create(folder=tmp_path / "third", replay=True, config=config)
    first, *others = (
        Project(tmp_path / name / "my-thesis") for name in ("first", "second", "third")
    )
    contents = {name: first.read(name) for name in first.files()}
    for other in others:
        assert {name: other.read(name) for name in other.files()} == contents


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("project_slug", "../x"),
        ("project_slug", "/x"),
        ("project_slug", None),
        ("author_name", "a\nb"),
        ("license", "GPL"),
    ],
)
def test_a_file_of_answers_that_somebody_changed_is_checked_too(
    question: str, answer: str | None, create: Create, answers: Path, tmp_path: Path
) -> None:
    context = json.loads(answers.read_text(encoding="utf-8"))
    context["cookiecutter"][question] = answer
    answers.write_text(json.dumps(context), encoding="utf-8")
    (folder := tmp_path / "folder").mkdir()
    with pytest.raises(FailedHookException, match=f'^{question} "'):
        create(folder=folder, replay=answers)
    assert not list(folder.iterdir())
    assert {file.name for file in tmp_path.iterdir()} == {"config", "first", "folder", "replay"}


def test_a_changed_name_of_the_folder_is_that_of_the_package_too(
    create: Create, answers: Path, tmp_path: Path
) -> None:
    text = answers.read_text(encoding="utf-8").replace("my-thesis", "your-thesis")
    answers.write_text(text, encoding="utf-8")
    create(replay=answers)
    structure.layout(
        Project(tmp_path / "your-thesis"), structure.defaults() | {"project_slug": "your-thesis"}
    )


def test_what_a_file_of_answers_of_an_older_template_lacks_is_asked(
    answers: Path, tmp_path: Path
) -> None:
    """Cookiecutter's own file also has the extensions, and then those of the prompts are missing."""
    context = json.loads(answers.read_text(encoding="utf-8"))["cookiecutter"]
    for name in ("sample", "__sample", "__package"):
        del context[name]
    context |= {"project_slug": "your-thesis", "size": "3", "__size": "{{ cookiecutter.size }}"}
    assert context["_extensions"] == [
        "hooks.answers.Answers"
    ]  # what files of answers name for good
    answers.write_text(json.dumps({"cookiecutter": context}), encoding="utf-8")
    words = [*COOKIECUTTER, TEMPLATE, "--replay-file", answers]
    with terminal(tmp_path, *words, HOME=str(tmp_path / "home")) as dialogue:
        dialogue.answer("(classification): ", "blank")
        assert dialogue.end() == 0, dialogue.text
    project = Project(tmp_path / "your-thesis")
    assert project.has("src/your_thesis/tasks/walk.py")


def test_what_a_file_of_answers_lacks_is_asked(tmp_path: Path) -> None:
    answers = {
        "language": "ja",
        "project_slug": "your-thesis",
        "author_name": "{{ 1/0 }}",
        "author_email": "ann@example.org",
    }
    (replay := tmp_path / "answers.json").write_text(
        json.dumps({"cookiecutter": answers}), encoding="utf-8"
    )
    with terminal(
        tmp_path, *COOKIECUTTER, TEMPLATE, "--replay-file", replay, HOME=str(tmp_path / "home")
    ) as dialogue:
        dialogue.answer("(My thesis): ", "{{ 2/0 }}")
        dialogue.answer("(classification): ", "none")
        dialogue.answer("(classification): ", "Blank")
        dialogue.answer("(MIT): ", "GPL")
        dialogue.answer("(MIT): ", "none")
        assert dialogue.end() == 0, dialogue.text
    assert author(tmp_path, "your-thesis") == {"name": "{{ 1/0 }}", "email": "ann@example.org"}
    chosen = {"project_slug": "your-thesis", "project_title": "{{ 2/0 }}", "license": "none"}
    chosen["sample"] = "blank"
    for check in (structure.layout, structure.the_sample):
        check(Project(tmp_path / "your-thesis"), structure.defaults() | answers | chosen)
