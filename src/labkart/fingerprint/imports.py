"""What this process does with files: the code it ran, what that read, what a task's run opens.

Python's audit hook reports it. Knows no task, and never decides whether a file matters.
"""

import marshal
import os
import re
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import source_from_cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any
from urllib.parse import unquote

from labkart.digests import Stamp, stamp
from labkart.errors import LabkartError

# Takes the path of a file that is opened, and whether it is read: None is "perhaps".
Listener = Callable[[str, bool | None], None]

# Where code is installed: its version counts, not its text. The library itself is such code too.
_FOLDERS = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
_FOLDERS.add(str(Path(__file__).parents[1]))
_INSTALLED = tuple(folder + os.sep for folder in _FOLDERS)
_SYSTEM = ("/dev/", "/proc/", "/sys/")
# How Python names the code of a module and of a notebook's cell.
_TOP_LEVEL = ("<module>", "<cell")
# How it names the file of what was typed at a prompt or in a cell.
_CELLS = ("<stdin>", "<console>", "<python-input", "<ipython-input", "ipykernel_")
# What separates the names of files in a command.
_SEPARATORS = re.compile(r"[\s=<>;|&'\"()]+")
_WRITES = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def is_installed(file: str) -> bool:
    """Whether a file belongs to Python or to an installed package."""
    return file.startswith(_INSTALLED) or "/site-packages/" in file or "/dist-packages/" in file


def generation() -> int:
    """How often this process ran a project's file at import.

    While it is the same, what was read of the code still holds.
    """
    return _log.generation


def reload_count() -> int:
    """How often code ran that may replace other code: a file's second run, or a notebook's cell."""
    return _log.reloads


def as_imported(file: str, module: str, now: Stamp | None = None) -> bool:
    """Whether a module's file still is what this process imported, or will import.

    Args:
        file: the module's file.
        module: its name.
        now: the file's stamp, if it is known.

    Raises:
        LabkartError: Python took what it had compiled of earlier code.
    """
    if file in _log.stale:
        raise LabkartError(
            f"{file} was edited while Python compiled it, and Python took the version before."
            " Run it again."
        )
    now = now or stamp(file)
    if file in _log.executed:
        return now is not None and now == _log.executed[file]
    # Imported before the hook was there: unchanged since the process began is the least to ask.
    return module not in sys.modules or (now is not None and max(now[:2]) < _log.began)


def imported_modules() -> list[str]:
    """The names of the project's modules that this process has imported."""
    files, expected = {*_log.early.values(), *_log.executed}, _expected_modules()
    if not _log.reloads and set(expected.values()) == files:  # none has a second name
        return list(expected)
    # What is not a plain module comes last.
    modules = [pair for pair in list(sys.modules.items()) if _file(pair[1]) in files]
    modules.sort(key=lambda pair: type(pair[1]) is not ModuleType)
    return [name for name, _ in modules]


def _expected_modules() -> dict[str, str]:
    """The files of the imported modules by name, if the file's path gives its module's name."""
    expected = dict(_log.early)
    for file in _log.executed:
        for folder in [f"{folder}{os.sep}" for folder in sys.path]:
            if file.startswith(folder):
                name = file[len(folder) :].removesuffix(".py").removesuffix("/__init__")
                expected[name.replace(os.sep, ".")] = file
    return {name: file for name, file in expected.items() if _file(sys.modules.get(name)) == file}


def read_at_import(file: str) -> set[str]:
    """The files, other than code, that a module's file opened to read while it was imported."""
    return _log.read.get(file, set())


@contextmanager
def watch_file_access(listener: Listener) -> Iterator[None]:
    """Call `listener` for each file that is opened in the block; an outer one hears nothing."""
    previous, _log.listener = _log.listener, listener
    try:
        yield
    finally:
        _log.listener = previous


@contextmanager
def ignore_file_access() -> Iterator[None]:
    """Do not report what this thread opens in the block: it is Labkart's own affair."""
    thread = _log.thread
    previous, thread.ignored = vars(thread).get("ignored", False), True
    try:
        yield
    finally:
        thread.ignored = previous


def report_open(path: Any, reads: bool | None = True) -> None:
    """Report that a file is opened, for readers that Python's hook does not see.

    Args:
        path: the file; anything else is ignored.
        reads: whether it is read; None if perhaps.
    """
    listener = _log.listener
    if not isinstance(path, str | bytes | os.PathLike) or vars(_log.thread).get("ignored"):
        return
    name = os.fsdecode(path)
    if listener:
        with ignore_file_access():
            listener(name, reads)
    elif reads and not _is_code(name):
        _log.add_read(name)


def _is_code(path: str) -> bool:
    return path.endswith((".py", ".pyc")) or path.startswith(_SYSTEM) or is_installed(path)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """What Python calls at each event."""
    if event == "open":
        _on_open(*arguments)
    elif event == "exec":
        _log.add_executed(arguments[0])
    elif event == "sqlite3.connect":
        _on_database(arguments[0])
    elif event == "os.rename" and _log.listener:
        report_open(arguments[1], reads=False)
    elif event == "subprocess.Popen" and _log.listener:
        _on_command(*arguments[1:3])
    elif event == "os.system" and _log.listener:
        _on_command(*arguments)


