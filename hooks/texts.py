"""Forms of an answer for a file or a terminal, and the answers that git knows."""

import json
import re
import subprocess
from contextlib import suppress

from hooks.checks import CHECKS

_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

_SUFFIX = re.compile(r"[JS]r\.?|I{2,3}|IV")


def quote(text: str) -> str:
    """In double quotes, for TOML and for YAML: both read JSON's escapes."""
    return json.dumps(text, ensure_ascii=False)


def escape_markdown(text: str) -> str:
    """With a backslash before each character that means something in Markdown."""
    return re.sub(r"([\\`*_\[\]<>#&~$])", r"\\\1", text)


def excerpt(answer: object) -> str:
    """The beginning, in characters that any terminal can show."""
    text = str(answer)
    start = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text[:40])
    return start + ("..." if len(text) > 40 else "")


def family_name(name: str) -> str:
    """The family name, as a reader guesses it: first in Chinese, Japanese and Korean, else last.

    Words in lower case, such as in "Ludwig van Beethoven", belong to it, and so does "Jr.".
    """
    words = name.partition(",")[0].split()
    if "," in name:
        return " ".join(words)
    if _EAST_ASIAN.match(name):
        return words[0]
    particles = (index for index, word in enumerate(words) if index and word.islower())
    last = -2 if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else -1
    return " ".join(words[next(particles, last) :])


def given_name(name: str) -> str:
    """What `family_name` leaves of a name; empty for a single word."""
    name = " ".join(name.split())
    family = family_name(name)
    is_first = "," in name or _EAST_ASIAN.match(name)
    rest = name.removeprefix(family) if is_first else name.removesuffix(family)
    return rest.strip(" ,")


def git_config(key: str) -> str:
    """What git knows of its user, if it is a valid answer; else empty."""
    question = {"user.name": "author_name", "user.email": "author_email"}[key]
    with suppress(OSError, ValueError):
        done = subprocess.run(["git", "config", "--get", key], capture_output=True, check=False)
        return CHECKS[question](done.stdout.decode())
    return ""


FILTERS = {
    "quote": quote,
    "escape_markdown": escape_markdown,
    "family_name": family_name,
    "given_name": given_name,
    "git_config": git_config,
}
