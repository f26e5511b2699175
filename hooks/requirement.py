"""The line of a project's `dependencies` that names the library.

pip and uv must both accept it. So it is an address of PEP 508 and not a `[tool.uv.sources]`, and a
path has a host: pip refuses `git+file:///path`. pip cannot clone from a path with `#` in it.
"""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hooks.origin import REPOSITORY, Origin, read_origin

# Set to True once a release is on the package index: new projects then ask for `labkart>=X,<Y`.
ON_INDEX = False

# `git@host:path`, as ssh writes an address.
_SCP = re.compile(r"((?:[\w.-]+@)?[\w.-]{2,}):(?!//)(.+)")


def requirement(answers: dict[str, Any]) -> str:
    """The line for the template that is in use."""
    return requirement_line(read_origin(answers), library_version())


def is_local(answers: dict[str, Any]) -> bool:
    """Whether only this machine can install the library."""
    return "file://localhost/" in requirement(answers)


def requirement_line(origin: Origin, version: str) -> str:
    """The line for a template and the version of the library beside it."""
    if ON_INDEX:
        return f"labkart>={version},<{_next_version(version)}"
    return f"labkart @ {_library_address(origin)}"


def library_version() -> str:
    """The version of the library beside this template."""
    text = (REPOSITORY / "src/labkart/__init__.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "(.+)"', text, flags=re.MULTILINE)
    assert match
    return match[1]


def _next_version(version: str) -> str:
    """The first version that may break what runs with this one."""
    major, minor, *_ = map(int, version.split("."))
    return f"{major + 1}" if major else f"0.{minor + 1}"


def _library_address(origin: Origin) -> str:
    """A folder stays that folder: it needs no network. A git address gets the tag or the commit."""
    if origin.is_zip or origin.is_folder:
        return _with_host(origin.address)
    address = f"git+{_git_url(origin.address)}"
    return f"{address}@{origin.revision}" if origin.revision else address


def _git_url(address: str) -> str:
    """A git address as pip and uv accept it: with a scheme, and with a host.

    A relative path of `git@host:path` is taken as one from the top, as GitHub and GitLab do.
    """
    if match := _SCP.fullmatch(address):
        return f"ssh://{match[1]}/{match[2].lstrip('/')}"
    return _with_host(address)


def _with_host(address: str) -> str:
    """A path as a `file:` address, which gets the host that pip requires; others as they are."""
    if Path(address).is_absolute():
        # Cruft joins a path such as `../labkart` to the working directory.
        return f"file://localhost{quote(os.path.normpath(address))}"
    if address.startswith("file:///"):  # git decodes %20 and the like, but does not ask for them
        return f"file://localhost/{quote(address.removeprefix('file:///'), safe='/%')}"
    return address