def _on_open(path: Any, mode: str | None, flags: int) -> None:
    compiled = isinstance(path, str) and path.endswith(".pyc") and not is_installed(path)
    if compiled and _is_older(path):
        raise OSError  # then Python reads the code itself
    report_open(path, reads="r" in mode if mode else not flags & _WRITES)


def _on_database(name: Any) -> None:
    """A database is read and written; one that does not exist yet is only written."""
    if isinstance(name, str) and name.startswith("file:"):
        name = unquote(name.removeprefix("file:").partition("?")[0])
    if isinstance(name, str | bytes | os.PathLike) and Path(os.fsdecode(name)).exists():
        report_open(name)
    report_open(name, reads=False)


def _on_command(command: Any, folder: Any = None) -> None:
    """Another program may read, or write, the files that its arguments name."""
    directory = os.fsdecode(folder or Path.cwd())
    for word in [command] if isinstance(command, str | bytes | os.PathLike) else command:
        text = os.fsdecode(word)
        for part in {text, *_SEPARATORS.split(text)} - {""}:
            path = os.path.join(directory, part)  # noqa: PTH118 (any text)
            if os.path.exists(path):  # noqa: PTH110 (any text)
                report_open(path, reads=None)


def _is_older(compiled: str) -> bool:
    """Whether code changed after Python compiled it.

    Python itself does not see a change within the same second that keeps the size.
    """
    try:
        source = Path(source_from_cache(compiled))
        return source.stat().st_ctime_ns >= Path(compiled).stat().st_mtime_ns
    except (OSError, ValueError):
        return False


def _file(module: object) -> Any:
    # By `__dict__`: to ask some modules for an attribute makes them load others, and some objects
    # in `sys.modules` are not modules.
    try:
        return object.__getattribute__(module, "__dict__").get("__file__")
    except AttributeError:
        return None


def _process_start() -> int:
    """When this process imported its first module at the earliest, in nanoseconds since 1970."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):
        age = 0.02
    # The system counts in steps of 10 ms, and Python takes 10 ms to start.
    return time.time_ns() - round((age - 0.02) * 1e9)


def _early_modules() -> dict[str, str]:
    """The project's modules that were imported before the hook was there, with their files."""
    files = {name: _file(module) for name, module in list(sys.modules.items())}
    return {
        name: file
        for name, file in files.items()
        if str(file).endswith(".py") and not is_installed(str(file))
    }


def _stale_files() -> set[str]:
    """The files that were imported before the hook was there, and differ from what was imported.

    What Python compiled of them is removed, so that the next process reads them anew.
    """
    stale = set()
    for module in list(sys.modules.values()):
        file, compiled = getattr(module, "__file__", None), getattr(module, "__cached__", None)
        if file and compiled and not is_installed(file) and _is_older(compiled):
            with suppress(OSError, ValueError, SyntaxError, EOFError, TypeError):
                imported = marshal.loads(Path(compiled).read_bytes()[16:])
                text = Path(file).read_bytes()
                if imported != compile(text, imported.co_filename, "exec", dont_inherit=True):
                    stale.add(file)
                    Path(compiled).unlink()
    return stale


def _files_being_imported() -> dict[str, Stamp]:
    """The files of the modules whose import led to this one: they were read a moment ago."""
    files = {}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        initializing = getattr(getattr(module, "__spec__", None), "_initializing", False)
        if file and initializing and not is_installed(file) and (now := stamp(Path(file))):
            files[file] = now
    return files


@dataclass
class _ImportLog:
    """What the hook saw. The process has one, `_log`: Python has one list of modules, and one hook.

    Attributes:
        began: when the process imported its first module at the earliest.
        early: the project's modules that were imported before the hook was there, with their files.
        stale: files of which Python had compiled an earlier text.
        executed: the files of the project that ran at import, with their stamps of that moment.
        read: what each of them read meanwhile.
        generation: how often one of them ran.
        reloads: how often code ran that may replace other code.
        listener: who is told of the files that are opened.
        thread: whether this thread's files are ignored.
    """

    began: int = field(default_factory=_process_start)
    early: dict[str, str] = field(default_factory=_early_modules)
    stale: set[str] = field(default_factory=_stale_files)
    executed: dict[str, Stamp] = field(default_factory=_files_being_imported)
    read: dict[str, set[str]] = field(default_factory=dict)
    generation: int = 0
    reloads: int = 0
    listener: Listener | None = None
    thread: threading.local = field(default_factory=threading.local)

    def add_read(self, name: str) -> None:
        """Note a file that is read while a module is imported, also by a library that it calls."""
        frame = sys._getframe()
        while frame and frame.f_code.co_name != "<module>":
            frame = frame.f_back
        if frame and frame.f_code.co_filename in self.executed:
            path = os.path.normpath(Path.cwd() / name)
            self.read.setdefault(frame.f_code.co_filename, set()).add(path)

    def add_executed(self, code: Any) -> None:
        """Note that code runs, if it is that of a project's module or of a notebook's cell."""
        if not isinstance(code, CodeType) or not code.co_name.startswith(_TOP_LEVEL):
            return
        file = code.co_filename
        if is_installed(file):
            return
        if now := stamp(Path(file)):  # text that is executed has no file
            self.reloads += file in self.executed or file in self.early.values()
            self.executed[file] = now
            self.generation += 1
        elif any(cell in file for cell in _CELLS):
            self.reloads += 1
            self.generation += 1


_log = _ImportLog()
sys.addaudithook(_hook)
