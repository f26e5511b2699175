"""A process of its own that writes records to MLflow while tasks run, which never wait for it.

It reads the records, and which of them MLflow lacks: nobody tells it of experiments. What it does
with them: see `follower`.
"""

import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from labkart import console
from labkart.language import translate, translate_count
from labkart.records.record import ExperimentRecord
from labkart.tracking import links, store
from labkart.wording import join_names

# Seconds for the import of MLflow, which cannot be away.
_START_PATIENCE = 120.0
# Seconds for which a command then waits for a server, which may be slow or away; and for the
# project's own file, in case another process holds it.
_PATIENCE, _OWN_LIMIT = 4.0, 60.0
_READY = "ready"


class Publisher:
    """Writes to MLflow in another process.

    That process is forked on Linux: then it has most imports already. Whoever forks it must not
    hold marks of experiments yet: they would last as long as that process.
    """

    def __init__(self) -> None:
        self._process: BaseProcess | None = None

    def start(self) -> None:
        """Begin to import MLflow, and to publish what changes."""
        if not self._process:
            method = "fork" if sys.platform == "linux" else "spawn"
            context: Any = multiprocessing.get_context(method)
            self._pipe, other_end = context.Pipe()
            process = context.Process(target=_follow, args=(other_end, os.getpid()), daemon=True)
            process.start()
            other_end.close()
            self._process = process

    def close(self) -> bool:
        """Wait, within reason, until MLflow has everything, and say so if it has not.

        Returns:
            Whether it has everything.
        """
        try:
            return self._complete()
        finally:
            if self._process:
                self._process.kill()
                self._process.join()

    def _complete(self) -> bool:
        reason, records = "", links.missing()
        if records:
            self.start()
            with console.busy(translate("writing to MLflow: {counts}", counts=_count(records))):
                reason = self._wait() or store.describe_error()
            records = links.missing()
        if records:
            console.warn(
                translate(
                    "  Not in MLflow yet ({reason}): {counts}."
                    " The records have it all; {command} publishes it.",
                    reason=reason,
                    counts=_count(records),
                    command=console.command("sync"),
                )
            )
        return not records

    def _wait(self) -> str:
        """Why the other process could not write something; empty if it did not say."""
        patience = _START_PATIENCE
        try:
            self._pipe.send(None)
            while self._pipe.poll(patience):
                answer = str(self._pipe.recv())
                if answer != _READY:
                    return answer
                patience = _OWN_LIMIT if store.is_own() else _PATIENCE
        except (EOFError, OSError):
            return translate("the process that writes to it has died")
        return ""


def _count(records: Sequence[links.HasRun]) -> str:
    """Such as "2 experiments and 1 search"."""
    experiments = sum(isinstance(record, ExperimentRecord) for record in records)
    searches = len(records) - experiments
    counts = list[str]()
    if experiments:
        counts.append(translate_count("{count} experiment", "{count} experiments", experiments))
    if searches:
        counts.append(translate_count("{count} search", "{count} searches", searches))
    return join_names(counts)


def _follow(pipe: Connection, leader: int) -> None:
    """What the other process does, until it is told to close or its leader dies."""
    # Signals are for the whole group of processes; the leader says when to end.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 (a device)
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    gc.disable()
    from labkart.tracking.follower import INTERVAL, Follower

    follower = Follower(lambda: pipe.poll(0))
    gc.freeze()
    gc.enable()
    while os.getppid() == leader and not pipe.poll(INTERVAL):
        follower.look()
    if os.getppid() != leader:
        follower.close_abandoned()
        return
    pipe.send(_READY)
    follower.finish()
    pipe.send(follower.why)
