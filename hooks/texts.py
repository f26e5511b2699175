"""Forms of an answer for a file or a terminal, and the answers that git knows."""

import json
import re
import subprocess
from contextlib import suppress

from hooks.checks import CHECKS


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


def git_config(key: str) -> str:
    """What git knows of its user, if it is a valid answer; else empty."""
    question = {"user.name": "author_name", "user.email": "author_email"}[key]
    with suppress(OSError, ValueError):
        done = subprocess.run(["git", "config", "--get", key], capture_output=True, check=False)
        return CHECKS[question](done.stdout.decode())
    return ""


FILTERS = {"quote": quote, "escape_markdown": escape_markdown, "git_config": git_config}
