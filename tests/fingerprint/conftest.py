"""What the tests of this room share: one process with the libraries, which forks the others."""

from collections.abc import Iterator

import pytest

from tests.support.processes import Processes, processes
from tests.support.study import LIBRARIES


@pytest.fixture(scope="session")
def forked() -> Iterator[Processes]:
    """Processes that start in no time: they have imported Labkart, and nothing of a project."""
    with processes(*LIBRARIES) as server:
        yield server
