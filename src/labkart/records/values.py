"""What the names in an experiment's record stand for: settings, configuration, metrics, facts.

Knows records alone. For conditions on values see `condition`.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from labkart.language import translate
from labkart.nested import flatten
from labkart.records.record import ExperimentRecord

WITHOUT_EFFECT = ("labkart", "search")  # sections of the configuration that change no result
NUMBERS = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}  # as JSON and Python write them
FACTS = ("id", "started", "status")  # of an experiment itself


def fact_titles() -> dict[str, str]:
    """The facts of an experiment, and what they are called in the project's language."""
    return {"id": "id", "started": translate("started"), "status": translate("status")}


def parse_fact(name: str) -> str:
    """The name of a value where a person may have typed the title of a fact."""
    return {title: fact for fact, title in fact_titles().items()}.get(name, name)


def values(record: ExperimentRecord) -> Iterator[tuple[str, Any]]:
    """The settings, the configuration by dotted names, logged parameters, and the metrics."""
    yield from record.settings.items()
    for name, leaf in flatten(record.config):
        if name not in record.settings and name.partition(".")[0] != "labkart":
            yield name, leaf
    yield from record.logged_params.items()
    yield from record.metrics.items()


def settings(record: ExperimentRecord) -> dict[str, Any]:
    """The chosen files and the values of the configuration that may change a result, by name."""
    named = record.settings | dict(flatten(record.config)) | record.settings
    return {
        name: setting
        for name, setting in named.items()
        if name.partition(".")[0] not in WITHOUT_EFFECT
    }


def mark(record: ExperimentRecord, name: str) -> str:
    """What tells a masked value from others; empty if it is not masked."""
    digest = record.masked.get(name)
    return f" #{digest[:6]}" if digest else ""


def value(record: ExperimentRecord, name: str) -> Any:
    """The setting, value, metric or fact of that name, or a section; None if there is none."""
    candidates = list(_values_named(record, name))
    plain = (one for one in candidates if one is not None and not isinstance(one, dict))
    return next(plain, candidates[0] if candidates else None)


def has_value(record: ExperimentRecord, name: str) -> bool:
    """Whether an experiment has something of that name; it may be null."""
    return any(True for _ in _values_named(record, name))


def _values_named(record: ExperimentRecord, name: str) -> Iterator[Any]:
    if name in record.settings:
        yield record.settings[name]
    section, _, key = name.rpartition(".")
    node: Any = record.config
    for part in section.split(".") if section else ():
        node = node.get(part) if isinstance(node, dict) else None
    if isinstance(node, dict) and key in node:
        yield node[key]
    for logged in (record.logged_params, record.metrics):
        if name in logged:
            yield logged[name]
    if name in FACTS:
        yield getattr(record, name)


def text_of(value: Any) -> str:
    """A value in a line, as YAML writes it between braces: `{trees: 10, depth: null}`."""
    if isinstance(value, dict):
        items = (f"{key}: {text_of(item)}" for key, item in value.items())
        return "{" + ", ".join(items) + "}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def parse_number(value: Any) -> float | None:
    """A value as a number; None if it is not one."""
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def timestamp(time: str | None) -> float:
    """A time of a record in seconds since 1970; 0 if it has none, or what is no time."""
    try:
        return datetime.fromisoformat(time or "").timestamp()
    except ValueError:
        return 0.0


def sort_key(value: Any) -> tuple[bool, float, str]:
    """A key that sorts numbers as numbers, and before texts."""
    number = parse_number(value)
    return (True, 0.0, str(value)) if number is None else (False, number, "")
