"""Finds secrets below a name: in a dictionary `TOKENS = {...}`, in a section `secrets:` of YAML.

A key there need not sound like a secret, as the name above it does: see `Names.level`.
"""

import re
from collections.abc import Iterator

from labkart.secrets.named_values import CLOSED, QUOTED
from labkart.secrets.names import IF_MIXED, Names, is_secret
from labkart.secrets.places import Place

# Up to its end, or that of the part of it which a diff shows.
_DICTIONARY = re.compile(
    rf"{CLOSED}[:=]\s*(?:dict\(|\{{)(?P<body>(?:(?!\n@@|\ndiff )[^{{}}()]){{0,4000}})"
)
_ENTRY = re.compile(rf"(?P<key>[\w.-]+)[\"']?\s*[:=]\s*{QUOTED}")
_HEAD = re.compile(r"[\"']?:[ \t]*(?:#[^\n]*)?\n")
_LONGEST = 20_000  # characters of a section
_HUNK = "@@ "  # in a diff, before the section in which the lines below stand
_LINE = re.compile(r"([-+ ]*)([^\n]*)\n?")
_SETTING = re.compile(r"[\"']?(?P<key>[\w.-]+)[\"']?:[ \t]+[\"']?(?P<value>(?:(?! #)[^\"'\n])+)")


def find_below(place: Place, names: Names) -> Iterator[tuple[int, int]]:
    """The secrets below a name, if it is that of a dictionary or a section."""
    if match := _DICTIONARY.match(place.text, place.end):
        entries = _ENTRY.finditer(place.text, *match.span("body"))
        # These words also stand above what is none.
        is_sure = not re.search("secret|cred", place.name, re.IGNORECASE)
    else:
        entries, is_sure = _settings(place), place.is_config
    for entry in entries:
        level = names.level(f"{place.name}.{entry['key']}")
        level = level if is_sure else min(level, IF_MIXED)
        if is_secret(entry["value"], level, entry["key"]):
            yield entry.span("value")


def _settings(place: Place) -> Iterator[re.Match[str]]:
    """The lines of a section, which are further to the right than its name."""
    text, depth = place.text, len(place.before)
    if place.before.startswith(_HUNK):
        depth = 1
    elif place.before.strip("-+ "):
        return
    head = _HEAD.match(text, place.end)
    if not head:
        return
    for line in _LINE.finditer(text, head.end(), head.end() + _LONGEST):
        if line[2] and len(line[1]) <= depth:
            return
        if setting := _SETTING.match(text, line.start(2)):
            yield setting
