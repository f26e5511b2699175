"""Sentences that several rooms need: the name that was meant, a type, an exception in one line."""

import difflib
import traceback
from collections.abc import Iterable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from labkart.errors import LabkartError
from labkart.language import join_sentences, translate

_LONGEST = 500  # letters of what an exception says


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The closest known name as a question, or else all of them."""
    names = sorted(known)
    if hint := nearest(word, names):
        return hint
    if not names:
        return translate("There are none.")
    return translate("Choose one of {names}.", names=", ".join(names))


def check_name(name: Any, known: Iterable[Any], problem: str) -> None:
    """Refuse a name that is not known.

    Raises:
        LabkartError: it is not; the message begins with the problem.
    """
    names = list(map(str, known))
    if str(name) not in names:
        raise LabkartError(join_sentences(problem, did_you_mean(str(name), names)))


def nearest(word: str, known: Iterable[str]) -> str:
    """The closest known name as a question; empty if none is close."""
    match = closest(word, known)
    return did_you_mean_names([match]) if match else ""


def did_you_mean_names(names: Iterable[str]) -> str:
    """The names of which a person may have meant one, as a question."""
    quoted = join_alternatives(f'"{name}"' for name in names)
    return translate("Did you mean {names}?", names=quoted)


def no_such_option(option: str, known: Iterable[str]) -> str:
    """A sentence on an unknown option of a command, and the option that was meant."""
    problem = translate("{option}: there is no such option.", option=option)
    names = {name.lstrip("-"): name for name in known}  # the dashes would make all of them alike
    match = closest(option.lstrip("-"), names)
    return join_sentences(problem, did_you_mean_names([names[match]]) if match else "")


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known name that is most like a word; None if none is close."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), None)


def join_names(names: Iterable[str]) -> str:
    """Names as a sentence has them: "a and b"."""
    return translate(" and ").join(names)


def join_alternatives(names: Iterable[str]) -> str:
    """Names of which one is enough: "a or b"."""
    return translate(" or ").join(names)


def and_more(names: Iterable[str], more: int) -> str:
    """Names, and how many are left out: "a, b and 3 more"."""
    text = ", ".join(names)
    return translate("{names} and {count} more", names=text, count=more) if more > 0 else text


def listed(names: Iterable[str], between: str = ", ") -> str:
    """Four names at most, and how many more."""
    texts = list(names)
    return and_more([between.join(texts[:4])], len(texts) - 4)


def describe_type(value: Any) -> str:
    """A value's type as a sentence names it: "a dict", "an int", "None"."""
    name = type(value).__name__
    if name == "ndarray":
        return translate("an array")
    if name in ("NoneType", "bytes"):
        return name.removesuffix("Type")
    if name[0].lower() in "aeiou":
        return translate("an {type}", type=name)
    return translate("a {type}", type=name)


def describe_error(error: BaseException, root: Path) -> str:
    """An exception in one line, after the last line of the project `root` that it came through."""
    text = ""
    with suppress(Exception):  # of a student's own class
        text = str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    message = f"{type(error).__name__}: {lines[0][:_LONGEST]}" if lines else type(error).__name__
    if isinstance(error, LabkartError):  # a sentence already
        message = " ".join(lines)
    message = ". ".join([message, *getattr(error, "__notes__", [])])
    if isinstance(error, ModuleNotFoundError) and error.name:
        message += _module_hint(error.name, root / "src")
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno))
    for name, line in reversed(frames):
        file = Path(name)
        if file.is_relative_to(root / "src"):
            return f"{file.relative_to(root).as_posix()}:{line}: {message}"
    return message


def _module_hint(module: str, code: Path) -> str:
    """What to do about a missing module; the name of one of the project's may be misspelt."""
    top = module.partition(".")[0]
    if (code / top).is_dir():
        files = (file.relative_to(code).with_suffix("") for file in (code / top).rglob("*.py"))
        modules = {".".join(file.parts).removesuffix(".__init__") for file in files} - {top}
        match = nearest(module, modules)
        return f". {match}" if match else ""
    if find_spec(top):
        return ""
    remedy = translate("Add the package that has it: uv add {package}", package=top)
    return f". {remedy}"
