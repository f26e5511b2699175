"""The graphics cards that this process may use, as NVIDIA's program and CUDA's variable name them.

Knows no task, and not who uses a card: see `claims`.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from labkart.language import translate

_VISIBLE, _ORDER = VARIABLES = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")
_LIST = ("-L",)
_QUERY = ("--query-gpu=index,uuid,name", "--format=csv,noheader")
_SECONDS = 60  # that NVIDIA's program may take; a driver that sleeps needs a few


@dataclass(frozen=True)
class Card:
    """A graphics card, or one of the parts into which NVIDIA's MIG divides it.

    Attributes:
        name: what `CUDA_VISIBLE_DEVICES` calls it: its number, or its UUID.
        id: its UUID, which is the same for all processes of the machine; if unknown, the name.
        model: such as "NVIDIA A100-SXM4-40GB"; empty if unknown.
    """

    name: str
    id: str
    model: str = ""


@dataclass(frozen=True)
class Cards:
    """Those that there are.

    Attributes:
        reason: where they are known from; if there are none, why.
        is_known: whether that is so; else nobody knows, for there is no program of NVIDIA.
    """

    cards: Sequence[Card]
    reason: str
    is_known: bool = True


def visible() -> Cards:
    """The cards that this process may use: those of `CUDA_VISIBLE_DEVICES`, or all."""
    names = os.environ.get(_VISIBLE)
    if names is None:
        return installed()
    cards = each_once(_named(names.split(","), installed()))
    if names:
        return Cards(cards, translate("{name} is {value}", name=_VISIBLE, value=names))
    return Cards(cards, translate("{name} is empty", name=_VISIBLE))


def installed() -> Cards:
    """The cards of this machine, of a job's part of it, or of a container."""
    program = shutil.which("nvidia-smi")
    if program is None:
        reason = translate("no graphics card was found (there is no nvidia-smi)")
        return Cards((), reason, is_known=False)
    cards, problem = _installed(program)
    if cards:
        return Cards(cards, translate("nvidia-smi lists {count}", count=len(cards)))
    reason = translate("nvidia-smi finds no graphics card")
    return Cards((), f"{reason}: {problem}" if problem else reason)


def find(name: str, cards: Sequence[Card]) -> Card | None:
    """The card of a name: its number, its UUID or the beginning of that."""
    for card in cards:
        if name == card.name or (not name.isdecimal() and name and card.id.startswith(name)):
            return card
    return None


def each_once(cards: Iterable[Card]) -> tuple[Card, ...]:
    """The cards without those that have two names, such as a number and a UUID."""
    return tuple({card.id: card for card in cards}.values())


def variables(cards: Sequence[Card]) -> dict[str, str]:
    """The environment in which a process sees these cards, and no other."""
    chosen = {_VISIBLE: ",".join(card.name for card in cards)}
    if any(card.name.isdecimal() for card in cards):
        # Else CUDA may number them in another order than NVIDIA's program does.
        chosen[_ORDER] = os.environ.get(_ORDER, "PCI_BUS_ID")
    return chosen


@cache
def _installed(program: str) -> tuple[tuple[Card, ...], str]:
    """The cards that NVIDIA's program lists; if there are none, what it says."""
    outputs = [_output(program, _LIST)]
    if not any(_listed(outputs[0])):
        outputs.append(_output(program, _QUERY))
    return tuple(_listed(outputs[-1])), " ".join(outputs[0].strip().partition("\n")[0].split())


def _output(program: str, options: Sequence[str]) -> str:
    try:
        command = [program, *options]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    return done.stdout or done.stderr


def _listed(output: str) -> Iterator[Card]:
    """The cards that NVIDIA's program lists; one that is divided counts as its parts."""
    groups: list[list[Card]] = []
    for line in output.splitlines():
        if match := re.match(r"GPU (\d+): (.*) \(UUID: (\S+)\)", line):
            groups.append([Card(match[1], match[3], match[2])])
        elif match := re.match(r"(\d+), (GPU-[^,\s]+)(?:, (.*))?", line):
            groups.append([Card(match[1], match[2], match[3] or "")])
        elif (match := re.match(r"\s+(MIG .*?) +Device .*\(UUID: (\S+)\)", line)) and groups:
            groups[-1].append(Card(match[2], match[2], f"{groups[-1][0].model} {match[1]}"))
    for whole, *parts in groups:
        yield from parts or [whole]


def _named(names: Sequence[str], known: Cards) -> Iterator[Card]:
    """The cards of some names. Of one that does not exist, CUDA also ignores what follows."""
    is_divided = any(card.name.startswith("MIG-") for card in known.cards)
    for name in map(str.strip, names):
        card = find(name, known.cards)
        may_be_card = name.isdecimal() or name.startswith(("GPU-", "MIG-"))
        if card is None and may_be_card and (not known.is_known or is_divided):
            card = Card(name, name)
        if card is None:
            return
        yield replace(card, name=name)
