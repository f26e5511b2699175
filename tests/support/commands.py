"""`labkart` commands that start in no time: each is forked from a process that has imported all of it, and MLflow."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from filelock import FileLock

from tests.support.bake import UV, Project, clean_environment

_WARM, _WARM_UV = (Path(__file__).with_name(name) for name in ("warm.py", "warm_uv.py"))
_SERVER = """\
import gc, json, os, runpy, signal, sys, traceback
gc.disable()  # imports leave no garbage
before = dict(os.environ)
import matplotlib.backends.backend_agg, matplotlib.pyplot, sklearn.datasets, sklearn.ensemble
runpy.run_path(sys.argv[1])
from labkart.cli.main import main
set_by_imports = {name: text for name, text in os.environ.items() if before.get(name) != text}

def do(program, words):
    if program == "labkart":
        return main(words)
    if program == "python -c":
        sys.argv = ["-c", *words[1:]]
        exec(words[0], sys.modules["__main__"].__dict__)
    else:
        sys.argv = [program, *words]
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    return 0

def run(folder, cwd, program, words, variables):
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT), number)
    typed = f"{folder}/stdin"
    os.dup2(os.open(typed if os.path.exists(typed) else os.devnull, os.O_RDONLY), 0)
    os.setsid()
    # As in a terminal: these tests may run under `nohup` or in the background.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update({**set_by_imports, **variables})
    sys.path[:0] = map(os.path.abspath, filter(None, variables.get("PYTHONPATH", "").split(":")))
    status = 70
    try:
        status = do(program, words)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)

def write(path, text):
    with open(f"{path}.new", "w") as file:
        file.write(text)
    os.rename(f"{path}.new", path)

# As long as somebody has it open to write there.
for line in open("requests"):
    folder = line.strip()
    if not os.fork():
        with open(f"{folder}/request") as file:
            request = json.load(file)
        child = os.fork()
        if not child:
            run(folder, *request)
        write(f"{folder}/pid", str(child))
        write(f"{folder}/status", str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
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
        status = int(_text(self.folder / "status"))
        out, err = (
            (self.folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr")
        )
        return subprocess.CompletedProcess([], status, out, err)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """As a power cut does: the one who leads and all that it has started, at once."""
        os.killpg(self.pid, signal.SIGKILL)


def _text(file: Path, seconds: float = 300) -> str:
    end = time.monotonic() + seconds
    while not file.exists():
        assert time.monotonic() < end, f"{file.name} of a command never came"
        time.sleep(0.005)
    return file.read_text(encoding="utf-8")


@dataclass
class Commands:
    """What starts them, for one of the processes that run tests."""

    requests: IO[str]
    folder: Path
    count: int = 0

    def start(self, project: Project, *words: str, **variables: str) -> Command:
        return self._start(project.root, "labkart", words, project.variables(**variables))

    def run(
        self, project: Project, *words: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return self.start(project, *words, **variables).wait()

    def execute(
        self, project: Project, program: str, *words: str, typed: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program, which is `labkart`, `python -c` or a module, to its end; it reads what is typed."""
        variables = project.variables(**variables)
        return self._start(project.root, program, words, variables, typed).wait()

    def _start(
        self,
        cwd: Path,
        program: str,
        words: Sequence[str],
        variables: dict[str, str],
        typed: str = "",
    ) -> Command:
        self.count += 1
        (folder := self.folder / f"{os.getpid()}-{self.count}").mkdir()
        if typed:
            (folder / "stdin").write_text(typed, encoding="utf-8")
        request = [str(cwd), program, words, variables]
        (folder / "request").write_text(json.dumps(request), encoding="utf-8")
        print(folder, file=self.requests, flush=True)
        return Command(folder)

    def labkart(self, project: Project, *words: str, **variables: str) -> str:
        """What a command that succeeds prints."""
        done = self.run(project, *words, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def code(
        self, code: str, cwd: Path, *path: Path, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run code in a new process that finds the modules in `cwd/src`, in `path`, and the runtime."""
        modules = os.pathsep.join(map(str, [cwd / "src", *path]))
        variables = clean_environment(PYTHONPATH=modules, **variables)
        return self._start(cwd, "python -c", [code], variables).wait()

    def uv(self) -> Path:
        """A program that stands for uv: `uv run labkart` and `uv run pytest` start in no time there."""
        program = self.folder / f"bin-{os.getpid()}" / "uv"
        program.parent.mkdir(exist_ok=True)
        words = [sys.executable, "-IS", _WARM_UV, self.folder, shutil.which(UV) or UV]
        program.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n')
        program.chmod(0o755)
        return program


@contextmanager
def commands(project: Project, folder: Path) -> Iterator[Commands]:
    """Have them as long as the block lasts, with the runtime of a baked project, which is that of all of them.

    All who name the same folder share the process that forks them: the first one starts it, and it
    ends when nobody has it any more.
    """
    server = None
    lock = FileLock(folder / "lock")
    with lock:
        try:
            # Fails if nobody reads.
            requests = os.open(folder / "requests", os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            if not (folder / "requests").exists():
                os.mkfifo(folder / "requests")
            server = _start_server(project, folder)
            requests = os.open(folder / "requests", os.O_WRONLY)
        os.set_blocking(requests, True)
    with os.fdopen(requests, "w") as stream:
        yield Commands(stream, folder)
        with lock:
            stream.close()
            if server:
                with suppress(subprocess.TimeoutExpired):
                    server.wait(1)
    if server:
        server.wait()


def _start_server(project: Project, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        project.command("python", "-c", _SERVER, str(_WARM)),
        cwd=folder,
        env=project.variables(),
        stdin=subprocess.DEVNULL,
    )
