"""Verifies an archive: its digests, and that one of its tables can be computed again from it alone.

Works in a temporary folder, also on a machine that does not have the project.
"""

import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

from labkart import console, digests, git, project, signals
from labkart.files import read_text
from labkart.language import local, mistake, translate
from labkart.records.record import ExperimentRecord, TaskRecord
from labkart.records.record_file import read_record
from labkart.results.archive.archive import MANIFEST
from labkart.results.archive.contents import read_tables
from labkart.results.archive.readme import BUNDLE
from labkart.results.archive.wheels import INDEX
from labkart.results.report.provenance import Provenance
from labkart.results.reproduce import environment
from labkart.results.reproduce.data import data_sources
from labkart.results.reproduce.environment import WHEELS, RecordedEnvironment
from labkart.tasks import lfs
from labkart.wording import did_you_mean

_ISOLATION = ("unshare", "--user", "--map-root-user", "--net")
_REFUSING = "http://127.0.0.1:9"  # a port at which nothing answers
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
# They lead to another project, another store, or past the proxy.
_IGNORED = ("GIT_", "LABKART_", "MLFLOW_", "UV_PROJECT", "no_proxy", "NO_PROXY", "VIRTUAL_ENV")
_MOST = 10  # problems that a person reads


def verify(file: Path, table: str | None = None, *, online: bool = False) -> bool:
    """Verify an archive, and say what was found.

    Args:
        file: the archive.
        table: the table to reproduce; None takes the one whose runs took the least time.
        online: whether packages that the archive does not have may come from the network.

    Returns:
        Whether all is as it was, and the table the same.

    Raises:
        LabkartError: it is no archive, or has no such table.
    """
    with signals.temporary_folder() as scratch:
        folder = scratch / "archive"
        files = _unpack(file, folder)
        if not _all_right(list(_changed(folder, files))):
            return False
        console.say(translate("  {count} files are as they were packed", count=len(files)))
        root = _project(folder, scratch)
        with chdir(root):
            tables = read_tables()
            if not _all_right(list(_contradictions(tables))):
                return False
            console.say(translate("  records, outputs and data fit each other"))
            name = _choose(tables, table)
            if (folder / "wheels" / INDEX).exists():
                os.environ[WHEELS] = str(folder / "wheels")
            if online:
                _install(tables[name], root)
        return _reproduce(root, name, scratch, online=online)


def _unpack(file: Path, folder: Path) -> dict[str, str]:
    """Unpack an archive; its files with the digests of the manifest."""
    try:
        with zipfile.ZipFile(file) as zipped:
            zipped.extractall(folder)
            names = {name for name in zipped.namelist() if not name.endswith("/")}
    except FileNotFoundError:
        raise mistake("{file} does not exist.", file=file) from None
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as error:
        raise mistake(
            "{file} cannot be unpacked: {error}. Get it again.", file=file, error=error
        ) from None
    lines = read_text(folder / MANIFEST).splitlines()
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    if not listed or BUNDLE not in listed:
        raise mistake(
            "{file} is not an archive of labkart archive: it has no {manifest}.",
            file=file,
            manifest=MANIFEST,
        )
    return {name: listed.get(name, "") for name in {*names, *listed} if name != MANIFEST}


def _changed(folder: Path, files: dict[str, str]) -> Iterator[str]:
    for name, digest in sorted(files.items()):
        path = folder / name
        if not path.is_file():
            yield translate("{name} is missing", name=name)
        elif not digest:
            yield translate(
                "{name} was added: {manifest} does not list it", name=name, manifest=MANIFEST
            )
        elif digests.fresh_content_digest(path) != digest:
            yield translate(
                "{name} was changed: its digest is not that of {manifest}",
                name=name,
                manifest=MANIFEST,
            )


def _all_right(problems: list[str]) -> bool:
    for problem in problems[:_MOST]:
        console.say(f"  {problem}", "red")
    if len(problems) > _MOST:
        console.say(translate("  ... and {more} more", more=len(problems) - _MOST), "red")
    return not problems


def _project(folder: Path, scratch: Path) -> Path:
    """Make the project again, as the second command of the README does."""
    clone = scratch / "project"
    result = git.run(
        scratch, "clone", "--quiet", str(folder / BUNDLE), str(clone), env=lfs.POINTERS_ONLY
    )
    if not result.ok:
        raise mistake("{bundle} cannot be cloned: {reason}.", bundle=BUNDLE, reason=result.reason)
    roots = [path.parent for path in sorted(clone.rglob("pyproject.toml")) if _is_project(path)]
    if not roots:
        raise mistake("{bundle} has no project of Labkart.", bundle=BUNDLE)
    for name in ("data", "outputs", "reports"):
        if (folder / name).exists():
            shutil.copytree(folder / name, roots[0] / name, dirs_exist_ok=True)
    return roots[0]


