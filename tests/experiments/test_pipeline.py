"""What a pipeline function may return, and the part of a pipeline up to one task."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hydra.core.hydra_config import HydraConfig

from labkart.errors import LabkartError
from labkart.experiments.composer import compose_overrides
from labkart.experiments.experiment import run_experiments
from labkart.experiments.pipeline import Pipeline
from labkart.experiments.plan import plan
from labkart.experiments.status import describe
from labkart.records.record import read_experiment
from tests.experiments.test_experiment import Listener
from tests.support.tiny import write

CODE = """\
from pathlib import Path
import luigi
from gokart import TaskInstanceParameter
from labkart import Task, make

class Train(Task):
    penalty = luigi.StrParameter()
    def run(self):
        self.log_metric("loss", len(self.penalty))
        self.dump(self.penalty)

class Evaluate(Task):
    model = TaskInstanceParameter()
    def run(self):
        self.log_metric("accuracy", int(self.load(self.model)[-1]) / 10)
        self.dump(self.load(self.model))

class Predict(Task):
    model = TaskInstanceParameter()
    def run(self):
        if self.load(self.model) == "l9":
            raise ValueError("no such luck")
        self.dump("guess")

def pipeline(cfg):
    first, second = make(Train, penalty=cfg.first), make(Train, penalty="l2")
    scores = [make(Evaluate, model=model) for model in (first, second)]
    predict = make(Predict, model=first)
    return eval(Path("returned.txt").read_text())
"""


@pytest.fixture(autouse=True)
def _project(root: Path, student: Callable[[str], ModuleType]) -> None:
    table = f'[project]\nname = "tiny"\n\n[tool.labkart]\npipeline = "{student(CODE).__name__}:pipeline"\n'
    config = "first: l1\ntask: null\n"
    write(root, **{"pyproject.toml": table, "conf/config.yaml": config})
    HydraConfig.instance().cfg = None


def pipeline(returned: str) -> Pipeline:
    Path("returned.txt").write_text(returned)
    composed = compose_overrides()
    composed.activate()
    return Pipeline.of(composed.cfg)


def planned(returned: str, *overrides: str) -> Any:
    Path("returned.txt").write_text(returned)
    return plan(compose_overrides(*overrides))


def run(returned: str, *overrides: str) -> Any:
    experiment = planned(returned, *overrides)
    run_experiments([experiment], 0, Listener())
    return read_experiment(experiment.record.id)


def test_a_pipeline_returns_a_task_or_several() -> None:
    returned = {
        "predict": {"Predict": "Predict"},
        "[predict, scores[0]]": {"Predict": "Predict", "Evaluate": "Evaluate"},
        "(scores[1], scores[0])": {"Evaluate l2": "Evaluate l2", "Evaluate l1": "Evaluate l1"},
        "{'a': scores[0], 'b': predict}": {"a": "Evaluate", "b": "Predict"},
        "{'結果': scores[0]}": {"結果": "Evaluate"},
        "{'Train': first, 'a': scores[0]}": {"Train": "Train", "a": "Evaluate"},
    }
    for text, results in returned.items():
        laid_out = pipeline(text)
        assert list(laid_out.results.items()) == list(results.items())
        assert set(results.values()) <= laid_out.tasks.keys()


def test_anything_else_is_refused_in_a_sentence() -> None:
    several = "returned several results, and"
    sentences = {
        "None": "returned None. Let it end with: return make(YourLastTask, ...)",
        "{}": "returned {}. Let it end with",
        "[]": "returned []. Let it end with",
        "Predict": "returned <class ",
        "42": "returned 42. Let it end with",
        "{'a': {'b': predict}}": f"{several} \"a\" is not a Labkart task: {{'b': Predict",
        "{'a': None}": f'{several} "a" is not a Labkart task: None.',
        "[predict, [scores[0]]]": f"{several} item 2 is not a Labkart task: [Evaluate",
        "{1: predict}": ": 1 cannot be the key of a result. Use letters",
        "{'a=b': predict}": ": 'a=b' cannot be the key of a result. Use letters",
        "{'Train': predict}": ': the key "Train" of a result is also the name of another task.',
    }
    for returned, sentence in sentences.items():
        with pytest.raises(LabkartError) as error:
            pipeline(returned)
        assert sentence in str(error.value)
        assert str(error.value).startswith("student_") and "\n" not in str(error.value)


def test_a_run_stops_at_a_key_a_name_or_all_tasks_of_a_class() -> None:
    returned = "{'one': scores[0], 'two': scores[1], 'submission': predict}"
    parts = {
        "Predict": (["Train l1", "Predict"], {"Predict": "Predict"}),
        "submission": (["Train l1", "Predict"], {"submission": "Predict"}),
        "Train l2": (["Train l2"], {"Train l2": "Train l2"}),
        "Train": (["Train l1", "Train l2"], {"Train l1": "Train l1", "Train l2": "Train l2"}),
    }
    for name, (labels, results) in parts.items():
        part = planned(returned, f"task={name}")
        assert (list(part.tasks), part.pipeline.results) == (labels, results)
        assert part.missing == set(labels)


def test_a_task_that_does_not_exist_is_a_sentence_with_all_names() -> None:
    with pytest.raises(LabkartError) as error:
        planned("{'score': scores[0], 'submission': predict}", "task=submision")
    names = "Train, Evaluate, Predict, score, submission"
    hint = 'Did you mean "submission"?'
    assert str(error.value) == f"task=submision: the pipeline has {names}. {hint}"


def test_the_metrics_of_all_results_are_those_of_the_experiment() -> None:
    assert run("{'model': first, 'score': scores[0], 'submission': predict}").metrics == {
        "loss": 2.0,
        "accuracy": 0.1,
    }
    two = run("{'one': scores[0], 'two': scores[1]}")
    assert two.metrics == {"one.accuracy": 0.1, "two.accuracy": 0.2}
    assert two.results == {"one": "Evaluate l1", "two": "Evaluate l2"}
    assert run("scores").metrics == {"Evaluate l1.accuracy": 0.1, "Evaluate l2.accuracy": 0.2}
    assert run("predict").metrics == {}


def test_an_experiment_is_finished_when_all_of_its_results_are() -> None:
    returned = "{'score': scores[0], 'submission': predict}"
    failed = run(returned, "first=l9")
    assert (failed.status, failed.metrics) == ("failed", {"accuracy": 0.9})
    assert {task.label: task.state for task in failed.tasks}["Predict"] == "failed"
    assert run(returned).status == "finished"


def test_other_results_or_keys_are_another_experiment_but_their_order_is_not() -> None:
    returned = ("predict", "{'a': predict}", "{'b': predict}", "[predict, scores[0]]")
    assert len({planned(text).record.id for text in returned}) == len(returned)
    ids = {
        planned(text).record.id
        for text in ("{'a': first, 'b': second}", "{'b': second, 'a': first}")
    }
    assert len(ids) == 1


def test_the_status_for_programs_has_the_metrics_of_all_results() -> None:
    returned = "{'score': scores[0], 'submission': predict}"
    before = planned(returned)
    assert describe(before)["complete"] is False
    run(returned)
    after = planned(returned)
    description = describe(after)
    assert description["complete"] is True
    assert description["metrics"]["accuracy"] == 0.1
    assert description["results"]["submission"] == "Predict"
