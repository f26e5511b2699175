"""Runs git in a folder. Knows no project and no record, and never asks a person for a password.

* `git.output(folder, "rev-parse", "HEAD")`: what git prints; None if git fails or is not installed.
* `git.paths(folder, "ls-files", "-z")`: the paths that git prints with `-z`; none if it fails.
* `git.run(folder, "apply", "-", stdin=diff)`: a result with exit code, output and errors; raises
  LabkartError if git is not installed.

All of them work in the repository around `folder`, also inside a git hook, run no hooks of the
repository, and keep bytes that are not UTF-8 as surrogates. Git's own options come first among the
arguments: `git.paths(folder, "--literal-pathspecs", "ls-files", "-z")`.
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labkart import trace
from labkart.errors import LabkartError
from labkart.language import mistake, translate

# Git sets these for a hook, and they would lead to another repository.
_HOOK_VARIABLES = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX")


@dataclass(frozen=True)
class GitResult:
    """What one git command returned."""

    code: int  # the exit code; 0 means success
    output: str  # unchanged
    errors: str

    @property
    def ok(self) -> bool:
        """Whether git succeeded."""
        return self.code == 0

    @property
    def reason(self) -> str:
        """Why git failed, in one line without a full stop."""
        lines = self.errors.strip().splitlines() or [translate("it gives no reason")]
        return lines[0].removeprefix("fatal: ").removeprefix("error: ").rstrip(".")


def run(
    folder: Path,
    *arguments: str,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    uninterrupted: bool = False,
) -> GitResult:
    """Run a git command in a folder, with these environment variables added.

    If it must not be interrupted, Ctrl-C in the terminal does not reach it.

    Raises:
        LabkartError: git is not installed.
    """
    variables = {name: text for name, text in os.environ.items() if name not in _HOOK_VARIABLES}
    variables |= {"GIT_TERMINAL_PROMPT": "0", **(env or {})}
    command = ["git", "-C", str(folder), "-c", "core.hooksPath=/dev/null", *arguments]
    try:
        with trace.untraced():  # see `state_files`
            process = subprocess.run(
                command,
                input=stdin.encode(errors="surrogateescape"),
                capture_output=True,
                check=False,
                env=variables,
                start_new_session=uninterrupted,
            )
    except OSError:
        raise mistake("git is not installed. Install it and try again.") from None
    # Decoded here: subprocess would change the ends of lines.
    texts = [text.decode(errors="surrogateescape") for text in (process.stdout, process.stderr)]
    return GitResult(process.returncode, *texts)


def output(
    folder: Path, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None
) -> str | None:
    """What git prints, without the newline at its end; None if git fails or is not installed."""
    try:
        result = run(folder, *arguments, stdin=stdin, env=env)
    except LabkartError:
        return None
    return result.output.rstrip("\n") if result.ok else None


def paths(folder: Path, *arguments: str, stdin: str = "") -> list[str]:
    """The paths that a command with `-z` prints; an empty list if git fails or is not installed."""
    text = output(folder, *arguments, stdin=stdin) or ""
    return [path for path in text.split("\0") if path]


def state_files(folder: Path) -> list[Path]:
    """The files of the repository around a folder that change with its commit and its index."""
    names = ["HEAD", "index", "logs/HEAD", "packed-refs"]
    if branch := output(folder, "symbolic-ref", "--quiet", "HEAD"):
        names.append(branch)
    arguments = [argument for name in names for argument in ("--git-path", name)]
    text = output(folder, "rev-parse", "--path-format=absolute", *arguments) or ""
    return [Path(path) for path in text.splitlines()]


def without_credentials(address: str) -> str:
    """A repository's or file's address without the user name and password in it.

    The user name of an ssh address stays: it is part of the address and no secret.
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    host, slash, path = rest.partition("/")
    credentials, _, host = host.rpartition("@")
    user = f"{credentials}@" if scheme.endswith("ssh") and credentials else ""
    if ":" in user:
        user = f"{user.partition(':')[0]}@"
    return f"{scheme}://{user}{host}{slash}{path}"
