"""What a pipeline looks at beside settings and code while it is laid out: files, folders, environment."""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labkart import project
from labkart.fingerprint import imports

# By kind (`paths`, `variables`) and name, how each of them is.
States = dict[str, dict[str, str]]

_EVENTS = ("os.listdir", "os.scandir")
_PASSED_ON = ("os.py", "_collections_abc.py", "<frozen os>", "<frozen _collections_abc>")


class Surroundings:
    """What code asks for in a block, as often as it asks."""

    def __init__(self) -> None:
        here = project.current()
        self._root = f"{here.root}{os.sep}"
        # What is looked at anyway, or nobody's input.
        self._known = (
            f"{self._root}.",
            *(f"{self._root}{name}" for name in ("conf", "src", "pyproject.toml")),
        )
        self._known += (str(here.outputs),)
        self._paths, self._variables = set[str](), set[str]()
        self._hears = False
        sys.addaudithook(self._hook)

    @contextmanager
    def noticed(self) -> Iterator[None]:
        """Notice it while the block runs. Whether a path is there is no event of Python's, nor is a variable."""
        environment, stat, value = type(os.environ), os.stat, type(os.environ).__getitem__
        os.stat = _telling(stat, self._path)  # type: ignore[assignment]
        environment.__getitem__ = _telling(value, lambda _, name: self._variable(name))  # type: ignore[method-assign]
        self._hears = True
        try:
            with imports.watch_file_access(lambda name, _: self._path(name)):
                yield
        finally:
            self._hears = False
            os.stat, environment.__getitem__ = stat, value  # type: ignore[method-assign]

    def states(self) -> States:
        """All of it as it is now."""
        return now(
            {
                "paths": dict.fromkeys(self._paths, ""),
                "variables": dict.fromkeys(self._variables, ""),
            }
        )

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._hears and event in _EVENTS:
            self._path(arguments[0])

    def _path(self, path: Any, *_: Any) -> None:
        if isinstance(path, str | bytes | os.PathLike):
            whole = os.path.normpath(Path.cwd() / os.fsdecode(path))
            if (
                whole.startswith(self._root)
                and not whole.startswith(self._known)
                and not imports.is_installed(whole)
            ):
                self._paths.add(whole)

    def _variable(self, name: Any) -> None:
        """Libraries look at hundreds: those count that the student's own code names."""
        frame = sys._getframe(3)  # who asked the environment
        while frame.f_back and frame.f_code.co_filename.endswith(_PASSED_ON):
            frame = frame.f_back
        file = frame.f_code.co_filename
        if (
            isinstance(name, str)
            and file.startswith(f"{self._root}src{os.sep}")
            and not imports.is_installed(file)
        ):
            self._variables.add(name)


def _telling(real: Callable[..., Any], tell: Callable[..., None]) -> Callable[..., Any]:
    def asked(*args: Any, **kwargs: Any) -> Any:
        tell(*args)
        return real(*args, **kwargs)

    return asked


def now(before: States) -> States:
    """The same files, folders and variables as they are now; of variables, which may be secret, a digest."""
    return {
        "paths": {path: _state(Path(path)) for path in sorted(before["paths"])},
        "variables": {
            name: _digest(os.environ.get(name, "")) for name in sorted(before["variables"])
        },
    }


def _state(path: Path) -> str:
    try:
        if path.is_dir():
            return _digest("\0".join(sorted(os.listdir(path))))  # noqa: PTH208 (as texts)
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_size} {stat.st_mtime_ns}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]
