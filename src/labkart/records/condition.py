"""A condition on a value, in the words that ran the experiments: `model=forest`, `layers=[16,16]`.

Reads records. Knows Hydra's grammar of values, which it imports only for what needs it.
"""

import fnmatch
import operator
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from labkart.errors import LabkartError
from labkart.language import translate
from labkart.records.record import ExperimentRecord
from labkart.records.states import parse_status
from labkart.records.values import parse_fact, parse_number, value

_COMPARISONS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
_CONDITION = re.compile(r"([^=<>!]+?)\s*(!=|<=|>=|=|<|>)\s*([^=<>!].*|)", re.DOTALL)
_NEXT_CONDITION = re.compile(r""",(?=[^\s,=<>!\[\]{}()'"]+\s*[=<>!])""")
# A text without these is no list, no quoted text and no range: it is compared as it is.
_GRAMMAR = frozenset("[]{}()'\"\\")
_WORDS = {None: "null", True: "true", False: "false"}


@dataclass(frozen=True)
class _Word:
    """A word that a person typed: a number, null, true, false, or a text that may be a pattern."""

    text: str

    def fits(self, setting: Any) -> bool:
        if setting is None or isinstance(setting, bool):
            return _WORDS[setting] == self.text.lower()
        number, expected = parse_number(setting), parse_number(self.text)
        if number is not None and expected is not None:
            return _are_equal(number, expected)
        return fnmatch.fnmatchcase(str(setting), self.text)


@dataclass(frozen=True)
class _Value:
    """A list, a dictionary or a text in quotes."""

    content: Any

    def fits(self, setting: Any) -> bool:
        return _contains(setting, self.content)


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
            raise LabkartError(
                translate(
                    "{condition}: must be a name and a value,"
                    " such as model=forest, model!=forest or accuracy>=0.9.",
                    condition=word,
                )
            )
        name, sign, text = parts.groups()
        name = parse_fact(name.lstrip("+"))
        if name == "status":
            text = ",".join(map(parse_status, text.split(",")))
        condition = cls(name, sign, text)
        if sign in _COMPARISONS and parse_number(text) is None:
            raise LabkartError(
                translate('{condition}: "{text}" is not a number.', condition=word, text=text)
            )
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
        return self.matches(setting) is (self.sign == "=")

    def matches(self, setting: Any) -> bool:
        """Whether a setting is one of the condition's values."""
        return any(alternative.fits(setting) for alternative in self._alternatives)

    @cached_property
    def _alternatives(self) -> "list[_Word | _Value]":
        if _GRAMMAR.isdisjoint(self.value):
            return [_Word(text) for text in self.value.split(",")]
        return [_alternative(text) for text in _expand(self.value, f"{self.name}{self.sign}")]


def split_conditions(text: str) -> list[str]:
    """The conditions between commas: `model=logistic,features=raw` are two, `model=a,b` is one."""
    return _NEXT_CONDITION.split(text)


def _expand(text: str, start: str) -> list[str]:
    """The values that Hydra reads behind an "=": `[8],[16,16]` are two, `range(3)` three.

    A text that Hydra does not read is one value, or several between commas.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import Glob
    from hydra.errors import HydraException

    try:
        override = OverridesParser.create().parse_override(f"x={text}")
    except HydraException:
        return text.split(",")
    if not override.is_sweep_override():
        return [override.get_value_element_as_str()]
    content: Any = override.value()
    if isinstance(content, Glob):
        pattern = next(iter(content.include), "*")
        raise LabkartError(
            translate(
                "{condition}: write the pattern itself: {meant}",
                condition=f"{start}{text}",
                meant=f"{start}{pattern}",
            )
        )
    if not override.is_discrete_sweep():
        raise LabkartError(
            translate(
                "{condition}: write the limits as conditions, with < and >.",
                condition=f"{start}{text}",
            )
        )
    return list(override.sweep_string_iterator())


def _alternative(text: str) -> "_Word | _Value":
    if _GRAMMAR.isdisjoint(text):
        return _Word(text)
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        return _Value(OverridesParser.create().parse_override(f"x={text}").value())
    except HydraException:
        return _Word(text)


def _contains(setting: Any, expected: Any) -> bool:
    """Whether a setting is what was typed; of a section, the settings that were typed count."""
    if isinstance(expected, dict):
        return isinstance(setting, dict) and all(
            str(key) in setting and _contains(setting[str(key)], item)
            for key, item in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(setting, list)
            and len(setting) == len(expected)
            and all(map(_contains, setting, expected))
        )
    if setting is None or isinstance(setting, bool) or isinstance(expected, str | bool | None):
        return type(setting) is type(expected) and setting == expected
    number, typed = parse_number(setting), parse_number(expected)
    return number is not None and typed is not None and _are_equal(number, typed)


def _are_equal(number: float, expected: float) -> bool:
    """Whether two numbers are the same; NaN is, too, as a person means it."""
    return number == expected or (number != number and expected != expected)  # noqa: PLR0124
