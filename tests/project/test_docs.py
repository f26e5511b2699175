"""What the pages tell a student to do: every command in them is run, every file that they show is written."""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import pytest
from sklearn.datasets import load_wine

from tests.conftest import Ready
from tests.support.bake import TEMPLATE, Project, clean_environment

DOCS = TEMPLATE / "docs"
PAGES = (
    *("index", "run", "sweeps", "searches", "clusters", "compare", "write-up", "archive", "update"),
    *("server", "troubleshooting"),
)
TUTORIAL, CREATE, OUTPUTS, CHECKPOINTS = "tutorial", "create", "outputs", "checkpoints"
# Pages without a block of commands; those in a line of notebooks.md are run by tests/template/test_wiring.py.
WITHOUT = ("cache.md", "data.md", "notebooks.md", "reports.md", "rules.md")
WITHOUT += ("api.md", "architecture.md", "troubleshooting.md")
# Those for who changes Labkart itself.
MAINTAINERS = {"api", "architecture"}

# Commands that another test runs, for they serve, install, or need a cluster or a release of the template.
ELSEWHERE = {
    # tests/template/test_create.py does so from an address of git.
    "uvx cookiecutter gh:<owner>/labkart": "README.md",
    "make demo": "tests/template/test_wiring.py",
    "make test": ".ci/run",
    "make test-all": ".ci/run",
    "labkart ui": "tests/services/test_ui.py",
    "labkart update": "tests/template/test_update.py",
    "labkart accept": "tests/project/test_verbs.py",
    "labkart reproduce": "tests/project/test_reproduce.py",
    "labkart archive": "tests/project/test_archive.py",
    "rsync": "tests/project/test_archive.py",
    "hydra/launcher=slurm": "tests/services/test_cluster.py",
    "uv sync --extra slurm": "tests/conftest.py",
    "uv sync --extra dask": "pyproject.toml",
    "hydra/launcher=dask": "tests/services/test_dask_jobs.py",
    "dask scheduler": "tests/services/test_dask_jobs.py",
    "dask worker": "tests/services/test_dask_jobs.py",
    "labkart check shared-disk": "tests/check/test_shared_disk.py",
    "labkart run --debug": "tests/project/test_debug.py",
    "pre-commit install": "tests/template/test_wiring.py",
    # tests/template/test_wiring.py runs all steps of it.
    "basedpyright": "{{cookiecutter.project_slug}}/.github/workflows/ci.yml",
    "pytest": "{{cookiecutter.project_slug}}/.github/workflows/ci.yml",
}
# Where a command is run in a shorter form. A report wants three seeds, also the one that a page runs alone.
SHORTER = {"-n 30": "-n 2", "seed=range(5)": "seed=0,1,3", "seed=0,1,2": "seed=0,1"}

IN = re.compile(r"In `([^`]+)`:$|`([^`]+)` に次の内容を書きます:$")
ABOVE = re.compile(
    r"In `([^`]+)`, in place of everything above `(.+)`:$"
    r"|`([^`]+)` の `(.+)` より上をすべて次に置き換えます:$"
)
IN_PLACE = re.compile(
    r"In `([^`]+)`, in place of `(.+)`:$|`([^`]+)` の `(.+)` を次に置き換えます:$"
)
# What a commit says is in the language of the page.
MESSAGE = re.compile(r'(?<=git commit -m ")[^"]+')


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
    def top(self) -> tuple[str, str] | None:
        """The file, and the words in it above which it takes the place of everything."""
        match = ABOVE.search(self.before)
        return tuple(filter(None, match.groups())) if match else None

    @property
    def code(self) -> tuple[str | None, str]:
        """What it makes of which file: comments and texts do not count, which are in the language of the page.

        What a page quotes of Labkart's answers (`text`) is in its language, too.
        """
        if self.language == "text":
            return None, ""
        said = re.sub(r'"""[^"]*"""|"[^"\n]*"|#[^\n]*', "", self.text) if self.language else ""
        part = self.passage or self.top
        return self.file or (part[0] if part else None), " ".join(said.split())

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
    fenced = re.findall(r"([^\n]*)\n\n?```(\w*)\n(.*?)\n?```", text, flags=re.DOTALL)
    trees = re.compile(r"[├─]|<-|^\w+/")
    return [Block(*parts) for parts in fenced if not trees.search(parts[2])]


