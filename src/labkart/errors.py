"""The errors that a person is meant to read: a sentence or two, never a traceback."""

import difflib
import traceback
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path


class LabkartError(Exception):
    """A mistake that can be mended: says what is wrong, where, and what to do."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows of it: IPython asks for this."""
        return [str(self)]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The closest known name as a question, or else all of them."""
    names = sorted(known)
    all_of_them = f"Choose one of {', '.join(names)}." if names else "There are none."
    return nearest(word, names) or all_of_them


def nearest(word: str, known: Iterable[str]) -> str:
    """The closest known name as a question; empty where none is close."""
    return next(
        (f'Did you mean "{name}"?' for name in difflib.get_close_matches(word, list(known), n=1)),
        "",
    )


def describe(error: BaseException, root: Path) -> str:
    """An exception in a line: the last place in the project's own code that it came through, and what it says."""
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    what = f"{type(error).__name__}: {said}".rstrip(": ")
    if isinstance(error, ModuleNotFoundError) and error.name:
        what += _installing(error.name, root / "src")
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno))
    for name, line in reversed(frames):
        file = Path(name)
        if file.is_relative_to(root / "src") and not file.is_relative_to(root / "src" / "labkart"):
            return f"{file.relative_to(root).as_posix()}:{line}: {what}"
    return what


def _installing(module: str, code: Path) -> str:
    """What to do about a module that is not there: one of the student's own may be misspelt."""
    top = module.partition(".")[0]
    if (code / top).is_dir():
        files = (file.relative_to(code).with_suffix("") for file in (code / top).rglob("*.py"))
        close = nearest(
            module, {".".join(file.parts).removesuffix(".__init__") for file in files} - {top}
        )
        return f". {close}" if close else ""
    return "" if find_spec(top) else f". Add the package that has it: uv add {top}"
