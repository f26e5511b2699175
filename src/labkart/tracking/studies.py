"""A study in MLflow: a run of its own, with the runs of its trials below it.

Knows no experiments but the trials, and publishes none of them.
"""

from collections.abc import Iterator
from contextlib import suppress

from mlflow import MlflowClient
from mlflow.entities import Metric, RunTag
from mlflow.exceptions import MlflowException

from labkart.records import provenance, unpublished
from labkart.records.file_lock import file_lock
from labkart.records.study import Study, read_study, study_folder
from labkart.tracking import entities, links

_STATUS = {"finished": "FINISHED", "stopped": "KILLED", "killed": "KILLED"}


def begin(client: MlflowClient, experiment_id: str, name: str) -> None:
    """See that a study has a run, below which those of its trials stand."""
    if study := read_study(name):
        _begin(client, experiment_id, study)


def _begin(client: MlflowClient, experiment_id: str, study: Study) -> str:
    """The id of the run of a study, which is running; the run is made if it does not exist."""
    with file_lock(study.folder / ".mlflow.lock"):  # several processes may begin the same one
        run = _existing_run(client, experiment_id, study)
        if run:
            client.update_run(run, "RUNNING")
        else:
            links.begin_link(study)
            started = entities.milliseconds(study.started)
            run = client.create_run(experiment_id, started, run_name=study.name).info.run_id
            links.write_link(study, run, whole=False)
        tags = {
            "mlflow.source.name": study.command,
            "mlflow.source.type": "LOCAL",
            "mlflow.user": provenance.user(),
        }
        tags |= {"labkart.study": study.name, "mlflow.note.content": _note(study)}
        run_tags = [RunTag(name, entities.plain(value)) for name, value in tags.items()]
        params = entities.params(study.settings | study.objectives)
        client.log_batch(run, params=params, tags=run_tags)
    return run


def publish(client: MlflowClient, experiment_id: str, name: str) -> None:
    """Write all of a study that has ended to its run.

    That is objectives (one step per trial), best trials, figures.
    """
    study = read_study(name)
    if not study:
        unpublished.remove(study_folder(name))
    elif study.ended:
        _publish(client, experiment_id, study)


def _publish(client: MlflowClient, experiment_id: str, study: Study) -> None:
    run = _begin(client, experiment_id, study)
    client.log_batch(run, metrics=list(_metrics(study)))
    for figure in sorted(study.figures.glob("*.png")):
        client.log_artifact(run, str(figure), "figures")
    client.log_artifact(run, str(study.folder / "record.json"))
    client.set_terminated(run, _STATUS[study.status], entities.milliseconds(study.ended))
    links.write_link(study, run, whole=True)
    links.note_published(study, lambda: read_study(study.name))


def _existing_run(client: MlflowClient, experiment_id: str, study: Study) -> str | None:
    link = links.read_link(study)
    if link and link.run:
        with suppress(MlflowException):  # somebody has deleted it
            if client.get_run(link.run).info.lifecycle_stage == "active":
                return link.run
    if link and link.creating:  # a process died as it created one
        time = entities.milliseconds(link.creating)
        query = f"attributes.run_name = '{study.name}' AND attributes.start_time = {time}"
        for run in client.search_runs([experiment_id], query):
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


def _note(study: Study) -> str:
    """The description at the top of the run's page: the best trials."""
    names = list(study.objectives)
    trials = {trial.number: trial for trial in study.trials}
    lines = [f"| trial | {' | '.join(names)} | |", f"| ---: |{' ---: |' * len(names)} --- |"]
    for trial in (trials[number] for number in study.best[:10] if number in trials):
        values = " | ".join(f"{value:.4g}" for value in trial.values or ())
        lines.append(f"| {trial.number} | {values} | {' '.join(trial.words)} |")
    return "\n".join(lines)
