"""One pipe or terminal to which a task prints, as the process sees it that keeps the task's log."""

import fcntl
import os
import termios
import time
from contextlib import suppress
from dataclasses import dataclass

_CHUNK = 1 << 20  # bytes


@dataclass
class Stream:
    """A pipe or terminal to which a task prints.

    Attributes:
        source: where it is read.
        target: where it is shown; None if nobody looks any more.
        rest: what may be the beginning of a mark.
        is_marked: whether the task that runs has ended here.
    """

    source: int
    target: int | None
    rest: bytes = b""
    is_marked: bool = False

    def read(self, mark: bytes) -> bytes | None:
        """What came, without a mark; None at the end."""
        try:
            data = os.read(self.source, _CHUNK)
        except OSError:  # how Linux says that nobody has the terminal open
            data = b""
        if not data:
            rest, self.rest = self.rest, b""
            return rest or None
        before, found, after = (self.rest + data).partition(mark)
        self.is_marked |= bool(found)
        text = before + after
        length = _begun(text, mark)
        self.rest = text[len(text) - length :]
        return text[: len(text) - length]

    def show(self, data: bytes) -> None:
        """Write it where it is shown."""
        while data and self.target is not None:
            try:
                data = data[os.write(self.target, data) :]
            except BlockingIOError:
                time.sleep(0.01)
            except OSError:  # the window or the pipe is closed
                self.target = None

    def follow_size(self) -> None:
        """Give the task's terminal the size of the real one."""
        with suppress(OSError, TypeError):
            size = fcntl.ioctl(self.target or 0, termios.TIOCGWINSZ, bytes(8))
            fcntl.ioctl(self.source, termios.TIOCSWINSZ, size)


def _begun(text: bytes, mark: bytes) -> int:
    """How many letters at the end of a text may be the beginning of a mark."""
    start = text.rfind(mark[:1], max(0, len(text) - len(mark) + 1))
    is_begun = start >= 0 and mark.startswith(text[start:])
    return len(text) - start if is_begun else 0
