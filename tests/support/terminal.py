"""A terminal with a person at it: a command runs there as in a window, questions are read and answered."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.bake import clean_environment

# Makes the terminal the command's own, so that Ctrl-C reaches it.
_LOGIN = "import os, sys; os.login_tty(0); os.execvp(sys.argv[1], sys.argv[1:])"


NOTHING = "nothing within a second"


@dataclass
class Terminal:
    """What is on it, and who is running."""

    descriptor: int
    process: subprocess.Popen[bytes]
    written: bytes = b""
    answered: int = 0  # how much of the text is behind us

    @property
    def text(self) -> str:
        """All that was shown, without colours."""
        return re.sub(r"\x1b\[[\d;]*m", "", self.written.decode(errors="replace")).replace(
            "\r\n", "\n"
        )

    def wait_for(self, words: str, seconds: float = 300) -> None:
        """Until something new ends in the words: the next answer goes there."""
        end = time.monotonic() + seconds
        while not self.text[self.answered :].endswith(words):
            assert time.monotonic() < end and self._read(), f"never asked {words!r}:\n{self.text}"

    def answer(self, question: str, line: str) -> None:
        self.wait_for(question)
        self.answered = len(self.text)
        os.write(self.descriptor, f"{line}\n".encode())

    def interrupt(self) -> int:
        """Ctrl-C, and the exit code. Python can miss the first one, in the instant before it reads; a person presses again."""
        os.write(self.descriptor, b"\x03")
        return self.end(again=b"\x03")

    def end(self, seconds: float = 300, again: bytes = b"") -> int:
        """The exit code, once all is read; `again` is pressed while nothing happens."""
        end = time.monotonic() + seconds
        while more := self._read():
            assert time.monotonic() < end, f"it does not end:\n{self.text}"
            if more == NOTHING and again:
                with suppress(OSError):  # it has just ended
                    os.write(self.descriptor, again)
        return self.process.wait(timeout=60)

    def _read(self) -> str:
        """What came within a second; an empty text at the end."""
        if not select.select([self.descriptor], [], [], 1)[0]:
            return NOTHING
        try:
            more = os.read(self.descriptor, 65536)
        except OSError:  # how Linux says that the other side is closed
            return ""
        self.written += more
        return more.decode(errors="replace")


@contextmanager
def terminal(folder: Path, *words: str | Path, **variables: str) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    environment = clean_environment(TERM="xterm", COLUMNS="120", **variables)
    process = subprocess.Popen(
        [sys.executable, "-c", _LOGIN, *map(str, words)], cwd=folder, env=environment, stdin=theirs
    )
    os.close(theirs)
    try:
        yield Terminal(ours, process)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
