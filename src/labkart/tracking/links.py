"""Which run an experiment, or a study, has in a store, and what the store lacks.

Kept in `.mlflow.json` beside the record, by the store's key. Knows no MLflow.
"""

import json
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkart.files import read_json, write_atomically
from labkart.records import unpublished, verdict
from labkart.records.file_lock import file_lock
from labkart.records.record import ExperimentRecord, digest_of, read_experiment, read_experiments
from labkart.records.study import Study, read_studies, read_study
from labkart.tracking import store

# What has a run in MLflow.
HasRun = ExperimentRecord | Study


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


def read_link(record: HasRun) -> RunLink | None:
    """The run that an experiment, or an earlier attempt at it, has in this store."""
    try:
        return RunLink(**_links(record)[store.key() or ""])
    except (KeyError, TypeError):
        return None


def locked(folder: Path) -> AbstractContextManager[object]:
    """Hold the lock of a record: several processes may begin or end the same one at once."""
    return file_lock(folder / ".mlflow.lock")


def study_run(name: str | None) -> str | None:
    """The run that a study has in this store, which is the parent of its trials' runs."""
    link = read_link(Study(name, "", "", {}, {}, None)) if name else None
    return link.run or None if link else None


def is_published(record: HasRun) -> bool:
    """Whether all of this very attempt is in this store, and marked with what came later."""
    link = read_link(record)
    return bool(link and link.is_whole(record) and link.marks == _marks(record))


def write_link(record: HasRun, run: str, *, whole: bool) -> None:
    """Remember which run an attempt has in this store."""
    link = RunLink(run, record.started)
    if whole:
        link.ended, link.marks = record.ended, _marks(record)
    _write(record, link)


def begin_link(record: HasRun) -> None:
    """Remember that an attempt's run is about to be created: this process may be killed before."""
    link = read_link(record) or RunLink("")
    link.creating = record.started
    _write(record, link)


def missing() -> list[HasRun]:
    """The records of experiments and studies that have ended and are not in this store."""
    records: list[HasRun | None] = []
    with store.cached_store():
        if unpublished.store() == store.key():
            records += map(read_experiment, unpublished.times(unpublished.EXPERIMENTS))
            records += map(read_study, unpublished.times(unpublished.STUDIES))
        else:
            records += [*read_experiments(), *read_studies()]
        ended = [record for record in records if record and record.ended]
        return [record for record in ended if not is_published(record)]


def list_missing(runs: Collection[str] | None = None) -> None:
    """List all records that this store lacks.

    Args:
        runs: the ids of all runs that it has, deleted ones too. It may have been put back to an
            earlier state; but a run that a person has deleted stays deleted. None: no run is lost.
    """
    with store.cached_store():
        for record in [*read_studies(), *read_experiments()]:
            link = read_link(record)
            if link and link.run and runs is not None and link.run not in runs:
                write_link(record, "", whole=False)
            if not is_published(record):
                unpublished.add(record.folder)
        unpublished.keep_store(store.key() or "")


def note_published(record: HasRun, read: Callable[[], HasRun | None]) -> None:
    """Take a record off the list of those that MLflow lacks, unless it has changed meanwhile."""
    if unpublished.store() == store.key():  # else it is another store's list
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
    links = _links(record) | {store.key() or "": vars(link)}
    write_atomically(record.folder / ".mlflow.json", json.dumps(links, indent=1).encode())
