"""The word to end that comes where Python can raise nothing: it is told once, and not lost."""

import subprocess
import sys

from .conftest import RUNTIME

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


def _ended(role: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", _FINALISER, role]
    return subprocess.run(words, env={"PYTHONPATH": str(RUNTIME.parent)}, capture_output=True, text=True, timeout=60)


def test_a_word_that_python_cannot_raise_is_said_again_to_the_one_who_leads() -> None:
    done = _ended("leader")
    assert done.stdout == "goes on\n"
    assert "Exception ignored" not in done.stderr and done.stderr.endswith("KeyboardInterrupt\n")


def test_a_worker_that_is_ending_shows_no_traceback() -> None:
    done = _ended("worker")
    assert (done.stdout, done.stderr, done.returncode) == ("goes on\n", "", 0)
