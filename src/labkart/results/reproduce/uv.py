"""Runs uv so that it does not touch the student's own environment. Knows no record."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from labkart import signals
from labkart.language import translate
from labkart.secrets import redact

_CHATTER = re.compile(r"Using |Resolved |Updating |warning: |hint: ")

# They would lead uv to the student's environment, or past the recorded lock.
_IGNORED_VARIABLES = {"CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH", "UV_EXACT", "UV_FROZEN"}
_IGNORED_VARIABLES |= {"UV_ISOLATED", "UV_LOCKED", "UV_NO_SYNC", "UV_PROJECT"}
_IGNORED_VARIABLES |= {"UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "VIRTUAL_ENV"}


def describe_absence() -> str:
    """What is to be done if there is no uv."""
    return translate(
        "uv is not installed, and it installs the recorded packages. Run: pip install uv"
    )


def program() -> str | None:
    """The uv that started this command, or else the one on the path."""
    return os.environ.get("UV") or shutil.which("uv")


def run(
    *arguments: str, cwd: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run uv with these environment variables added; it ends with this process at the latest."""
    kept = {name: value for name, value in os.environ.items() if name not in _IGNORED_VARIABLES}
    command = [program() or "uv", "--no-progress", "--color", "never", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        with signals.child_process(command, cwd=cwd, env=kept | variables, **pipes) as process:
            output, errors = process.communicate()
    except OSError as error:
        return subprocess.CompletedProcess(command, 1, "", f"{command[0]}: {error.strerror}")
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def error(done: subprocess.CompletedProcess[str]) -> str:
    """The error of uv in one line."""
    lines = [
        re.sub(r"^[^\w`'\"]*(?:error: |cause: )?", "", line).strip()
        for line in done.stderr.splitlines()
    ]
    errors = " ".join(line for line in lines if line and not _CHATTER.match(line))
    return redact.redact_text(errors)[:400] or translate("uv gives no reason")
