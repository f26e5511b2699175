"""The language in which Labkart speaks to a person: English, or what the project chose.

The English text stands in the code and is the key of its translation, which is in `ja.toml` in the
folder of the room. What other programs read (records, MLflow) stays English; a report has a
language of its own.
"""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from labkart import project
from labkart.errors import LabkartError

_spoken = ContextVar[str | None]("spoken", default=None)


class Bilingual(str):
    """An English text for records and files, which `local` translates for a person.

    Attributes:
        template: the key of its translation.
        values: what stands in it.
    """

    template: str
    values: Mapping[str, object]


def translate(english: str, /, **values: object) -> str:
    """A text in the project's language, with its values.

    Args:
        english: the text, with the names of its values in braces as `str.format` has them.
        values: what stands in their place.
    """
    text = _catalogue(current()).get(english, english)
    shown = {name: local(it) if isinstance(it, str) else it for name, it in values.items()}
    return text.format(**shown)


def mistake(english: str, /, **values: object) -> LabkartError:
    """The error to raise for a mistake that a person can fix: `translate` makes its text."""
    return LabkartError(translate(english, **values))


def translate_count(one: str, many: str, count: float, /, **values: object) -> str:
    """A text about a number of things: `one` where `count` is 1; it is the value `count`."""
    return translate(one if count == 1 else many, count=count, **values)


def bilingual(english: str, /, **values: object) -> str:
    """A text that is English in a record or a file; `local`, or another text, translates it."""
    text = Bilingual(english.format(**values))
    text.template, text.values = english, values
    return text


def local(text: str) -> str:
    """A text in the project's language, if it is a bilingual one."""
    return translate(text.template, **text.values) if isinstance(text, Bilingual) else text


def read_text(file: Path) -> str:
    """The text of a file in the project's language: of `help.txt` that is `help.en.txt`."""
    text = file.with_suffix(f".{current()}{file.suffix}")
    return (text if text.exists() else file.with_suffix(f".en{file.suffix}")).read_text("utf-8")


def join_sentences(*texts: str) -> str:
    """Sentences one after another, as the project's language has them, without empty ones."""
    if current() != "ja":
        return " ".join(filter(None, texts))
    return "".join(f"{text} " if text.endswith("?") else text for text in texts).rstrip()


def english() -> AbstractContextManager[None]:
    """Let the texts of the block be English, for another program reads them, or a record."""
    return speaking("en")


@contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """Let the texts of the block be in a language, or if it is None, in the project's."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def current() -> str:
    """The language of the project around the working directory; English outside of projects."""
    if language := _spoken.get():
        return language
    try:
        return project.current().language
    except LabkartError:
        return "en"


@cache
def _catalogue(language: str) -> dict[str, str]:
    """The texts of a language by the English ones; empty for English."""
    texts: dict[str, str] = {}
    if language != "en":
        for file in sorted(Path(__file__).parent.rglob(f"{language}.toml")):
            texts |= tomllib.loads(file.read_text(encoding="utf-8"))
    return texts
