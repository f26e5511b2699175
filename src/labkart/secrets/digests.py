"""Keyed digests of secrets, which tell whether two are equal and nothing else.

The key lies in `outputs/` beside the records, not in them. So all who share the outputs group their
experiments alike, the key goes when the records go, and whoever is given records alone cannot find
a password by trying.
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from labkart import project
from labkart.nested import flatten
from labkart.secrets.names import MASK


def digests_of(cfg: DictConfig, redacted: dict[str, Any]) -> dict[str, str]:
    """The digests of the values of a configuration that are masked, by dotted names."""
    masked = [name for name, leaf in flatten(redacted) if MASK in str(leaf)]
    digests = dict[str, str]()
    for name in masked:
        with suppress(OmegaConfBaseException):  # a variable is not set
            digests[name] = _digest(str(OmegaConf.select(cfg, name)))
    return digests


def _digest(text: str) -> str:
    return hmac.new(_key(), text.encode(errors="surrogateescape"), hashlib.sha256).hexdigest()[:16]


def _key() -> bytes:
    """The key; it is made when it is first needed, by one of the processes that need it."""
    path = project.current().outputs / "digest.key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(f"{path}.{os.getpid()}")
    # For the user and a group that shares the outputs.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o660)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(32))
    with suppress(FileExistsError):  # another process was faster
        path.hardlink_to(temporary)
    temporary.unlink()
    return path.read_bytes()
