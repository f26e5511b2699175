"""How an experiment's record becomes its run in MLflow: always by explicit ids.

Decides nothing about tasks. The records are the truth, and what is written here can be made from
them again. Knows neither which store that is nor what it lacks: see `links`.
"""

from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from mlflow.entities import Metric
from mlflow.exceptions import MlflowException

from labkart import signals
from labkart.records import live_metrics, unpublished
from labkart.records.names import MetricNames
from labkart.records.record import (
    ExperimentRecord,
    TaskRecord,
    experiment_folder,
    read_experiment,
    read_task,
    task_folder,
)
from labkart.tracking import artifacts, entities, links, models, store, study_run
from labkart.tracking.direct import runs as direct
from labkart.tracking.entities import Point
from labkart.tracking.store import OpenStore

# Of the others "KILLED". MLflow's page shows only FINISHED as no mistake, and no search made one.
_STATUS = {"finished": "FINISHED", "pruned": "FINISHED", "failed": "FAILED"}


def begin(opened: OpenStore, experiment: ExperimentRecord) -> str:
    """The id of a new run, or of the one that another process made for this attempt."""
    with links.locked(experiment.folder):
        link = links.read_link(experiment)
        if link and link.is_of(experiment):
            return link.run
        run = _create(opened, experiment, [])
    opened.client.log_batch(run, params=entities.params(entities.experiment_params(experiment)))
    return run


def _create(opened: OpenStore, experiment: ExperimentRecord, uses: artifacts.Uses) -> str:
    """A new run; it replaces the run of an earlier attempt, whose numbers differ."""
    if experiment.study and not links.study_run(experiment.study):
        study_run.begin(opened, experiment.study)
    for run in _previous_runs(opened, experiment):
        with suppress(MlflowException):  # somebody has deleted it
            opened.client.delete_run(run)
            direct.delete_runs(opened, run)
    links.begin_link(experiment)
    title = " ".join(experiment.overrides) or "defaults"
    started = entities.milliseconds(experiment.started)
    tags = {tag.key: tag.value for tag in entities.tags(experiment, uses)}
    name = entities.plain(title)[:250]
    run = opened.client.create_run(opened.experiment_id, started, tags, name).info.run_id
    links.write_link(experiment, run, whole=False)
    return run


def _previous_runs(opened: OpenStore, experiment: ExperimentRecord) -> Iterator[str]:
    """The runs of earlier attempts: the last one, and one whose process died as it created it."""
    link = links.read_link(experiment)
    if link and link.run:
        yield link.run
    if link and link.creating:
        time = entities.milliseconds(link.creating)
        query = f"tags.`labkart.id` = '{experiment.id}' AND attributes.start_time = {time}"
        runs = opened.client.search_runs([opened.experiment_id], query)
        yield from (run.info.run_id for run in runs)


def publish(opened: OpenStore, id: str, sent: Container[Point] = ()) -> None:
    """Write all of an experiment that has ended to its run, the cached tasks too.

    Args:
        opened: the store.
        id: of the experiment.
        sent: the points of metrics that the run has already.
    """
    folder = experiment_folder(id)
    if not folder.exists():
        unpublished.remove(folder)
        return
    with links.locked(folder), store.cached_store():
        experiment = read_experiment(id)  # now: another process may have begun it again
        if not experiment or not experiment.ended:
            return
        link = links.read_link(experiment)
        if not link or not link.is_whole(experiment):
            run = _publish(opened, experiment, link, sent)
            links.write_link(experiment, run, whole=True)
            for use in experiment.tasks:
                live_metrics.forget(task_folder(use.name, use.id))
        elif not links.is_published(experiment):
            with suppress(MlflowException):  # somebody has deleted it
                _mark(opened, link.run, experiment)
            links.write_link(experiment, link.run, whole=True)
        links.note_published(experiment, lambda: read_experiment(id))


