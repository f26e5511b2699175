"""Where MLflow's runs go, and which run an experiment has there.

All of it is known without MLflow, which is slow to import, and nothing is written to the store.
"""

import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from filelock import Timeout

from labkart import project
from labkart.errors import LabkartError
from labkart.files import read_json, write_atomically
from labkart.language import translate
from labkart.records import unpublished, verdict
from labkart.records.record import ExperimentRecord, digest_of, read_experiment, read_experiments
from labkart.records.study import Study, read_studies, read_study
from labkart.tracking import store_refusals

MARK = "labkart.store"  # the tag of MLflow's experiment that tells its store from any other


def uri() -> str:
    """The variable `MLFLOW_TRACKING_URI`, or else SQLite in the project's outputs."""
    return os.environ.get("MLFLOW_TRACKING_URI") or sqlite(database())


def sqlite(file: Path) -> str:
    """A file as MLflow names it, whatever characters are in its path."""
    return f"sqlite:///{quote(str(file))}"


def task_address(file: Path) -> str:
    """The address of a task's own store, which `direct.plugin` opens."""
    return f"labkart-task://{quote(str(file))}"


def set_tracking_uri(set_uri: Callable[[str], None]) -> None:
    """Tell MLflow's own functions of this store.

    They set `MLFLOW_TRACKING_URI`; unless a person set it, that is undone.
    """
    own, address = is_own(), uri()
    set_uri(address)
    if own:
        os.environ.pop("MLFLOW_TRACKING_URI", None)


def describe_location() -> str:
    """The store as a person knows it."""
    return project.current().short(database()) if is_own() else key() or uri()


def is_away(error: Exception) -> bool:
    """Whether nobody answers at all."""
    is_locked = isinstance(error, Timeout)
    is_silent = "Max retries exceeded" in str(error)
    return is_silent or (isinstance(error, ConnectionError | TimeoutError) and not is_locked)


def describe_error(error: Exception | None = None) -> str:
    """Why a store did not take something, in a line; without an error, for lack of time."""
    location = describe_location()
    if error is None:
        return translate("{store} did not take all of it in time", store=location)
    if isinstance(error, Timeout):
        lock = project.current().short(Path(error.lock_file))
        return translate(
            "another process holds {lock}, as one does that makes a new store", lock=lock
        )
    if is_away(error):
        return translate("{store} does not answer", store=location)
    if isinstance(error, LabkartError):
        return str(error).rstrip(".。")
    lines = str(error).splitlines()
    message = f"{type(error).__name__}: {lines[0] if lines else ''}"
    return store_refusals.describe(message, location, is_own=is_own())


def database() -> Path:
    """The project's own SQLite file."""
    return project.current().outputs / "mlflow.db"


def check() -> None:
    """Read the project's own SQLite file: of one that is damaged MLflow would need 15 s to say so.

    Raises:
        sqlite3.DatabaseError: it is damaged.
    """
    with closing(sqlite3.connect(database())) as connection:
        connection.execute("PRAGMA schema_version")


def is_own() -> bool:
    """Whether runs go to the project's own file, and not to a store that somebody chose."""
    return not os.environ.get("MLFLOW_TRACKING_URI")


def key() -> str | None:
    """What tells this store from another one; None if the project's own does not exist yet."""
    if _cache.keys:
        return _cache.keys[-1]
    return _mark() if is_own() else re.sub(r"//[^/@]*@", "//", uri()).rstrip("/")


@contextmanager
def cached_store() -> Iterator[None]:
    """Look only once in the block which store it is: to open the file takes longest of all."""
    _cache.keys.append(key())
    try:
        yield
    finally:
        _cache.keys.pop()


@dataclass
class _Cache:
    """The keys of the store that blocks have looked up, the innermost last; the process has one."""

    keys: list[str | None] = field(default_factory=list)


_cache = _Cache()


def _mark() -> str | None:
    if not database().exists():
        return None
    try:
        with closing(sqlite3.connect(database())) as connection:
            query = "SELECT value FROM experiment_tags WHERE key = ?"
            row = connection.execute(query, (MARK,)).fetchone()
    except sqlite3.Error:
        return None
    return row[0] if row else None


