"""What a rule is, and what it finds. Knows no rule."""

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labkart.check import texts
from labkart.check.tree import Tree


class Rule(ABC):
    """Something that holds in a project. The docstring of each is the sentence that a user reads.

    Attributes:
        reason: why it is so.
        fix: what to do where it is broken.
        says: what a finding can say, by a key, with the names of its values in braces.
        waits: whether it looks through another process, which begins early and is asked last.
    """

    id: ClassVar[str]
    reason: ClassVar[str]
    fix: ClassVar[str]
    says: ClassVar[dict[str, str]]
    waits: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        cls.id = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    def begin(self, tree: Tree) -> None:
        """Start what can go on while others look."""
        return

    @abstractmethod
    def look(self, tree: Tree) -> Iterator["Finding"]:
        """The places where it is broken."""

    def at(self, path: str, key: str, line: int = 0, /, **values: object) -> "Finding":
        """A place where it is broken; line 0 is the file as a whole."""
        return Finding(
            path, line, type(self), key, {name: str(value) for name, value in values.items()}
        )

    @classmethod
    def sentence(cls, language: str) -> str:
        """What must hold."""
        return texts.of(cls.id, "sentence", language) or " ".join(
            (inspect.getdoc(cls) or "").split()
        )

    @classmethod
    def why(cls, language: str) -> str:
        return texts.of(cls.id, "reason", language) or cls.reason

    @classmethod
    def remedy(cls, language: str) -> str:
        return texts.of(cls.id, "fix", language) or cls.fix


@dataclass(frozen=True)
class Finding:
    """A place where a rule is broken; `key` and `values` make the sentence about it."""

    path: str
    line: int
    rule: type[Rule]
    key: str
    values: dict[str, str] = field(hash=False)

    def said(self, language: str) -> str:
        """The sentence about this very place."""
        text = texts.of(self.rule.id, self.key, language, "says") or self.rule.says[self.key]
        passed_on = {
            name: texts.format_text(value, language)
            for name, value in self.values.items()
            if name == "why"
        }
        return text.format(**self.values | passed_on)

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path
