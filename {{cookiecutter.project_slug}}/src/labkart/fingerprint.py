"""The code a task class reaches.

Today that is every module of the packages that the class and its bases come from: an edit anywhere in the project
computes its tasks again. That wastes time and is never stale.
"""

import hashlib
import secrets
import sys
from functools import cache
from pathlib import Path

# The machinery around a task, not its computation.
_RUNTIMES = {"abc", "builtins", "gokart", "labkart", "luigi", "typing"}


@cache
def of(task: type) -> str:
    """A digest of the code that may decide what a task computes, in hexadecimal."""
    packages = {base.__module__.partition(".")[0] for base in task.__mro__} - _RUNTIMES
    return hashlib.sha256("".join(_package(name) for name in sorted(packages)).encode()).hexdigest()


def _package(name: str) -> str:
    file = getattr(sys.modules.get(name), "__file__", None)
    if not file:  # typed at a prompt: no file to compare, so no earlier result can be trusted
        return secrets.token_hex()
    origin = Path(file)
    digest = hashlib.sha256()
    for source in sorted(origin.parent.rglob("*.py")) if origin.stem == "__init__" else [origin]:
        if source.is_file():  # an editor's lock may be a link to nowhere
            digest.update(f"{source.relative_to(origin.parent)}\0".encode() + source.read_bytes())
    return digest.hexdigest()
