"""What the pages tell a student to do: every command in them is run, every file that they have one write is written."""

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sklearn.datasets import load_wine

from tests.conftest import Ready
from tests.support.bake import TEMPLATE, Project, clean_environment

PAGES = [f"docs/{name}.md" for name in ("run", "compare", "write-up", "update", "move")]
TUTORIAL, CREATE = "docs/tutorial.md", "docs/create.md"
# Pages without a block of commands; those in a line of notebooks.md are run by tests/test_wiring.py.
WITHOUT = ("data.md", "notebooks.md", "reports.md", "rules.md")

# Commands that another test runs, for they serve, install, or need a cluster or a release of the template.
ELSEWHERE = {
    "uvx cookiecutter gh:<owner>/labkart": "README.md",  # tests/test_create.py does so from an address of git
    "make demo": "tests/test_wiring.py",
    "make test": ".ci/run",
    "labkart ui": "tests/test_ui.py",
    "labkart update": "tests/test_update.py",
    "labkart accept": "tests/runtime/test_verbs.py",
    "labkart reproduce": "tests/test_reproduce.py",
    "hydra/launcher=slurm": "tests/test_cluster.py",
    "uv sync --extra slurm": "tests/conftest.py",
    # tests/test_wiring.py runs all steps of it.
    "basedpyright": "{{cookiecutter.project_slug}}/.github/workflows/ci.yml",
    "pytest": "{{cookiecutter.project_slug}}/.github/workflows/ci.yml",
}
# Where a command is run in a shorter form.
SHORTER = {"-n 30": "-n 2"}

