"""`labkart run` in a baked project: what runs, what is cached, what is printed, what MLflow holds afterwards."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from tests.support.bake import Project
from tests.support.tiny import soon
from tests.support.variants import variants

METRICS = ["accuracy", "balanced_accuracy", "macro_f1", "roc_auc"]
FOUR = ["LoadTable", "SplitTable", "TrainLogistic", "EvaluateModel"]


def states(said: str) -> dict[str, str]:
    """What the closing table says of each task: `cached`, `ran`, `failed` or `not run`."""
    rows = re.findall(r"^  ([A-Z]\w+) +(cached|failed|not run|[\d.]+ s)$", said, flags=re.MULTILINE)
    return {task: "ran" if state.endswith(" s") else state for task, state in rows}


def metrics(said: str) -> dict[str, str]:
    line = next((line for line in said.splitlines() if line.startswith("  accuracy")), "")
    return dict(re.findall(r"(\w+) ([\d.]+)", line))


def rows(project: Project) -> list[Run]:
    """The runs in MLflow, oldest first."""
    client = MlflowClient(f"sqlite:///{project.root}/outputs/mlflow.db")
    experiment = client.get_experiment_by_name("my-thesis")
    assert experiment
    return list(
        client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
    )


def artifacts(project: Project, run: Run) -> Path:
    return project.root / "outputs" / "artifacts" / run.info.run_id / "artifacts"


def records(project: Project) -> list[dict]:
    files = (project.root / "outputs" / "records" / "experiments").glob("*/record.json")
    return [json.loads(file.read_text()) for file in files]


# One run after another


def test_the_first_run_runs_every_task_and_prints_the_metrics(first_run: str) -> None:
    assert states(first_run) == dict.fromkeys(FOUR, "ran")
    assert list(metrics(first_run)) == METRICS
    assert 0.9 < float(metrics(first_run)["accuracy"]) <= 1
    assert re.search(r"experiment [0-9a-f]{6}  ·  .*labkart ui", first_run)


def test_the_second_run_runs_nothing_imports_no_mlflow_and_prints_the_same(
    project: Project, first_run: str
) -> None:
    done = project.run("python", "-X", "importtime", project.command("labkart")[0], "run")
    assert "4 tasks cached, nothing to do" in done.stdout
    assert done.stdout.splitlines()[1:] == first_run.splitlines()[-2:]
    assert "gokart" in done.stderr and not re.search(r"\| +mlflow", done.stderr)
    assert len(rows(project)) == 1


def test_another_model_runs_only_training_and_evaluation(project: Project) -> None:
    assert states(project.labkart("run", "model=forest", "seed=3")) == {
        "LoadTable": "cached",
        "SplitTable": "cached",
        "TrainForest": "ran",
        "EvaluateModel": "ran",
    }


def test_another_split_keeps_only_the_table(project: Project) -> None:
    said = states(project.labkart("run", "split.seed=1"))
    assert [task for task in FOUR if said[task] == "cached"] == ["LoadTable"]


def test_a_setting_of_the_machinery_computes_nothing_again(project: Project) -> None:
    assert "nothing to do" in project.labkart("run", "labkart.workers=2")


def test_an_edit_of_the_code_is_never_answered_from_the_cache(project: Project) -> None:
    project.edit(
        "src/my_thesis/tasks/evaluate.py",
        'self.log_metric("accuracy", ',
        'self.log_metric("accuracy", 0 * ',
    )
    assert metrics(project.labkart("run"))["accuracy"] == "0.000"


def test_a_damaged_output_is_computed_again(project: Project, first_run: str) -> None:
    (split,) = (project.root / "outputs" / "cache").rglob("SplitTable_*.pkl")
    (model,) = (project.root / "outputs" / "cache").rglob("TrainLogistic_*.pkl")
    (table,) = (project.root / "outputs" / "cache").rglob("EvaluateModel_*.pkl")
    split.write_bytes(split.read_bytes()[:-100])
    model.unlink()
    table.write_bytes(b"")
    said = project.labkart("run")
    assert states(said) == {**dict.fromkeys(FOUR, "ran"), "LoadTable": "cached"}
    assert metrics(said) == metrics(first_run)
    assert [run.info.status for run in rows(project)] == ["FINISHED"]


def test_a_moved_project_keeps_its_cache(project: Project) -> None:
    moved = replace(project, root=project.root.rename(project.root.with_name("elsewhere")))
    assert "4 tasks cached, nothing to do" in moved.labkart("run")
    moved.labkart("run", "data=wine")
    old, new = rows(moved)
    for run in (old, new):
        assert run.info.artifact_uri == artifacts(moved, run).as_uri()
        assert (artifacts(moved, run) / "EvaluateModel" / "roc_curve.png").exists()


def test_a_path_with_spaces_and_japanese_is_as_good(fresh: Project) -> None:
    (folder := fresh.root.parent / "修士 論文 100%").mkdir()
    moved = replace(fresh, root=fresh.root.rename(folder / "my-thesis"))
    moved.labkart("run", "data=wine")
    assert (artifacts(moved, rows(moved)[0]) / "EvaluateModel" / "roc_curve.png").exists()
    assert not moved.has("mlruns")


def test_a_run_up_to_a_task_goes_no_further(fresh: Project) -> None:
    assert states(fresh.labkart("run", "task=SplitTable")) == {
        "LoadTable": "ran",
        "SplitTable": "ran",
    }
    assert not list((fresh.root / "outputs" / "cache").rglob("TrainLogistic_*.pkl"))


def test_two_workers_build_the_same(fresh: Project, first_run: str) -> None:
    said = fresh.labkart("run", "labkart.workers=2")
    assert states(said) == dict.fromkeys(FOUR, "ran")
    assert metrics(said) == metrics(first_run)


def test_a_subfolder_is_as_good_as_the_root(project: Project) -> None:
    inside = Project(project.root / "src" / "my_thesis", project.environment)
    assert project.warm
    code = "from labkart.cli.main import main; raise SystemExit(main(['run']))"
    done = project.warm.code(code, inside.root, project.root / "src")
    assert "4 tasks cached" in done.stdout
    assert not inside.has("outputs")


@pytest.mark.parametrize(("data", "classes"), variants([("wine", 3), ("digits", 10)]))
def test_the_other_data_sets_work(project: Project, data: str, classes: int) -> None:
    assert float(metrics(project.labkart("run", f"data={data}"))["accuracy"]) > 0.9
    table = (artifacts(project, rows(project)[-1]) / "EvaluateModel" / "per_class.csv").read_text()
    assert len(table.strip().splitlines()) == classes + 1


@pytest.mark.thorough
def test_an_experiment_is_a_file_that_names_its_runs(project: Project) -> None:
    said = project.labkart("run", "experiment=compare", "-m", "seed=0,1")
    assert said.startswith("  6 experiments, 14 tasks: 4 cached, 10 to run on ")
    one = project.run("labkart", "run", "experiment=compare")
    assert (
        "  one run of a set (model=logistic,forest,boosting); -m runs all of them\n" in one.stderr
    )
    compared = [run for run in rows(project) if run.data.params.get("experiment") == "compare"]
    assert {(run.data.params["model"], run.data.params["seed"]) for run in compared} == {
        (model, seed) for model in ("logistic", "forest", "boosting") for seed in "01"
    }


def test_the_composed_configuration_can_be_shown(project: Project) -> None:
    assert "trees: 300" in project.labkart("run", "model=forest", "--cfg", "job")


# What stays


def test_mlflow_says_what_the_terminal_said(project: Project, first_run: str) -> None:
    (run,) = rows(project)
    assert run.info.status == "FINISHED"
    assert {name: f"{run.data.metrics[name]:.3f}" for name in METRICS} == metrics(first_run)
    assert run.data.tags["labkart.id"].startswith(re.findall(r"experiment (\w{6})", first_run)[0])


def test_mlflow_has_parameters_metrics_figures_and_tables_of_every_task(project: Project) -> None:
    (run,) = rows(project)
    wanted = {
        "data": "breast_cancer",
        "model": "logistic",
        "model.params.c": "1.0",
        "model.params.max_iter": "1000",
        "split.test_size": "0.25",
        "split.seed": "0",
        "seed": "0",
    }
    assert run.data.params == wanted  # as a student types them, each value once
    assert run.data.metrics["TrainLogistic.train_accuracy"] > 0.9
    folder = artifacts(project, run)
    tasks = list(csv.DictReader((folder / "tasks.csv").read_text().splitlines()))
    assert [task["task"] for task in tasks] == FOUR
    for task in tasks:
        assert float(task["wall_seconds"]) > 0 and float(task["peak_memory_mb"]) > 1
    for figure in ("confusion_matrix", "roc_curve"):
        assert (folder / "EvaluateModel" / f"{figure}.png").read_bytes().startswith(b"\x89PNG")
    assert (
        (folder / "EvaluateModel" / "per_class.csv")
        .read_text()
        .startswith("class,precision,recall")
    )


def test_mlflow_has_the_configuration_the_environment_and_the_machine(project: Project) -> None:
    (run,) = rows(project)
    folder = artifacts(project, run)
    assert "name: breast_cancer" in (folder / "config.yaml").read_text()
    assert re.search(
        r"^scikit-learn==\d", (folder / "packages.txt").read_text(), flags=re.MULTILINE
    )
    assert {
        "labkart.python",
        "labkart.os",
        "labkart.cpu",
        "labkart.memory_gb",
        "labkart.host",
    } <= set(run.data.tags)


def test_mlflow_has_the_commit_and_the_uncommitted_difference(project: Project) -> None:
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=project.root, capture_output=True, text=True
    ).stdout.strip()
    project.edit(
        "src/my_thesis/tasks/split.py",
        "        table = ",
        "        self.log_metric('answer', 42)\n        table = ",
    )
    (project.root / "src" / "my_thesis" / "new.py").write_text("ANSWER = 42\n")
    project.labkart("run")
    clean, dirty = rows(project)
    assert (
        clean.data.tags["mlflow.source.git.commit"]
        == dirty.data.tags["mlflow.source.git.commit"]
        == commit
    )
    assert (clean.data.tags["labkart.dirty"], dirty.data.tags["labkart.dirty"]) == ("False", "True")
    assert not (artifacts(project, clean) / "uncommitted.patch.txt").exists()
    patch = (artifacts(project, dirty) / "uncommitted.patch.txt").read_text()
    assert "+        self.log_metric('answer', 42)" in patch and "+ANSWER = 42" in patch


def test_a_curve_has_its_steps(project: Project) -> None:
    project.labkart("run", "model=boosting", "model.params.trees=7")
    client = MlflowClient(f"sqlite:///{project.root}/outputs/mlflow.db")
    history = client.get_metric_history(rows(project)[-1].info.run_id, "TrainBoosting.train_loss")
    assert [point.step for point in history] == list(range(7))
    assert history[0].value > history[-1].value


def test_a_task_built_alone_leaves_its_record_and_no_row(fresh: Project) -> None:
    script = """
