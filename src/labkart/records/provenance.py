"""Where a result came from: the state of the code in git, the installed packages, the machine. Knows no task."""

import getpass
import os
import platform
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from labkart import git, threads
from labkart.packages import installed_packages

# New files that are larger, one or all together, are data or an environment and not code: they stay out of the diff.
_MAX_NEW_FILE, _MAX_NEW_FILES = 1_000_000, 5_000_000  # bytes


@contextmanager
def cached_code_state() -> Iterator[None]:
    """Look at the repository only once in the block: all that runs there runs the code of its beginning."""
    _held.append({})
    try:
        yield
    finally:
        _held.pop()


_held: list[dict[Path, tuple[dict[str, Any], str]]] = []


def code_state(root: Path) -> tuple[dict[str, Any], str]:
    """The state of the repository around `root`, and the uncommitted difference from its last commit.

    Returns:
        `commit`, `branch`, `remote` and `dirty`, each None where there is none, and `left_out`, the new files that are
        too large for the diff; and the diff, as `git apply` takes it. Without git or a repository the diff is empty.
    """
    if not _held:
        return _code(root)
    if root not in _held[-1]:
        _held[-1][root] = _code(root)
    return _held[-1][root]


def _code(root: Path) -> tuple[dict[str, Any], str]:
    commit = git.output(root, "rev-parse", "--verify", "--quiet", "HEAD")
    base = commit or git.output(root, "hash-object", "-t", "tree", "/dev/null") or ""
    diff, left_out = _diff(root, base)
    remote = git.output(root, "config", "--get", "remote.origin.url")
    state = {
        "commit": commit,
        "branch": git.output(root, "symbolic-ref", "--short", "--quiet", "HEAD"),
        "remote": remote and git.without_credentials(remote),
        "dirty": None if diff is None else bool(diff or left_out),
        "left_out": left_out,
    }
    return state, diff or ""


def environment() -> dict[str, Any]:
    """Python, system, processor, threads, memory in GiB, graphics cards, host and user, as far as it is known."""
    return {
        "python": platform.python_version(),
        "os": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": threads.now(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        **_gpu(),
        "host": socket.gethostname(),
        "user": user(),
    }


def packages() -> str:
    """All installed packages as `name==version`, one a line, in the order of their names."""
    return "".join(
        f"{name}=={version}\n" for name, version in sorted(installed_packages().versions.items())
    )


def uv_lock(root: Path) -> str:
    """What uv wrote down of all packages, with their digests; empty where the project is not uv's."""
    try:
        return (root / "uv.lock").read_text(encoding="utf-8")
    except OSError:
        return ""


def _diff(root: Path, base: str) -> tuple[str | None, list[str]]:
    """What a commit of everything would change, and the new files that are left out of it.

    Made with a copy of the index, so that the student's stays as it is.
    """
    index = git.output(root, "rev-parse", "--path-format=absolute", "--git-path", "index")
    if index is None:
        return None, []
    with tempfile.TemporaryDirectory() as folder:
        scratch = {"GIT_INDEX_FILE": f"{folder}/index"}
        if Path(index).exists():
            shutil.copy2(
                index, scratch["GIT_INDEX_FILE"]
            )  # with its time, by which git knows what to read again
        small, large = _new_files(root)
        if small:
            from_stdin = ("--pathspec-from-file=-", "--pathspec-file-nul")
            add = ("--literal-pathspecs", "add", "--intent-to-add", *from_stdin)
            git.run(root, *add, env=scratch, stdin="\0".join(small))
        # Nothing of the student's own settings, so that `git apply` takes it.
        plain = (
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            "-U3",
        )
        # Tables and figures come of runs, and change none.
        words = ("diff", "--binary", *plain, base, "--", ":(exclude)reports")
        result = git.run(root, *words, env=scratch)
        return result.output if result.ok else None, large


def _new_files(root: Path) -> tuple[list[str], list[str]]:
    """The files that git neither knows nor ignores: those small enough to be code, and the others."""
    names = git.paths(root, "ls-files", "--others", "--exclude-standard", "-z")
    small, large, total = [], [], 0
    for name in names:
        # A folder here is another repository; uv writes its lock at the first run, and packages.txt says the same.
        if not name.endswith("/") and name != "uv.lock" and not name.startswith("reports/"):
            size = (root / name).lstat().st_size
            fits = size <= _MAX_NEW_FILE and total + size <= _MAX_NEW_FILES
            total += size if fits else 0
            (small if fits else large).append(name)
    return small, large


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(
            line.partition(":")[2].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


@cache
def _gpu() -> dict[str, str]:
    """The graphics cards and their driver, where NVIDIA's own program tells them."""
    words = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        lines = subprocess.run(
            words, capture_output=True, text=True, check=True, timeout=10
        ).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return {}
    cards = [line.rpartition(", ") for line in lines]
    return (
        {"gpu": "; ".join(card for card, _, _ in cards), "gpu_driver": cards[0][2]} if cards else {}
    )


def user() -> str:
    """Who is logged in."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        return str(os.getuid())
