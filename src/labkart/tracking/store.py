"""Where MLflow's runs go: to the project's own SQLite file, or to a store that somebody chose.

Knows what a store answers, and all of it without MLflow, which is slow to import.
"""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from filelock import Timeout

from labkart import console, project
from labkart.errors import LabkartError
from labkart.language import translate

if TYPE_CHECKING:
    from mlflow import MlflowClient

MARK = "labkart.store"  # the tag of MLflow's experiment that tells its store from any other
# What SQLite, or MLflow, says of a file that it cannot read.
_UNREADABLE = (
    "malformed",
    "not a database",
    "unable to open database",
    "no such table",
    "no such column",
    "database schema",
    "Can't locate revision",
)
_ERROR_CODE = re.compile(r"(?:error code|too many) (\d{3})")
_REFUSED = "Permission denied"  # MLflow's server, to somebody who may not write
_keys = list[str | None]()  # those that blocks have looked up, the innermost last


class OpenStore(NamedTuple):
    """A store that is open: its client, and the id of the project's experiment in it."""

    client: "MlflowClient"
    experiment_id: str


def uri() -> str:
    """The variable `MLFLOW_TRACKING_URI`, or else SQLite in the project's outputs."""
    return os.environ.get("MLFLOW_TRACKING_URI") or sqlite(database())


def sqlite(file: Path) -> str:
    """A file as MLflow names it, whatever characters are in its path."""
    return f"sqlite:///{quote(str(file))}"


def task_address(file: Path) -> str:
    """The address of a task's own store, which `direct.plugin` opens."""
    return f"labkart-task://{quote(str(file))}"


def describe_location() -> str:
    """The store as a person knows it."""
    return project.current().short(database()) if is_own() else key() or uri()


def is_away(error: Exception) -> bool:
    """Whether the store takes nothing at all: nobody answers, or it refuses this person."""
    text = str(error)
    is_locked = isinstance(error, Timeout)
    is_silent = "Max retries exceeded" in text
    is_refusal = _REFUSED in text or "error code 401" in text
    is_lost = isinstance(error, ConnectionError | TimeoutError) and not is_locked
    return is_silent or is_refusal or is_lost


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
        return _describe_server(location, str(error))
    if isinstance(error, LabkartError):
        return str(error).rstrip(".。")
    lines = str(error).splitlines()
    message = f"{type(error).__name__}: {lines[0] if lines else ''}"
    if is_own() and any(text in message for text in _UNREADABLE):
        return translate(
            "{store} is damaged, or of another version of MLflow. The records have all of it:"
            " move the file away, and {command} makes a new one",
            store=location,
            command=console.command("sync"),
        )
    return message[:300]


def _describe_server(location: str, text: str) -> str:
    """Why a server takes nothing, by what MLflow says of its answer."""
    code = _ERROR_CODE.search(text)
    if not code:
        return translate("{store} does not answer", store=location)
    if code[1] == "401":
        return translate("{store} does not know this account, or its password", store=location)
    if _REFUSED in text:
        return translate(
            '{store} has an experiment "{name}" of somebody else:'
            " give this project another name in pyproject.toml, or let its owner share it",
            store=location,
            name=project.current().name,
        )
    return translate("{store} answers with error {code}", store=location, code=code[1])


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
    if _keys:
        return _keys[-1]
    return _mark() if is_own() else re.sub(r"//[^/@]*@", "//", uri()).rstrip("/")


@contextmanager
def cached_store() -> Iterator[None]:
    """Look only once in the block which store it is: to open the file takes longest of all."""
    _keys.append(key())
    try:
        yield
    finally:
        _keys.pop()


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
    query = "SELECT run_uuid FROM runs WHERE lifecycle_stage = 'active'"
    query += " UNION SELECT model_id FROM logged_models WHERE lifecycle_stage = 'active'"
    with suppress(sqlite3.Error):
        return _ids(query) if database().exists() else set()
    return set()


def run_ids() -> set[str]:
    """All runs in the project's own file, deleted ones too: MLflow would read all of their data."""
    return _ids("SELECT run_uuid FROM runs")


def _ids(query: str) -> set[str]:
    with closing(sqlite3.connect(database())) as connection:
        return {id for (id,) in connection.execute(query)}
