"""A study in MLflow: a run of its own, with the runs of its trials below it."""

from collections.abc import Iterator

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Metric, RunTag
from mlflow.exceptions import MlflowException

from labkart.records import provenance
from labkart.records.record import ExperimentRecord, read_experiment
from labkart.records.study import Study
from labkart.tracking import entities, store

_STATUS = {"finished": "FINISHED", "killed": "KILLED"}


def begin(client: MlflowClient, place: str, study: Study) -> str:
    """The run of a study, which runs; it is made where it is not there yet."""
    with FileLock(study.folder / ".mlflow.lock"):  # several processes may begin the same one
        run = _there(client, study)
        if run:
            client.update_run(run, "RUNNING")
        else:
            started = entities.milliseconds(study.started)
            run = client.create_run(place, started, run_name=study.name).info.run_id
            store.write_run_link(study, run, whole=False)
        tags = {
            "mlflow.source.name": study.command,
            "mlflow.source.type": "LOCAL",
            "mlflow.user": provenance.user(),
        }
        tags |= {"labkart.study": study.name, "mlflow.note.content": _note(study)}
        written = [RunTag(name, entities.plain(value)) for name, value in tags.items()]
        client.log_batch(
            run, params=entities.params(study.settings | study.objectives), tags=written
        )
    return run


def publish(client: MlflowClient, place: str, study: Study) -> None:
    """Write all of a study to its run: the objectives, a step each trial, the best ones, the figures."""
    run = begin(client, place, study)
    client.log_batch(run, metrics=list(_metrics(study)))
    for figure in sorted(study.figures.glob("*.png")):
        client.log_artifact(run, str(figure), "figures")
    client.log_artifact(run, str(study.folder / "record.json"))
    for trial in study.trials:
        if (
            trial.experiment
            and (experiment := read_experiment(trial.experiment))
            and experiment.study == study.name
        ):
            nest(client, experiment, run)
    if study.status in _STATUS:
        client.set_terminated(run, _STATUS[study.status], entities.milliseconds(study.ended))
        store.write_run_link(study, run, whole=study.status == "finished")


def nest(client: MlflowClient, experiment: ExperimentRecord, parent: str) -> None:
    """Put the run that an experiment has below its study's, if it is not there yet."""
    note = store.run_link(experiment)
    if note and note.run and note.parent != parent:
        tags = {
            "mlflow.parentRunId": parent,
            "labkart.study": experiment.study,
            "labkart.trial": experiment.trial,
        }
        client.log_batch(note.run, tags=[RunTag(name, str(value)) for name, value in tags.items()])
        store.child_run_link(experiment, parent)


def _there(client: MlflowClient, study: Study) -> str | None:
    if note := store.run_link(study):
        try:
            if client.get_run(note.run).info.lifecycle_stage == "active":
                return note.run
        except MlflowException:  # somebody has deleted it
            return None
    return None


def _metrics(study: Study) -> Iterator[Metric]:
    at, names = entities.milliseconds(study.ended or study.started), list(study.objectives)
    ended = [trial for trial in study.trials if trial.state == "complete"]
    for trial in ended:
        for name, value in zip(names, trial.values or (), strict=False):
            yield Metric(name, value, at, trial.number)
    best = [trial for trial in ended if trial.number in study.best[:1]]
    for name, value in zip(
        names, best[0].values or () if best and len(names) == 1 else (), strict=False
    ):
        yield Metric(f"best_{name}", value, at, 0)
    for state in ("complete", "pruned", "failed"):
        yield Metric(f"trials_{state}", sum(trial.state == state for trial in study.trials), at, 0)


def _note(study: Study) -> str:
    """The description at the top of the run's page: the best trials."""
    names = list(study.objectives)
    rows = [
        f"| {trial.number} | {' | '.join(f'{value:.4g}' for value in trial.values or ())} | {' '.join(trial.words)} |"
        for number in study.best[:10]
        for trial in study.trials
        if trial.number == number
    ]
    return "\n".join(
        [f"| trial | {' | '.join(names)} | |", f"| ---: |{' ---: |' * len(names)} --- |", *rows]
    )
