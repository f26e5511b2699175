"""Stage 4: from a fitted model to numbers and figures."""

from typing import Any

import numpy as np
import pandas as pd
from gokart import TaskInstanceParameter
from labkart import Task
from matplotlib.figure import Figure
from sklearn import metrics

from .split import SplitTable


class EvaluateModel(Task[pd.DataFrame]):
    """Score a model on the test part; the output is precision, recall and F1 per class."""

    model: TaskInstanceParameter[Task[Any]] = TaskInstanceParameter(expected_type=Task)
    split: TaskInstanceParameter[SplitTable] = TaskInstanceParameter(expected_type=SplitTable)

    def run(self) -> None:
        model, split = self.load(self.model), self.load(self.split)
        truth, guess = split.y_test, model.predict(split.x_test)
        chances = pd.DataFrame(model.predict_proba(split.x_test), columns=model.classes_)

        self.log_metric("accuracy", metrics.accuracy_score(truth, guess))
        self.log_metric("balanced_accuracy", metrics.balanced_accuracy_score(truth, guess))
        self.log_metric("macro_f1", metrics.f1_score(truth, guess, average="macro"))
        self.log_metric("roc_auc", roc_auc(truth, chances))
        self.log_figure("confusion_matrix", draw_confusion(truth, guess))
        self.log_figure("roc_curve", draw_roc(truth, chances))

        report = metrics.classification_report(truth, guess, output_dict=True)
        classes = [str(name) for name in model.classes_]
        per_class = pd.DataFrame(report)[classes].T.rename_axis("class")
        self.log_table("per_class", per_class)
        self.dump(per_class)


def roc_auc(truth: pd.Series, chances: pd.DataFrame) -> float:
    """Area under the ROC curve; with several classes, the mean of each one against the rest."""
    areas = [float(metrics.roc_auc_score(truth == name, chances[name])) for name in chances]
    return float(np.mean(areas))


def draw_confusion(truth: pd.Series, guess: np.ndarray) -> Figure:
    """Counts of true (rows) against predicted (columns) classes."""
    figure = Figure()
    axes = figure.subplots()
    metrics.ConfusionMatrixDisplay.from_predictions(
        truth, guess, ax=axes, xticks_rotation="vertical"
    )
    return figure


def draw_roc(truth: pd.Series, chances: pd.DataFrame) -> Figure:
    """One ROC curve per class, against the rest."""
    figure = Figure()
    axes = figure.subplots()
    for name in chances:
        metrics.RocCurveDisplay.from_predictions(
            truth == name, chances[name], name=str(name), ax=axes
        )
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
    return figure
