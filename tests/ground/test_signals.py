"""The word to end that comes where Python can raise nothing: it is told once, and not lost."""

from pathlib import Path

from tests.support.tiny import start

_FINALISER = """\
import os, signal, sys
from labkart import signals

class Closing:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass

signals.install_handlers()
if sys.argv[1] == "worker":
    signals._received.leader = 0
closing = Closing()
del closing
print("goes on")
signals.raise_pending()
"""


def _ended(role: str, root: Path) -> tuple[str, str, int]:
    process = start(f"import sys; sys.argv[1:] = [{role!r}]\n{_FINALISER}", root)
    said, warned = process.communicate(timeout=300)
    return said, warned, process.returncode


def test_a_word_that_python_cannot_raise_is_said_again_to_the_one_who_leads(root: Path) -> None:
    said, warned, _ = _ended("leader", root)
    assert said == "goes on\n"
    assert "Exception ignored" not in warned and warned.endswith("KeyboardInterrupt\n")


def test_a_worker_that_is_ending_shows_no_traceback(root: Path) -> None:
    assert _ended("worker", root) == ("goes on\n", "", 0)


_LOGGING = """\
import logging, os, signal, time
from labkart import signals

class Handler(logging.Handler):
    def emit(self, record):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass
        print("logged")

signals.install_handlers()
logging.getLogger().addHandler(Handler())
try:
    logging.warning("a message")
    print("goes on")
    time.sleep(600)
except KeyboardInterrupt:
    print("stopped")
"""


def test_a_message_that_is_being_logged_is_logged_first(root: Path) -> None:
    """Cut off at the wrong place, logging keeps its lock: then the threads that a command waits for never end."""
    said, _ = start(_LOGGING, root).communicate(timeout=300)
    assert said == "logged\ngoes on\nstopped\n"
