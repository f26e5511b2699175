"""`labkart check shared-disk`: whether two hosts that share the outputs see each other's locks.

A mount may grant a lock and tell no other host. On one host nothing shows it, so the check runs on
two at once: each holds a lock of its own, tries the other's, and writes down what it saw.
"""

import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import Timeout

from labkart import console, project
from labkart.errors import LabkartError
from labkart.files import encode_json, read_json, write_atomically
from labkart.language import translate
from labkart.records.file_lock import file_lock

NAME = "shared-disk"
_PAUSE = 0.2  # seconds between two looks
_PATIENCE = 120.0  # seconds for the other host to answer
_OLD = 3600.0  # seconds after which a file is of an earlier check


def check(patience: float = 0, host: str = "") -> int:
    """Check the disk of the outputs together with another host, and print the result.

    Args:
        patience: the seconds to wait for the other host; 0 for two minutes.
        host: the name of this one; empty for the machine's own.

    Returns:
        The exit code: 0 if each of the two hosts sees the locks of the other.

    Raises:
        LabkartError: the disk has no locks at all, or nothing can be written there.
    """
    current = project.current()
    patience = patience or _PATIENCE
    folder = current.outputs / NAME
    waiting = translate(
        "waiting {seconds:.0f} s for the same command on another host", seconds=patience
    )
    with console.busy(waiting):
        try:
            key, hosts = _Side(folder, host or socket.gethostname(), patience).compare()
        except OSError as error:
            why = error.strerror or error
            raise LabkartError(f"{current.short(folder)}: {why}.") from None
    result = _sentence(key, current.short(current.outputs), patience, **hosts)
    console.say(result) if key == "sees" else console.warn(result)
    return 0 if key == "sees" else 1


def _sentence(key: str, folder: str, seconds: float, host: str = "", other: str = "") -> str:
    """What came out, by its key from `_Side.compare`."""
    remedy = translate(
        "Ask for a mount whose locks hold on all hosts (Lustre: -o flock, not -o localflock; NFS:"
        " without nolock and local_lock), or let LABKART_OUTPUTS name a folder on another disk."
        " Until then, use one host at a time."
    )
    command = console.command(f"check {NAME}")
    values = {"folder": folder, "host": host, "other": other, "remedy": remedy}
    sentences = {
        "sees": translate("{host} and {other} see each other's locks in {folder}.", **values),
        "blind": translate(
            "{host} does not see the locks of {other} in {folder}: both would compute the same"
            " task. {remedy}",
            **values,
        ),
        "same": translate(
            "Both commands ran on {host}, which says nothing about others: start one elsewhere.",
            **values,
        ),
        "nobody": translate(
            "No other host answered in {folder} within {seconds:.0f} s. Start the command on two"
            " hosts at once; with SLURM: srun --nodes=2 --ntasks-per-node=1 {command}. If both"
            " wait, they do not share this folder.",
            folder=folder,
            seconds=seconds,
            command=command,
        ),
    }
    return sentences[key]


class _Side:
    """One of two checks that run at once.

    Its file names the checks whose locks it has tried. An answer is a file that names this check,
    so one that was left by a killed check is none.
    """

    def __init__(self, folder: Path, host: str, patience: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            with suppress(FileNotFoundError):  # the other check has just renamed it
                if time.time() - path.stat().st_mtime > _OLD:
                    path.unlink()
        self._folder, self._host, self._patience = folder, host, patience
        self._name = f"{host}.{uuid.uuid4().hex[:8]}"
        self._lock = file_lock(self._path(self._name, "lock"))
        self._sees: dict[str, bool] = {}

    def compare(self) -> tuple[str, dict[str, str]]:
        """What came out, as a key of its sentence, and the hosts that it is about."""
        with self._lock:
            self._write(holds=True)
            other = self._wait_for_answer()
            self._write(holds=False)
        if not other:
            return "nobody", {}
        name, answer = other
        hosts = {"host": self._host, "other": answer["host"]}
        if not answer["sees"][self._name]:
            return "blind", {"host": answer["host"], "other": self._host}
        if not self._sees[name]:
            return "blind", hosts
        return ("same" if answer["host"] == self._host else "sees"), hosts

    def _wait_for_answer(self) -> tuple[str, dict[str, Any]] | None:
        """The first check that names this one, and its file; None if there is none in time."""
        end = time.monotonic() + self._patience
        while time.monotonic() < end:
            for name, answer in self._others():
                self._try_lock(name)
                if name in self._sees and self._name in answer["sees"]:
                    return name, answer
            time.sleep(_PAUSE)
        return None

    def _try_lock(self, name: str) -> None:
        """Note whether the lock of another check is held, as far as this host can see."""
        if name in self._sees:
            return
        is_free = self._is_free(name)
        # It may have been given back since: then its file says so.
        if (self._read(name) or {}).get("holds"):
            self._sees[name] = not is_free
            self._write(holds=True)

    def _others(self) -> Iterator[tuple[str, dict[str, Any]]]:
        # A shared disk may remember an old list; a change of the folder makes a new one.
        with suppress(OSError):
            self._folder.chmod(self._folder.stat().st_mode)
        for path in self._folder.glob("*.json"):
            answer = self._read(path.stem)
            if path.stem != self._name and answer:
                yield path.stem, answer

    def _is_free(self, name: str) -> bool:
        try:
            with file_lock(self._path(name, "lock"), timeout=0):
                return True
        except Timeout:
            return False

    def _write(self, *, holds: bool) -> None:
        content = {"host": self._host, "holds": holds, "sees": self._sees}
        write_atomically(self._path(self._name, "json"), encode_json(content))

    def _read(self, name: str) -> dict[str, Any] | None:
        return read_json(self._path(name, "json"))

    def _path(self, name: str, kind: str) -> Path:
        return self._folder / f"{name}.{kind}"
