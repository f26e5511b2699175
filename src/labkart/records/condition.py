"""A condition on a value, in the words that ran the experiments: `model=forest`, `layers=[16,16]`.

Reads records. Knows Hydra's grammar of values, which it imports only for what needs it.
"""

import fnmatch
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from labkart.language import mistake
from labkart.records.record import ExperimentRecord
from labkart.records.states import parse_status
from labkart.records.values import parse_fact, parse_number, value

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

_COMPARISONS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
_CONDITION = re.compile(r"([^=<>!]+?)\s*(!=|<=|>=|=|<|>)\s*([^=<>!].*|)", re.DOTALL)
_NEXT_CONDITION = re.compile(r""",(?=[^\s,=<>!\[\]{}()'"]+\s*[=<>!])""")
# A text without these is no list, no quoted text and no range: it is compared as it is.
_GRAMMAR = frozenset("[]{}()'\"\\")
_WORDS = {None: "null", True: "true", False: "false"}


@dataclass(frozen=True)
class Condition:
    """A condition on a value: `name=value`, or with `!=`, `<`, `<=`, `>` or `>=`."""

    name: str  # a group (`model`), a value of the configuration (`model.depth`), a metric or a fact
    sign: str
    value: str  # for `=` and `!=` also several between commas, and patterns such as `for*`

    @classmethod
    def of(cls, word: str) -> "Condition":
        """Parse a condition.

        Raises:
            LabkartError: it is not one.
        """
        parts = _CONDITION.fullmatch(word)
        if not parts:
            raise mistake(
                "{condition}: must be a name and a value,"
                " such as model=forest, model!=forest or accuracy>=0.9.",
                condition=word,
            )
        name, sign, text = parts.groups()
        name = parse_fact(name.lstrip("+"))
        if name == "status":
            text = ",".join(map(parse_status, text.split(",")))
        condition = cls(name, sign, text)
        if sign in _COMPARISONS and parse_number(text) is None:
            raise mistake('{condition}: "{text}" is not a number.', condition=word, text=text)
        if sign not in _COMPARISONS:
            _ = condition._alternatives
        return condition

    def holds(self, record: ExperimentRecord) -> bool:
        """Whether an experiment meets it. One without such a value only meets `!=` and `=null`."""
        setting = value(record, self.name)
        if self.sign in _COMPARISONS:
            number, limit = parse_number(setting), parse_number(self.value)
            if number is None or limit is None:
                return False
            return _COMPARISONS[self.sign](number, limit)
        if isinstance(setting, dict):
            setting = _typed_dictionary(record, self.name) or setting
        return self.matches(setting) is (self.sign == "=")

    def matches(self, setting: Any) -> bool:
        """Whether a setting is one of the condition's values."""
        return any(fits(setting) for fits in self._alternatives)

    @cached_property
    def _alternatives(self) -> list[Callable[[Any], bool]]:
        """What tells for each value of the condition whether a setting is that one."""
        if _GRAMMAR.isdisjoint(self.value):
            return [partial(_is_word, text) for text in self.value.split(",")]
        return [_alternative(text) for text in _expand(self.value, f"{self.name}{self.sign}")]


def split_conditions(text: str) -> list[str]:
    """The conditions between commas: `model=logistic,features=raw` are two, `model=a,b` is one."""
    return _NEXT_CONDITION.split(text)


def _parse(text: str) -> "Override | None":
    """A value as Hydra reads it behind a "="; None if it does not read it."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        return OverridesParser.create().parse_override(f"x={text}")
    except HydraException:
        return None


def _expand(text: str, start: str) -> list[str]:
    """The values that a text stands for: `[8],[16,16]` are two, `range(3)` three.

    A text that Hydra does not read is one value, or several between commas.
    """
    from hydra.core.override_parser.types import Glob

    override = _parse(text)
    if override is None:
        return text.split(",")
    if not override.is_sweep_override():
        return [override.get_value_element_as_str()]
    content: Any = override.value()
    if isinstance(content, Glob):
        pattern = next(iter(content.include), "*")
        raise mistake(
            "{condition}: write the pattern itself: {meant}",
            condition=f"{start}{text}",
            meant=f"{start}{pattern}",
        )
    if not override.is_discrete_sweep():
        raise mistake(
            "{condition}: write the limits as conditions, with < and >.",
            condition=f"{start}{text}",
        )
    return list(override.sweep_string_iterator())


def _alternative(text: str) -> Callable[[Any], bool]:
    override = None if _GRAMMAR.isdisjoint(text) else _parse(text)
    if override is None:
        return partial(_is_word, text)
    return partial(_is_value, override.value())


def _is_word(text: str, setting: Any) -> bool:
    """Whether a setting is a number, null, true or false, or fits a text that may be a pattern."""
    if setting is None or isinstance(setting, bool):
        return _WORDS[setting] == text.lower()
    number, expected = parse_number(setting), parse_number(text)
    if number is not None and expected is not None:
        return _are_equal(number, expected)
    return fnmatch.fnmatchcase(str(setting), text)


def _is_value(expected: Any, setting: Any) -> bool:
    """Whether a setting is a list, a dictionary or a text in quotes.

    Of a section, the settings that were typed count.
    """
    if isinstance(expected, dict):
        if not expected or not isinstance(setting, dict):
            return setting == expected
        if isinstance(setting, _Dictionary) and len(setting) != len(expected):
            return False
        return all(
            str(key) in setting and _is_value(item, setting[str(key)])
            for key, item in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(setting, list)
            and len(setting) == len(expected)
            and all(map(_is_value, expected, setting))
        )
    if setting is None or isinstance(setting, bool) or isinstance(expected, str | bool | None):
        return type(setting) is type(expected) and setting == expected
    number, typed = parse_number(setting), parse_number(expected)
    return number is not None and typed is not None and _are_equal(number, typed)


class _Dictionary(dict[str, Any]):
    """A value that was typed as a whole, unlike a section of the configuration."""


def _typed_dictionary(record: ExperimentRecord, name: str) -> _Dictionary | None:
    for override in record.overrides:
        typed, _, text = override.lstrip("+").partition("=")
        parsed = _parse(text) if typed == name and text.startswith("{") else None
        content: Any = parsed.value() if parsed else None
        if isinstance(content, dict):
            return _Dictionary(content)
    return None


def _are_equal(number: float, expected: float) -> bool:
    """Whether two numbers are the same; NaN is, too, as a person means it."""
    return number == expected or (number != number and expected != expected)  # noqa: PLR0124
