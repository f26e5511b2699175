"""The project as it was at a commit, with a diff applied: a checkout of its own that is gone afterwards.

The student's files, index, branch and stash stay as they are. Knows no experiment.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labkart import signals
from labkart.errors import LabkartError


def has_commit(root: Path, commit: str) -> bool:
    """Whether the repository around `root` still has a commit."""
    return _git(root, "cat-file", "-e", commit + "^{commit}").returncode == 0


@contextmanager
def checked_out(root: Path, commit: str, diff: str = "") -> Iterator[Path]:
    """Where the project of `root` lies in a checkout, in a temporary folder whose other contents go with it.

    Raises:
        LabkartError: the repository does not have the commit, or the diff does not fit it.
    """
    if not has_commit(root, commit):
        raise LabkartError(
            f"Commit {commit[:10]} is not in this repository. Fetch it, or ask who ran it to push it."
        )
    top, inside = (_said(root, "rev-parse", f"--show-{each}") for each in ("toplevel", "prefix"))
    folder = Path(tempfile.mkdtemp(prefix="labkart-")).resolve()
    there = folder.joinpath(
        *Path(top).parts[1:]
    )  # so that what lies beside the project has a place beside it
    try:
        with signals.deferred():  # one that is made by half cannot be removed
            made = _git(root, "worktree", "add", "--quiet", "--detach", str(there), commit)
        if made.returncode:
            raise LabkartError(f"git cannot check out {commit[:10]}: {_last_line(made)}")
        _apply(there, diff)
        yield there / inside
    finally:
        with signals.deferred():
            removed = _git(root, "worktree", "remove", "--force", "--force", str(there))
            shutil.rmtree(folder, ignore_errors=True)
            if (
                removed.returncode
            ):  # for without need it would forget one of theirs whose disk is not mounted now
                _git(root, "worktree", "prune")


def _apply(there: Path, diff: str) -> None:
    if not diff:
        return
    done = _git(
        there, "apply", "--whitespace=nowarn", "-", stdin=diff.encode(errors="surrogateescape")
    )
    if done.returncode:
        masked = " Secrets in it were masked." if "***" in diff else ""
        raise LabkartError(
            f"The recorded uncommitted changes do not fit the commit: {_last_line(done)}.{masked}"
        )


def _git(folder: Path, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """What git says, without hooks; Ctrl-C in the terminal does not reach it."""
    clean = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    command = ["git", "-C", str(folder), "-c", "core.hooksPath=/dev/null", *words]
    try:
        return subprocess.run(
            command, input=stdin, capture_output=True, env=clean, start_new_session=True
        )
    except FileNotFoundError:
        raise LabkartError(
            "git is not installed, and it has the code of the run. Install it."
        ) from None


_ELSEWHERE = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")  # as git sets them for a hook


def _said(folder: Path, *words: str) -> str:
    return os.fsdecode(_git(folder, *words).stdout).rstrip("\n")


def _last_line(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return (
        lines[0].removeprefix("fatal: ").removeprefix("error: ").rstrip(".")
        if lines
        else "it does not say why"
    )
