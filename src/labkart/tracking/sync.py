"""Everything that ended, written into the store of this project: what `labkart sync` does.

Imports MLflow, which is slow. How a record becomes a run: see `experiment_run` and `study_run`.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from mlflow.entities import ViewType
from mlflow.utils import get_results_from_paginated_fn

from labkart.records import unpublished
from labkart.records.record import read_experiments
from labkart.tracking import connection, experiment_run, links, store, study_run
from labkart.tracking.store import OpenStore


class SyncResult(NamedTuple):
    """What `sync` did with an experiment, or with a study that it could not write.

    Attributes:
        name: the experiment's id, or the study's name.
        label: it as a person knows it: an id is shortened.
        is_new: whether it was written now.
        error: why it could not be written; empty if it is in the store.
    """

    name: str
    label: str
    is_new: bool
    error: str


def sync() -> Iterator[SyncResult]:
    """Write every experiment and study that has ended and is not in this store."""
    opened = connection.open_store()
    links.list_missing(_run_ids(opened))
    for name in unpublished.times(unpublished.STUDIES):
        result = _result(name, name, partial(study_run.publish, opened, name))
        if result.error:
            yield result
    pending = unpublished.times(unpublished.EXPERIMENTS)
    ended = [record for record in read_experiments() if record.ended]
    for id in [record.id for record in sorted(ended, key=lambda record: record.started or "")]:
        if id in pending:
            yield _result(id, id[:6], partial(experiment_run.publish, opened, id))
        else:
            yield SyncResult(id, id[:6], False, "")


def _result(name: str, label: str, write: Callable[[], None]) -> SyncResult:
    try:
        write()
    except Exception as error:
        if store.is_away(error):
            raise
        return SyncResult(name, label, False, store.describe_error(error))
    return SyncResult(name, label, True, "")


def _run_ids(opened: OpenStore) -> set[str]:
    """All runs of this store, deleted ones too."""
    if store.is_own():
        return store.run_ids()  # MLflow would read all of their data
    runs = get_results_from_paginated_fn(
        lambda count, token: opened.client.search_runs(
            [opened.experiment_id], "", ViewType.ALL, count, page_token=token
        ),
        1000,
    )
    return {run.info.run_id for run in runs}