def _mark(opened: OpenStore, run: str, experiment: ExperimentRecord) -> None:
    """Write what came later: tags, the verdict of a reproduction, the commit that has the code."""
    marks = entities.marks(experiment).items()
    tags = entities.texts({name: "" if mark is None else mark for name, mark in marks})
    opened.client.log_batch(run, tags=tags)


def _publish(
    opened: OpenStore,
    experiment: ExperimentRecord,
    link: links.RunLink | None,
    sent: Container[Point],
) -> str:
    """Write all of it, and return the run's id.

    A store takes its time for each call, so whatever goes together is sent together.

    Args:
        opened: the store.
        experiment: the record.
        link: to its run, if it has one.
        sent: the points of metrics that that run has already.
    """
    client, experiment_id = opened
    calls = direct.read(experiment)  # of MLflow's own functions
    records = {use.id: read_task(use.name, use.id) for use in experiment.tasks}
    uses = [(use, record) for use in experiment.tasks if (record := records[use.id])]
    metrics = _metrics(experiment, records)
    begun = _begun(opened, experiment, link, {metric.key for metric in metrics})
    if begun:  # a store takes long for a point that it has
        metrics = [metric for metric in metrics if entities.point(metric) not in sent]
    params = entities.experiment_params(experiment, uses)
    params |= direct.params(calls, params)
    run = begun or _create(opened, experiment, uses)
    metrics += entities.system_metrics(uses)
    tags = [entities.note(experiment, uses, f"#/experiments/{experiment_id}/runs/{run}/artifacts")]
    own_tags = entities.tags(experiment, uses)
    if begun:
        tags += own_tags
    tags += entities.texts(direct.tags(calls, [tag.key for tag in [*tags, *own_tags]]))
    # The parameters too: the beginning of the run may have been cut off.
    client.log_batch(run, metrics, entities.params(params), tags)
    if datasets := entities.datasets(uses) + direct.datasets(calls):
        client.log_inputs(run, datasets)
    times = map(entities.milliseconds, (experiment.started, experiment.ended))
    # Before what may be large, or slow; a clock may have been set back.
    client.set_terminated(run, _STATUS.get(experiment.status, "KILLED"), max(times))
    with _artifacts(opened, run) as folder:
        artifacts.gather(folder, experiment, uses, entities.long_params(params))
        tables = direct.copy_files(folder, calls)
    if tables:
        client.log_batch(run, tags=entities.texts(tables))
    for use, record in uses:
        models.write_models(opened, run, use, record)
    if begun:  # what was written before may have been cut off
        direct.delete_runs(opened, run)
    direct.write(opened, run, calls)
    return run


def _metrics(
    experiment: ExperimentRecord, records: Mapping[str, TaskRecord | None]
) -> list[Metric]:
    """All metrics, those of results first: MLflow's page keeps the order."""
    names = MetricNames(experiment)
    metrics = list[Metric]()
    for use in sorted(experiment.tasks, key=lambda use: not names.is_result(use.label)):
        record = records[use.id]
        logged = record.metrics if record else live_metrics.read_metrics(use.name, use.id)[0]
        metrics += entities.metrics(names, use, logged)
    return metrics


def _begun(
    opened: OpenStore,
    experiment: ExperimentRecord,
    link: links.RunLink | None,
    names: set[str],
) -> str | None:
    """The id of the run that was begun for this very attempt, if it still exists and is right.

    It is not if a curve was shown under a name that another task turned out to use, too.
    """
    if link and link.is_of(experiment):
        with suppress(MlflowException):
            run = opened.client.get_run(link.run)
            shown = {name for name in run.data.metrics if not name.startswith("system/")}
            if run.info.lifecycle_stage == "active" and shown <= names:
                return link.run
    return None


@contextmanager
def _artifacts(opened: OpenStore, run: str) -> Iterator[Path]:
    """A folder whose files become the run's; in the project's own store, the run's own folder."""
    if store.is_own():
        yield artifacts.own_folder(run)
        return
    with signals.temporary_folder() as folder:
        yield folder
        opened.client.log_artifacts(run, str(folder))
