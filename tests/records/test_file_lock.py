"""Where a disk has no locks, the first lock says so. The kernel answers `flock` as such a disk does."""

from pathlib import Path

import pytest

from tests.support import flock
from tests.support.bake import TEMPLATE
from tests.support.processes import Processes

pytestmark = [
    pytest.mark.usefixtures("root"),
    pytest.mark.skipif(not flock.can_answer(), reason="no seccomp here"),
]

TASK = f"Train_{'0123456789abcdef' * 2}"
FIRST_LOCK = """\
import errno, pathlib
from tests.support import flock
from labkart.errors import LabkartError
from labkart.records import file_lock, locks
flock.answer_flock(errno.{name})
try:
    with {lock}:
        print("no word")
except LabkartError as error:
    print(error)
"""


@pytest.mark.parametrize(
    "lock",
    [f'locks.locked("{TASK}")', f'locks.locked_if_free("{TASK}")', 'locks.mark_running("e")'],
)
@pytest.mark.parametrize(
    ("name", "reason"), [("ENOLCK", "No locks available"), ("ENOSYS", "Function not implemented")]
)
def test_without_locks_the_first_one_says_so_and_nothing_runs(
    lock: str, name: str, reason: str, forked: Processes
) -> None:
    message = forked.python(FIRST_LOCK.format(name=name, lock=lock), Path.cwd(), TEMPLATE)
    assert message.startswith(f"outputs: this disk has no file locks ({reason}), so two processes")
    assert not list(Path("outputs").rglob("*.lock"))


def test_a_disk_that_cannot_be_written_is_no_disk_without_locks(forked: Processes) -> None:
    Path("outputs").write_text("a file in the folder's place")
    code = FIRST_LOCK.format(name="ENOLCK", lock=f'locks.locked("{TASK}")')
    assert forked.python(code, Path.cwd(), TEMPLATE) == "no word"
