"""A real SLURM of one's own: munge, a controller and three virtual nodes on this machine, as this user, on loopback only.

Everything it writes is in a temporary folder, everything it starts ends with it. A command can be run in it as well:
`python tests/slurm.py sinfo`, or `python tests/slurm.py bash` to look around.
"""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

NODES = ("node1", "node2", "node3")
_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol")
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])  # where daemons are

_CONF = """\
ClusterName=labkart
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# A job that is put back into the queue may start again as soon as its old credential has ended.
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdPidFile={folder}/%n.pid
SlurmdLogFile={folder}/%n.log
SlurmdSpoolDir={folder}/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=100
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
SlurmdTimeout=60
MessageTimeout=20
TCPTimeout=10
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=60
PartitionName=short Nodes=node3 MaxTime=1
"""


class Unavailable(Exception):
    """There can be no SLURM here, for the reason that it says."""


@dataclass
class Slurm:
    """A running cluster.

    Attributes:
        conf: what the variable `SLURM_CONF` must say for SLURM's commands to find it.
    """

    folder: Path
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def conf(self) -> Path:
        return self.folder / "slurm.conf"

    def ask(self, *words: str) -> str:
        """What one of SLURM's commands prints."""
        done = subprocess.run(
            words, env=self._variables(), capture_output=True, text=True, timeout=120
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def kill(self, node: str) -> None:
        """Let a node die with all that runs on it, and SLURM know it at once; by itself it takes half a minute."""
        self.daemons[node].kill()
        self.daemons[node].wait()
        for process in self._running_on(node):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.ask("scontrol", "update", f"nodename={node}", "state=down", "reason=dead")

    def revive(self, node: str) -> None:
        """Start a node that died, and wait until jobs may run on it."""
        self._begin(node)
        self.ask("scontrol", "update", f"nodename={node}", "state=resume")
        self._wait_for(node)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Let the controller answer nobody for a while."""
        self.daemons["slurmctld"].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.daemons["slurmctld"].send_signal(signal.SIGCONT)

    def start(self) -> None:
        """Start everything, and wait until jobs may run on every node."""
        folder = self.folder
        munge = [f"--{what}-file={folder}/munge.{what}" for what in ("key", "pid", "log", "seed")]
        self._start(
            "munge", "munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *munge
        )
        self._until((folder / "munge.socket").exists, "munge")
        self._start("slurmctld", "slurmctld", "-D")
        self._until(lambda: "UP" in self.ask("scontrol", "ping"), "slurmctld")
        for node in NODES:
            self._begin(node)
        for node in NODES:
            self._wait_for(node)

    def _begin(self, node: str) -> None:
        self._start(node, "slurmd", "-D", "-N", node, SLURMD_NODENAME=node)

    def _wait_for(self, node: str) -> None:
        self._until(lambda: "idle" in self.ask("sinfo", "-h", "-n", node, "-o", "%t").split(), node)

    def _start(self, name: str, *words: str, **variables: str) -> None:
        log = (self.folder / f"{name}.out").open("ab")
        end_with_us = ["setpriv", "--pdeathsig", "TERM"]  # even where the tests are killed
        with log:
            self.daemons[name] = subprocess.Popen(
                [*end_with_us, *words],
                env=self._variables(**variables),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _until(self, holds: Callable[[], bool], name: str) -> None:
        end = time.monotonic() + 120
        while True:
            with suppress(RuntimeError, OSError):
                if holds():
                    return
            if self.daemons[name].poll() is not None or time.monotonic() > end:
                raise Unavailable(f"{name} did not start: {self._last_words(name)}")
            time.sleep(0.05)

    def _last_words(self, name: str) -> str:
        logs = (self.folder / f"{name}.log", self.folder / f"{name}.out")
        lines = [
            line
            for log in logs
            if log.exists()
            for line in log.read_text().splitlines()
            if line.strip()
        ]
        return lines[-1] if lines else "it said nothing"

    def _variables(self, **variables: str) -> dict[str, str]:
        return {**os.environ, "PATH": _PATH, "SLURM_CONF": str(self.conf), **variables}

    def _running_on(self, node: str = "") -> Iterator[int]:
        """The processes of this cluster's jobs: they know its configuration, and the name of their node."""
        ours, there = f"SLURM_CONF={self.conf}".encode(), f"SLURMD_NODENAME={node}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                variables = (process / "environ").read_bytes().split(b"\0")
                if ours in variables and any(
                    each == there if node else each.startswith(there) for each in variables
                ):
                    yield int(process.name)

    def stop(self) -> None:
        """End what was started, and only that."""
        for daemon in reversed(self.daemons.values()):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        for process in self._running_on():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


@contextmanager
def slurm() -> Iterator[Slurm]:
    """Have a cluster as long as the block lasts.

    Raises:
        Unavailable: something it needs is missing or does not start.
    """
    missing = [name for name in _PROGRAMS if not shutil.which(name, path=_PATH)]
    if missing:
        raise Unavailable(f"no {', '.join(missing)}: apt-get install slurm-wlm")
    with tempfile.TemporaryDirectory(prefix="slurm-") as name, ExitStack() as stack:
        cluster = Slurm(Path(name))
        stack.callback(cluster.stop)
        _configure(cluster.folder)
        cluster.start()
        yield cluster


def _configure(folder: Path) -> None:
    folder.chmod(0o755)
    (folder / "state").mkdir()
    key = folder / "munge.key"
    key.touch(0o600)
    key.write_bytes(secrets.token_bytes(128))
    controller, *ports = _free_ports(1 + len(NODES))
    nodes = "\n".join(
        f"NodeName={node} NodeHostname={socket.gethostname().partition('.')[0]} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=8000"
        for node, port in zip(NODES, ports, strict=True)
    )
    for node in NODES:
        (folder / node).mkdir()
    host = socket.gethostname().partition(".")[0]
    text = _CONF.format(
        host=host, user=getpass.getuser(), folder=folder, controller=controller, nodes=nodes
    )
    (folder / "slurm.conf").write_text(text)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        doors = [stack.enter_context(socket.socket()) for _ in range(count)]
        for door in doors:
            door.bind(("127.0.0.1", 0))
        return [door.getsockname()[1] for door in doors]


def main(words: list[str]) -> int:
    """Run a command in a cluster; without one, a shell."""
    try:
        with slurm() as cluster:
            return subprocess.call(words or ["bash"], env=cluster._variables())
    except Unavailable as why:
        print(why, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
