"""The settings of a report: what can be chosen, and which values they may have."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from labkart.errors import LabkartError
from labkart.language import translate
from labkart.records.condition import split_conditions

FIGURES = ("comparison", "curves", "heatmap", "parallel", "ranks")
TESTS = ("t", "wilcoxon", "permutation", "mcnemar")
PAIRS = ("baseline", "all")
LAYOUTS = ("details", "metrics", "systems")
LANGUAGES = ("en", "ja")
ALLOWED = ("code", "data", "packages", "dirty", "missing", "failed")


def checked_value(key: str, value: Any, source: str) -> Any:
    """The value of a setting in the shape that a report needs.

    Args:
        key: the setting.
        value: what a person wrote.
        source: where, for messages.

    Raises:
        LabkartError: the setting cannot have this value.
    """
    if key in _LISTS and isinstance(value, str):
        value = [value]
    if key == "baseline" and _are_texts(value):
        value = [condition for text in value for condition in split_conditions(text)]
    if key in _TEXTS and not isinstance(value, dict | list):
        value = str(value)
    check = _CHECKS[key]
    if not check.fits(value):
        text = json.dumps(value) if isinstance(value, str) else str(value)
        raise LabkartError(
            translate(
                "{source}: {key} must be {expected}, got {text}.",
                source=source,
                key=key,
                expected=check.expected(),
                text=text,
            )
        )
    return value


class _Check(NamedTuple):
    """Whether a value fits, and which ones do."""

    fits: Callable[[Any], bool]
    expected: Callable[[], str]


def _one_of(*choices: str) -> _Check:
    return _Check(
        lambda value: value in choices,
        lambda: translate("one of {choices}", choices=", ".join(choices)),
    )


def _list_of(*choices: str) -> _Check:
    return _Check(
        lambda value: _are_texts(value) and set(value) <= set(choices),
        lambda: translate("a list of {choices}", choices=", ".join(choices)),
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_labels(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, (*value, *value.values())))


def _is_share(value: Any) -> bool:
    return isinstance(value, float) and 0 < value < 1


def _is_table_of_items(value: Any) -> bool:
    return isinstance(value, str) and value.count(":") <= 2


_LISTS_OF_TEXTS = ("where", "baseline", "metrics", "primary")
_LISTS_OF_TEXTS += ("higher_is_better", "lower_is_better")
_LISTS = (*_LISTS_OF_TEXTS, "figures", "allow")
_TEXTS = ("title", "sweep", "study", "tag", "commit", "since", "until", "datasets")
_CHECKS: dict[str, _Check] = {
    **dict.fromkeys(_TEXTS, _Check(_is_text, lambda: translate("a text"))),
    **dict.fromkeys(_LISTS_OF_TEXTS, _Check(_are_texts, lambda: translate("a list of texts"))),
    "interval": _one_of("t", "bootstrap"),
    "test": _one_of(*TESTS, "none"),
    "repeat": _one_of("seed", "fold"),
    "language": _one_of(*LANGUAGES),
    "pairs": _one_of(*PAIRS),
    "level": _Check(_is_share, lambda: translate("a number between 0 and 1, such as 0.95")),
    "items": _Check(
        _is_table_of_items,
        lambda: translate(
            "a logged table, and if need be its columns: per_query, per_query:query, "
            "or per_query:query:score"
        ),
    ),
    "layout": _one_of(*LAYOUTS),
    "figures": _list_of(*FIGURES, "none"),
    "allow": _list_of(*ALLOWED),
    "labels": _Check(
        _are_labels, lambda: translate("names and their labels, such as forest: Random forest")
    ),
}
