"""Installed packages: which one an imported name comes from, its version, and what it needs itself."""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import Distribution, distributions

from labkart import digests, project
from labkart.files import read_json, write_atomically


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


def required_versions(modules: Iterable[str]) -> dict[str, str]:
    """The versions of the packages that hold these top-level modules, and of all that they need."""
    here, candidates = installed_packages(), foreign_versions()
    waiting = [name for module in modules for name in here.providers.get(module, ())]
    found = dict[str, str]()
    while waiting:
        name = waiting.pop()
        if name not in found and name in candidates:
            found[name] = candidates[name]
            waiting.extend(here.needs[name])
    return found


def foreign_versions() -> dict[str, str]:
    """The versions of all packages but Labkart's, which no task's id depends on, and the project's, whose code is read."""
    own = {"labkart", _plain(project.current().name)}
    return {
        name: version for name, version in installed_packages().versions.items() if name not in own
    }


@cache
def installed_packages() -> Installed:
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
    """What changes when a package is installed, upgraded or removed, or what is read of them."""
    found = [sys.version, str(digests.stamp(__file__))]
    for folder in sys.path:
        with suppress(OSError):
            inside = sorted(os.listdir(folder or "."))  # noqa: PTH208 (as texts: there are hundreds)
            for entry in [f"{folder or '.'}/{name}" for name in inside if name.endswith("-info")]:
                told = digests.stamp(f"{entry}/METADATA")
                other = None if told and told[3] else digests.stamp(f"{entry}/PKG-INFO")
                # Most packages have none, and to ask so is cheaper than an error.
                there = os.access(f"{entry}/direct_url.json", os.F_OK)
                found.append(
                    f"{entry} {told} {other} {there and digests.stamp(f'{entry}/direct_url.json')}"
                )
    return hashlib.sha256("\n".join(found).encode(errors="surrogateescape")).hexdigest()[:24]


def _look() -> Installed:
    found = Installed({}, {}, {})
    for each in distributions():
        metadata = each.metadata  # read anew at each look
        name = _plain(metadata["Name"] or "")
        if name and name not in found.versions:  # the first on the path is the one that is imported
            needs = metadata.get_all("Requires-Dist") or (
                each.requires if each.read_text("requires.txt") else None
            )
            found.versions[name] = f"{metadata['Version']}{_commit(each)}"
            found.needs[name] = [_plain(need) for need in needs or () if _holds_here(need)]
            for module in _modules(each) | {name.replace("-", "_")}:
                found.providers.setdefault(module, []).append(name)
    return found


def _modules(package: Distribution) -> set[str]:
    """The names that can be imported at the top of a package, as far as its files tell."""
    listed = (package.read_text("top_level.txt") or "").split()
    files = re.findall(
        r"^([^/,\n]+?)(?:/[^,\n]*)?(?:\.py|\.so|\.pyd),",
        package.read_text("RECORD") or "",
        re.MULTILINE,
    )
    names = {name.partition(".")[0] for name in (*listed, *files)}
    return {name for name in names if name.isidentifier()}


def _commit(package: Distribution) -> str:
    try:
        source = json.loads(package.read_text("direct_url.json") or "{}")
    except ValueError:
        return ""
    exact = source.get("vcs_info", {}).get("commit_id") or source.get("archive_info", {}).get(
        "hash"
    )
    if (
        source.get("url", "").startswith("file:") and not exact
    ):  # a folder here, which may change without a new version
        exact = hashlib.sha256((package.read_text("RECORD") or "").encode()).hexdigest()[:12]
    return f" @ {exact}" if exact else ""


def _holds_here(requirement: str) -> bool:
    """Whether a package is needed on this system and by this Python, and without extras."""
    from packaging.requirements import (  # seldom needed: the answer is remembered
        InvalidRequirement,
        Requirement,
    )

    try:
        marker = Requirement(requirement).marker
    except InvalidRequirement:  # there are old ones
        return "extra ==" not in requirement
    return marker is None or marker.evaluate({"extra": ""})


def _plain(requirement: str) -> str:
    """A package's name as all spellings of it become."""
    name = re.match(r"[\w.-]*", requirement.strip())
    return re.sub(r"[-_.]+", "-", name[0] if name else "").lower().strip("-")