IN = re.compile(r"In `([^`]+)`:$|`([^`]+)` に:$")
IN_PLACE = re.compile(r"In `([^`]+)`, in place of `(.+)`:$|`([^`]+)` で、`(.+)` の代わりに:$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `before` is the line above it."""

    before: str
    language: str
    text: str

    @property
    def file(self) -> str | None:
        """The file that it is the content of."""
        found = IN.search(self.before)
        return next(filter(None, found.groups())) if found else None

    @property
    def passage(self) -> tuple[str, str] | None:
        """The file, and the words in it that it takes the place of."""
        found = IN_PLACE.search(self.before)
        return tuple(filter(None, found.groups())) if found else None

    @property
    def code(self) -> tuple[str | None, str]:
        """What it makes of which file: comments and texts do not count, which are in the language of the page."""
        said = re.sub(r'"""[^"]*"""|"[^"\n]*"|#[^\n]*', "", self.text) if self.language else ""
        return self.file or (self.passage[0] if self.passage else None), " ".join(said.split())

    @property
    def commands(self) -> list[str]:
        """Its lines without comments, where they are to be typed."""
        if self.language or self.file or self.passage:
            return []
        if self.text.startswith("$ "):  # with what they say
            return [
                line.removeprefix("$ ") for line in self.text.splitlines() if line.startswith("$ ")
            ]
        lines = (re.sub(r"\s{2,}#.*", "", line).strip() for line in self.text.splitlines())
        return [command for line in lines for command in line.split(" && ")]


def blocks(text: str) -> list[Block]:
    found = re.findall(r"([^\n]*)\n\n?```(\w*)\n(.*?)\n?```", text, flags=re.DOTALL)
    return [Block(*each) for each in found if not re.search(r"[├─]|<-|^\w+/", each[2])]


@pytest.fixture(scope="module", params=["en", "ja"])
def pages(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, ready: Ready
) -> Project:
    """A project in one of the languages."""
    return ready(tmp_path_factory.mktemp("pages"), language=request.param)


def copied(pages: Project, folder: Path) -> Project:
    return replace(pages, root=Path(shutil.copytree(pages.root, folder / "my-thesis")))


def test_both_languages_have_the_same_pages_with_the_same_commands() -> None:
    english, japanese = (
        {
            page.name: page.read_text(encoding="utf-8")
            for page in (TEMPLATE / "templates" / language).iterdir()
        }
        for language in ("en", "ja")
    )
    assert set(english) == set(japanese)
    for name in english:
        here, there = (blocks(text) for text in (english[name], japanese[name]))
        assert [each.commands for each in here] == [each.commands for each in there], name
        assert any(each.commands for each in here) or name in WITHOUT, name
        assert [each.code for each in here] == [each.code for each in there], name


def test_the_templates_own_pages_have_the_same_commands_in_both_languages() -> None:
    english, japanese = (listed(TEMPLATE / name) for name in ("README.md", "README.ja.md"))
    assert set(japanese) <= set(english)
    assert len(japanese) > 12


def listed(page: Path) -> list[str]:
    return [
        command for block in blocks(page.read_text(encoding="utf-8")) for command in block.commands
    ]


def test_links_lead_somewhere(pages: Project) -> None:
    for page in [pages.root / "README.md", *(pages.root / "docs").iterdir()]:
        for link in re.findall(r"\]\(([\w./-]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
    for page in (TEMPLATE / "README.md", TEMPLATE / "README.ja.md"):
        for link in re.findall(r"\]\(([\w./-]+)\)", page.read_text(encoding="utf-8")):
            assert (TEMPLATE / link).exists(), f"{page.name}: {link}"


@pytest.mark.parametrize("pages", ["en"], indirect=True)
def test_every_command_of_the_pages_works(pages: Project, tmp_path: Path) -> None:
    """They are the same in both languages, and read in one project, in the order in which the README names them."""
    home = copied(pages, tmp_path)
    known = [command for page in PAGES for command in listed(home.root / page)]
    for page in ("README.md", *PAGES):
        follow(home, page)
    for block in blocks((TEMPLATE / "README.md").read_text(encoding="utf-8")):
        for command in block.commands:
            # What is shown with its answer begins as on the page of a project, where it was run.
            if not (block.text.startswith("$ ") and command.startswith(tuple(known))):
                do(home, command)


def follow(project: Project, page: str) -> None:
    for block in blocks(project.read(page)):
        for command in block.commands:
            do(project, command)


@pytest.mark.parametrize("pages", ["en"], indirect=True)
def test_a_student_can_follow_the_tutorial(pages: Project) -> None:
    said = {
        command: pages.labkart(*command.split()) for command in ("run", "run model=forest seed=3")
    }
    said |= obey(pages, TUTORIAL)
    assert re.search(r"DropOutliers +missing", said["uv run labkart status data=coffee"])
    assert re.search(r"LoadCsv +cached", said["uv run labkart run data=coffee clean.limit=10.0"])
    again = said["uv run labkart run data=coffee"]
    assert re.search(r"TrainLogistic +cached", again) and "worst_recall" in again
    assert len(re.findall(r"^  (?:logistic|forest) ", said[sweep()], flags=re.MULTILINE)) == 2
    assert "model" in said["uv run labkart compare 4f2c91 db9dc3"]
    assert "1 passed" in said["uv run pytest tests/test_clean.py"]
    assert git(pages, "status", "--porcelain") == ""
    follow(pages, "docs/write-up.md")
    check_types(pages)


def measured(pages: Project, folder: Path) -> Project:
    """The project as it was made, with a table of a student's own."""
    home = copied(pages, folder)
    git(home, "reset", "--hard", git(home, "rev-list", "--max-parents=0", "HEAD").strip())
    load_wine(as_frame=True).frame.to_csv(home.root / "data/raw/measurements.csv", index=False)
    return home


@pytest.mark.parametrize("pages", ["en"], indirect=True)
def test_with_a_students_own_data_nothing_of_the_samples_is_missed(
    pages: Project, tmp_path: Path
) -> None:
    home = measured(pages, tmp_path)
    obey(home, CREATE)
    for words in ("labkart check", "ruff check", "ruff format --check", "pytest -q"):
        done = home.run(*words.split())
        assert done.returncode == 0, done.stdout + done.stderr
    check_types(home)
    assert "accuracy" in home.labkart("run") and "accuracy" in home.labkart(
        "run", "data=measurements"
    )


@pytest.mark.parametrize("pages", ["ja"], indirect=True)
@pytest.mark.parametrize("page", [TUTORIAL, CREATE])
def test_what_the_pages_have_one_write_passes_in_japanese(
    page: str, pages: Project, tmp_path: Path
) -> None:
    """The commands and the code are those of the English pages, which are run."""
    home = measured(pages, tmp_path)
    for block in blocks(home.read(page)):
        put(home, block)
        for command in block.commands:
            if command.startswith(("git ", "uv run labkart check")):
                do(home, command)
    for words in ("labkart check", "ruff check", "ruff format --check"):
        done = home.run(*words.split())
        assert done.returncode == 0, done.stdout + done.stderr


def obey(project: Project, page: str) -> dict[str, str]:
    """Write what a page has one write, type what it has one type; what each command said."""
    said = dict[str, str]()
    for block in blocks(project.read(page)):
        put(project, block)
        for command in block.commands:
            said[command] = do(project, command, elsewhere={})
    return said


def put(project: Project, block: Block) -> None:
    """Write what a block has one write, if anything."""
    if block.file:
        (project.root / block.file).write_text(block.text + "\n", encoding="utf-8")
    elif block.passage:
        project.edit(
            *block.passage, block.text.strip() if block.language == "python" else block.text
        )


def check_types(project: Project) -> None:
    """In the student's own files; tests/test_wiring.py does so in all of them."""
    types = project.run(
        "basedpyright", "--pythonpath", *project.command("python"), "src/my_thesis", "tests"
    )
    assert types.returncode == 0, types.stdout


def sweep() -> str:
    return "uv run labkart run -m data=coffee model=logistic,forest seed=0,1,2"


def do(project: Project, command: str, elsewhere: dict[str, str] = ELSEWHERE) -> str:
    """Run a command of a page, and give what it says."""
    for words, test in elsewhere.items():
        if words in command:
            assert words.split()[-1] in (TEMPLATE / test).read_text(encoding="utf-8")
            return ""
    for long, short in SHORTER.items():
        command = command.replace(long, short)
    words = shlex.split(re.sub(r"^uv run ", "", command))
    if words[0] == "labkart":
        return project.labkart(*_with_ids(project, words[1:]))
    if words[0] == "cd":
        return ""
    if words[0] == "git":
        return git(project, *words[1:])
    assert words[0] in ("pytest", "ruff"), command
    done = project.run(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _with_ids(project: Project, words: list[str]) -> list[str]:
    """With the ids of experiments that there are in place of those on the page."""
    if not any(re.fullmatch("[0-9a-f]{6}", word) for word in words):
        return words
    listed = json.loads(project.labkart("runs", "--json"))
    other = next(
        each for each in listed if each["settings"]["model"] != listed[0]["settings"]["model"]
    )
    real = iter([listed[0]["id"], other["id"]])
    return [next(real) if re.fullmatch("[0-9a-f]{6}", word) else word for word in words]


def git(project: Project, *words: str) -> str:
    return subprocess.run(
        ["git", *words],
        cwd=project.root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
