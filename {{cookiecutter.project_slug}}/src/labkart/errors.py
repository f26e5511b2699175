"""The errors that a person is meant to read: a sentence or two, never a traceback."""

import difflib
import traceback
from collections.abc import Iterable
from pathlib import Path


class LabkartError(Exception):
    """A mistake that can be mended: says what is wrong, where, and what to do."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows of it: IPython asks for this."""
        return [str(self)]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The closest known name as a question, or else all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f'Did you mean "{close[0]}"?'
    return f"Choose one of {', '.join(names)}." if names else "There are none."


def told(error: BaseException, root: Path) -> str:
    """An exception in a line: the last place in the project's own code that it came through, and what it says."""
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    what = f"{type(error).__name__}: {said}".rstrip(": ")
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno))
    for name, line in reversed(frames):
        file = Path(name)
        if file.is_relative_to(root / "src") and not file.is_relative_to(root / "src" / "labkart"):
            return f"{file.relative_to(root).as_posix()}:{line}: {what}"
    return what
