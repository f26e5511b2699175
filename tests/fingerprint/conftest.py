"""What the tests of this room share: one process with the libraries, which forks the others."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import Processes, processes
from tests.support.study import LIBRARIES
from tests.support.tiny import FILES, write


@pytest.fixture(scope="session")
def forked() -> Iterator[Processes]:
    """Processes that start in no time: they have imported Labkart, and nothing of a project."""
    with processes(*LIBRARIES) as server:
        yield server


@pytest.fixture(scope="session")
def _packages(forked: Processes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    write(folder, **FILES)
    forked.python("from labkart import packages; packages.installed_packages()", folder)
    return folder / "outputs"


@pytest.fixture
def installed(root: Path, _packages: Path) -> Path:
    """A tiny project in which the installed packages were looked up before, which takes long."""
    shutil.copytree(_packages, root / "outputs")
    return root
