"""Installed packages: which one an imported name comes from, its version, and what it needs itself."""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import Distribution, distributions

from . import project
from .files import read_json, write_atomically


@dataclass
class Installed:
    """Attributes:

    providers: the packages that hold a module, by its name.
    versions: the version of each package; after " @ " the commit, archive or content where it came from no registry.
    needs: the packages that each one needs.
    """

    providers: dict[str, list[str]]
    versions: dict[str, str]
    needs: dict[str, list[str]]


def versions(modules: Iterable[str]) -> dict[str, str]:
    """The versions of the packages that hold these top-level modules, and of all that they need."""
    here = installed()
    waiting = [name for module in modules for name in here.providers.get(module, ())]
    ours, found = _plain(project.current().name), dict[str, str]()
    while waiting:
        name = waiting.pop()
        if name not in found and name in here.versions and name != ours:  # the project's own code is read instead
            found[name] = here.versions[name]
            waiting.extend(here.needs[name])
    return found


@cache
def installed() -> Installed:
    """All that is installed here, remembered from process to process until a package comes or goes."""
    memo = project.current().outputs / "memos" / "packages" / f"{_state()}.json"
    try:
        return Installed(**read_json(memo))
    except TypeError:
        found = _look()
    for old in memo.parent.glob("*.json"):
        old.unlink(missing_ok=True)
    write_atomically(memo, json.dumps(asdict(found)).encode())
    return found


def _state() -> str:
    """What changes when a package is installed, upgraded or removed."""
    digest = hashlib.sha256(sys.version.encode())
    for folder in sys.path:
        try:
            entries = sorted(each.path for each in os.scandir(folder or ".") if each.name.endswith("-info"))
        except OSError:
            continue
        for entry in entries:
            for name in ("METADATA", "PKG-INFO", "direct_url.json"):
                try:
                    status = os.stat(f"{entry}/{name}")  # noqa: PTH116 (several hundred times)
                except OSError:
                    continue
                digest.update(f"{entry}{name}{status.st_mtime_ns}{status.st_ctime_ns}{status.st_size}".encode())
    return digest.hexdigest()[:24]


def _look() -> Installed:
    found = Installed({}, {}, {})
    for each in distributions():
        metadata = each.metadata  # read anew at each look
        name = _plain(metadata["Name"] or "")
        if name and name not in found.versions:  # the first on the path is the one that is imported
            needs = metadata.get_all("Requires-Dist") or (each.requires if each.read_text("requires.txt") else None)
            found.versions[name] = f"{metadata['Version']}{_commit(each)}"
            found.needs[name] = [_plain(need) for need in needs or () if "extra ==" not in need]
            for module in _modules(each) | {name.replace("-", "_")}:
                found.providers.setdefault(module, []).append(name)
    return found


def _modules(package: Distribution) -> set[str]:
    """The names that can be imported at the top of a package, as far as its files tell."""
    listed = (package.read_text("top_level.txt") or "").split()
    files = re.findall(
        r"^([^/,\n]+?)(?:/[^,\n]*)?(?:\.py|\.so|\.pyd),", package.read_text("RECORD") or "", re.MULTILINE
    )
    names = {name.partition(".")[0] for name in (*listed, *files)}
    return {name for name in names if name.isidentifier()}


def _commit(package: Distribution) -> str:
    try:
        source = json.loads(package.read_text("direct_url.json") or "{}")
    except ValueError:
        return ""
    exact = source.get("vcs_info", {}).get("commit_id") or source.get("archive_info", {}).get("hash")
    if source.get("url", "").startswith("file:") and not exact:  # a folder here, which may change without a new version
        exact = hashlib.sha256((package.read_text("RECORD") or "").encode()).hexdigest()[:12]
    return f" @ {exact}" if exact else ""


def _plain(requirement: str) -> str:
    """A package's name as all spellings of it become."""
    name = re.match(r"[\w.-]*", requirement.strip())
    return re.sub(r"[-_.]+", "-", name[0] if name else "").lower().strip("-")