@dataclass(frozen=True)
class Home:
    """A project, and the language of the pages that one reads in it."""

    project: Project
    language: str

    def blocks(self, page: str) -> list[Block]:
        """Of the project's own README, or of a page of docs/."""
        if page == "README":
            return blocks(self.project.read("README.md"))
        return blocks((DOCS / self.language / f"{page}.md").read_text(encoding="utf-8"))

    def copied(self, folder: Path) -> "Home":
        root = Path(shutil.copytree(self.project.root, folder / "my-thesis"))
        return replace(self, project=replace(self.project, root=root))


@pytest.fixture(scope="module", params=["en", "ja"])
def home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, ready: Ready
) -> Home:
    """A project in one of the languages."""
    folder = tmp_path_factory.mktemp("pages")
    return Home(ready(folder, language=request.param), request.param)


@pytest.mark.parametrize("folder", ["docs", "templates"])
def test_both_languages_have_the_same_pages_with_the_same_commands(folder: str) -> None:
    english, japanese = (
        {
            page.name: page.read_text(encoding="utf-8")
            for page in (TEMPLATE / folder / language).glob("*.md")
        }
        for language in ("en", "ja")
    )
    assert set(english) == set(japanese)
    for name in english:
        ours, theirs = blocks(english[name]), blocks(japanese[name])
        assert typed(ours) == typed(theirs), name
        assert any(block.commands for block in ours) or name in WITHOUT, name
        assert [block.code for block in ours] == [block.code for block in theirs], name


def typed(page: list[Block]) -> list[list[str]]:
    return [[MESSAGE.sub("", command) for command in block.commands] for block in page]


def test_the_templates_own_pages_have_the_same_parts_in_both_languages() -> None:
    english, japanese = (TEMPLATE / name for name in ("README.md", "README.ja.md"))
    assert listed(english) == listed(japanese)
    assert outline(english) == outline(japanese)


def outline(page: Path) -> list[str]:
    """Its headings' levels, its rows, items and pictures, and the pages that it links to."""
    text = page.read_text(encoding="utf-8")
    marks = re.findall(r"^(#+(?= )|\||- |!)|\]\((?!https?:)([^)]+)\)", text, flags=re.MULTILINE)
    parts = [mark or link.replace("docs/ja", "docs/en") for mark, link in marks]
    return [part for part in parts if not part.startswith("README")]


def listed(page: Path) -> list[str]:
    return [
        command for block in blocks(page.read_text(encoding="utf-8")) for command in block.commands
    ]


SITES = [TEMPLATE / name for name in ("README.md", "README.ja.md", "CONTRIBUTING.md")]


@pytest.mark.parametrize(
    "page",
    [*SITES, *sorted(DOCS.rglob("*.md"))],
    ids=lambda page: page.relative_to(TEMPLATE).as_posix(),
)
def test_links_lead_somewhere(page: Path) -> None:
    """As GitHub follows them: from the page's folder, and to a heading of the page."""
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for path, heading in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", text):
        file = workflow(path) or ((page.parent / path) if path else page)
        assert file.exists(), path
        assert not heading or heading in headings(file), heading


def workflow(link: str) -> Path | None:
    """What a badge shows: from a README, `../../` is this repository's address on GitHub, also of a fork."""
    match = re.match(r"\.\./\.\./actions/(workflows/\w+\.yml)", link)
    return TEMPLATE / ".github" / match[1] if match else None


