"""An answer as it must stand in a file or on a terminal, and those that git knows."""

import json
import re
import subprocess
from contextlib import suppress

from hooks.checks import CHECKS


def quoted(text: str) -> str:
    """In double quotes, right in TOML and in YAML: both read JSON's escapes."""
    return json.dumps(text, ensure_ascii=False)


def markdown(text: str) -> str:
    """With a backslash before each sign that Markdown would read as its own."""
    return re.sub(r"([\\`*_\[\]<>#&~$])", r"\\\1", text)


def shown(answer: object) -> str:
    """The beginning, as any terminal can show it."""
    text = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(answer)[:40])
    return text + "..." * (len(str(answer)) > 40)


def git_config(key: str) -> str:
    """What git knows of its user, if that may be an answer; else nothing."""
    question = {"user.name": "author_name", "user.email": "author_email"}[key]
    with suppress(OSError, ValueError):
        done = subprocess.run(["git", "config", "--get", key], capture_output=True, check=False)
        return CHECKS[question](done.stdout.decode())
    return ""


FILTERS = {"quoted": quoted, "markdown": markdown, "git_config": git_config}
