"""A search on plain Optuna and plain gokart, with the settings of `conf/search/`.

`python search.py 60 mlflow` writes each trial as a run into MLflow by hand, as a student would.
"""

import sys
import time
from pathlib import Path

import gokart
import matplotlib as mpl
import numpy as np
import optuna
from graphs.tasks import Guess
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.visualization.matplotlib import (
    plot_optimization_history,
    plot_param_importances,
    plot_slice,
)


def objective(trial: optuna.Trial) -> float:
    task = Guess(
        number=trial.suggest_int("number", 0, 1_000_000),
        share=trial.suggest_float("share", 0.0, 1.0),
    )
    distance = gokart.build(task)
    track(trial, distance)
    return distance


def track(trial: optuna.Trial, distance: float) -> None:
    """One run a trial: its settings and its value, in one batch."""
    if client:
        run = client.create_run(store, run_name=f"trial {trial.number}").info.run_id
        settings = [Param(name, str(value)) for name, value in trial.params.items()]
        now = int(time.time() * 1000)
        client.log_batch(run, [Metric("distance", distance, now, 0)], settings)
        client.set_terminated(run)


client = None
if sys.argv[2:] == ["mlflow"]:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    client = MlflowClient("sqlite:///mlflow.db")
    store = "0"


Path("resources").mkdir(exist_ok=True)
mpl.use("Agg")
optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.create_study(storage=JournalStorage(JournalFileBackend("resources/journal.log")))
study.optimize(objective, n_trials=int(sys.argv[1]))
for draw in (plot_optimization_history, plot_param_importances, plot_slice):
    axes = draw(study)
    np.ravel(axes)[0].figure.savefig(f"resources/{draw.__name__}.png", bbox_inches="tight", dpi=120)
print(study.best_value)
