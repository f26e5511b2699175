"""The words that compose a recorded configuration once more, on another checkout. Composes nothing itself."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from omegaconf import OmegaConf

from labkart.records import redact
from labkart.records.secrets import MASK

# Settings that change how an experiment runs, never what comes out.
_OTHER = ("labkart", "search")
_FROM_ENVIRONMENT = re.compile(r"\$\{\s*oc\.env\s*:\s*(\w+)\s*\}")
_SIMPLE = re.compile(r"[A-Za-z_][\w-]*")


@dataclass(frozen=True)
class RecordedOverrides:
    """How an experiment was composed.

    Attributes:
        words: those of its command, secrets masked.
        config: all of what they composed, unresolved, secrets masked; as YAML.
    """

    words: Sequence[str]
    config: str

    def masked(self, given: Sequence[str] = ()) -> list[str]:
        """The settings in the command that the record hides, and that nobody has given now."""
        names = {_name(word) for word in given}
        return [_name(word) for word in self.words if MASK in word and _name(word) not in names]

    def unset(self) -> list[str]:
        """The variables that it takes from the environment and that are not there."""
        return [
            name
            for name in dict.fromkeys(_FROM_ENVIRONMENT.findall(self.config))
            if name not in os.environ
        ]

    def first(self, given: Sequence[str] = ()) -> list[str]:
        """The words of the command, with what is given now in the place of what is hidden."""
        return [*(word for word in self.words if MASK not in word), *given]

    def corrections(self, composed: str) -> list[str]:
        """The words that turn what was composed elsewhere, as YAML, into the recorded configuration.

        They are needed where a file that git does not have had a part in it, such as `conf/local/default.yaml`.
        """
        then, now = (_plain(text) for text in (self.config, composed))
        if not isinstance(then, dict) or not isinstance(now, dict):
            return []
        return list(_differences(then, now, ""))


def contradictions(words: Sequence[str], corrections: Sequence[str]) -> list[str]:
    """The words of a command that say otherwise than the configuration which it composed, and what that says."""
    right = {_name(each): each for each in corrections}
    return [
        f"{word} in the command -> {right[_name(word)].lstrip('+')}"
        for word in words
        if _name(word) in right
    ]


def _differences(then: dict[str, Any], now: dict[str, Any], above: str) -> Iterator[str]:
    for key, value in then.items():
        name = f"{above}.{key}" if above else str(key)
        if name in _OTHER or not _SIMPLE.fullmatch(str(key)):
            continue
        there = now.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            yield from _differences(value, there, name)
        elif (value != there or key not in now) and MASK not in str(value):
            yield f"++{name}={_written(value)}"
    for key in now.keys() - then.keys():
        if _SIMPLE.fullmatch(str(key)) and not (above == "" and key in _OTHER):
            yield f"~{above}.{key}" if above else f"~{key}"


def _written(value: Any) -> str:
    """A value in Hydra's grammar."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, str):
        text = re.sub(r"(\\*)'", lambda match: 2 * match[1] + r"\'", value)
        return "'" + re.sub(r"(\\+)$", r"\1\1", text) + "'"
    return repr(value)


def _plain(text: str) -> Any:
    found: Any = OmegaConf.create(text)
    return (
        redact.redact_values(OmegaConf.to_container(found)) if OmegaConf.is_config(found) else None
    )


def _name(word: str) -> str:
    return word.partition("=")[0].lstrip("+~")
