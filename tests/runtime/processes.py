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

from .conftest import RUNTIME

_SERVER = """\
import json, os, sys, traceback
import filelock, gokart, pandas, pyarrow.feather, pyarrow.parquet
for line in sys.stdin:
    code, cwd, path, env, printed = json.loads(line)
    child = os.fork()
    if not child:
        file = os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.chdir(cwd)
        os.environ.update(env)
        sys.path[:1] = path
        status = 0
        try:
            exec(code, {"__name__": "__main__"})
        except BaseException:
            traceback.print_exc()
            status = 1
        sys.stdout.flush()
        os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass
class Processes:
    """What forks them."""

    requests: IO[str]
    answers: IO[str]
    folder: Path

    def python(self, code: str, cwd: Path, *path: Path, **env: str) -> str:
        """What code prints in a new process that finds the modules in `cwd/src`, in `path`, and the runtime."""
        printed = self.folder / "printed"
        modules = list(map(str, [cwd / "src", *path, RUNTIME.parent]))
        print(json.dumps([code, str(cwd), modules, env, str(printed)]), file=self.requests, flush=True)
        status = self.answers.readline()
        assert status == "0\n", printed.read_text()
        return printed.read_text().strip()


@contextmanager
def processes() -> Iterator[Processes]:
    """Have processes as long as the block lasts."""
    env = {name: value for name, value in os.environ.items() if name not in ("CI", "PYTHONDONTWRITEBYTECODE")}
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-c", _SERVER], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as server,
    ):
        assert server.stdin and server.stdout
        yield Processes(server.stdin, server.stdout, Path(folder))
        server.stdin.close()
