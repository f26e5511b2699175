"""Which files this process opens and which folders it lists, as Python's audit hook reports it.

Knows no task, and never decides whether a file matters.
"""

import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

# Takes the path of a file that is opened or a folder that is listed, and whether it is read: None
# is "perhaps".
Listener = Callable[[str, bool | None], None]

# What shows lines of code in warnings and tracebacks.
_QUOTING = ("/linecache.py", "/tokenize.py")
# What lists the folders of `sys.path`.
_LOOKS_FOR_PACKAGES = re.compile(r"<frozen importlib|.*/importlib/metadata/")
# What separates the names of files in a command.
_SEPARATORS = re.compile(r"[\s=<>;|&'\"()]+")
_WRITES = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


@dataclass
class _Listeners:
    """Who is told. The process has one, `_listeners`: Python has one hook.

    Attributes:
        always: these are told of every file.
        current: it is told while its block runs.
        thread: whether this thread's files are ignored.
    """

    always: list[Listener] = field(default_factory=list)
    current: Listener | None = None
    thread: threading.local = field(default_factory=threading.local)


def listen(listener: Listener) -> None:
    """Call `listener` for each file that is opened from now on."""
    _listeners.always.append(listener)


@contextmanager
def watched(listener: Listener) -> Iterator[None]:
    """Call `listener` for each file that is opened in the block; an outer one hears nothing."""
    previous, _listeners.current = _listeners.current, listener
    try:
        yield
    finally:
        _listeners.current = previous


@contextmanager
def ignored() -> Iterator[None]:
    """Do not report what this thread opens in the block: it is Labkart's own affair."""
    thread = _listeners.thread
    previous, thread.ignored = vars(thread).get("ignored", False), True
    try:
        yield
    finally:
        thread.ignored = previous


def is_import(path: Any, depth: int) -> bool:
    """Whether Python opens a file to import it; `depth` is the number of the opener's frame."""
    is_code = isinstance(path, str) and path.endswith((".py", ".pyc"))
    opener = sys._getframe(depth + 1).f_code.co_filename if is_code else ""
    return opener.startswith("<frozen importlib")


def _report(path: Any, reads: bool | None = True) -> None:
    if not isinstance(path, str | bytes | os.PathLike) or vars(_listeners.thread).get("ignored"):
        return
    for listener in (*_listeners.always, _listeners.current):
        if listener:
            with ignored():
                listener(os.fsdecode(path), reads)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """What Python calls at each event."""
    if event == "open":
        _on_open(*arguments)
    elif event in ("os.listdir", "os.scandir"):
        if not _LOOKS_FOR_PACKAGES.match(sys._getframe(1).f_code.co_filename):
            _report(arguments[0] or os.curdir)
    elif event == "sqlite3.connect":
        _on_database(arguments[0])
    elif event == "os.rename":
        _report(arguments[1], reads=False)
    elif event == "subprocess.Popen" and _listeners.current:
        _on_command(*arguments[1:3])
    elif event == "os.system" and _listeners.current:
        _on_command(*arguments)


def _on_open(path: Any, mode: str | None, flags: int) -> None:
    try:
        opener = sys._getframe(2).f_code.co_filename
    except ValueError:  # Python itself shows the traceback with which it ends
        return
    if not (opener.endswith(_QUOTING) or is_import(path, 2)):
        _report(path, reads="r" in mode if mode else not flags & _WRITES)


def _on_database(name: Any) -> None:
    """A database is read and written; one that does not exist yet is only written."""
    if isinstance(name, str) and name.startswith("file:"):
        name = unquote(name.removeprefix("file:").partition("?")[0])
    if isinstance(name, str | bytes | os.PathLike) and Path(os.fsdecode(name)).exists():
        _report(name)
    _report(name, reads=False)


def _on_command(command: Any, folder: Any = None) -> None:
    """Another program may read, or write, the files that its arguments name."""
    directory = os.fsdecode(folder or Path.cwd())
    for word in [command] if isinstance(command, str | bytes | os.PathLike) else command:
        text = os.fsdecode(word)
        for part in {text, *_SEPARATORS.split(text)} - {""}:
            path = os.path.join(directory, part)  # noqa: PTH118 (any text)
            if os.path.exists(path):  # noqa: PTH110 (any text)
                _report(path, reads=None)


_listeners = _Listeners()
sys.addaudithook(_hook)
