"""Which code of the project this process has run at import, as the files were at that moment.

Python's audit hook reports it. Knows no names and no tasks.
"""

import hashlib
import os
import secrets
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import source_from_cache
from pathlib import Path
from types import CodeType
from typing import Any

from labkart import digests, opened_files
from labkart.installed_files import is_installed

_SYSTEM = ("/dev/", "/proc/", "/sys/")
_CODE = (".py", ".ipynb", ".sh", ".so")
# How Python names the code of a module and of a notebook's cell.
_TOP_LEVEL = ("<module>", "<cell")
# How it names the file of what was typed at a prompt or in a cell.
_CELLS = ("<stdin>", "<console>", "<python-input", "<ipython-input", "ipykernel_")


@dataclass
class _ImportLog:
    """What the hook saw. The process has one, `_log`: Python has one list of modules.

    Attributes:
        tokens: by what is in no file, a text that no other process has.
        texts: the content of each file of the project that ran; None if nobody knows it.
        opened: the sha256 of files of code that were opened as data, when they were.
        read: the files, other than code, that each of them read meanwhile, and folders.
        generation: how often one of them ran.
        reloads: how often code ran that may replace other code.
    """

    tokens: dict[object, str] = field(default_factory=dict)
    texts: dict[str, bytes | None] = field(default_factory=dict)
    opened: dict[str, str] = field(default_factory=dict)
    read: dict[str, set[str]] = field(default_factory=dict)
    generation: int = 0
    reloads: int = 0


def generation() -> int:
    """How often this process ran a project's file at import.

    While it is the same, what was read of the code still holds.
    """
    return _log.generation


def reload_count() -> int:
    """How often code ran that may replace other code: a file's second run, or a notebook's cell."""
    return _log.reloads


def token(code: object) -> str:
    """A text for code that is in no file, or not as this process runs it: no other one has it."""
    return _log.tokens.setdefault(code, secrets.token_hex())


def is_loaded(file: str) -> bool:
    """Whether this process has run a file as a module, so that an edit of it changes nothing."""
    return file in _log.texts


def imported_text(file: str) -> bytes | None:
    """The content of a file as it ran; None if it may have been edited between start and import."""
    return _log.texts[file]


def used_digest(file: str) -> str | None:
    """The sha256 of a file when this process ran it, or opened it as code; None if it did not."""
    text = _log.texts.get(file)
    return _log.opened.get(file) if text is None else hashlib.sha256(text).hexdigest()


def edited_files() -> set[str]:
    """The project's files that this process ran, and that changed since."""
    return {file for file, text in list(_log.texts.items()) if text != _content(file)}


def read_at_import(file: str) -> set[str]:
    """The files, other than code, and the folders that a module's file read at import."""
    return _log.read.get(file, set())


def _content(file: str) -> bytes | None:
    with suppress(OSError), opened_files.ignored():
        return Path(file).read_bytes()
    return None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """What Python calls at each event."""
    if event == "exec":
        _on_run(arguments[0])
    elif event == "open" and str(arguments[0]).endswith(".pyc"):
        compiled = arguments[0]
        if opened_files.is_import(compiled, 1) and not is_installed(compiled) and _is_old(compiled):
            raise OSError  # then Python reads the code itself


def _on_run(code: Any) -> None:
    """Note that code runs, if it is that of a project's module or of a notebook's cell."""
    if not isinstance(code, CodeType) or not code.co_name.startswith(_TOP_LEVEL):
        return
    file = code.co_filename
    if any(cell in file for cell in _CELLS):
        _log.reloads += 1
        _log.generation += 1
    elif not is_installed(file) and os.path.isfile(file):  # noqa: PTH113 (called often)
        _log.reloads += file in _log.texts
        _log.texts[file] = _content(file)
        _log.generation += 1


def _on_open(name: str, reads: bool | None) -> None:
    """Note a file of code that is read as data, or data that is read while a module is imported."""
    if reads is False or is_installed(name) or name.startswith(_SYSTEM):
        return
    if name.endswith(_CODE) and (content := _content(name)) is not None:
        _log.opened[_absolute(name)] = hashlib.sha256(content).hexdigest()
    frame = sys._getframe() if reads else None
    while frame and not _is_module(frame.f_code):  # also of a library that the module calls
        frame = frame.f_back
    if frame and frame.f_code.co_filename in _log.texts:
        _log.read.setdefault(frame.f_code.co_filename, set()).add(_absolute(name))


def _is_module(code: CodeType) -> bool:
    """Whether code is a module's, and not that of a text that the module executes."""
    return code.co_name == "<module>" and code.co_filename != "<string>"


def _absolute(name: str) -> str:
    return os.path.normpath(Path.cwd() / name)


def _is_old(compiled: str) -> bool:
    """Whether code changed after Python compiled it.

    Python itself does not see a change within the same second that keeps the size.
    """
    try:
        source = Path(source_from_cache(compiled))
        return source.stat().st_ctime_ns >= Path(compiled).stat().st_mtime_ns
    except (OSError, ValueError):
        return False


def _process_start() -> int:
    """When this process imported its first module at the earliest, in nanoseconds since 1970."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):
        age = 0.02
    # The system counts in steps of 10 ms, and Python takes 10 ms to start.
    return time.time_ns() - round((age - 0.02) * 1e9)


def _look_at_earlier_imports() -> None:
    """Note the project's modules that ran before the hook was there, if they are as they were."""
    start = _process_start()
    for module in list(sys.modules.values()):
        # By `__dict__`: to ask some modules for an attribute makes them load others.
        known = getattr(module, "__dict__", {})
        file, compiled = known.get("__file__"), known.get("__cached__")
        if not str(file).endswith(".py") or is_installed(str(file)):
            continue
        stamp = digests.stamp(str(file))
        is_running = getattr(known.get("__spec__"), "_initializing", False)
        is_same = is_running or (stamp and max(stamp[:2]) < start)
        if compiled and _is_old(str(compiled)):
            is_same = False
            Path(str(compiled)).unlink(missing_ok=True)  # the next process reads the code anew
        _log.texts[str(file)] = _content(str(file)) if is_same else None


_log = _ImportLog()
_look_at_earlier_imports()
opened_files.listen(_on_open)
sys.addaudithook(_hook)
