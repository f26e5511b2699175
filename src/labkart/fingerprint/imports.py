"""What this process does with files, as Python's audit hook tells: which code it ran, and what a task's run reads."""

import marshal
import os
import re
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import source_from_cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any
from urllib.parse import unquote

from labkart.digests import Stamp, stamp
from labkart.errors import LabkartError

# Code that is installed: its version counts, not its text. The runtime itself is as good as that.
_PLACES = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
_PLACES.add(str(Path(__file__).parents[1]))
_INSTALLED = tuple(place + os.sep for place in _PLACES)
_SYSTEM = ("/dev/", "/proc/", "/sys/")
# What the code of a module or a notebook's cell is called, and the file of what was typed at a prompt or in a cell.
_TOP = ("<module>", "<cell")
_CELLS = ("<stdin>", "<console>", "<python-input", "<ipython-input", "ipykernel_")
# What is between the names of files in a command.
_BETWEEN = re.compile(r"[\s=<>;|&'\"()]+")
_WRITES = os.O_WRONLY | os.O_CREAT | os.O_TRUNC

_ran: dict[str, Stamp] = {}
_read: dict[str, set[str]] = {}
_count = _loads = 0
_listener: Callable[[str, bool | None], None] | None = None
_thread = threading.local()


def is_installed(file: str) -> bool:
    """Whether a file belongs to Python or to an installed package."""
    return file.startswith(_INSTALLED) or "/site-packages/" in file or "/dist-packages/" in file


def generation() -> int:
    """How often code of a project's file was run at import; what was said of code before holds while it is the same."""
    return _count


def reload_count() -> int:
    """How often code was run that may replace other code: of a file once more, or of a cell in a notebook."""
    return _loads


def as_imported(file: str, module: str, now: Stamp | None = None) -> bool:
    """Whether a module's file still is what this process imported, or will import; `now` is its stamp where known.

    Raises:
        LabkartError: Python took what it had compiled of earlier code.
    """
    if file in _STALE:
        raise LabkartError(
            f"{file} was edited while Python compiled it, and Python took the version before. Run it again."
        )
    now = now or stamp(file)
    if file in _ran:
        return now is not None and now == _ran[file]
    # Imported before the hook was there: unchanged since the process began is the least that must hold.
    return module not in sys.modules or (now is not None and max(now[:2]) < _BEGAN)


def imported_modules() -> list[str]:
    """The names of the project's modules that this process has imported."""
    known, expected = {*_EARLY.values(), *_ran}, _expected()
    if not _loads and set(expected.values()) == known:  # all of them, and none under a second name
        return list(expected)
    modules = list(sys.modules.items())
    plain = [
        name
        for name, module in modules
        if type(module) is ModuleType and module.__dict__.get("__file__") in known
    ]
    return plain + [
        name
        for name, module in modules
        if type(module) is not ModuleType and _file(module) in known
    ]


def _expected() -> dict[str, str]:
    """The files of the project's imported modules by name, as far as the names are those that the places give."""
    found = dict(_EARLY)
    for file in _ran:
        for folder in [
            f"{folder}{os.sep}" for folder in sys.path if file.startswith(f"{folder}{os.sep}")
        ]:
            found[
                file[len(folder) :]
                .removesuffix(".py")
                .removesuffix("/__init__")
                .replace(os.sep, ".")
            ] = file
    return {name: file for name, file in found.items() if _file(sys.modules.get(name)) == file}


def read_at_import(file: str) -> set[str]:
    """The files, other than code, that a module's own file opened to read while it was imported."""
    return _read.get(file, set())


@contextmanager
def watch_file_access(listener: Callable[[str, bool | None], None]) -> Iterator[None]:
    """Tell `listener` of each file that is opened in the block, and whether it is read (perhaps: None)."""
    global _listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before


@contextmanager
def ignore_file_access() -> Iterator[None]:
    """What this thread opens in the block is Labkart's own affair; other threads are listened to."""
    before, _thread.unheard = vars(_thread).get("unheard", False), True
    try:
        yield
    finally:
        _thread.unheard = before


def report_open(path: Any, reads: bool | None = True) -> None:
    """Tell whoever listens that a file is opened, for readers that Python's hook does not see; perhaps, if `None`."""
    listener = _listener
    if not isinstance(path, str | bytes | os.PathLike) or vars(_thread).get("unheard"):
        return
    if listener:
        with ignore_file_access():
            listener(os.fsdecode(path), reads)
    elif reads and not _is_code(name := os.fsdecode(path)):
        _note(name)