@pytest.mark.parametrize("page", ["README.md", "README.ja.md"])
def test_the_badges_are_true(page: str) -> None:
    text = (TEMPLATE / page).read_text(encoding="utf-8")
    project = tomllib.loads((TEMPLATE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = re.findall(r":: (3\.\d+)", "\n".join(project["classifiers"]))
    assert f"badge/python-{'_%7C_'.join(versions)}-" in text
    assert f"![Python {' | '.join(versions)}]" in text
    assert f"badge/licence-{project['license']}-" in text


def headings(page: Path) -> set[str]:
    """The headings of a page, as GitHub writes them in an address."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", title).lower().replace(" ", "-") for title in titles}


def test_a_projects_readme_names_pages_that_exist(home: Home) -> None:
    commands = [command for block in home.blocks("README") for command in block.commands]
    named = re.findall(r"^uv run labkart docs ?(.*)$", "\n".join(commands), flags=re.MULTILINE)
    assert "" in named and "tutorial" in named
    pages = {page.stem for page in (DOCS / home.language).glob("*.md")}
    assert set(named) - {""} <= pages - MAINTAINERS
    assert not re.findall(r"\]\((?!https?:)", home.project.read("README.md"))


english = pytest.mark.parametrize("home", ["en"], indirect=True)


@pytest.mark.thorough
@english
def test_every_command_of_the_pages_works(home: Home, tmp_path: Path) -> None:
    """They are the same in both languages, and read in one project, in the order in which the README names them."""
    home = home.copied(tmp_path)
    for page in ("README", *PAGES):
        follow(home, page)
    known = [
        command
        for page in ("README", *PAGES)
        for block in home.blocks(page)
        for command in block.commands
    ]
    for block in blocks((TEMPLATE / "README.md").read_text(encoding="utf-8")):
        for command in block.commands:
            # What is shown with its answer begins as on a page, where it was run.
            begins = block.text.startswith("$ ") and command.startswith(tuple(known))
            if not begins and command not in known:
                do(home.project, command)


def follow(home: Home, page: str) -> None:
    for block in home.blocks(page):
        put(home.project, block)
        for command in block.commands:
            do(home.project, command)


@pytest.mark.thorough
@english
def test_a_student_can_follow_the_tutorial(home: Home, types: Path) -> None:
    project = home.project
    printed = {
        command: project.labkart(*command.split()) for command in ("run", "run model=forest seed=3")
    }
    printed |= obey(home, TUTORIAL)
    assert re.search(r"DropOutliers +missing", printed["uv run labkart status data=coffee"])
    assert re.search(r"LoadCsv +cached", printed["uv run labkart run data=coffee clean.limit=10.0"])
    again = printed["uv run labkart run data=coffee"]
    assert re.search(r"TrainLogistic +cached", again) and "worst_recall" in again
    assert len(re.findall(r"^  (?:logistic|forest) ", printed[sweep()], flags=re.MULTILINE)) == 2
    assert "model" in printed["uv run labkart compare 4f2c91 db9dc3"]
    assert "1 passed" in printed["uv run pytest tests/test_clean.py"]
    assert git(project, "status", "--porcelain") == ""
    keep_for_types(project, types)


def as_made(home: Home, folder: Path) -> Home:
    """The project as it was made."""
    home = home.copied(folder)
    first = git(home.project, "rev-list", "--max-parents=0", "HEAD").strip()
    git(home.project, "reset", "--hard", first)
    return home


def measured(home: Home, folder: Path) -> Home:
    """The project as it was made, with a table of a student's own."""
    home = as_made(home, folder)
    table = home.project.root / "data/raw/measurements.csv"
    load_wine(as_frame=True).frame.to_csv(table, index=False)
    return home


@pytest.mark.thorough
@english
def test_with_a_students_own_data_nothing_of_the_samples_is_missed(
    home: Home, tmp_path: Path, types: Path
) -> None:
    home = measured(home, tmp_path)
    project = home.project
    obey(home, CREATE)
    for command in ("labkart check", "ruff check", "ruff format --check", "pytest -q"):
        done = project.run(*command.split())
        assert done.returncode == 0, done.stdout + done.stderr
    keep_for_types(project, types)
    assert "accuracy" in project.labkart("run")
    assert "accuracy" in project.labkart("run", "data=measurements")


@pytest.mark.thorough
@english
def test_the_tasks_of_the_page_on_outputs_work(home: Home, tmp_path: Path, types: Path) -> None:
    """Its tables are in tests/tasks/test_outputs_page.py."""
    home = as_made(home, tmp_path)
    printed = obey(home, OUTPUTS)
    assert "2 passed" in printed["uv run pytest tests/test_words.py"]
    for command in ("labkart check", "ruff check", "ruff format --check"):
        done = home.project.run(*command.split())
        assert done.returncode == 0, done.stdout + done.stderr
    keep_for_types(home.project, types)


@pytest.mark.thorough
@pytest.mark.parametrize("home", ["ja"], indirect=True)
@pytest.mark.parametrize("page", [TUTORIAL, CREATE, OUTPUTS])
def test_what_the_pages_have_one_write_passes_in_japanese(
    page: str, home: Home, tmp_path: Path
) -> None:
    """The commands and the code are those of the English pages, which are run."""
    home = as_made(home, tmp_path) if page == OUTPUTS else measured(home, tmp_path)
    project = home.project
    for block in home.blocks(page):
        put(project, block)
        for command in block.commands:
            if command.startswith(("git ", "uv run labkart check")):
                do(project, command)
    for command in ("labkart check", "ruff check", "ruff format --check"):
        done = project.run(*command.split())
        assert done.returncode == 0, done.stdout + done.stderr


def obey(home: Home, page: str) -> dict[str, str]:
    """Write the files that a page shows, type its commands; what each command printed."""
    printed = dict[str, str]()
    for block in home.blocks(page):
        put(home.project, block)
        for command in block.commands:
            printed[command] = do(home.project, command, elsewhere={})
    return printed


def put(project: Project, block: Block) -> None:
    """Write the file or the passage that a block shows, if any."""
    if block.file:
        (project.root / block.file).parent.mkdir(exist_ok=True)
        (project.root / block.file).write_text(block.text + "\n", encoding="utf-8")
    elif block.passage:
        project.edit(
            *block.passage, block.text.strip() if block.language == "python" else block.text
        )
    elif block.top:
        file, words = block.top
        above = project.read(file).partition(words)[0]
        project.edit(file, above + words, f"{block.text}\n{words}")


@pytest.mark.thorough
@english
def test_a_training_goes_on_from_its_checkpoint_and_gives_the_same(
    home: Home, tmp_path: Path, types: Path
) -> None:
    home = as_made(home, tmp_path)
    project = home.project
    for block in home.blocks(CHECKPOINTS):
        put(project, block)
    keep_for_types(project, types)
    project.edit(
        "src/my_thesis/tasks/network.py",
        "            epoch += 1\n",
        "            epoch += 1\n"
        "            if epoch == 7 and __import__('os').environ.get('KILL'):\n"
        "                __import__('os').kill(__import__('os').getpid(), 9)\n",
    )
    project.edit("src/my_thesis/tasks/network.py", "retry_count = 3", "retry_count = 2")
    whole = project.labkart("run", "model=network", LABKART_OUTPUTS=str(tmp_path / "whole"))
    killed = project.run("labkart", "run", "model=network", KILL="yes")
    assert killed.returncode == 1
    assert "killed by SIGKILL (out of memory?) (try 2 of 2)" in killed.stderr
    (checkpoint,) = project.root.glob("outputs/checkpoints/TrainNetwork_*/network.pkl")
    again = ["run", "model=network", "model.params.worker_timeout=700"]
    resumed = project.labkart(*again)
    assert whole.splitlines()[-2] == resumed.splitlines()[-2] and "accuracy" in resumed
    assert not checkpoint.parent.exists()
    assert train_loss(tmp_path / "whole") == train_loss(project.root / "outputs")


@pytest.mark.parametrize("home", ["en", "ja"], indirect=True)
def test_the_training_on_a_graphics_card_is_code_that_passes(home: Home, tmp_path: Path) -> None:
    """It is run where there is PyTorch, which the tests do not install."""
    project = as_made(home, tmp_path).project
    for block in home.blocks("gpu"):
        put(project, block)
    for command in ("ruff check", "ruff format --check", "python -m compileall -q src"):
        done = project.run(*command.split())
        assert done.returncode == 0, done.stdout + done.stderr
    if project.run("python", "-c", "import torch").returncode == 0:
        assert "accuracy" in project.labkart("run", "model=torch")


def train_loss(outputs: Path) -> list[tuple[int, float]]:
    (record,) = outputs.glob("records/tasks/TrainNetwork_*/record.json")
    metrics = json.loads(record.read_bytes())["metrics"]
    losses = [(step, value) for name, value, step, *_ in metrics if name == "train_loss"]
    assert [step for step, _ in losses] == list(range(1, 21))
    return losses


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what pages have one write, each page's files in a folder of its own."""
    return tmp_path_factory.mktemp("types")


def keep_for_types(project: Project, types: Path) -> Path:
    folder = types / str(len(list(types.iterdir())))
    for name in ("src", "tests"):
        shutil.copytree(project.root / name, folder / name)
    return folder


@pytest.mark.thorough
@english
def test_the_types_of_what_the_pages_have_one_write_are_right(
    home: Home, types: Path, tmp_path: Path, ready: Ready
) -> None:
    """Those of all pages at once, for the checker reads the libraries anew each time, and of new projects.

    In another new one a task reads what a split does not have.
    """
    if not list(types.iterdir()):
        pytest.skip("the tests above, which follow the pages, did not run")
    project = as_made(home, tmp_path).project
    keep_for_types(project, types)
    for sample in ("blank", "retrieval"):
        keep_for_types(ready(tmp_path / sample, sample=sample), types)
    train = "src/my_thesis/tasks/train.py"
    project.edit(train, "split.x_train", "split.x_trian")
    wrong = keep_for_types(project, types)
    pages = sorted(types.iterdir())
    settings = tomllib.loads(project.read("pyproject.toml"))["tool"]["basedpyright"]
    settings["include"] = [f"{page.name}/{name}" for page in pages for name in ("src", "tests")]
    settings["executionEnvironments"] = [
        {"root": page.name, "extraPaths": [f"{page.name}/src"]} for page in pages
    ]
    (types / "pyrightconfig.json").write_text(json.dumps(settings))
    done = replace(project, root=types).run(
        "basedpyright", "--outputjson", "--pythonpath", *project.command("python")
    )
    found = json.loads(done.stdout)["generalDiagnostics"]
    assert {problem["file"] for problem in found} == {str(wrong / train)}, done.stdout
    assert all("Split" in problem["message"] for problem in found)
    assert done.returncode == 1


def sweep() -> str:
    return "uv run labkart run -m data=coffee model=logistic,forest seed=0,1,2"


def do(project: Project, command: str, elsewhere: dict[str, str] = ELSEWHERE) -> str:
    """Run a command of a page; what it prints."""
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
    """With the ids of experiments that exist in place of those on the page."""
    if not any(re.fullmatch("[0-9a-f]{6}", word) for word in words):
        return words
    runs = json.loads(project.labkart("runs", "--json"))
    model = runs[0]["settings"]["model"]
    others = (run["id"] for run in runs if run["settings"]["model"] != model)
    ids = chain([runs[0]["id"]], others)
    return [next(ids) if re.fullmatch("[0-9a-f]{6}", word) else word for word in words]


def git(project: Project, *words: str) -> str:
    return subprocess.run(
        ["git", *words],
        cwd=project.root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
