"""What a rule is, what it finds, and its texts in a language. Knows no single rule."""

import re
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from labkart.check.tree import Tree


class Rule(ABC):
    """Something that must hold in a project. Its docstring is the sentence that a user reads."""

    id: ClassVar[str]  # the name of the class, in small letters with hyphens
    reason: ClassVar[str]  # why the rule exists
    fix: ClassVar[str]  # what to do where it is broken
    messages: ClassVar[dict[str, str]]  # by a key, with the names of their values in braces
    runs_code: ClassVar[bool] = False  # imports the student's code, which may do anything

    def __init_subclass__(cls) -> None:
        cls.id = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @abstractmethod
    def check(self, tree: Tree) -> Iterator["Finding"]:
        """Find the places where the rule is broken."""

    @classmethod
    def finding(cls, path: str, key: str, line: int = 0, /, **values: object) -> "Finding":
        """A place where the rule is broken; line 0 is the file as a whole."""
        return Finding(path, line, cls, key, {name: str(value) for name, value in values.items()})

    @classmethod
    def text(cls, part: str, language: str) -> str:
        """The rule's `sentence`, `reason` or `fix` in a language."""
        sentence = " ".join((cls.__doc__ or "").split())
        english = sentence if part == "sentence" else getattr(cls, part)
        return translation(language, cls.id, part) or english


@dataclass(frozen=True)
class Finding:
    """A place where a rule is broken; `key` and `values` make the sentence about it."""

    path: str
    line: int
    rule: type[Rule]
    key: str
    values: dict[str, str] = field(hash=False)

    def message(self, language: str) -> str:
        """The sentence about this place. What other parts of Labkart say in it stays English."""
        text = translation(language, self.rule.id, "messages", self.key)
        return (text or self.rule.messages[self.key]).format(**self.values)

    @property
    def place(self) -> str:
        """The path, and the line if it has one."""
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True)
class Problem:
    """Something wrong at a place, before a rule reports it; `key` names one of its messages."""

    path: str
    key: str
    line: int = 0
    text: str = ""


def translation(language: str, *keys: str) -> str | None:
    """A text by its keys, such as `raw-data`, `messages`, `new`; None if the language lacks it."""
    text: Any = translations(language)
    for key in keys:
        text = text.get(key, {})
    return text or None


@cache
def translations(language: str) -> dict[str, Any]:
    """All texts in `<language>.toml` beside this module, by their rules; empty for English."""
    file = Path(__file__).with_name(f"{language}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
