"""The packages of an archive's runs, as wheels: those of local folders always, all on request.

Nobody else has a folder of the student's machine, so without its wheel no run could be repeated.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from labkart import signals
from labkart.errors import LabkartError
from labkart.files import encode_json
from labkart.language import translate
from labkart.records.record import ExperimentRecord
from labkart.results.reproduce import uv
from labkart.results.reproduce.environment import RecordedEnvironment
from labkart.secrets import redact

INDEX = "index.json"
_WHEEL = ("pip", "wheel", "--no-deps", "--quiet", "--disable-pip-version-check", "--wheel-dir")
# The examiner installs it without a network, too.
_TOOLS = ("uv",)


@dataclass
class Wheels:
    """The wheels in a folder.

    Attributes:
        folder: where they are, with an index of them.
        every: whether all packages were wanted, not only those of folders.
        files: the path of each requirement's wheel in that folder.
        remarks: what could not be had, in sentences.
    """

    folder: Path
    every: bool
    files: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def pack(experiments: Iterable[ExperimentRecord], folder: Path, *, every: bool) -> Wheels:
    """Put the packages of experiments into a folder.

    Args:
        experiments: their records.
        folder: where to put them; it is made if there are any.
        every: whether to pack all packages, which takes the network, not only those of folders.
    """
    wheels = Wheels(folder, every)
    for python, packages in _by_python(wheels, experiments).items():
        folders = [it for it in packages if (it.url or "").startswith("file:")]
        remote = [it for it in packages if it.url and it not in folders] if every else []
        for package in [*folders, *remote]:
            _build(wheels, package, python)
        if every:
            tools = [Requirement(tool) for tool in _TOOLS]
            _download(wheels, [*(it for it in packages if not it.url), *tools], python)
    if wheels.files:
        (folder / INDEX).write_bytes(encode_json(dict(sorted(wheels.files.items()))))
    return wheels


def _by_python(
    wheels: Wheels, experiments: Iterable[ExperimentRecord]
) -> Mapping[str, list[Requirement]]:
    """The packages of all environments, each once, by the version of Python."""
    packages = dict[str, dict[str, Requirement]]()
    for experiment in experiments:
        try:
            recorded = RecordedEnvironment.of(experiment)
        except LabkartError as error:
            wheels.remarks.append(str(error).rstrip(".。"))
            continue
        series = recorded.python.rpartition(".")[0]
        known = packages.setdefault(series, {})
        known |= {str(package): package for package in recorded.packages}
    return {python: list(known.values()) for python, known in packages.items()}


def _build(wheels: Wheels, package: Requirement, python: str) -> None:
    """Build a package that does not come from a registry; its version may be that of another."""
    name = hashlib.sha256(str(package).encode()).hexdigest()[:12]
    folder = wheels.folder / name
    if str(package) in wheels.files:
        return
    done = _pip_wheel(folder, [package], python)
    built = next(iter(sorted(folder.glob("*.whl"))), None)
    if built:
        wheels.files[redact.redact_text(str(package))] = f"{name}/{built.name}"
    else:
        remark = translate("{package} cannot be packed: {reason}", package=package, reason=done)
        wheels.remarks.append(redact.redact_text(remark))


def _download(wheels: Wheels, packages: Sequence[Requirement], python: str) -> None:
    """Get the wheels of packages from their registry: all at once, or else one by one."""
    if not _pip_wheel(wheels.folder, packages, python):
        reasons = dict[str, str]()
    else:
        _index(wheels, packages)
        missing = [package for package in packages if str(package) not in wheels.files]
        reasons = {str(it): _pip_wheel(wheels.folder, [it], python) for it in missing}
    _index(wheels, packages)
    wheels.remarks += [
        translate(
            "{package} cannot be packed for Python {python}: {reason}",
            package=package,
            python=python,
            reason=reasons.get(str(package)) or translate("no wheel"),
        )
        for package in packages
        if str(package) not in wheels.files
    ]


def _index(wheels: Wheels, packages: Sequence[Requirement]) -> None:
    """Find the wheels of packages among the files."""
    for file in sorted(wheels.folder.glob("*.whl")):
        name, version, _, _ = parse_wheel_filename(file.name)
        for package in packages:
            if canonicalize_name(package.name) == name and package.specifier.contains(
                version, prereleases=True
            ):
                wheels.files.setdefault(str(package), file.name)


def _pip_wheel(folder: Path, packages: Sequence[Requirement], python: str) -> str:
    """Put wheels into a folder; why that failed, in one line, or an empty text."""
    options = ("tool", "run", "--quiet", "--python", python)
    words = (*options, *_WHEEL, str(folder), *map(str, packages))
    with signals.temporary_folder() as scratch:  # pip leaves what it began
        done = uv.run(*words, TMPDIR=str(scratch))
    if done.returncode == 0:
        return ""
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
    return errors[-1].removeprefix("ERROR: ") if errors else uv.error(done)
