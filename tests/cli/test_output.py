"""`labkart output`: where a task's file is, and a copy of it that knows where it is from."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hydra.core.hydra_config import HydraConfig

from labkart import project
from labkart.cli import main
from labkart.experiments.composer import compose_overrides
from labkart.experiments.experiment import run_experiments
from labkart.experiments.plan import plan
from labkart.records.record import ExperimentRecord
from tests.experiments.test_experiment import Listener
from tests.support.tiny import write

pytestmark = pytest.mark.integration

CODE = """\
import luigi
import pandas as pd
from gokart import TaskInstanceParameter
from labkart import DataFolder, Task, make

class Train(Task):
    penalty = luigi.StrParameter()
    def run(self):
        self.dump(self.penalty)

class Predict(Task):
    model = TaskInstanceParameter()
    def output(self):
        return self.make_target("guesses/submission.csv")
    def run(self):
        self.dump(pd.DataFrame({"guess": [self.load(self.model)]}))

class Read(Task):
    folder = DataFolder()
    def run(self):
        self.dump("read")

class Parts(Task):
    def output(self):
        return {name: self.make_target(f"{name}.txt") for name in ("train", "test")}
    def run(self):
        for name in ("train", "test"):
            self.dump(name, name)

def pipeline(cfg):
    models = [make(Train, penalty=penalty) for penalty in (cfg.penalty, "l2")]
    predict = make(Predict, model=models[0])
    return {"submission": predict, "second": models[1], "parts": make(Parts),
            "read": make(Read, folder="inputs")}
