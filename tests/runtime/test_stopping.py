"""The word to end that comes where Python can raise nothing: it is told once, and not lost."""

from pathlib import Path

from .conftest import start

_FINALISER = """\
import os, signal, sys
from labkart import stopping

class Closing:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass

stopping.listen()
if sys.argv[1] == "worker":
    stopping._came[0] = 0
closing = Closing()
del closing
print("goes on")
stopping.look()
"""


def _ended(role: str, root: Path) -> tuple[str, str, int]:
    process = start(f"import sys; sys.argv[1:] = [{role!r}]\n{_FINALISER}", root)
    said, warned = process.communicate(timeout=60)
    return said, warned, process.returncode


def test_a_word_that_python_cannot_raise_is_said_again_to_the_one_who_leads(root: Path) -> None:
    said, warned, _ = _ended("leader", root)
    assert said == "goes on\n"
    assert "Exception ignored" not in warned and warned.endswith("KeyboardInterrupt\n")


def test_a_worker_that_is_ending_shows_no_traceback(root: Path) -> None:
    assert _ended("worker", root) == ("goes on\n", "", 0)
