"""The log of a task: what it and its processes printed, as plain text, in the folder of its record.

Without secrets, colours and what a progress bar has drawn over, and of limited size: of a longer
log the middle is left out. Knows neither processes nor terminals.
"""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import IO

from labkart.records.record import ExperimentRecord, TaskRun, task_folder
from labkart.records.values import timestamp
from labkart.secrets import redact

NAME = "log.txt"

_BEGINNING = 5_000_000  # bytes of a long log that are always kept,
_MOST = 2 * _BEGINNING - 1000  # how long it may become with what follows,
_END = _BEGINNING // 2  # and how much of that is kept then
_SLICE = 65_536  # bytes that are masked at once
_FAST = 8 * _SLICE  # more that waits is masked only when the task ends

_KEY_BEGINS, _KEY_ENDS = b"-----BEGIN ", b"-----END "

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class LogWriter:
    """Writes what a task prints into its log, a slice at a time.

    The file has whole lines and, until it is complete, the beginning of the next one.

    Args:
        folder: of the task's record; it is made when there is something to write.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._file: IO[bytes] | None = None
        self._waiting = bytearray()  # raw
        self._length = 0  # of the whole lines in the file
        self._beginning = 0  # bytes before the note; 0 as long as there is none
        self._omitted = 0  # bytes
        self.is_behind = False  # whether something came since the last call of `write`

    def add(self, data: bytes) -> None:
        """Take what was printed."""
        self._waiting += data
        self.is_behind = True
        if self._length < _BEGINNING and len(self._waiting) > _FAST:
            self._waiting = bytearray(_without_overdrawn(self._waiting))
        while self._length < _BEGINNING and len(self._waiting) > _FAST and self._write_slice():
            pass
        if len(self._waiting) > 2 * _BEGINNING:
            self._drop()

    def write(self) -> None:
        """Write what has come, unless it comes too fast."""
        self.is_behind = False
        if len(self._waiting) <= _FAST:
            while self._write_slice():
                pass
            self._write_unfinished_line()

    def close(self) -> None:
        """Write the rest."""
        if len(self._waiting) > _BEGINNING:
            self._drop()
        while self._write_slice(is_end=True):
            pass
        if self._file:
            self._file.close()

    def _write_slice(self, *, is_end: bool = False) -> bool:
        """Write the next lines, or a part of a very long one; False if there are none."""
        longest = 4 * _SLICE
        end = self._waiting.rfind(b"\n", 0, _SLICE) + 1
        end = end or self._waiting.find(b"\n", 0, longest) + 1 or longest
        begun = self._waiting.rfind(_KEY_BEGINS, 0, end)
        if begun >= 0:  # only a whole key is known as one
            last = self._waiting.find(_KEY_ENDS, begun, begun + longest)
            end = self._waiting.find(b"\n", last) + 1 if last >= 0 else begun + longest
            end = end or longest
        if not self._waiting or (len(self._waiting) < end and not is_end):
            return False
        data = bytes(self._waiting[:end])
        del self._waiting[:end]
        self._append(_plain(data))
        return True

    def _write_unfinished_line(self) -> None:
        if _KEY_BEGINS in self._waiting:
            return
        self._waiting = bytearray(_without_overdrawn(self._waiting))
        if text := _plain(bytes(self._waiting)):
            file = self._open()
            file.write(text)
            file.truncate()

    def _append(self, text: bytes) -> None:
        if text:
            file = self._open()
            file.write(text)
            file.truncate()
            self._length = file.tell()
        if self._length > _MOST:
            self._cut()

    def _open(self) -> IO[bytes]:
        """The file, at the end of its whole lines."""
        if not self._file:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.unlink(missing_ok=True)  # MLflow may still have the file of an earlier run
            self._file = self._path.open("w+b", buffering=0)
        self._file.seek(self._length)
        return self._file

    def _drop(self) -> None:
        """Leave out the oldest part of what waits, and all that was written after the beginning."""
        self._waiting = bytearray(_without_overdrawn(self._waiting))
        excess = len(self._waiting) - _BEGINNING
        if excess > 0:
            end = self._waiting.find(b"\n", excess, excess + _SLICE) + 1 or excess
            del self._waiting[:end]
            self._omitted += end
            self._keep_end(b"")

    def _cut(self) -> None:
        """Leave out a part after the beginning of the log."""
        file = self._open()
        file.seek(self._length - _END)
        self._keep_end(file.read().partition(b"\n")[2])

    def _keep_end(self, end: bytes) -> None:
        """Let a note, and then this end, follow the beginning."""
        file = self._open()
        if not self._beginning:
            file.seek(0)
            self._beginning = file.read(_BEGINNING).rfind(b"\n") + 1
        self._omitted += self._length - self._beginning - len(end)
        note = f"\n[... {self._omitted / 1e6:,.1f} MB left out ...]\n\n".encode()
        file.seek(self._beginning)
        file.write(note + end)
        file.truncate()
        self._length = file.tell()


def _plain(data: bytes) -> bytes:
    """What was printed as text: without colours and secrets, each line as it was seen last."""
    text = _without_overdrawn(data).decode("utf-8", "backslashreplace")
    text = _CONTROLS.sub("", _ESCAPES.sub("", text))
    return redact.redact_text(text).encode("utf-8", "backslashreplace")


def _without_overdrawn(data: bytes | bytearray) -> bytes | bytearray:
    """The text without what a progress bar has drawn over, after a carriage return."""
    if b"\r" not in data:
        return data
    return b"\n".join(map(_last_drawn, data.split(b"\n")))


def _last_drawn(line: bytes | bytearray) -> bytes | bytearray:
    text = line.rstrip(b"\r")
    end = b"\r" if len(text) < len(line) else b""
    return text.rpartition(b"\r")[2] + end


def find(experiment: ExperimentRecord, task_run: TaskRun) -> Path | None:
    """The log of a task of an experiment; None if it printed nothing, or has not run since."""
    path = task_folder(task_run.name, task_run.id) / NAME
    try:
        changed = path.stat().st_mtime
    except OSError:
        return None
    is_older = changed < timestamp(experiment.started)
    return None if task_run.state == "not run" and is_older else path


class LogReader:
    """Reads a log while it is written, line by line."""

    def __init__(self) -> None:
        self._position = 0

    def read(self, path: Path, *, to_end: bool = False) -> str:
        """The lines that came since the last call; at the end also one that is unfinished."""
        with suppress(FileNotFoundError), path.open("rb") as file:
            data = self._next(file)
            if not to_end:
                data = data[: data.rfind(b"\n") + 1]
            self._position += len(data)
            return data.decode("utf-8", "replace")
        return ""

    def _next(self, file: IO[bytes]) -> bytes:
        size = os.fstat(file.fileno()).st_size
        if size < self._position:  # it is that of a new run, or its middle was left out
            self._position = size if size >= _BEGINNING else 0
        file.seek(self._position)
        return file.read()
