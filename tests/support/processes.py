"""Processes that start in no time: each is forked from one that has imported the libraries, and nothing of a project."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_LIBRARIES = ("filelock", "gokart", "omegaconf", "pandas", "pyarrow.feather", "pyarrow.parquet")

_SERVER = """\
import gc, importlib, json, os, sys, traceback
gc.disable()  # imports leave no garbage
for name in sys.argv[1:]:
    importlib.import_module(name)
sys.argv[1:] = []
gc.freeze()  # else each child would copy all that it holds
gc.enable()
for line in sys.stdin:
    code, cwd, path, env, printed = json.loads(line)
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for stream, name in enumerate(printed, start=1):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        os.chdir(cwd)
        os.environ.update(env)
        sys.path[:1] = path
        status = 0
        try:
            exec(code, {"__name__": "__main__"})
        except SystemExit as end:
            status = end.code or 0
        except BaseException:
            traceback.print_exc()
            status = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass
class Processes:
    """What forks them."""

    requests: IO[str]
    answers: IO[str]
    folder: Path

    def run(
        self, code: str, cwd: Path, *path: Path, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run code in a new process that finds the modules in `cwd/src`, in `path`, and the runtime."""
        out, errors = self.folder / "out", self.folder / "errors"
        modules = list(map(str, [cwd / "src", *path]))
        request = [code, str(cwd), modules, env, [str(out), str(errors)]]
        print(json.dumps(request), file=self.requests, flush=True)
        return subprocess.CompletedProcess(
            code, int(self.answers.readline()), out.read_text(), errors.read_text()
        )

    def python(self, code: str, cwd: Path, *path: Path, **env: str) -> str:
        """What the code prints."""
        done = self.run(code, cwd, *path, **env)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@contextmanager
def processes(*libraries: str) -> Iterator[Processes]:
    """Have processes as long as the block lasts, in which these libraries are imported too."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-c", _SERVER, *_LIBRARIES, *libraries],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server,
    ):
        assert server.stdin and server.stdout
        yield Processes(server.stdin, server.stdout, Path(folder))
        server.stdin.close()