import gokart
from my_thesis.tasks.load import LoadTable
task = LoadTable(name="wine")
print(len(gokart.build(task)), task.last_record().status, task.last_record().metrics[0].value)
"""
    assert fresh.run("python", "-c", script).stdout.split() == ["178", "done", "178.0"]
    assert not fresh.has("outputs/mlflow.db")
    assert states(fresh.labkart("run", "data=wine"))["LoadTable"] == "cached"


def test_deleting_the_store_loses_nothing(project: Project) -> None:
    (project.root / "outputs" / "mlflow.db").unlink()
    project.labkart("run")
    (run,) = rows(project)
    assert run.info.status == "FINISHED" and set(METRICS) <= set(run.data.metrics)


def test_a_store_that_cannot_be_written_is_a_warning_and_the_next_run_publishes(
    fresh: Project,
) -> None:
    done = fresh.run(
        "labkart",
        "run",
        "data=wine",
        MLFLOW_TRACKING_URI="http://127.0.0.1:9",
        MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
    )
    assert done.returncode == 0 and list(metrics(done.stdout)) == METRICS
    assert len(done.stderr.strip().splitlines()) == 1 and "Not in MLflow yet" in done.stderr
    fresh.labkart("run", "data=wine")
    assert [run.info.status for run in rows(fresh)] == ["FINISHED"]


@pytest.mark.thorough
def test_eight_processes_on_a_fresh_store_lose_nothing(fresh: Project) -> None:
    assert fresh.warm  # so that they are at the same place at the same time
    words = [("run", f"seed={seed}", "task=TrainLogistic") for seed in range(8)]
    running = [fresh.warm.start(fresh, *each) for each in words]
    ended = [process.wait() for process in running]
    assert [each.returncode for each in ended] == [0] * 8, ended
    assert sorted(run.data.params["seed"] for run in rows(fresh)) == list("01234567")
    assert {run.info.status for run in rows(fresh)} == {"FINISHED"}
    assert len(list((fresh.root / "outputs" / "cache").rglob("SplitTable_*.pkl"))) == 1
    assert not list((fresh.root / "outputs").rglob("*tmp*"))


@pytest.mark.thorough
def test_the_same_experiment_in_two_processes_is_one_row(fresh: Project) -> None:
    assert fresh.warm
    running = [fresh.warm.start(fresh, "run") for _ in range(2)]
    assert [process.wait().returncode for process in running] == [0, 0]
    assert [run.info.status for run in rows(fresh)] == ["FINISHED"]


# Failures


def test_an_exception_in_a_task_is_told_kept_and_fails_only_what_follows(project: Project) -> None:
    project.edit(
        "src/my_thesis/tasks/train.py",
        "model.fit(split.x_train, split.y_train)",
        'raise ValueError("no such luck")',
    )
    done = project.run("labkart", "run")
    assert done.returncode == 1
    assert states(done.stdout) == {
        "LoadTable": "cached",
        "SplitTable": "cached",
        "TrainLogistic": "failed",
        "EvaluateModel": "not run",
    }
    assert re.search(
        r"^TrainLogistic: src/my_thesis/tasks/train.py:\d+: ValueError: no such luck$",
        done.stderr,
        flags=re.MULTILINE,
    )
    assert "Traceback" not in done.stderr
    failed = rows(project)[-1]
    assert failed.info.status == "FAILED"
    assert "no such luck" in failed.data.tags["labkart.error"]
    assert (
        'raise ValueError("no such luck")'
        in (artifacts(project, failed) / "traceback.txt").read_text()
    )
    project.edit(
        "src/my_thesis/tasks/train.py",
        'raise ValueError("no such luck")',
        "model.fit(split.x_train, split.y_train)",
    )
    assert "nothing to do" in project.labkart("run")


def test_independent_branches_finish_though_one_fails(project: Project) -> None:
    project.edit(
        "src/my_thesis/tasks/evaluate.py",
        "    split: TaskInstanceParameter[SplitTable]",
        "    other: TaskInstanceParameter[Task[Any]] = TaskInstanceParameter(expected_type=Task)\n    split: TaskInstanceParameter[SplitTable]",
    )
    project.edit(
        "src/my_thesis/pipeline.py",
        "    return make(EvaluateModel,",
        "    other = make(TrainForest, trees=5, split=split, seed=0)\n    return make(EvaluateModel,",
    )
    project.edit(
        "src/my_thesis/pipeline.py", "model=model, split", "other=other, model=model, split"
    )
    project.edit(
        "src/my_thesis/tasks/train.py",
        "model = make_pipeline(StandardScaler(), regression)",
        "raise KeyError('gone')",
    )
    said = states(project.run("labkart", "run").stdout)
    assert (said["TrainLogistic"], said["TrainForest"], said["EvaluateModel"]) == (
        "failed",
        "ran",
        "not run",
    )


def test_a_task_that_never_dumps_is_told_what_to_do(project: Project) -> None:
    project.edit("src/my_thesis/tasks/split.py", "self.dump(Split(", "(Split(")
    done = project.run("labkart", "run")
    assert done.returncode == 1
    assert (
        "SplitTable.run() ended without an output. Let it end with self.dump(...)." in done.stderr
    )


def test_a_worker_that_dies_fails_its_task(project: Project) -> None:
    project.edit(
        "src/my_thesis/tasks/split.py",
        "        table = self.load",
        "        __import__('os').kill(__import__('os').getpid(), 9)\n        table = self.load",
    )
    done = project.run("labkart", "run")
    assert done.returncode == 1 and states(done.stdout)["SplitTable"] == "failed"
    assert done.stderr.splitlines() == [
        "SplitTable: killed by SIGKILL (out of memory?)",
        "Fix it and run again: finished tasks stay cached.",
    ]
    assert rows(project)[-1].info.status == "FAILED"


@pytest.mark.thorough
def test_where_nothing_large_can_be_written_a_task_fails_in_a_sentence_and_the_next_run_is_right(
    fresh: Project, first_run: str
) -> None:
    limit = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20480, 20480))"
    code = f"{limit}; from labkart.cli.main import main; sys.exit(main(['run']))"
    done = fresh.run("python", "-c", code)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert re.search(r"^LoadTable: .*OSError: .*File too large", done.stderr, flags=re.MULTILINE)
    assert not list((fresh.root / "outputs" / "cache").rglob("*.pkl"))
    said = fresh.labkart("run")
    assert metrics(said) == metrics(first_run)
    (run,) = rows(fresh)
    assert run.info.status == "FINISHED" and "labkart.error" not in run.data.tags
    assert not (artifacts(fresh, run) / "traceback.txt").exists()


@pytest.mark.thorough
def test_many_workers_read_one_zip_whole(fresh: Project) -> None:
    fresh.edit(
        "src/my_thesis/tasks/load.py",
        "    def run(self)",
        """    def output(self):
        return self.make_large_data_frame_target("table.zip", max_byte=2**12)

    def run(self)""",
    )
    fresh.edit(
        "src/my_thesis/tasks/load.py",
        "assign(",
        "loc[lambda frame: frame.index.repeat(10)].assign(",
    )
    fresh.edit(
        "src/my_thesis/tasks/load.py",
        "for code in bunch.target]",
        "for code in bunch.target.repeat(10)]",
    )
    (fresh.root / "src/my_thesis/count.py").write_text("""
