"""Nested dictionaries, as settings are."""

from collections.abc import Iterator
from typing import Any


def flatten(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The plain values below a node, with their dotted names."""
    if not isinstance(node, dict):
        yield name, node
        return
    for key, child in node.items():
        yield from flatten(child, f"{name}.{key}" if name else str(key))