def _note(name: str) -> None:
    """Note a file that is read while one of the project's modules is imported, by itself or through a library."""
    frame = sys._getframe()
    while frame and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    if frame and frame.f_code.co_filename in _ran:
        _read.setdefault(frame.f_code.co_filename, set()).add(os.path.normpath(Path.cwd() / name))


def _is_code(path: str) -> bool:
    return path.endswith((".py", ".pyc")) or path.startswith(_SYSTEM) or is_installed(path)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    global _count, _loads
    if event == "open":
        path, mode, flags = arguments
        if (
            isinstance(path, str)
            and path.endswith(".pyc")
            and not is_installed(path)
            and _is_older(path)
        ):
            raise OSError  # then Python reads the code itself
        report_open(path, reads="r" in mode if mode else not flags & _WRITES)
    elif event == "exec":
        code = arguments[0]
        runs = (
            isinstance(code, CodeType)
            and code.co_name.startswith(_TOP)
            and not is_installed(code.co_filename)
        )
        if runs and (
            now := stamp(Path(code.co_filename))
        ):  # of a text that is executed there is no file
            _loads += code.co_filename in _ran or code.co_filename in _EARLY.values()
            _ran[code.co_filename] = now
            _count += 1
        elif runs and any(each in code.co_filename for each in _CELLS):
            _loads += 1
            _count += 1
    elif event == "sqlite3.connect":
        _opened_database(arguments[0])
    elif event == "os.rename" and _listener:
        report_open(arguments[1], reads=False)
    elif event in ("subprocess.Popen", "os.system") and _listener:
        _started(*arguments[1:3] if len(arguments) > 2 else arguments)


def _started(command: Any, folder: Any = None) -> None:
    """Another program may read, or write, what it is told the names of."""
    for word in [command] if isinstance(command, str | bytes | os.PathLike) else command:
        text = os.fsdecode(word)
        for part in {text, *_BETWEEN.split(text)}:
            if (
                part
                and (path := os.path.join(os.fsdecode(folder or os.getcwd()), part))
                and os.path.exists(path)
            ):  # noqa: PTH109, PTH110, PTH118
                report_open(path, reads=None)


def _is_older(compiled: str) -> bool:
    """Whether code changed after Python compiled it; by itself Python sees no change of the same second and size."""
    try:
        return (
            Path(source_from_cache(compiled)).stat().st_ctime_ns
            >= Path(compiled).stat().st_mtime_ns
        )
    except (OSError, ValueError):
        return False


def _stale() -> set[str]:
    """The files that were imported before the hook was there, and not as they are now; Python will read them anew."""
    found = set()
    for module in list(sys.modules.values()):
        file, compiled = getattr(module, "__file__", None), getattr(module, "__cached__", None)
        if file and compiled and not is_installed(file) and _is_older(compiled):
            with suppress(OSError, ValueError, SyntaxError, EOFError, TypeError):
                before, now = (
                    marshal.loads(Path(compiled).read_bytes()[16:]),
                    Path(file).read_bytes(),
                )
                if before != compile(now, before.co_filename, "exec", dont_inherit=True):
                    found.add(file)
                    Path(compiled).unlink()
    return found


def _note_what_is_being_imported() -> None:
    """Modules whose import led to this one: their files were read a moment ago."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if (
            file
            and not is_installed(file)
            and getattr(getattr(module, "__spec__", None), "_initializing", False)
        ):
            if now := stamp(Path(file)):
                _ran[file] = now


def _opened_database(name: Any) -> None:
    """A database is read and written; one that is not there yet is only written."""
    if isinstance(name, str) and name.startswith("file:"):
        name = unquote(name.removeprefix("file:").partition("?")[0])
    if isinstance(name, str | bytes | os.PathLike) and Path(os.fsdecode(name)).exists():
        report_open(name)
    report_open(name, reads=False)


def _file(module: object) -> Any:
    # By `__dict__`, for asking some modules for an attribute makes them load others; and some are no modules.
    try:
        return object.__getattribute__(module, "__dict__").get("__file__")
    except AttributeError:
        return None


def _imported_before() -> dict[str, str]:
    """The project's modules that were imported before the hook was there, with their files."""
    files = {name: _file(module) for name, module in list(sys.modules.items())}
    return {
        name: file
        for name, file in files.items()
        if str(file).endswith(".py") and not is_installed(str(file))
    }


def _began() -> int:
    """When this process imported its first module at the earliest, in nanoseconds since 1970; else, now."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):
        age = 0.02
    return time.time_ns() - round(
        (age - 0.02) * 1e9
    )  # the system counts in 10 ms, and Python takes 10 to start


_BEGAN = _began()
_EARLY = _imported_before()
_STALE = _stale()
_note_what_is_being_imported()
sys.addaudithook(_hook)
