"""What the tests share: a tiny project for the rooms' own tests, baked projects and one environment for all of them."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.support.bake import UV, Project, bake_into, clean_environment
from tests.support.bytecode import packages, share_bytecode, write_sharing_uv
from tests.support.commands import Commands, commands
from tests.support.compositions import shared
from tests.support.processes import Processes, processes
from tests.support.slurm import Slurm, Unavailable, slurm
from tests.support.study import LIBRARIES
from tests.support.tiny import FILES, write

# Commands are stricter in CI: the tests show what a student sees, wherever they run.
os.environ.pop("CI", None)

# What passed once passes again: the same examples each time, however slow the machine is.
settings.register_profile(
    "repeatable",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


class Scheduling(LoadScopeScheduling):
    """Which worker gets a test: the one that is free first, but all tests of some files go to one of them."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER.get(nodeid.partition("::")[0], nodeid)


# Most tests of the server share one that runs, as those of the cluster and of the site do, reproductions share an environment,
# others a project in which much has run, and those of edits what one process has seen.
# Those of the page take the first free port from 5000 on, and see which one becomes free.
# The mark `xdist_group` would say so too, but pytest-xdist 3.8 does not see it under pytest 9.2.
TOGETHER = {"tests/services/test_server.py": "server", "tests/services/test_ui.py": "page"}
TOGETHER |= {"tests/template/test_site.py": "site"}
TOGETHER |= {"tests/services/test_kill.py": "kill", "tests/fingerprint/test_edits.py": "edits"}
TOGETHER |= {
    f"tests/project/test_{name}.py": name
    for name in ("docs", "looking", "reproduce", "results", "search")
}
TOGETHER |= {f"tests/services/test_{name}.py": "cluster" for name in ("cluster", "slurm_jobs")}


def pytest_configure(config: pytest.Config) -> None:
    """In a new clone, compile the large libraries before there are workers: each would compile them."""
    ours = Path(sys.prefix)
    if config.getoption("numprocesses", None) and not (packages(ours) / COMPILED).exists():
        words = [sys.executable, "-c", f"import {LARGE}"]
        subprocess.run(words, env=clean_environment(), check=True)


# What nearly all of the commands import, and what the last of these leaves when it was compiled.
LARGE = "gokart, hydra, mlflow.sklearn, mlflow.store.tracking.sqlalchemy_store"
LARGE += ", matplotlib.pyplot, sklearn.ensemble"
COMPILED = "sklearn/ensemble/__pycache__"


@pytest.fixture(autouse=True)
def _signal_handlers() -> Iterator[None]:
    """What Ctrl-C does is as before after a command that a test has run in this process."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [(number, signal.getsignal(number)) for number in numbers]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture(autouse=True, scope="session")
def _compositions() -> Iterator[None]:
    """Tests share what Hydra composes of the same files."""
    with shared():
        yield


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long tests come first, so that at the end no worker is left alone with one of them."""
    items.sort(key=lambda item: item.path.parent.name not in ("project", "services", "template"))


@pytest.fixture(autouse=True, scope="session")
def _log_level() -> None:
    """What logs from INFO on is heard."""
    logging.getLogger().setLevel(logging.INFO)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is imported stays: Python looks for no garbage in it, and seldom in the rest."""
    gc.disable()
    collected = yield
    gc.freeze()
    gc.set_threshold(20_000, 10, 1000)
    gc.enable()
    return collected


def pytest_sessionfinish() -> None:
    """Find once what was left open, and not five times as pytest itself does."""
    gc.collect()
    gc.freeze()


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
        _uv(
            "pip",
            "install",
            "--quiet",
            "--python",
            str(root / ".venv/bin/python"),
            "hydra-joblib-launcher",
            # Of the sample `retrieval`.
            "bm25s",
            "ir-measures",
        )
        share_bytecode(Path(sys.prefix), root / ".venv")

    return once("environment", fill)[0] / "my-thesis" / ".venv"


@pytest.fixture
def bake(tmp_path: Path) -> Callable[..., Project]:
    """Bake a project to look at: `bake(project_title="...")`."""
    return lambda **answers: bake_into(tmp_path, **answers)


@pytest.fixture(scope="session")
def _ran(once: Once, environment: Path) -> tuple[Project, str]:
    folder, said = once(
        "ran", lambda folder: Project(bake_into(folder).root, environment).labkart("run")
    )
    return Project(folder / "my-thesis", environment), said


@pytest.fixture(scope="session")
def compiled(_ran: tuple[Project, str], environment: Path) -> Path:
    """The environment after a run: Python has compiled what one imports."""
    return environment


@pytest.fixture(scope="session")
def sharing_uv(once: Once, compiled: Path) -> Path:
    """A uv that links what is compiled into each environment that it fills."""
    return (
        once("sharing-uv", lambda folder: write_sharing_uv(folder / "uv", UV, compiled))[0] / "uv"
    )


@pytest.fixture(scope="session")
def warm(_ran: tuple[Project, str], once: Once) -> Iterator[Commands]:
    """What starts commands of any baked project in no time."""
    with commands(_ran[0], once("commands", lambda _: None)[0]) as started:
        yield started


@pytest.fixture(scope="session")
def forked() -> Iterator[Processes]:
    """Processes that start in no time: they have imported Labkart, and nothing of a project."""
    with processes(*LIBRARIES) as started:
        yield started


Ready = Callable[..., Project]


@pytest.fixture(scope="session")
def ready(environment: Path, warm: Commands) -> Ready:
    """Bake a project to run: `ready(folder, language="ja")`."""
    return lambda folder, **answers: replace(
        bake_into(folder, **answers), environment=environment, warm=warm
    )


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
    # Labkart lets nobody open bytecode that is older than its code, and tests import Labkart.
    ignore = shutil.ignore_patterns("__pycache__")
    root = shutil.copytree(project.root, folder / project.root.name, ignore=ignore)
    return Project(Path(root), project.environment)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny project around the working directory, in which nothing has run."""
    folder = tmp_path / "tiny"
    write(folder, **FILES)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("LABKART_OUTPUTS", raising=False)
    return folder


@pytest.fixture
def japanese_root(root: Path) -> Path:
    """The tiny project, in Japanese."""
    write(root, **{"pyproject.toml": f'{FILES["pyproject.toml"]}language = "ja"\n'})
    return root


@pytest.fixture
def student(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], ModuleType]:
    """Import code from a file `<name>.py` in the project's `src/`; the name is the module's."""

    def imported(code: str) -> ModuleType:
        from luigi.task_register import Register

        name = f"student_{tmp_path.name}"
        write(root, **{f"src/{name}.py": code})
        monkeypatch.syspath_prepend(root / "src")
        # luigi minds classes of one name, and other tests have theirs.
        others = [cls for cls in Register._reg if not cls.__module__.startswith("tests.")]
        monkeypatch.setattr(Register, "_reg", others)
        return import_module(name)

    return imported
