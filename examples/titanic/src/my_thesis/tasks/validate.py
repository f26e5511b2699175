"""Stage 3: how well a model predicts passengers that it has not seen."""

import pandas as pd
from gokart import TaskInstanceParameter
from labkart import Task
from luigi import IntParameter
from sklearn.model_selection import StratifiedKFold, cross_validate

from .models import DesignTask
from .passengers import ReadPassengers

METRICS = ("accuracy", "balanced_accuracy", "roc_auc")


class CrossValidate(Task[pd.DataFrame]):
    """Fit and score a model once per fold; the output has one row per fold."""

    model: TaskInstanceParameter[DesignTask] = TaskInstanceParameter(expected_type=DesignTask)
    known: TaskInstanceParameter[ReadPassengers] = TaskInstanceParameter(
        expected_type=ReadPassengers
    )
    folds: IntParameter = IntParameter()
    seed: IntParameter = IntParameter()

    def run(self) -> None:
        known = self.load(self.known)
        folds = StratifiedKFold(self.folds, shuffle=True, random_state=self.seed)
        scores = cross_validate(
            self.load(self.model), known, known["survived"], cv=folds, scoring=METRICS
        )
        per_fold = pd.DataFrame({name: scores[f"test_{name}"] for name in METRICS})
        for name in METRICS:
            self.log_metric(name, float(per_fold[name].mean()))
        self.log_table("per_fold", per_fold.rename_axis("fold").reset_index())
        self.dump(per_fold)
