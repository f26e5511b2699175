"""The installed packages: which one an imported name comes from, its version, source and needs.

Imports none of them. What was found is remembered between processes.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import Distribution, distributions
from typing import Any

from labkart import digests, file_states, git, installed_files, project, trace
from labkart.files import read_json, remember


@dataclass
class Installed:
    """All installed packages, by their normalised names.

    After the version of a package that did not come from a registry, its commit, or the digest of
    its archive or content, follows behind " @ "; its source is what PEP 508 has after `name @ `.
    """

    providers: dict[str, list[str]] = field(default_factory=dict)  # by top-level module
    versions: dict[str, str] = field(default_factory=dict)
    needs: dict[str, list[str]] = field(default_factory=dict)  # the packages that each requires
    sources: dict[str, str] = field(default_factory=dict)  # without credentials
    lists: dict[str, str] = field(default_factory=dict)  # the RECORD files that installers wrote


def required_versions(modules: Iterable[str]) -> dict[str, str]:
    """The versions of the packages that contain these top-level modules, and of all they need."""
    installed = installed_packages()
    foreign = _foreign()
    waiting = [name for module in modules for name in installed.providers.get(module, ())]
    names = dict[str, None]()
    while waiting:
        name = waiting.pop()
        if name not in names and name in foreign:
            names[name] = None
            waiting.extend(installed.needs[name])
    return {name: _present_version(name) for name in names}


def foreign_versions() -> dict[str, str]:
    """The versions of all packages but Labkart's and the project's.

    No task's id depends on Labkart's, and the project's code counts by itself.
    """
    return {name: _present_version(name) for name in _foreign()}


def _foreign() -> list[str]:
    installed = installed_packages()
    if own_files := installed.lists.get("labkart"):
        trace.rely_on_package(own_files)
    own = {"labkart", normalised_name(project.current().name)}
    return [name for name in installed.versions if name not in own]


def _present_version(name: str) -> str:
    """A package's version, and a digest of its files that were edited since it was installed."""
    installed = installed_packages()
    version, record = installed.versions[name], installed.lists.get(name)
    edits = installed_files.edits(record) if record else ""
    return f"{version}, edited {edits}" if edits else version


def requirements() -> list[str]:
    """One PEP 508 line per installed package but the project itself, sorted by name.

    `name==version` for a package from a registry, otherwise `name @ address`.
    """
    installed = installed_packages()
    lines = list[str]()
    for name in sorted(installed.versions.keys() - {normalised_name(project.current().name)}):
        number = installed.versions[name].partition(" @ ")[0]
        if name in installed.sources:
            lines.append(f"{name} @ {installed.sources[name]}")
        else:
            lines.append(f"{name}=={number}" if number else name)
    return lines


@cache
def installed_packages() -> Installed:
    """All that is installed, remembered between processes until a package comes or goes."""
    memo = project.current().outputs / "memos" / "packages" / f"{_state()}.json"
    try:
        return Installed(**read_json(memo))
    except TypeError:
        with trace.untraced():  # what is installed counts anyway, and a marker may ask the system
            installed = _inspect()
    for outdated in memo.parent.glob("*.json"):
        outdated.unlink(missing_ok=True)
    remember(memo, json.dumps(asdict(installed)).encode())
    return installed


def normalised_name(requirement: str) -> str:
    """The name in a requirement, in the one form that all its spellings share."""
    name = re.match(r"[\w.-]*", requirement.strip())
    return re.sub(r"[-_.]+", "-", name[0] if name else "").lower().strip("-")


def _state() -> str:
    """A digest that changes when a package is installed, upgraded or removed, or this module is."""
    parts = [sys.version, str(digests.stamp(__file__))]
    for folder in sys.path:
        parts += [it.state for it in installed_files.metadata(folder or ".")]
    return file_states.digest(parts)[:24]


def _inspect() -> Installed:
    installed = Installed()
    for package in distributions():
        try:
            metadata = package.metadata  # read again at each access
        except FileNotFoundError:  # raised where the backport importlib_metadata looks
            continue
        name = normalised_name(metadata["Name"] or "")
        if not name or name in installed.versions:  # the first one on the path is imported
            continue
        origin = _origin(package)
        exact = _exact_version(package, origin)
        installed.versions[name] = f"{metadata['Version'] or ''}{exact and f' @ {exact}'}"
        if source := _source(origin):
            installed.sources[name] = source
        if record := _record(package):
            installed.lists[name] = record
        needs = metadata.get_all("Requires-Dist")
        if not needs and package.read_text("requires.txt"):
            needs = package.requires
        installed.needs[name] = [normalised_name(need) for need in needs or () if _applies(need)]
        for module in _modules(package) | {name.replace("-", "_")}:
            installed.providers.setdefault(module, []).append(name)
    return installed


def _modules(package: Distribution) -> set[str]:
    """The top-level modules of a package, as far as the list of its files shows them."""
    listed = (package.read_text("top_level.txt") or "").split()
    pattern = r"(?m)^([^/,\n]+?)(?:/[^,\n]*)?(?:\.py|\.so|\.pyd),"
    files = re.findall(pattern, package.read_text("RECORD") or "")
    names = {name.partition(".")[0] for name in (*listed, *files)}
    return {name for name in names if name.isidentifier()}


def _record(package: Distribution) -> str:
    """The path of the list of a package's files; empty if its installer wrote none."""
    name = re.search(r"(?m)^([^/,\n]+\.dist-info/RECORD),", package.read_text("RECORD") or "")
    return str(package.locate_file(name[1])) if name else ""


def _origin(package: Distribution) -> dict[str, Any]:
    """Where a package came from (PEP 610); empty if it came from a registry."""
    try:
        origin = json.loads(package.read_text("direct_url.json") or "{}")
    except ValueError:
        return {}
    return origin if isinstance(origin, dict) and isinstance(origin.get("url"), str) else {}


def _exact_version(package: Distribution, origin: dict[str, Any]) -> str:
    """The commit, or the digest of the archive or content; empty if it came from a registry."""
    commit = origin.get("vcs_info", {}).get("commit_id")
    exact = commit or origin.get("archive_info", {}).get("hash")
    if not exact and origin.get("url", "").startswith("file:"):
        # A local folder may change without a new version.
        exact = hashlib.sha256((package.read_text("RECORD") or "").encode()).hexdigest()[:12]
    return exact or ""


def _source(origin: dict[str, Any]) -> str:
    """The address from which a package can be installed again; empty if it came from a registry."""
    address = git.without_credentials(origin.get("url", ""))
    if repository := origin.get("vcs_info"):
        address = f"{repository.get('vcs', 'git')}+{address}@{repository.get('commit_id')}"
    subfolder = origin.get("subdirectory")
    return f"{address}#subdirectory={subfolder}" if subfolder else address


def _applies(requirement: str) -> bool:
    """Whether a package is needed on this system and by this Python, and without extras."""
    # Seldom needed: the answer is remembered.
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        marker = Requirement(requirement).marker
    except InvalidRequirement:  # some packages still have them
        return "extra ==" not in requirement
    return marker is None or marker.evaluate({"extra": ""})
