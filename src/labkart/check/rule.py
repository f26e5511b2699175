"""What a rule is, what it finds, and its texts. Knows no single rule."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from labkart.check.tree import Tree
from labkart.language import translate


class Rule(ABC):
    """Something that must hold in a project. Its docstring is the sentence that a user reads.

    All its texts are English, and the keys of their translations.
    """

    id: ClassVar[str]  # the name of the class, in small letters with hyphens
    sentence: ClassVar[str]  # its docstring
    reason: ClassVar[str]  # why the rule exists
    fix: ClassVar[str]  # what to do where it is broken
    messages: ClassVar[dict[str, str]]  # by a key, with the names of their values in braces
    runs_code: ClassVar[bool] = False  # imports the student's code, which may do anything

    def __init_subclass__(cls) -> None:
        cls.id = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()
        cls.sentence = " ".join((cls.__doc__ or "").split())

    @abstractmethod
    def check(self, tree: Tree) -> Iterator["Finding"]:
        """Find the places where the rule is broken."""

    @classmethod
    def finding(cls, path: str, key: str, line: int = 0, /, **values: object) -> "Finding":
        """A place where the rule is broken; line 0 is the file as a whole."""
        return Finding(path, line, cls, key, {name: str(value) for name, value in values.items()})

    @classmethod
    def text(cls, part: Literal["sentence", "reason", "fix"]) -> str:
        """A part of the rule in the project's language."""
        return translate(getattr(cls, part))


@dataclass(frozen=True)
class Finding:
    """A place where a rule is broken; `key` and `values` make the sentence about it."""

    path: str
    line: int
    rule: type[Rule]
    key: str
    values: dict[str, str] = field(hash=False)

    def message(self) -> str:
        """The sentence about this place."""
        return translate(self.rule.messages[self.key], **self.values)

    @property
    def place(self) -> str:
        """The path, and the line if it has one."""
        return f"{self.path}:{self.line}" if self.line else self.path