"""


@pytest.fixture(autouse=True)
def _project(
    root: Path, student: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = f'[project]\nname = "tiny"\n\n[tool.labkart]\npipeline = "{student(CODE).__name__}:pipeline"\n'
    write(root, **{"pyproject.toml": table, "conf/config.yaml": "penalty: l1\ntask: null\n"})
    write(root, **{"inputs/notes.txt": "a"})
    HydraConfig.instance().cfg = None
    monkeypatch.setattr(project, "STARTED", root)


Call = Callable[..., tuple[int, str]]


@pytest.fixture
def output(capfd: pytest.CaptureFixture[str]) -> Call:
    """Call the verb: its exit code, and what it says."""

    def call(*arguments: str) -> tuple[int, str]:
        capfd.readouterr()
        code = main.main(["output", *arguments])
        said = capfd.readouterr()
        return code, (said.err if code else said.out).strip()

    return call


def run(*overrides: str) -> ExperimentRecord:
    experiment = plan(compose_overrides(*overrides))
    run_experiments([experiment], 0, Listener())
    return experiment.record


def origin(file: str) -> Any:
    return json.loads(Path(f"{file}.labkart.json").read_text(encoding="utf-8"))


def test_a_path_is_printed_for_the_name_or_the_key(output: Call) -> None:
    run()
    code, path = output("Predict")
    assert code == 0 and Path(path).is_absolute() and output("submission") == (0, path)
    assert Path(path).read_text() == "guess\nl1\n"


def test_overrides_choose_the_experiment_and_an_id_an_earlier_one(output: Call) -> None:
    first, second = run(), run("penalty=l3")
    paths = [output("Predict")[1], output("Predict", "penalty=l3")[1]]
    assert [Path(path).read_text() for path in paths] == ["guess\nl1\n", "guess\nl3\n"]
    assert [output(record.id[:8], "Predict")[1] for record in (first, second)] == paths
    # A name of two words needs no quotes.
    assert output(first.id, "Train", "l1") == output("Train l1")
    assert output("Train", "l2") == output("second")


def test_a_tag_chooses_the_newest_experiment_that_has_it(output: Call) -> None:
    for words in (["penalty=l3", "+labkart.tags=[mine]"], ["+labkart.tags=[mine]"], ["penalty=l4"]):
        run(*words)
    assert output("Predict", "--tag", "mine") == output("Predict", "penalty=l1")
    code, said = output("Predict", "--tag", "yours")
    assert code == 1 and said.startswith('No experiment has the tag "yours".')


def test_several_files_of_a_task_are_a_line_each(output: Call) -> None:
    run()
    paths = output("Parts")[1].splitlines()
    assert [Path(path).read_text().strip() for path in paths] == ["train", "test"]


def test_a_copy_says_where_it_is_from(output: Call) -> None:
    record = run("penalty=l3")
    code, said = output("Predict", "penalty=l3", "-o", "results/submission.csv")
    assert code == 0 and said.startswith("results/submission.csv   Predict of experiment ")
    assert Path("results/submission.csv").read_text() == "guess\nl3\n"
    known = origin("results/submission.csv")
    assert known["experiment"] == record.id and known["settings"] == {"penalty": "l3"}
    assert known["command"] == "labkart run penalty=l3" and "commit" in known
    (task,) = [task for task in record.tasks if task.label == "Predict"]
    assert (known["task"], known["task_id"]) == ("Predict", task.id)
    assert known["sha256"] == task.result["outputs"][0]["sha256"]
    assert sorted(file.name for file in Path("results").iterdir()) == [
        "submission.csv",
        "submission.csv.labkart.json",
    ]


def test_a_folder_gets_the_names_that_the_tasks_declare(output: Call) -> None:
    run()
    assert output("Predict", "-o", "results/")[0] == 0
    assert output("Parts", "-o", "results")[0] == 0
    assert output("Train l1", "-o", "results")[0] == output("Train l2", "-o", "results")[0] == 0
    copies = {file.name for file in Path("results").iterdir() if file.suffix != ".json"}
    assert copies == {"submission.csv", "train.txt", "test.txt", "Train_l1.pkl", "Train_l2.pkl"}
    code, said = output("Parts", "-o", "parts.txt")
    assert code == 1 and said == (
        "Parts has 2 files (train.txt, test.txt). Name a folder for them, such as parts/"
    )


def test_an_edited_copy_is_not_overwritten_without_a_word(output: Call) -> None:
    run()
    run("penalty=l3")
    copy = Path("submission.csv")
    assert output("Predict", "-o", copy.name)[0] == 0
    assert output("Predict", "penalty=l3", "-o", copy.name)[0] == 0, "it was a copy, unchanged"
    assert copy.read_text() == "guess\nl3\n"
    copy.write_text("mine\n")
    code, said = output("Predict", "-o", copy.name)
    assert (code, copy.read_text()) == (1, "mine\n")
    assert said == (
        "submission.csv exists, and it is not an unchanged copy of Predict."
        " Name another file, or overwrite it with --force."
    )
    assert output("Predict", "-o", copy.name, "--force")[0] == 0
    assert copy.read_text() == "guess\nl1\n"


def test_a_name_that_does_not_fit_is_refused(output: Call) -> None:
    run()
    before = {path for path in Path().rglob("*") if "outputs" not in path.parts}
    sentences = {
        "model.csv": "Train l1 wrote a .pkl file, and a copy has the same format. Name it model.pkl,"
        ' or let Train.output() return self.make_target("model.csv").',
        "run.trec": "Train l1 wrote a .pkl file, and a copy has the same format. Name it run.pkl,"
        ' or let Train.output() return self.make_target("run.trec", processor=TextFileProcessor()).',
        "outputs/model.pkl": "outputs/model.pkl is in outputs/, which Labkart manages."
        " Name another file.",
        "conf/config.yaml/model.pkl": "conf/config.yaml: File exists. Name another file.",
    }
    for file, sentence in sentences.items():
        assert output("Train l1", "-o", file) == (1, sentence)
    assert {path for path in Path().rglob("*") if "outputs" not in path.parts} == before


def test_without_an_output_the_command_that_makes_it_is_named(output: Call) -> None:
    run("task='Train l1'")
    assert output("Train l1")[0] == 0, "whatever run made it"
    code, said = output("Predict")
    assert code == 1 and said.startswith(
        "Predict has no output for this yet. Make it in a terminal"
    )
    assert said.endswith("labkart run")
    assert output("Train", "l3", "penalty=l3")[1].endswith("labkart run penalty=l3 'task=Train l3'")
    assert output("submission", "task=submission")[1].endswith("labkart run task=submission")


def test_an_output_that_was_edited_in_the_cache_is_refused(output: Call) -> None:
    record = run()
    path = Path(output("Predict")[1])
    path.write_text("edited\n")
    for name in (["Predict"], [record.id, "Predict"]):
        code, said = output(*name, "-o", "submission.csv")
        assert code == 1 and not Path("submission.csv").exists()
        assert f"{path.relative_to(Path.cwd())} changed" in said and "labkart run" in said


def test_a_mistake_is_a_sentence(output: Call) -> None:
    id = run().id
    names = "Train l1, Predict, Train l2, Parts, Read, submission, second, parts, read"
    sentences = {
        "Predikt": f'Predikt: the pipeline has {names}. Did you mean "Predict"?',
        "Train": "Train: the pipeline has several tasks of this class."
        ' Name one of "Train l1", "Train l2".',
        "": f"Which task? Name one of {names}.",
        id: f"Which task? Name one of {names}.",
        f"{id} Predict penalty=l3": f"penalty=l3: experiment {id} has settings of its own."
        " Leave one of the two out.",
        "00000000 Predict": 'No experiment begins with "00000000".',
        "Predict --fast": "--fast: there is no such option. See labkart output --help.",
    }
    for arguments, sentence in sentences.items():
        code, said = output(*arguments.split())
        assert code == 1 and said.startswith(sentence)
