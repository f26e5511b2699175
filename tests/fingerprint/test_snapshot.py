"""When a new snapshot begins. What a second build sees then: see tests/project/test_snapshot.py."""

from pathlib import Path

import pytest

from labkart.digests import content_digest
from labkart.fingerprint import snapshot
from tests.support.processes import Processes
from tests.support.tiny import write


@pytest.fixture
def table(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Data that an id of this snapshot was made of."""
    monkeypatch.setattr(snapshot, "_snapshot", snapshot._Snapshot())
    write(root, **{"data/raw/table.csv": "6"})
    path = root / "data/raw/table.csv"
    snapshot.depends_on(path, content_digest(path))
    return path


def test_it_stands_still_while_nothing_changes(table: Path) -> None:
    table.write_text("6")
    snapshot.refresh()
    assert snapshot.generation() == 1


def test_another_content_of_declared_data_begins_a_new_one(table: Path) -> None:
    table.write_text("7")
    snapshot.refresh()
    assert snapshot.generation() == 2
    snapshot.refresh()
    assert snapshot.generation() == 2


def test_data_that_was_removed_begins_a_new_one(table: Path) -> None:
    table.unlink()
    snapshot.refresh()
    assert snapshot.generation() == 2


def test_none_begins_while_it_is_frozen(table: Path) -> None:
    table.write_text("7")
    with snapshot.frozen():
        with snapshot.frozen():
            snapshot.refresh()
        snapshot.refresh()
        assert snapshot.generation() == 1
    snapshot.refresh()
    assert snapshot.generation() == 2


MODULE = "FACTOR = 2\nclass Step:\n    def run(self):\n        return FACTOR\n"
CODE = """
from tests.support.looks import have_few_packages; have_few_packages()
from importlib import reload
from pathlib import Path
import steps
from labkart.fingerprint.fingerprint import fingerprint_of
from labkart.fingerprint.snapshot import generation, refresh

fingerprint_of(steps.Step)
refresh()
print(generation())
{change}
refresh()
print(generation())
refresh()
print(generation())
"""


@pytest.mark.parametrize(
    "change",
    [
        "steps.FACTOR = 3",
        "steps.Step.run = lambda self: 1",
        "Path(steps.__file__).write_text(''); reload(steps)",
        "exec(compile('FACTOR = 2', '<stdin>', 'exec'))",
        "exec(compile('FACTOR = 2', '<ipython-input-1-0123>', 'exec'))",
        "exec(compile('FACTOR = 2', '/tmp/ipykernel_1/1.py', 'exec'))",
        "exec(compile('FACTOR = 2', '<python-input-0>', 'exec'))",
    ],
)
def test_code_that_was_replaced_or_loaded_again_begins_a_new_one(
    change: str, root: Path, forked: Processes
) -> None:
    write(root, **{"src/steps.py": MODULE})
    assert forked.python(CODE.format(change=change), root).split() == ["1", "2", "2"]


def test_an_edit_that_nobody_loaded_begins_none(root: Path, forked: Processes) -> None:
    write(root, **{"src/steps.py": MODULE})
    change = "Path(steps.__file__).write_text('')"
    assert forked.python(CODE.format(change=change), root).split() == ["1", "1", "1"]
