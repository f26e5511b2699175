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

from labkart import project
from labkart.files import read_json, write_atomically
from labkart.records import verdict
from labkart.records.study import Study

MARK = "labkart.store"  # the tag of MLflow's experiment that tells its store from any other


def uri() -> str:
    """The variable `MLFLOW_TRACKING_URI`, or else SQLite in the project's outputs."""
    return os.environ.get("MLFLOW_TRACKING_URI") or sqlite(database())


def sqlite(file: Path) -> str:
    """A file as MLflow names it, whatever characters are in its path."""
    return f"sqlite:///{quote(str(file))}"


def set_tracking_uri(set_uri: Callable[[str], None]) -> None:
    """Tell MLflow's own functions of this store.

    They set `MLFLOW_TRACKING_URI`; unless a person set it, that is undone.
    """
    own, address = is_own(), uri()
    set_uri(address)
    if own:
        os.environ.pop("MLFLOW_TRACKING_URI", None)


@contextmanager
def preserve_tracking_uri(set_uri: Callable[[str], None]) -> Iterator[None]:
    """Restore which store MLflow's own functions use, whatever the block tells them."""
    chosen = os.environ.get("MLFLOW_TRACKING_URI")
    try:
        yield
    finally:
        if chosen is None:
            os.environ.pop("MLFLOW_TRACKING_URI", None)
        else:
            os.environ["MLFLOW_TRACKING_URI"] = chosen
        set_tracking_uri(set_uri)


def describe_location() -> str:
    """The store as a person knows it."""
    return project.current().short(database()) if is_own() else key() or uri()


def is_away(error: Exception) -> bool:
    """Whether nobody answers at all."""
    return "Max retries exceeded" in str(error) or isinstance(error, ConnectionError | TimeoutError)


def describe_error(error: Exception | None = None) -> str:
    """Why a store did not take something, in a line; without an error, for lack of time."""
    location, message = describe_location(), next(iter(str(error).splitlines()), "")
    if error is None:
        return f"{location} did not take all of it in time"
    if is_away(error):
        return f"{location} does not answer"
    if "error code 401" in message:
        return (
            f"{location} requires a login:"
            " set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        )
    if "error code 403" in message:
        name = project.current().name
        return (
            f"{name} belongs to another person at {location}:"
            " give the project another name in pyproject.toml"
        )
    return f"{type(error).__name__}: {message}"[:300]


def database() -> Path:
    """The project's own SQLite file."""
    return project.current().outputs / "mlflow.db"


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


class HasRun(Protocol):
    """What has a run in MLflow: an experiment, or a study."""

    started: str | None

    @property
    def folder(self) -> Path:
        """Where its record is."""
        ...


@dataclass
class RunLink:
    """The run that an experiment, or a study, has in a store.

    Attributes:
        run: its id.
        started: when the attempt began that the run shows.
        whole: whether all of it is there.
        sweeps: the sweeps that it is marked with.
        parent: the run that it stands below.
        tags: the tags that it is marked with.
        code: the commit that it is marked with, and whether the code was dirty.
        reproduced: the result of the last attempt to reproduce it that it is marked with.
    """

    run: str
    started: str | None
    whole: bool
    sweeps: list[str] = field(default_factory=list)
    parent: str | None = None
    tags: list[str] = field(default_factory=list)
    code: list[Any] = field(default_factory=list)
    reproduced: str | None = None

    def is_whole(self, experiment: HasRun) -> bool:
        """Whether the store has all of this very attempt, perhaps without marks that came later."""
        return self.whole and self.started == experiment.started

    def is_marked(self, experiment: HasRun) -> bool:
        """Whether the run is marked with all that a later command may have changed."""
        marks = _marks(experiment)
        if self.code not in ([], marks["code"]) or self.reproduced != marks["reproduced"]:
            return False
        return set(marks["sweeps"]) <= set(self.sweeps) and set(marks["tags"]) <= set(self.tags)


def run_link(experiment: HasRun) -> RunLink | None:
    """The run that an experiment, or an earlier attempt at it, has in this store."""
    try:
        return RunLink(**_links(experiment)[key() or ""])
    except (KeyError, TypeError):
        return None


def study_run(name: str | None) -> str | None:
    """The run that a study has in this store, which is the parent of its trials' runs."""
    link = run_link(Study(name, "", "", {}, {}, None)) if name else None
    return link.run if link else None


def is_published(experiment: HasRun) -> bool:
    """Whether all of this very attempt is in this store, and marked with what came later."""
    link = run_link(experiment)
    return bool(link and link.is_whole(experiment) and link.is_marked(experiment))


def write_run_link(experiment: HasRun, run: str, whole: bool, parent: str | None = None) -> None:
    """Remember which run an experiment has in this store."""
    link = RunLink(run, experiment.started, whole, parent=parent, **_marks(experiment))
    _write(experiment, _links(experiment) | {key() or "": vars(link)})


def child_run_link(experiment: HasRun, parent: str) -> None:
    """Remember below which run an experiment's own stands."""
    if link := run_link(experiment):
        link.parent = parent
        _write(experiment, _links(experiment) | {key() or "": vars(link)})


def forget_run_link(experiment: HasRun) -> None:
    """Forget the run that an experiment had in this store: it is not there any more."""
    links = _links(experiment)
    links.pop(key() or "", None)
    _write(experiment, links)


def _marks(experiment: HasRun) -> dict[str, Any]:
    """What may be added to a run when it is whole."""
    code = getattr(experiment, "code", None) or {}
    id = getattr(experiment, "id", None)
    last = verdict.last_verdict(id) if id else None
    return {
        "sweeps": list(getattr(experiment, "sweeps", ())),
        "tags": list(getattr(experiment, "tags", ())),
        "code": [code.get("commit"), code.get("dirty")],
        "reproduced": last.mark if last else None,
    }


def _links(experiment: HasRun) -> dict[str, Any]:
    """The links to an experiment's runs, by the store's key."""
    links = read_json(_file(experiment))
    return links if isinstance(links, dict) else {}


def _write(experiment: HasRun, links: dict[str, Any]) -> None:
    write_atomically(_file(experiment), json.dumps(links, indent=1).encode())


def _file(experiment: HasRun) -> Path:
    return experiment.folder / ".mlflow.json"
