"""What a setting of a report may be: in its file, and as an option of the command."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from labkart.language import local, translate

FIGURES = ("comparison", "curves", "ranks")
FIGURE_ENDINGS = (".pdf", ".png")
TESTS = ("t", "wilcoxon", "permutation", "mcnemar")
LAYOUTS = ("details", "metrics", "systems")
ALLOWED = ("code", "data", "packages", "dirty", "missing", "failed")


@dataclass(frozen=True)
class Setting:
    """What a setting may be: a text, or a list of texts."""

    meaning: str = ""  # what it is, for help; empty if it is no option of the command
    metavar: str | None = None  # what help calls its value
    choices: Sequence[str] = ()  # the texts that it may have; empty if any
    is_list: bool = False  # whether it is a list of texts
    is_repeated: bool = False  # whether the command gives a list by one option per text

    @property
    def takes_words(self) -> bool:
        """Whether several words may follow its option."""
        return self.is_list and bool(self.meaning) and not self.is_repeated

    def option(self) -> dict[str, Any]:
        """The arguments of argparse."""
        values: dict[str, Any] = {"help": local(self.meaning), "metavar": self.metavar}
        if self.takes_words:
            values["nargs"] = "+"
        elif self.is_repeated:
            values["action"] = "append"
        else:
            values["choices"] = self.choices or None
        if self.choices and self.is_list:
            values["metavar"] = f"{{{','.join(self.choices)}}}"
        return values

    def normalize(self, value: Any) -> Any:
        """A value in the shape that it should have; a single text stands for a list."""
        if self.is_list:
            return [value] if isinstance(value, str) else value
        return value if self.choices or isinstance(value, dict | list) else str(value)

    def expectation(self, value: Any) -> str:
        """What a normalized value should be, in words; empty if it is."""
        texts = value if self.is_list else [value]
        is_list_of_texts = isinstance(texts, list) and all(isinstance(it, str) for it in texts)
        if is_list_of_texts and set(texts) <= set(self.choices or texts):
            return ""
        choices = ", ".join(self.choices)
        if self.is_list:
            return translate("a list of {choices}", choices=choices or translate("texts"))
        return translate("one of {choices}", choices=choices) if choices else translate("a text")


def text(meaning: str, metavar: str | None = None, choices: Sequence[str] = ()) -> Any:
    """A field of a dataclass that is a text, or None."""
    return field(default=None, metadata={"setting": Setting(meaning, metavar, choices)})


def choice(meaning: str, *choices: str) -> Any:
    """A field of a dataclass that is one of some texts, by default the first."""
    return field(default=choices[0], metadata={"setting": Setting(meaning, choices=choices)})


def texts(
    meaning: str = "", *choices: str, metavar: str = "METRIC", is_repeated: bool = False
) -> Any:
    """A field of a dataclass that is a list of texts, by default an empty one."""
    setting = Setting(meaning, metavar, choices, True, is_repeated)
    return field(default_factory=list, metadata={"setting": setting})