from gokart import ListTaskInstanceParameter, TaskInstanceParameter
from labkart import Task, make
from luigi import IntParameter
from .tasks.load import LoadTable

class Count(Task[int]):
    table = TaskInstanceParameter(expected_type=LoadTable)
    turn = IntParameter()
    def run(self) -> None:
        self.dump(len(self.load(self.table)))

class Rows(Task[str]):
    counts = ListTaskInstanceParameter()
    def run(self) -> None:
        self.log_metric("fewest", min(self.load(self.counts)))
        self.dump("done")

def pipeline(cfg):
    table = make(LoadTable, cfg.data)
    return make(Rows, counts=[make(Count, turn=turn, table=table) for turn in range(8)])
""")
    fresh.edit("pyproject.toml", "my_thesis.pipeline:pipeline", "my_thesis.count:pipeline")
    assert f"fewest {569 * 10}" in fresh.labkart("run", "labkart.workers=4")


def test_ctrl_c_closes_the_run_and_the_next_one_goes_on(project: Project) -> None:
    project.edit(
        "src/my_thesis/tasks/evaluate.py",
        "        model, split = self.load",
        "        open('started', 'w').close(); __import__('time').sleep(600)\n        model, split = self.load",
    )
    assert project.warm
    command = project.warm.start(project, "run")
    soon(lambda: project.has("started"))
    os.kill(command.pid, signal.SIGINT)
    done = command.wait()
    assert "the same command continues" in done.stderr and done.returncode == 130
    assert rows(project)[-1].info.status == "KILLED"
    project.edit("src/my_thesis/tasks/evaluate.py", "sleep(600)", "sleep(0)")
    assert project.labkart("run").count(" s\n") == 1


MISTAKES = {
    "run model=forrest": 'conf: no model "forrest". Choose one of boosting, forest, logistic (conf/model/).',
    "run model=forest model.params.tree=10": 'conf/model/forest.yaml: no setting "model.params.tree". Did you mean "trees"?',
    "run model=forest +model.params.tree=10": '+model.params.tree=10: TrainForest has no parameter "tree". Did you mean "trees"?',
    "run seed=abc": "seed=abc: TrainLogistic.seed must be an integer, got 'abc'.",
    "run split.seed=???": 'split.seed=???: "split.seed" has no value yet. Write one there, or add split.seed=... here.',
    "run ~model.params.c": 'conf/model/logistic.yaml: TrainLogistic needs "c" and nothing gives it. Add a line "c: ..." there.',
    "run +sed=3": '+sed=3: no setting "sed" in conf/config.yaml. Did you mean "seed"?',
    "run task=Split": 'task=Split: the pipeline has LoadTable, SplitTable, TrainLogistic, EvaluateModel. Did you mean "SplitTable"?',
    "run seed=0,1": "seed=0,1 names several values: add -m to run each of them; 'seed=[0,1]' is a list.",
    "run split.seed=${nowhere.at.all}": 'split.seed=${nowhere.at.all}: "split.seed" is ${nowhere.at.all}, and there is no setting "nowhere.at.all".',
    "run hydra.job.chdir=true": "hydra.job.chdir=true is not possible: a cached task would run in no folder.",
    "run model forest": "model is not a setting. Write name=value, as model=forest.",
    "run --model forest": "--model: there is no such option. Settings are names and values, as model=forest or",
    "rum": 'labkart has no verb "rum". Did you mean "run"? See labkart --help.',
    "ui --port 99999": "Port 99999 cannot be used. Choose another one: ",
}


@pytest.mark.parametrize("words", variants([*MISTAKES], 4))
def test_a_mistake_ends_in_one_sentence_and_nothing_runs(fresh: Project, words: str) -> None:
    done = fresh.run("labkart", *words.split())
    assert done.returncode == 1
    assert (
        done.stderr.strip().startswith(MISTAKES[words])
        and len(done.stderr.strip().splitlines()) == 1
    )
    assert not fresh.has("outputs/cache")


PIPELINE_MISTAKES = {
    "cfg.evaluate, model=model, split": (
        "cfg.evaluate, split",
        "pipeline: EvaluateModel needs its upstream task. Write make(EvaluateModel, ..., model=...).",
    ),
    "split=split, seed=cfg.seed": (
        "split=split, sed=cfg.seed",
        'pipeline: TrainLogistic has no parameter "sed". Did you mean "seed"?',
    ),
    "cfg.data)": (
        "cfg.date)",
        'src/my_thesis/pipeline.py:16: conf/config.yaml has no "date". Did you mean "data"?',
    ),
    "model=model, split=split": (
        "model=model, split=table",
        "pipeline: EvaluateModel.split must be a SplitTable, got a LoadTable. Give it one, or declare split with expected_type=Task.",
    ),
    "return make": (
        "make",
        "my_thesis.pipeline:pipeline returned None. Let it end with: return make(YourLastTask, ...)",
    ),
    "def pipeline(": ("def pipeline(:", "src/my_thesis/pipeline.py:"),
    "import make": ("import mkae", "src/my_thesis/pipeline.py:"),
}
REQUIRES = """    def requires(self):
        return 1 / 0

    def run("""


@pytest.mark.parametrize("old", variants([*PIPELINE_MISTAKES], 2))
def test_a_mistake_in_the_pipeline_is_told_without_a_traceback(fresh: Project, old: str) -> None:
    new, sentence = PIPELINE_MISTAKES[old]
    fresh.edit("src/my_thesis/pipeline.py", old, new)
    done = fresh.run("labkart", "run")
    assert done.returncode == 1
    assert done.stderr.startswith(sentence) and "Traceback" not in done.stderr
    assert not fresh.has("outputs/cache")


def test_a_mistake_in_requires_is_told_without_a_traceback(fresh: Project) -> None:
    fresh.edit("src/my_thesis/tasks/evaluate.py", "    def run(", REQUIRES)
    done = fresh.run("labkart", "run")
    assert done.returncode == 1
    assert re.match(
        r"src/my_thesis/tasks/evaluate\.py:\d+: ZeroDivisionError: division by zero\n", done.stderr
    )
    assert "Traceback" not in done.stderr and not fresh.has("outputs/cache")


@pytest.mark.thorough
def test_a_copy_does_not_run_the_code_of_the_project_that_it_was_copied_from(
    fresh: Project, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(fresh.root, copy)
    command, variables = fresh.command("labkart", "run"), fresh.variables()
    done = subprocess.run(command, cwd=copy, env=variables, capture_output=True, text=True)
    assert done.returncode == 1
    assert (
        done.stderr
        == f"my_thesis is imported from {fresh.root}/src/my_thesis, not from {copy}. Run: uv sync\n"
    )


@pytest.mark.thorough
def test_outside_a_project_the_command_serves_the_one_it_is_installed_in(
    tmp_path: Path, environment: Path
) -> None:
    done = subprocess.run(
        [environment / "bin" / "labkart", "run", "--cfg", "job"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "name: breast_cancer" in done.stdout


def test_help_imports_nothing_heavy(fresh: Project) -> None:
    done = fresh.run("python", "-X", "importtime", fresh.command("labkart")[0], "--help")
    assert done.stdout.startswith("usage: labkart")
    assert not re.search(
        r"\| +(gokart|hydra|luigi|mlflow|numpy|omegaconf|pandas|rich)\b", done.stderr
    )


# The project's own wiring


@pytest.mark.thorough
def test_the_projects_own_tests_pass_and_leave_its_outputs_alone(project: Project) -> None:
    before = project.files()
    done = project.run("pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout
    assert project.files() == before


def test_the_outputs_are_not_in_git(project: Project) -> None:
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=project.root, capture_output=True, text=True
    )
    assert status.stdout == ""


@pytest.mark.thorough
def test_a_copy_without_git_runs(fresh: Project) -> None:
    shutil.rmtree(fresh.root / ".git")
    fresh.labkart("run", "data=wine")
    assert "mlflow.source.git.commit" not in rows(fresh)[0].data.tags
