"""A study in MLflow: a run of its own, with the runs of its trials below it.

Knows no experiments but the trials, and publishes none of them.
"""

from collections.abc import Iterator
from contextlib import suppress

from mlflow.entities import Metric
from mlflow.exceptions import MlflowException

from labkart.records import provenance, unpublished
from labkart.records.study import Study, read_study, study_folder
from labkart.tracking import entities, links
from labkart.tracking.store import OpenStore

_STATUS = {"finished": "FINISHED", "stopped": "KILLED", "killed": "KILLED"}


def begin(opened: OpenStore, name: str) -> None:
    """See that a study has a run, below which those of its trials stand."""
    if study := read_study(name):
        _begin(opened, study)


def _begin(opened: OpenStore, study: Study) -> str:
    """The id of the run of a study, which is running; the run is made if it does not exist."""
    client = opened.client
    with links.locked(study.folder):
        run = _existing_run(opened, study)
        if run:
            client.update_run(run, "RUNNING")
        else:
            links.begin_link(study)
            started = entities.milliseconds(study.started)
            run = client.create_run(opened.experiment_id, started, run_name=study.name).info.run_id
            links.write_link(study, run, whole=False)
        tags = {
            "mlflow.source.name": study.command,
            "mlflow.source.type": "LOCAL",
            "mlflow.user": provenance.user(),
            "labkart.study": study.name,
        }
        params = entities.params(study.settings | study.objectives)
        client.log_batch(run, params=params, tags=entities.texts(tags))
    return run


def publish(opened: OpenStore, name: str) -> None:
    """Write a study to its run; all of it if the study has ended.

    That is objectives (one step per trial), the best value, figures.
    """
    study = read_study(name)
    if not study:
        unpublished.remove(study_folder(name))
        return
    client, run = opened.client, _begin(opened, study)
    if not study.ended:
        return
    client.log_batch(run, metrics=list(_metrics(study)))
    for figure in sorted(study.figures.glob("*.png")):
        client.log_artifact(run, str(figure), "figures")
    client.log_artifact(run, str(study.folder / "record.json"))
    client.set_terminated(run, _STATUS[study.status], entities.milliseconds(study.ended))
    links.write_link(study, run, whole=True)
    links.note_published(study, lambda: read_study(study.name))


def _existing_run(opened: OpenStore, study: Study) -> str | None:
    link = links.read_link(study)
    if link and link.run:
        with suppress(MlflowException):  # somebody has deleted it
            if opened.client.get_run(link.run).info.lifecycle_stage == "active":
                return link.run
    if link and link.creating:  # a process died as it created one
        time = entities.milliseconds(link.creating)
        query = f"attributes.run_name = '{study.name}' AND attributes.start_time = {time}"
        for run in opened.client.search_runs([opened.experiment_id], query):
            return str(run.info.run_id)
    return None


def _metrics(study: Study) -> Iterator[Metric]:
    time = entities.milliseconds(study.ended or study.started)
    names = list(study.objectives)
    complete = [trial for trial in study.trials if trial.state == "complete"]
    for trial in complete:
        for name, value in zip(names, trial.values or (), strict=False):
            yield Metric(name, value, time, trial.number)
    best = [trial for trial in complete if trial.number in study.best[:1]]
    if best and best[0].values and len(names) == 1:
        yield Metric(f"best_{names[0]}", best[0].values[0], time, 0)
    for state in ("complete", "pruned", "failed"):
        count = sum(trial.state == state for trial in study.trials)
        yield Metric(f"trials_{state}", count, time, 0)
