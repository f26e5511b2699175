"""`labkart` commands that start in no time: each is forked from a process that has imported all of it, and MLflow."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from tests.support.bake import Project

_WARM = Path(__file__).with_name("warm.py")
_SERVER = """\
import json, os, runpy, signal, sys, traceback
before = dict(os.environ)
import matplotlib.backends.backend_agg, matplotlib.pyplot, sklearn.datasets, sklearn.ensemble
runpy.run_path(sys.argv[1])
from labkart.cli.main import main
set_by_imports = {name: text for name, text in os.environ.items() if before.get(name) != text}

def run(folder, root, words, variables):
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.setsid()
    # As in a terminal: these tests may run under `nohup` or in the background.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(root)
    os.environ.clear()
    os.environ.update({**set_by_imports, **variables})
    sys.path.insert(0, f"{root}/src")
    status = 70
    try:
        status = main(words)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)

def write(path, text):
    with open(f"{path}.new", "w") as file:
        file.write(text)
    os.rename(f"{path}.new", path)

for line in sys.stdin:
    request = json.loads(line)
    if not os.fork():
        child = os.fork()
        if not child:
            run(*request)
        write(f"{request[0]}/pid", str(child))
        write(f"{request[0]}/status", str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
        os._exit(0)
"""


@dataclass
class Command:
    """One that was started; it leads a process group of its own."""

    folder: Path

    @property
    def pid(self) -> int:
        return int(_text(self.folder / "pid"))

    @property
    def printed(self) -> str:
        """What it has printed so far."""
        return _text(self.folder / "stdout")

    @property
    def has_ended(self) -> bool:
        return (self.folder / "status").exists()

    @property
    def errors(self) -> str:
        """What it has said so far, on the stream for that."""
        return _text(self.folder / "stderr")

    def wait(self) -> subprocess.CompletedProcess[str]:
        status = int(_text(self.folder / "status", 200))
        out, err = (
            (self.folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr")
        )
        return subprocess.CompletedProcess([], status, out, err)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """As a power cut does: the one who leads and all that it has started, at once."""
        os.killpg(self.pid, signal.SIGKILL)


def _text(file: Path, seconds: float = 60) -> str:
    end = time.monotonic() + seconds
    while not file.exists():
        assert time.monotonic() < end, f"{file.name} of a command never came"
        time.sleep(0.005)
    return file.read_text(encoding="utf-8")


@dataclass
class Commands:
    """What starts them."""

    requests: IO[str]
    folder: Path
    count: int = 0

    def start(self, project: Project, *words: str, **variables: str) -> Command:
        self.count += 1
        (folder := self.folder / str(self.count)).mkdir()
        request = [str(folder), str(project.root), words, project.variables(**variables)]
        print(json.dumps(request), file=self.requests, flush=True)
        return Command(folder)

    def run(
        self, project: Project, *words: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return self.start(project, *words, **variables).wait()

    def labkart(self, project: Project, *words: str, **variables: str) -> str:
        """What a command that succeeds prints."""
        done = self.run(project, *words, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def commands(project: Project) -> Iterator[Commands]:
    """Have them as long as the block lasts, with the runtime of a baked project, which is that of all of them."""
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen(
            project.command("python", "-c", _SERVER, str(_WARM)),
            cwd=folder,
            env=project.variables(),
            stdin=subprocess.PIPE,
            text=True,
        ) as server,
    ):
        assert server.stdin
        yield Commands(server.stdin, Path(folder))
        server.stdin.close()
