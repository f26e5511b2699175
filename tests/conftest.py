"""What the tests share: baking a project, and one environment in which all baked projects run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cookiecutter.main import cookiecutter
from filelock import FileLock
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.slurm import Slurm, Unavailable, slurm

if TYPE_CHECKING:
    from commands import Commands

TEMPLATE = Path(__file__).parents[1]
SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}"

# Bytecode goes to a folder of its own, so that none gets among the files that cookiecutter copies.
BYTECODE = TEMPLATE / ".pytest_cache" / "bytecode"
sys.dont_write_bytecode, sys.pycache_prefix = False, str(BYTECODE)

# What would lead a baked project to this test run's own environment, store or settings.
_STRANGE = {"GIT_DIR", "LABKART_OUTPUTS", "MLFLOW_TRACKING_URI", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}
_STRANGE |= {"UV", "UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV"}
UV = os.environ.get("UV", "uv")


def clean_environment(**variables: str) -> dict[str, str]:
    """The environment of a student's terminal: nothing of this test run's is active, and git knows who they are."""
    kept = {name: value for name, value in os.environ.items() if name not in _STRANGE}
    ours = str(Path(sys.executable).parent)
    kept["PATH"] = os.pathsep.join(folder for folder in kept["PATH"].split(os.pathsep) if folder != ours)
    for role in ("AUTHOR", "COMMITTER"):
        kept |= {f"GIT_{role}_NAME": "Ann", f"GIT_{role}_EMAIL": "ann@example.org"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(BYTECODE), **variables}


@dataclass(frozen=True)
class Project:
    """A baked project, the environment that its commands run in, and what starts `labkart` there in no time."""

    root: Path
    environment: Path | None = None
    warm: Commands | None = None

    def has(self, path: str) -> bool:
        return (self.root / path).exists()

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert old in text, f"{path} has no {old!r}"
        (self.root / path).write_text(text.replace(old, new), encoding="utf-8")

    def files(self) -> set[str]:
        """All files but git's own, as paths below the root."""
        inside = {file.relative_to(self.root).as_posix() for file in self.root.rglob("*") if file.is_file()}
        return {file for file in inside if not file.startswith(".git/")}

    def command(self, *words: str) -> list[str]:
        """The words with the first one taken from the environment that all baked projects share."""
        assert self.environment, "this project was baked to be looked at, not to be run"
        return [str(self.environment / "bin" / words[0]), *words[1:]]

    def variables(self, **variables: str) -> dict[str, str]:
        return clean_environment(PYTHONPATH=str(self.root / "src"), **variables)

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment here, this project's code first in the way."""
        if self.warm and words[0] == "labkart":
            return self.warm.run(self, *words[1:], **variables)
        return subprocess.run(
            self.command(*words),
            cwd=self.root,
            env=self.variables(**variables),
            capture_output=True,
            text=True,
            timeout=300,
        )

    def labkart(self, *words: str, **variables: str) -> str:
        """What a `labkart` command that succeeds prints."""
        done = self.run("labkart", *words, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def bake_into(folder: Path, **answers: str) -> Project:
    """Bake without questions; `folder` is where the project's own folder goes."""
    return Project(Path(cookiecutter(str(TEMPLATE), no_input=True, output_dir=str(folder), extra_context=answers)))


class Scheduling(LoadScopeScheduling):
    """Which worker gets a test: the one that is free first, but all tests of some files go to one of them."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER.get(nodeid.partition("::")[0], nodeid)


# Most tests of the server share one that runs, as those of the cluster do, reproductions share an environment,
# and others a project in which much has run.
# Those of the page take the first free port from 5000 on, and see which one becomes free.
# The mark `xdist_group` would say so too, but pytest-xdist 3.8 does not see it under pytest 9.2.
TOGETHER = {"tests/test_server.py": "server", "tests/test_ui.py": "page"}
TOGETHER |= {f"tests/test_{name}.py": name for name in ("docs", "looking", "reproduce", "search")}
TOGETHER |= {"tests/test_cluster.py": "cluster", "tests/runtime/test_cluster.py": "cluster"}


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long tests come first, so that at the end no worker is left alone with one of them."""
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)


