"""Where Python finds a module, and its content, without importing it. Knows no project."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any


def find_spec(name: str, folders: Sequence[str]) -> ModuleSpec | None:
    """What Python knows of a module; None if it finds none.

    Args:
        name: its full name.
        folders: those of the package that it is in; none if that cannot be found.
    """
    module = sys.modules.get(name)
    known = getattr(module, "__dict__", {})
    file = known.get("__file__")
    if module and isinstance(file, str):  # also where it has no spec, as a script has none
        paths = known.get("__path__")
        spec = ModuleSpec(name, known.get("__loader__"), origin=file)
        spec.submodule_search_locations = None if paths is None else list(paths)
        spec.has_location = True
        return spec
    if "." in name and not folders:
        return None
    for finder in sys.meta_path:  # as Python does; editable packages have a finder of their own
        find = getattr(finder, "find_spec", lambda *_: None)
        try:
            spec = find(name, folders or None)
        except (ImportError, ValueError, AttributeError):
            continue
        if spec:
            return spec
    return None


def read(file: str, spec: ModuleSpec) -> bytes:
    """The content of a module's file, or of a module that is part of an archive.

    Raises:
        OSError: it cannot be read.
    """
    if Path(file).exists():
        return Path(file).read_bytes()
    get_data: Any = getattr(spec.loader, "get_data", None)
    if get_data is None:
        raise FileNotFoundError
    return bytes(get_data(spec.origin))