def own_ids() -> set[str]:
    """The runs and logged models that the project's own file shows; empty if it cannot be read."""
    if not database().exists():
        return set()
    query = "SELECT run_uuid FROM runs WHERE lifecycle_stage = 'active'"
    query += " UNION SELECT model_id FROM logged_models WHERE lifecycle_stage = 'active'"
    try:
        with closing(sqlite3.connect(database())) as connection:
            return {id for (id,) in connection.execute(query)}
    except sqlite3.Error:
        return set()


def run_ids() -> set[str]:
    """All runs in the project's own file, deleted ones too: MLflow would read all of their data."""
    with closing(sqlite3.connect(database())) as connection:
        return {id for (id,) in connection.execute("SELECT run_uuid FROM runs")}


class HasRun(Protocol):
    """What has a run in MLflow: an experiment, or a study."""

    started: str | None
    ended: str | None

    @property
    def folder(self) -> Path:
        """Where its record is."""
        ...


@dataclass
class RunLink:
    """The run that an experiment, or a study, has in a store.

    Attributes:
        run: its id; empty if there is none.
        started: when the attempt began that the run shows.
        ended: when that attempt ended, if the run has all of it.
        marks: a digest of what later commands may change of the run.
        creating: the start of the attempt whose run is being created, or was when a process died.
    """

    run: str
    started: str | None = None
    ended: str | None = None
    marks: str = ""
    creating: str | None = None

    def is_of(self, record: HasRun) -> bool:
        """Whether it is the run of this very attempt."""
        return bool(self.run) and self.started == record.started

    def is_whole(self, record: HasRun) -> bool:
        """Whether the store has all of this very attempt, perhaps without marks that came later."""
        return self.is_of(record) and record.ended is not None and self.ended == record.ended


def run_link(record: HasRun) -> RunLink | None:
    """The run that an experiment, or an earlier attempt at it, has in this store."""
    try:
        return RunLink(**_links(record)[key() or ""])
    except (KeyError, TypeError):
        return None


def study_run(name: str | None) -> str | None:
    """The run that a study has in this store, which is the parent of its trials' runs."""
    link = run_link(Study(name, "", "", {}, {}, None)) if name else None
    return link.run or None if link else None


def is_published(record: HasRun) -> bool:
    """Whether all of this very attempt is in this store, and marked with what came later."""
    link = run_link(record)
    return bool(link and link.is_whole(record) and link.marks == _marks(record))


def write_run_link(record: HasRun, run: str, *, whole: bool) -> None:
    """Remember which run an attempt has in this store."""
    link = RunLink(run, record.started)
    if whole:
        link.ended, link.marks = record.ended, _marks(record)
    _write(record, link)


def begin_run_link(record: HasRun) -> None:
    """Remember that an attempt's run is about to be created: this process may be killed before."""
    link = run_link(record) or RunLink("")
    link.creating = record.started
    _write(record, link)


def missing() -> list[HasRun]:
    """The records of experiments and studies that have ended and are not in this store."""
    records: list[HasRun | None] = []
    with cached_store():
        if unpublished.store() == key():
            records += map(read_experiment, unpublished.times(unpublished.EXPERIMENTS))
            records += map(read_study, unpublished.times(unpublished.STUDIES))
        else:
            records += [*read_experiments(), *read_studies()]
        ended = [record for record in records if record and record.ended]
        return [record for record in ended if not is_published(record)]


def note_published(record: HasRun, read: Callable[[], HasRun | None]) -> None:
    """Take a record off the list of those that MLflow lacks, unless it has changed meanwhile."""
    if unpublished.store() == key():  # else it is another store's list
        unpublished.remove(record.folder)
        if not is_published(read() or record):
            unpublished.add(record.folder)


def _marks(record: HasRun) -> str:
    """A digest of what may change of a record when its run is whole."""
    if not isinstance(record, ExperimentRecord):
        return digest_of(json.loads(json.dumps(record, default=vars)))
    last = verdict.last_verdict(record.id)
    code = [record.code.get("commit"), record.code.get("dirty")]
    study = [record.study, record.trial, study_run(record.study)]
    return digest_of([record.sweeps, record.tags, code, study, last.mark if last else None])


def _links(record: HasRun) -> dict[str, Any]:
    """The links to a record's runs, by the store's key."""
    links = read_json(record.folder / ".mlflow.json")
    return links if isinstance(links, dict) else {}


def _write(record: HasRun, link: RunLink) -> None:
    links = _links(record) | {key() or "": vars(link)}
    write_atomically(record.folder / ".mlflow.json", json.dumps(links, indent=1).encode())
