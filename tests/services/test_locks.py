"""The locks and marks of a killed process are free."""

from pathlib import Path

import pytest

from labkart.records import locks
from tests.support.tiny import python, soon, start

pytestmark = pytest.mark.usefixtures("root")

TASK = f"Train_{'0123456789abcdef' * 2}"

HOLD = f"""\
import time
from pathlib import Path
from labkart.records import locks
with locks.locked("{TASK}"), locks.mark_running("e1"):
    Path("held").touch()
    time.sleep(600)
"""


def test_while_a_process_lives_its_lock_and_mark_hold_and_once_it_is_killed_they_are_free() -> None:
    process = start(HOLD, Path.cwd())
    soon(Path("held").exists)
    assert list(locks.abandoned_experiments()) == []
    waiting = start(
        f"from labkart.records import locks\nwith locks.locked('{TASK}'): pass", Path.cwd()
    )
    soon(
        lambda: (
            waiting.stderr and f"process {process.pid} is computing it" in waiting.stderr.readline()
        )
    )
    process.kill()
    process.communicate()
    assert waiting.wait(300) == 0
    waiting.communicate()
    assert (
        python(
            "from labkart.records import locks; print(list(locks.abandoned_experiments()))",
            Path.cwd(),
        )
        == "['e1']"
    )
    assert not list(Path("outputs/cache/locks").iterdir()) and not list(
        Path("outputs/running").iterdir()
    )