def _is_project(file: Path) -> bool:
    return "[tool.labkart]" in read_text(file)


def _contradictions(tables: dict[str, Provenance]) -> Iterator[str]:
    """Where the digests in the records are not those of the files. In the project's folder."""
    outputs = project.current().outputs
    for file in sorted((outputs / "records" / "texts").glob("*.txt")):
        if digests.fresh_content_digest(file) != file.stem:
            yield translate(
                "outputs/records/texts/{name} is not the text of its digest", name=file.name
            )
    for kind, folder_name in ((ExperimentRecord, "experiments"), (TaskRecord, "tasks")):
        for folder in sorted((outputs / "records" / folder_name).glob("*")):
            record = read_record(folder, kind)
            name = folder.relative_to(outputs).as_posix()
            if record is None:
                yield translate("outputs/{name} has no record that can be read", name=name)
            elif record.edited:
                yield translate("outputs/{name}: the record was edited", name=name)
            elif isinstance(record, TaskRecord):
                yield from _changed_outputs(record)
    runs = {id: run for table in tables.values() for id, run in table.experiments.items()}
    sources = {it.path: it for run in runs.values() for it in data_sources(run) if it.needed}
    for path, source in sources.items():
        if (project.current().root / path).exists() and source.problem():
            yield str(local(source.problem()))


def _changed_outputs(record: TaskRecord) -> Iterator[str]:
    outputs = project.current().outputs
    for state in record.outputs:
        if (outputs / state.path).exists() and not digests.unchanged(state, outputs):
            yield translate(
                "outputs/{path} is not what {name} wrote", path=state.path, name=record.name
            )


def _choose(tables: dict[str, Provenance], name: str | None) -> str:
    if name is None:
        return min(tables, key=lambda table: tables[table].seconds)
    if name not in tables:
        raise mistake(
            'The archive has no table "{name}". {hint}',
            name=name,
            hint=did_you_mean(name, tables),
        )
    return name


def _install(table: Provenance, root: Path) -> None:
    """Install the packages of a table's runs, for which the network is needed."""
    for run in table.experiments.values():
        environment.install(RecordedEnvironment.of(run), root)


def _reproduce(root: Path, table: str, scratch: Path, *, online: bool) -> bool:
    is_isolated = _can_isolate()
    own_network = translate("in a network of its own (unshare)")
    way = own_network if is_isolated else translate("by offline options of uv")
    console.say(
        translate(
            "  reproducing reports/{table}.tex with the network off, {way}", table=table, way=way
        )
    )
    command = [sys.executable, "-m", "labkart.cli.main", "reproduce", f"reports/{table}.tex"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
    whole = [*(_ISOLATION if is_isolated else ()), *command]
    with signals.child_process(whole, cwd=root, env=_offline(scratch), **pipes) as process:
        for line in process.stdout or ():
            console.say(f"    {line.rstrip()}")
        code = process.wait()
    if code == 0:
        console.say(
            translate("  reports/{table}.tex can be reproduced from the archive alone", table=table)
        )
    elif not online and _lacks_environment(root):
        console.say(
            translate(
                "  The archive does not have all packages: make it with --wheels, or "
                "verify it with --online, which gets them before the network is off"
            ),
            "red",
        )
    return code == 0


def _lacks_environment(root: Path) -> bool:
    return not any((root / "outputs" / "environments").glob("*/.whole"))


def _can_isolate() -> bool:
    """Whether this machine lets a process have a network of its own, which leads nowhere."""
    if not shutil.which(_ISOLATION[0]):
        return False
    return subprocess.run([*_ISOLATION, "true"], capture_output=True, check=False).returncode == 0


def _offline(scratch: Path) -> dict[str, str]:
    """The variables of a process that finds no network."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == WHEELS or not name.startswith(_IGNORED)
    }
    temporary = scratch / "temporary"
    temporary.mkdir(exist_ok=True)
    offline = dict.fromkeys(_PROXIES, _REFUSING) | {"UV_OFFLINE": "1", "TMPDIR": str(temporary)}
    return {**kept, **offline}