Once = Callable[[str, Callable[[Path], object]], tuple[Path, str]]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """A folder that is filled once in a test run, however many workers it has, and what filling it gave, as text."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def filled(name: str, fill: Callable[[Path], object]) -> tuple[Path, str]:
        folder, said = shared / name, shared / f"{name}.said"
        with FileLock(shared / f"{name}.lock"):
            if not said.exists():
                shutil.rmtree(folder, ignore_errors=True)  # half filled by a worker that failed
                folder.mkdir()
                said.write_text(str(fill(folder)), encoding="utf-8")
        return folder, said.read_text(encoding="utf-8")

    return filled


@pytest.fixture(scope="session", autouse=True)
def _home(once: Once) -> None:
    """A home of their own for all the tools, so that they neither read nor leave anything in the real one."""
    os.environ.setdefault("UV_CACHE_DIR", _uv("cache", "dir").strip())
    os.environ.update(clean_environment(HOME=str(once("home", lambda _: None)[0])))


def _uv(*words: str, cwd: Path | None = None) -> str:
    return subprocess.run(
        [UV, *words], cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture(scope="session")
def environment(once: Once) -> Path:
    """The environment of a default project, made once by `uv sync` as a student's first command does."""

    def fill(folder: Path) -> None:
        root = bake_into(folder).root
        _uv("sync", "--quiet", "--extra", "slurm", "--python", sys.executable, cwd=root)
        # A launcher of Hydra's own that a student may add.
        _uv("pip", "install", "--quiet", "--python", str(root / ".venv/bin/python"), "hydra-joblib-launcher")

    return once("environment", fill)[0] / "my-thesis" / ".venv"


@pytest.fixture
def bake(tmp_path: Path) -> Callable[..., Project]:
    """Bake a project to look at: `bake(project_title="...")`."""
    return lambda **answers: bake_into(tmp_path, **answers)


@pytest.fixture(scope="session")
def _ran(once: Once, environment: Path) -> tuple[Project, str]:
    folder, said = once("ran", lambda folder: Project(bake_into(folder).root, environment).labkart("run"))
    return Project(folder / "my-thesis", environment), said


@pytest.fixture(scope="session")
def warm(_ran: tuple[Project, str]) -> Iterator[Commands]:
    """What starts commands of any baked project in no time."""
    from commands import commands  # it imports this module

    with commands(_ran[0]) as started:
        yield started


Ready = Callable[..., Project]


@pytest.fixture(scope="session")
def ready(environment: Path, warm: Commands) -> Ready:
    """Bake a project to run: `ready(folder, language="ja")`."""
    return lambda folder, **answers: replace(bake_into(folder, **answers), environment=environment, warm=warm)


@pytest.fixture
def project(tmp_path: Path, _ran: tuple[Project, str], warm: Commands) -> Project:
    """A project of one's own in which the default pipeline has run once."""
    return replace(_copied(_ran[0], tmp_path), warm=warm)


@pytest.fixture
def first_run(_ran: tuple[Project, str]) -> str:
    """What that run printed."""
    return _ran[1]


@pytest.fixture
def fresh(tmp_path: Path, once: Once, environment: Path, warm: Commands) -> Project:
    """A project of one's own in which nothing has run."""
    folder, _ = once("fresh", bake_into)
    return replace(_copied(Project(folder / "my-thesis", environment), tmp_path), warm=warm)


@pytest.fixture(scope="session")
def lab() -> Iterator[Slurm]:
    """A cluster of three nodes on this machine."""
    try:
        with slurm() as running:
            yield running
    except Unavailable as why:
        pytest.skip(f"no SLURM here: {why}")


def _copied(project: Project, folder: Path) -> Project:
    return Project(Path(shutil.copytree(project.root, folder / project.root.name)), project.environment)
