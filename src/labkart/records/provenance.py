"""Where a result comes from: the code's state in git, the installed packages, the machine.

Also the environment variables that code and settings read, as far as their text names them:
`os.environ["SCALE"]`, `os.getenv("SCALE")`, `${oc.env:SCALE}`. Knows no task, runs no code of the
project, and writes no file.
"""

import getpass
import os
import platform
import re
import shutil
import socket
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from labkart import git, signals, threads
from labkart.files import read_text
from labkart.packages import requirements
from labkart.secrets import redact
from labkart.secrets.names import MASK, Names

# Larger new files, one or all together, are data or an environment and not code: they stay out of
# the diff.
_MAX_NEW_FILE, _MAX_NEW_FILES = 1_000_000, 5_000_000  # bytes

_VARIABLE_IN_CODE = re.compile(
    r"""(?:\benviron(?:\.(?:get|pop|setdefault))?\s*[\[(]|\bgetenv\s*\()\s*["'](\w+)["']"""
)
_VARIABLE_IN_SETTINGS = re.compile(r"\$\{\s*oc\.env\s*:\s*(\w+)")
_LONGEST_VALUE = 200  # characters of a variable

# The state of a repository, and its uncommitted changes as a diff.
CodeState = tuple[dict[str, Any], str]


def code_state(root: Path) -> CodeState:
    """The state of the repository around `root`, and its uncommitted changes.

    Returns:
        First `commit`, `branch`, `remote` and `dirty`, each None if unknown, and `left_out`, the
        new files that are too large for the diff; then the diff, in the form that `git apply`
        takes. Without git or a repository the diff is empty.
    """
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
    """The machine: Python, system, processor, memory in GiB, graphics cards, host and user."""
    return {
        "python": platform.python_version(),
        "os": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": threads.per_library(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        **_gpu(),
        **_cuda_packages(),
        "host": socket.gethostname(),
        "user": user(),
    }


def packages() -> str:
    """The text of `packages.txt`, from which the environment can be installed again.

    One PEP 508 line per installed package but the project, sorted by normalised name:

        name==version                                  from a registry
        name @ git+https://host/repository@<commit>    from git; `#subdirectory=...` may follow
        name @ https://host/name-1.0.whl               from an archive
        name @ file:///folder                          from a local folder, also an editable one
    """
    return "".join(f"{line}\n" for line in requirements())


def variable_names(root: Path) -> list[str]:
    """The environment variables that the files in `src/` and `conf/` read."""
    code = map(read_text, (root / "src").rglob("*.py"))
    settings = map(read_text, (root / "conf").rglob("*.yaml"))
    names = {name for text in code for name in _VARIABLE_IN_CODE.findall(text)}
    names |= {name for text in settings for name in _VARIABLE_IN_SETTINGS.findall(text)}
    return sorted(names)


def variable_values(names: Iterable[str], environment: Mapping[str, str]) -> dict[str, str | None]:
    """The values of variables: None for one that is not set, `***` for what may be a secret."""
    return {name: _variable_value(name, environment.get(name)) for name in names}


def _variable_value(name: str, value: str | None) -> str | None:
    if not value:
        return value
    if Names.current().are_secret_variable(name, value):
        return MASK
    return redact.redact_text(value)[:_LONGEST_VALUE]


def _diff(root: Path, base: str) -> tuple[str | None, list[str]]:
    """What a commit of everything would change, and the new files that are left out of it."""
    index = git.output(root, "rev-parse", "--path-format=absolute", "--git-path", "index")
    if index is None:
        return None, []
    with signals.temporary_folder() as folder:
        scratch = {"GIT_INDEX_FILE": f"{folder}/index"}  # the student's stays as it is
        if Path(index).exists():
            # With its time, by which git knows which files it must read again.
            shutil.copy2(index, scratch["GIT_INDEX_FILE"])
        small, large = _new_files(root)
        if small:
            from_stdin = ("--pathspec-from-file=-", "--pathspec-file-nul")
            add = ("--literal-pathspecs", "add", "--intent-to-add", *from_stdin)
            git.run(root, *add, env=scratch, stdin="\0".join(small))
        # Without the student's settings, so that `git apply` takes it.
        plain = ("--no-color", "--no-ext-diff", "--no-textconv", "-U3")
        prefixes = ("--src-prefix=a/", "--dst-prefix=b/")
        # Runs make the tables and figures in reports/, and do not depend on them.
        diff = ("diff", "--binary", *plain, *prefixes, base, "--", ":(exclude)reports")
        result = git.run(root, *diff, env=scratch)
        return result.output if result.ok else None, large


def _new_files(root: Path) -> tuple[list[str], list[str]]:
    """The files that git neither knows nor ignores: those small enough to be code, and the rest."""
    small, large = list[str](), list[str]()
    total = 0
    names = git.paths(root, "ls-files", "--others", "--exclude-standard", "-z")
    for name in filter(_may_be_code, names):
        size = (root / name).lstat().st_size
        if size <= _MAX_NEW_FILE and total + size <= _MAX_NEW_FILES:
            small.append(name)
            total += size
        else:
            large.append(name)
    return small, large


def _may_be_code(name: str) -> bool:
    is_repository = name.endswith("/")
    # uv writes its lock in the first run, and packages.txt has the same packages.
    return name != "uv.lock" and not is_repository and not name.startswith("reports/")


def _cpu() -> str:
    model = re.search(r"^model name\s*:(.*)", read_text(Path("/proc/cpuinfo")), re.MULTILINE)
    return model[1].strip() if model else platform.processor() or platform.machine()


@cache
def _gpu() -> dict[str, str]:
    """The graphics cards and their driver; empty without NVIDIA's program."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        process = subprocess.run(query, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return {}
    cards = [line.rpartition(", ") for line in process.stdout.splitlines()]
    if not cards:
        return {}
    return {"gpu": "; ".join(card for card, _, _ in cards), "gpu_driver": cards[0][2]}


def _cuda_packages() -> dict[str, str]:
    """The versions of CUDA and cuDNN among the packages, if there is a graphics card.

    What a task used is in its record; PyTorch brings its own.
    """
    names = {"cuda": "nvidia-cuda-runtime", "cudnn": "nvidia-cudnn"}
    lines = requirements() if _gpu() else []
    versions = dict[str, str]()
    for library, name in names.items():
        for line in lines:
            if match := re.match(rf"{name}(?:-cu\d+)?==(.+)", line):
                versions[library] = match[1]
    return versions


def user() -> str:
    """The name of the user, or the number if there is no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # as in some containers
        return str(os.getuid())
