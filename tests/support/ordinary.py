"""Ordinary code of students, whose types a project accepts. It is only checked, and never run."""

from pathlib import Path

import gokart
import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
import pytest
import scipy.io
from gokart import TaskInstanceParameter
from luigi import BoolParameter, DictParameter, FloatParameter, IntParameter, ListParameter
from scipy import integrate, optimize, signal, stats
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    f1_score,
    roc_auc_score,
)
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labkart import DataFile, Task

mlflow.sklearn.autolog()


class LoadCsv(Task[pd.DataFrame]):
    """Read a table and prepare it."""

    file: DataFile = DataFile()
    columns: ListParameter = ListParameter(default=())
    options: DictParameter = DictParameter(default={})
    header: BoolParameter = BoolParameter(default=True)

    def run(self) -> None:
        table = pd.read_csv(self.file, usecols=list(self.columns) or None)
        table = table.dropna().reset_index(drop=True).rename(columns=str.lower)
        table["mean"] = table.mean(axis=1)
        table.loc[table["mean"] > 1, "mean"] = 1
        groups = table.groupby("name").agg({"mean": ["mean", "std"]})
        groups.columns = ["_".join(column) for column in groups.columns]
        merged = table.merge(groups, left_on="name", right_index=True, how="left")
        for name, row in merged.pivot_table(index="name", values="mean").iterrows():
            self.log_metric(f"mean_{name}", row["mean"])
        table["hour"] = pd.to_datetime(table["time"]).dt.hour
        table["code"] = table["name"].str.strip().astype("category").cat.codes
        table = table[table["mean"].notna() & (table["code"] > 0)]
        table = table.apply(lambda column: column.fillna(0)).sort_values("mean", ascending=False)
        table["words"] = table["text"].str.split().str.len()
        self.log_metric("at_best", table.loc[table["mean"].idxmax(), "code"])
        self.log_metric("first", float(table.iloc[0]["mean"]))
        self.log_metric("kinds", len(table["name"].value_counts().to_dict()))
        self.dump(table)


def growth(t: float, y: np.ndarray, rate: float) -> np.ndarray:
    return rate * y * (1 - y)


class Analyse(Task[dict]):
    """Test, fit and plot a table."""

    table: TaskInstanceParameter[LoadCsv] = TaskInstanceParameter(expected_type=LoadCsv)
    alpha: FloatParameter = FloatParameter(default=0.05)
    n: IntParameter = IntParameter(default=3)

    def run(self) -> None:
        table = self.load(self.table)
        x, y = table["x"], table["y"]
        result = stats.ttest_ind(x, y, equal_var=False)
        _, p = stats.wilcoxon(x, y)
        r, _ = stats.pearsonr(x, y)
        rho = stats.spearmanr(x, y).statistic
        if result.pvalue < self.alpha:
            self.log_metric("slope", float(stats.linregress(x, y).slope) + r + rho + p)
        slope, intercept, *_ = stats.linregress(table["x"], y.values)
        self.log_metric("zero", -intercept / slope)
        evolved = optimize.differential_evolution(lambda v: (v[0] - 1) ** 2, [(0, 1)])
        root = optimize.root_scalar(lambda v: v**2 - 2, bracket=[0, 3])
        motion = integrate.solve_ivp(growth, [0, 10], [0.1], args=(0.5,))
        self.log_metric("least", evolved.fun + root.root + motion.y[0, -1])
        nearest, _ = KDTree(table[["x", "y"]].values).query([[0, 0]], k=2)
        interval = stats.norm.interval(0.95, loc=x.mean(), scale=stats.sem(x))
        popt, _ = optimize.curve_fit(lambda a, b, c: b * a + c, x, y)
        best = optimize.minimize(lambda v: (v**2).sum(), np.zeros(3), method="Nelder-Mead")
        b, a = signal.butter(4, 0.2)
        peaks, properties = signal.find_peaks(signal.filtfilt(b, a, x), height=0)
        _, power = signal.welch(x, fs=100.0)
        distance = cdist(table[["x"]], table[["y"]])
        data = scipy.io.loadmat(str(Path("data/raw/a.mat")))["data"]
        shape = {"peaks": peaks, "heights": properties["peak_heights"], "power": power}
        fits = {"interval": interval, "popt": popt, "best": best.x}
        self.dump({**shape, **fits, "distance": distance, "data": data, "nearest": nearest})


class Classify(Task[dict]):
    """Fit a forest and see what it learned."""

    table: TaskInstanceParameter[LoadCsv] = TaskInstanceParameter(expected_type=LoadCsv)
    seed: IntParameter = IntParameter()

    def run(self) -> None:
        table = self.load(self.table)
        x, y = table.drop(columns=["y"]), table["y"]
        x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=self.seed)
        self.log_metric("first", x_train["x"].mean() + y_test.iloc[0] + y_train.shape[0])
        model = make_pipeline(StandardScaler(), RandomForestClassifier(random_state=self.seed))
        model.fit(x_train, y_train)
        guess, chances = model.predict(x_test), model.predict_proba(x_test)[:, 1]
        self.log_metric("cv", cross_val_score(model, x, y, cv=KFold(5)).mean())
        self.log_metric("accuracy", accuracy_score(y_test, guess))
        self.log_metric("f1", f1_score(y_test, guess, average="macro"))
        report = classification_report(y_test, guess, output_dict=True)
        self.log_metric("macro", report["macro avg"]["f1-score"])
        words = TfidfVectorizer().fit_transform(table["text"])
        self.log_metric("density", words.nnz / words.shape[0] + words[0].sum())
        self.log_metric("iris", load_iris().data.mean())
        self.log_metric("auc", roc_auc_score(y_test, chances))
        grid = GridSearchCV(model, {"randomforestclassifier__max_depth": [2, 3]}, cv=3)
        self.log_metric("best", grid.fit(x_train, y_train).best_score_)
        noise = np.random.default_rng(self.seed).normal(size=(len(x), 2))
        labels = KMeans(3, random_state=self.seed).fit_predict(noise)
        forest = model.named_steps["randomforestclassifier"]
        importances = pd.Series(forest.feature_importances_, index=x.columns).sort_values()
        figure, axes = plt.subplots(1, 2, figsize=(8, 4))
        axes[0].plot(x, y, label="a")
        axes[1].bar(importances.index, importances)
        axes[0].legend()
        self.log_figure("plot", figure)
        self.log_table("confusion", pd.DataFrame(confusion_matrix(y_test, guess)))
        mlflow.log_metric("noise", noise.mean())
        self.dump({"labels": labels})


def test_a_table_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    table = gokart.build(LoadCsv(file=str(path), columns=["x", "y"]))
    other = gokart.build(LoadCsv(file=path, columns=("x",), options={"a": 1}))
    assert table["x"].tolist() == [1]
    assert table.shape == other.shape
    result = gokart.build(Analyse(table=LoadCsv(file=str(path)), alpha=0.1, n=1))
    assert result["best"] == pytest.approx(1)
    np.testing.assert_allclose(table.to_numpy(), other.values)
    pd.testing.assert_frame_equal(table, other)
