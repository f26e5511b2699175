"""Explains in a sentence why Hydra cannot read an override, and writes the one that is meant.

Knows the grammar of Hydra's overrides. Whether the setting exists is for `config_errors`.
"""

import re
import shlex
from collections.abc import Iterator
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from labkart.language import translate

_FUNCTION_CALL = re.compile(r"while evaluating (.+)")
_CHOICE = re.compile(r"choice\s*\((.*)\)", re.DOTALL)
# A text that needs no quotes, unless Hydra reads it as another value.
_PLAIN = re.compile(r"[A-Za-z_][\w./+-]*", re.ASCII)
_WORDS = {None: "null", True: "true", False: "false"}
_PAIRS = {"(": ")", "[": "]", "{": "}"}
# U+FF01 to U+FF5E and the ideographic space, which a Japanese keyboard writes for ASCII's.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def explain_syntax(override: str, reason: str) -> str:
    """What is wrong with an override that Hydra cannot read, for which it gives a reason."""
    text = " ".join(override.split())
    name, _, value = text.partition("=")
    if "NoneType" in reason and (choice := _CHOICE.fullmatch(value)):
        return translate(
            "{override}: choice(...) does not take null. Write {meant}",
            override=text,
            meant=shlex.quote(f"{name}={choice[1]}"),
        )
    call = _FUNCTION_CALL.search(reason)
    for problem, meant in [] if call else _remedies(text):
        if _is_valid(meant):
            return translate(
                "{override}: {problem}. Write {meant}",
                override=text,
                problem=problem,
                meant=shlex.quote(meant),
            )
    if "=" not in text:
        return translate(
            "{argument} is not a setting. Write name=value, as model=forest.",
            argument=text or translate("An empty argument"),
        )
    return translate(
        "{override} is not a valid Hydra override. {reason}.",
        override=text,
        reason=call[1].rstrip(".") if call else _explain_part(text),
    )


def _remedies(text: str) -> Iterator[tuple[str, str]]:
    """What may be wrong, and how the override would be without that; likely ones first."""
    name, _, value = text.partition("=")
    if re.fullmatch(r"[\w.]+:\s*\S+", text):
        yield translate('a setting has "=", not ":"'), re.sub(r":\s*", "=", text, count=1)
    yield translate('there are blanks around "="'), re.sub(r"\s*=\s*", "=", text, count=1)
    yield translate("a setting begins without dashes"), text.lstrip("-")
    yield translate("it has full-width characters"), text.translate(_HALF_WIDTH)
    if "=" not in text:
        return
    yield translate("a comma has no value beside it"), f"{name}={value.strip(',')}"
    if value.startswith("{"):
        yield translate('in {{...}} stands ":", not "="'), f"{name}={value.replace('=', ': ')}"
    if not _unclosed(value):
        problem = translate(
            "a value with such characters must be in quotes, for Hydra and for the shell"
        )
        yield problem, f'{name}="{_escaped(value)}"'


def _explain_part(text: str) -> str:
    """Which part of an override is wrong, if nobody can guess what is meant."""
    name, _, value = text.partition("=")
    if not _is_valid(f"{name}=1"):
        return translate(
            '"{name}" is no name: a name has only parts of ASCII letters, digits and _,'
            " with a dot between them. Set others in conf/",
            name=name,
        )
    if bracket := _unclosed(value):
        return translate("The {bracket} is not closed", bracket=bracket)
    return translate("Its value must be in quotes, as {name}='a b'", name=name)


def _unclosed(value: str) -> str:
    """The bracket or quote that is not closed; empty if all are."""
    for opening, closing in _PAIRS.items():
        if value.count(opening) > value.count(closing):
            return opening
    is_quoted = value.startswith(("'", '"'))
    return value[0] if is_quoted and value.count(value[0]) % 2 else ""


def _escaped(value: str) -> str:
    """As Hydra reads it between quotes: a backslash counts only before a quote, or at the end."""
    return re.sub(r'(\\*)("|$)', lambda match: match[1] * 2 + ('\\"' if match[2] else ""), value)


def _is_valid(text: str) -> bool:
    try:
        OverridesParser.create().parse_override(text)
    except HydraException:
        return False
    return True


def write_value(value: Any) -> str:
    """A value as Hydra reads it behind the "=" of an override."""
    if isinstance(value, dict):
        items = (f"{key}:{write_value(item)}" for key, item in value.items())
        return "{" + ",".join(items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write_value, value)) + "]"
    if isinstance(value, str):
        return _write_text(value)
    return _WORDS[value] if value is None or isinstance(value, bool) else repr(value)


def _write_text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in (*_WORDS.values(), "nan", "inf"):
        return text
    # A backslash counts only before a quote, and there twice.
    quoted = re.sub(r"(\\*)'", lambda match: 2 * match[1] + r"\'", text)
    return "'" + re.sub(r"(\\+)$", r"\1\1", quoted) + "'"
