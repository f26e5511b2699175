"""`labkart run -m`: many experiments as one graph of tasks; what runs once, what fails alone, what is shown."""

import json
import os
import re
import shutil
import signal
import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from tests.conftest import Ready
from tests.support.bake import Project
from tests.support.commands import Command, Commands
from tests.support.tiny import soon
from tests.support.variants import variants

# Three stages, whose results can be done in the head; each leaves a line when it begins.
PIPELINE = '''\
"""Tiny tasks, each of which leaves a line when it begins."""

import os
import time

from gokart import TaskInstanceParameter
from labkart import Task, make
from luigi import IntParameter, Parameter

from . import ways

WORTH = {"logistic": 0.5, "forest": 0.25, "boosting": 0.125}


def begin(task):
    file = os.open(os.environ["TRACE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{task.get_task_family()} {task.make_unique_id()} {os.getpid()}\\n".encode())
    os.close(file)


class Shared(Task[int]):
    def run(self) -> None:
        begin(self)
        ways.shared()
        self.dump(1)


class Train(Task[float]):
    shared = TaskInstanceParameter()
    model = Parameter()
    seed = IntParameter()

    def run(self) -> None:
        begin(self)
        ways.train(self)
        self.dump(WORTH[self.model] + self.seed / 100)


class Score(Task[float]):
    model = TaskInstanceParameter()

    def run(self) -> None:
        begin(self)
        self.log_metric("accuracy", self.load(self.model))
        self.log_metric("seconds", 1.0)
        self.dump(1.0)


def pipeline(cfg):
    if cfg.split.test_size > 1:
        raise ValueError("more than all")
    shared = make(Shared)
    return make(Score, model=make(Train, shared=shared, model=cfg.model.name, seed=cfg.seed))
'''
WAYS = (
    "import os\nimport time\n\n\ndef shared():\n    {shared}\n\n\ndef train(task):\n    {train}\n"
)
SLEEP = "open(f'at-{task.model}-{task.seed}', 'w').close(); time.sleep(600 * (task.seed == 1) * (not os.path.exists('awake')))"
MODELS = ("logistic", "forest")
SWEEP = ("run", "-m", "model=logistic,forest", "seed=range(3)")


def ways(project: Project, train: str = "pass", shared: str = "pass") -> None:
    """What training and the shared task do beside their work."""
    (project.root / "src/my_thesis/ways.py").write_text(WAYS.format(train=train, shared=shared))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, ready: Ready) -> Project:
    """A baked project with those tasks, in which nothing runs."""
    project = ready(tmp_path_factory.mktemp("sweeps"))
    (project.root / "src/my_thesis/pipeline.py").write_text(PIPELINE)
    ways(project)
    return project


@pytest.fixture(scope="module")
def server(template: Project, warm: Commands) -> Commands:
    warm.labkart(template, "sync")  # makes the store, which takes longer than most of these sweeps
    return warm


@pytest.fixture(scope="module")
def _swept(
    server: Commands, template: Project, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Project, str]:
    project = copied(template, tmp_path_factory.mktemp("swept"))
    return project, server.labkart(project, *SWEEP, TRACE=trace(project))


def copied(project: Project, folder: Path) -> Project:
    return replace(project, root=Path(shutil.copytree(project.root, folder / "my-thesis")))


@pytest.fixture
def tiny(server: Commands, template: Project, tmp_path: Path) -> Project:
    """A project of one's own with those tasks, in which nothing has run."""
    return copied(template, tmp_path)


@pytest.fixture
def swept(_swept: tuple[Project, str], tmp_path: Path) -> Project:
    """A project of one's own in which the sweep has run."""
    return copied(_swept[0], tmp_path)


@pytest.fixture
def said(_swept: tuple[Project, str]) -> str:
    """What that sweep printed."""
    return _swept[1]


@pytest.fixture
def labkart(server: Commands) -> Callable[..., str]:
    return lambda project, *words, **variables: server.labkart(
        project, *words, TRACE=trace(project), **variables
    )


def trace(project: Project) -> str:
    return str(project.root / "trace")


def traced(project: Project) -> list[tuple[str, str, str]]:
    """The name, id and process of each task that began, in their order."""
    file = Path(trace(project))
    return [tuple(line.split()) for line in file.read_text().splitlines()] if file.exists() else []  # type: ignore[misc]


def begun(project: Project) -> Counter[str]:
    return Counter(name for name, _, _ in traced(project))


def records(project: Project) -> list[dict]:
    files = (project.root / "outputs/records/experiments").glob("*/record.json")
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def sweeps(project: Project) -> dict[str, dict]:
    files = (project.root / "outputs/records/sweeps").glob("*/record.json")
    return {file.parent.name: json.loads(file.read_text(encoding="utf-8")) for file in files}


def rows(project: Project) -> list[Run]:
    client = MlflowClient(f"sqlite:///{project.root}/outputs/mlflow.db")
    experiment = client.get_experiment_by_name("my-thesis")
    assert experiment
    return list(
        client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
    )


def statuses(project: Project) -> Counter[str]:
    return Counter(run.info.status for run in rows(project))


def table(said: str) -> list[list[str]]:
    """The closing table, cell by cell, without its head."""
    lines = said.splitlines()
    head = next(place for place, line in enumerate(lines) if re.match(r"  model +accuracy", line))
    end = next(place for place, line in enumerate(lines) if line.startswith("  sweep "))
    return [re.split(r"  +", line.strip()) for line in lines[head + 1 : end]]


def expected(values: dict[str, list[float]]) -> list[list[str]]:
    """The table that these accuracies make."""
    best = sorted(values, key=lambda model: -statistics.fmean(values[model]))
    return [
        [
            model,
            f"{statistics.fmean(values[model]):.3f} ± {statistics.stdev(values[model]):.3f}",
            "1.000 ± 0.000",
            str(len(values[model])),
        ]
        for model in best
    ]


def accuracies(project: Project) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for each in records(project):
        if each["status"] == "finished":
            found.setdefault(each["settings"]["model"], []).append(each["metrics"]["accuracy"])
    return found


# One graph


def test_what_experiments_share_runs_once_and_each_has_a_record_and_a_row(
    swept: Project, said: str
) -> None:
    assert said.splitlines()[0] == "  6 experiments, 13 tasks: 0 cached, 13 to run on 2 workers"
    assert begun(swept) == {"Shared": 1, "Train": 6, "Score": 6}
    (sweep,) = sweeps(swept)
    found = records(swept)
    assert {(each["settings"]["model"], each["settings"]["seed"]) for each in found} == {
        (model, seed) for model in MODELS for seed in range(3)
    }
    assert {each["status"] for each in found} == {"finished"} and len(found) == 6
    assert statuses(swept) == {"FINISHED": 6}
    assert {run.data.tags["labkart.sweeps"] for run in rows(swept)} == {sweep}
    assert f"  sweep {sweep[:6]}  ·  " in said
    for run in rows(swept):
        worth = {"logistic": 0.5, "forest": 0.25}[run.data.params["model"]]
        assert run.data.metrics["accuracy"] == pytest.approx(
            worth + int(run.data.params["seed"]) / 100
        )


def test_a_sweep_leaves_a_record_of_its_command_and_its_experiments(swept: Project) -> None:
    (sweep,) = sweeps(swept).values()
    assert (sweep["status"], sweep["command"]) == (
        "finished",
        "labkart run -m model=logistic,forest seed=range(3)",
    )
    assert set(sweep["experiments"]) == {each["id"] for each in records(swept)}


def test_the_table_has_mean_and_deviation_over_seeds_best_first(swept: Project, said: str) -> None:
    assert table(said) == expected(accuracies(swept))
    assert table(said)[0][:2] == ["logistic", "0.510 ± 0.010"]


def test_the_same_command_has_nothing_to_do_imports_no_mlflow_and_shows_the_same(
    swept: Project, said: str
) -> None:
    command = swept.command("labkart")[0]
    done = swept.run("python", "-X", "importtime", command, *SWEEP, TRACE=trace(swept))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "  6 experiments, 13 tasks: 13 cached, nothing to do"
    assert table(done.stdout) == table(said)
    assert "gokart" in done.stderr and not re.search(r"\| +mlflow", done.stderr)
    assert (len(traced(swept)), len(rows(swept))) == (13, 6)


def test_a_larger_sweep_runs_what_is_new_and_marks_what_was_cached(
    swept: Project, labkart: Callable[..., str]
) -> None:
    first = set(sweeps(swept))
    printed = labkart(swept, "run", "-m", "model=logistic,forest", "seed=range(4)")
    assert printed.splitlines()[0] == "  8 experiments, 17 tasks: 13 cached, 4 to run on 2 workers"
    (later,) = set(sweeps(swept)) - first
    marks = Counter(frozenset(run.data.tags["labkart.sweeps"].split()) for run in rows(swept))
    assert marks == {frozenset({*first, later}): 6, frozenset({later}): 2}
    assert table(printed) == expected(accuracies(swept))


@pytest.mark.parametrize("workers", variants([4, 1]))
def test_any_number_of_workers_gives_the_same(
    workers: int, tiny: Project, said: str, labkart: Callable[..., str]
) -> None:
    printed = labkart(tiny, *SWEEP, f"labkart.workers={workers}")
    assert table(printed) == table(said)
    assert begun(tiny) == {"Shared": 1, "Train": 6, "Score": 6}
    assert statuses(tiny) == {"FINISHED": 6}


@pytest.mark.thorough
@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_hydras_own_launchers_end_in_the_same_table(
    launcher: str, tiny: Project, said: str, labkart: Callable[..., str]
) -> None:
    printed = labkart(tiny, *SWEEP, f"hydra/launcher={launcher}")
    assert table(printed) == table(said)
    assert begun(tiny) == {"Shared": 1, "Train": 6, "Score": 6}
    assert statuses(tiny) == {"FINISHED": 6}
    assert {run.data.tags["labkart.sweeps"] for run in rows(tiny)} == set(sweeps(tiny))


def test_words_that_mean_the_same_experiment_run_it_once(
    tiny: Project, labkart: Callable[..., str]
) -> None:
    printed = labkart(tiny, "run", "-m", "seed=0,0", "labkart.workers=1,2")
    assert printed.startswith("  1 experiment, 3 tasks: 0 cached, 3 to run")
    assert len(rows(tiny)) == len(records(tiny)) == 1


def test_an_experiment_file_may_say_what_is_swept(
    tiny: Project, labkart: Callable[..., str]
) -> None:
    printed = labkart(tiny, "run", "experiment=compare", "-m", "seed=0,1")
    assert [line[0] for line in table(printed)] == ["logistic", "forest", "boosting"]
    assert [line[-1] for line in table(printed)] == ["2"] * 3


def test_a_sweep_over_tasks_goes_no_further_than_each(
    tiny: Project, labkart: Callable[..., str]
) -> None:
    assert "2 experiments, 2 tasks: 0 cached, 2 to run" in labkart(
        tiny, "run", "-m", "task=Shared,Train"
    )
    assert begun(tiny) == {"Shared": 1, "Train": 1}


def test_threads_are_divided_among_workers_and_one_worker_has_all(
    tiny: Project, labkart: Callable[..., str]
) -> None:
    look = "import json, threadpoolctl; numbers = [each['num_threads'] for each in threadpoolctl.threadpool_info()]; "
    look += "print(json.dumps([os.environ.get('OMP_NUM_THREADS'), numbers]), file=open(f'threads-{task.seed}', 'w'))"
    ways(tiny, look)

    def seen(seed: int) -> list:
        return json.loads((tiny.root / f"threads-{seed}").read_text())

    script = "import os, numpy, scipy.linalg, sklearn.ensemble, threadpoolctl, json; "
    script += "print(json.dumps([len(os.sched_getaffinity(0)), "
    script += "[each['num_threads'] for each in threadpoolctl.threadpool_info()]]))"
    cores, alone = json.loads(tiny.run("python", "-c", script).stdout)
    labkart(tiny, "run", "-m", "seed=1,2", "labkart.workers=2")
    labkart(tiny, "run", "-m", "seed=3,4", "labkart.workers=1")
    for seed in (1, 2):
        share, numbers = seen(seed)
        assert share == str(max(1, cores // 2))
        assert numbers and set(numbers) == {max(1, cores // 2)}
    for seed in (3, 4):
        assert seen(seed)[0] is None and set(seen(seed)[1]) == set(alone)


# Failures


def test_a_job_that_fails_fails_alone_and_the_same_command_goes_on(
    tiny: Project, server: Commands
) -> None:
    mistake = "if (task.model, task.seed) == ('forest', 1): raise ValueError('no such luck')"
    ways(tiny, mistake)
    done = server.run(tiny, *SWEEP, "--fail-fast", TRACE=trace(tiny))
    assert done.returncode == 1 and "ValueError: no such luck" in done.stderr
    assert statuses(tiny)["FAILED"] == 1 and len(traced(tiny)) < 13
    done = server.run(tiny, *SWEEP, TRACE=trace(tiny))
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "  Train failed: src/my_thesis/ways.py:" in done.stdout
    assert table(done.stdout)[1][0::3] == ["forest", "2"]
    lines = done.stderr.splitlines()
    assert lines[0] == "1 of 6 experiments have no result:"
    assert re.fullmatch(
        r"model=forest seed=1: Train: src/my_thesis/ways\.py:\d+: ValueError: no such luck",
        lines[1],
    )
    assert mistake[-15:-2] in (tiny.root / lines[2].strip()).read_text()
    assert statuses(tiny) == {"FINISHED": 5, "FAILED": 1}
    assert [each["status"] for each in sweeps(tiny).values()] == ["failed"]
    before = traced(tiny)
    done = server.run(tiny, *SWEEP, TRACE=trace(tiny))
    assert done.returncode == 1 and len(traced(tiny)) == len(before) + 1, (
        "only what failed runs again"
    )


@pytest.mark.thorough
def test_after_mending_only_what_is_missing_runs(tiny: Project, server: Commands) -> None:
    lucky = "if task.seed == 1 and not os.path.exists('lucky'): raise ValueError('no such luck')"
    ways(tiny, lucky)
    assert server.run(tiny, *SWEEP, TRACE=trace(tiny)).returncode == 1
    (tiny.root / "lucky").touch()
    before = traced(tiny)
    printed = server.labkart(tiny, *SWEEP, TRACE=trace(tiny))
    assert "6 experiments, 13 tasks: 9 cached, 4 to run" in printed
    assert Counter(name for name, _, _ in traced(tiny)[len(before) :]) == {"Train": 2, "Score": 2}
    assert statuses(tiny) == {"FINISHED": 6} and table(printed) == expected(accuracies(tiny))


def test_a_shared_task_that_fails_is_told_once(tiny: Project, server: Commands) -> None:
    ways(tiny, shared="raise OSError('no table')")
    done = server.run(tiny, *SWEEP, TRACE=trace(tiny))
    assert done.returncode == 1 and done.stderr.count("no table") == 1
    assert "6 of 6 experiments have no result:" in done.stderr
    assert re.search(
        r"^model=logistic seed=0 and 5 more: Shared: .*OSError: no table$",
        done.stderr,
        flags=re.MULTILINE,
    )
    assert begun(tiny) == {"Shared": 1} and statuses(tiny) == {"FAILED": 6}


@pytest.mark.parametrize("workers", variants([2, 1]))
def test_ctrl_c_closes_what_ran_and_the_same_command_goes_on(
    workers: int, tiny: Project, server: Commands
) -> None:
    ways(tiny, SLEEP)
    words = [*SWEEP, f"labkart.workers={workers}"]
    command = server.start(tiny, *words, TRACE=trace(tiny))
    soon(lambda: list(tiny.root.glob("at-*-1")))
    kept = stopped(command, signal.SIGINT, tiny)
    assert {record["status"] for record in records(tiny)} <= {"finished", "stopped"}
    # A busy machine may need longer for MLflow than a command waits; then it says so.
    late = {"RUNNING"} if "Not in MLflow yet" in command.errors else set()
    assert set(statuses(tiny)) <= {"FINISHED", "KILLED", *late}
    assert [each["status"] for each in sweeps(tiny).values()] == ["stopped"]
    goes_on(tiny, server, words, kept)


def test_after_a_kill_the_same_command_goes_on_and_no_finished_task_runs_twice(
    tiny: Project, server: Commands
) -> None:
    ways(tiny, SLEEP)
    command = server.start(tiny, *SWEEP, TRACE=trace(tiny))
    soon(lambda: list(tiny.root.glob("at-*-1")))
    kept = stopped(command, signal.SIGKILL, tiny)
    goes_on(tiny, server, list(SWEEP), kept)


def stopped(command: Command, how: int, project: Project) -> set[str]:
    """Stop a command; the ids of the tasks that were finished by then."""
    if how == signal.SIGKILL:
        command.kill_all()
        command.wait()
    else:
        os.kill(command.pid, how)
        done = command.wait()
        assert done.returncode == 130 and "the same command continues" in done.stderr
    files = (project.root / "outputs/records/tasks").glob("*/record.json")
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return {each["id"] for each in found if each["status"] == "done"}


def goes_on(project: Project, server: Commands, words: list[str], kept: set[str]) -> None:
    """The same command, when nothing sleeps any more."""
    before = len(traced(project))
    (project.root / "awake").touch()
    printed = server.labkart(project, *words, TRACE=trace(project))
    assert table(printed) == expected(accuracies(project))
    assert not kept & {id for _, id, _ in traced(project)[before:]}, "computed again"
    assert statuses(project) == {"FINISHED": 6}
    assert not list((project.root / "outputs/running").glob("*"))


@pytest.mark.thorough
def test_a_sweep_and_another_process_share_an_experiment(tiny: Project, server: Commands) -> None:
    ways(tiny, "time.sleep(0.3)")
    both = [
        server.start(tiny, *SWEEP, TRACE=trace(tiny)),
        server.start(tiny, "run", "model=logistic", "seed=1", TRACE=trace(tiny)),
    ]
    ends = [each.wait() for each in both]
    assert [each.returncode for each in ends] == [0, 0], ends
    assert begun(tiny) == {"Shared": 1, "Train": 6, "Score": 6}
    assert statuses(tiny) == {"FINISHED": 6} and len(records(tiny)) == 6


@pytest.mark.thorough
def test_two_identical_sweeps_at_once_run_each_task_once(
    tiny: Project, server: Commands, said: str
) -> None:
    ways(tiny, "time.sleep(0.1)")
    ends = [
        each.wait() for each in [server.start(tiny, *SWEEP, TRACE=trace(tiny)) for _ in range(2)]
    ]
    assert [each.returncode for each in ends] == [0, 0], ends
    assert [table(each.stdout) for each in ends] == [table(said)] * 2
    assert begun(tiny) == {"Shared": 1, "Train": 6, "Score": 6}
    assert statuses(tiny) == {"FINISHED": 6}


# Bad input

MISTAKES = {
    "seed=range(0)": "seed=range(0) has no values, so there would be nothing to run.",
    "model=glob(x*)": "model=glob(x*) has no values, so there would be nothing to run.",
    "seed=[]": "seed=[]: Train.seed must be an integer, got [].",
    "sed=1,2": 'conf/config.yaml: no setting "sed". Did you mean "seed"?',
    "model=logistic,forest model.params.tree=1,2": 'conf/model/logistic.yaml: no setting "model.params.tree".',
    "seed=1,2,abc": "seed=abc: Train.seed must be an integer, got 'abc'.",
    "model=logistic,forrest": 'conf: no model "forrest". Choose one of boosting, forest, logistic (conf/model/).',
    "seed=interval(0,1)": "seed=interval(0,1): a sweep needs a list or range(...); intervals are for a search.",
    "seed=1,2 labkart.workers=2,true": "labkart.workers must be a positive integer or null, got True.",
    "seed=0,1 split.test_size=0.5,2.0": "src/my_thesis/pipeline.py:",
    "seed=0,1 +note=1": '+note=1: no setting "note" in conf/config.yaml.',
    "task=Score,Scor": 'task=Scor: the pipeline has Shared, Train, Score. Did you mean "Score"?',
    "seed=1,2 hydra/sweeper=basic": "hydra/sweeper: only Labkart's own works with Labkart's launcher.",
    "seed=1,2 hydra/launcher=basik": 'conf: no hydra/launcher "basik". Choose one of basic, ',
    "seed=1,2 +hydra.sweeper.params={a:1}": 'conf/config.yaml: no setting "a". Choose one of data, ',
    "seed=1,2 hydra.launcher._target_=os.getcwd": "hydra: Invalid plugin 'os.getcwd': not the hydra_plugins package.",
    "seed=1,abc hydra/launcher=basic": "seed=abc: Train.seed must be an integer, got 'abc'.",
}


@pytest.mark.parametrize("words", variants([*MISTAKES], 4))
def test_a_mistake_in_one_job_is_told_before_any_runs(
    words: str, template: Project, server: Commands
) -> None:
    done = server.run(template, "run", "-m", *words.split(), TRACE=trace(template))
    assert done.stderr.startswith(MISTAKES[words]) and "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == (3 if "nothing has run" in done.stderr else 1)
    assert (done.returncode, done.stdout) == (1, "")
    assert not traced(template) and not template.has("outputs/cache")
    assert not list((template.root / "outputs").rglob("record.json"))


def test_of_many_jobs_the_one_that_cannot_be_laid_out_is_named(
    template: Project, server: Commands
) -> None:
    done = server.run(
        template, "run", "-m", "seed=0,1", "split.test_size=0.5,2.0", TRACE=trace(template)
    )
    assert done.stderr.splitlines()[-1] == "in seed=0 split.test_size=2.0"


def test_where_nothing_can_be_written_a_sweep_ends_in_a_sentence(
    tiny: Project, server: Commands
) -> None:
    shutil.rmtree(tiny.root / "outputs")
    (tiny.root / "outputs").write_text("not a folder")
    done = server.run(tiny, *SWEEP, TRACE=trace(tiny))
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith(
        "outputs is a file, and results go into a folder of that name"
    ) and not traced(tiny)


def test_a_metric_that_nothing_logs_ranks_nothing_and_is_named(
    swept: Project, server: Commands
) -> None:
    done = server.run(swept, *SWEEP, "labkart.rank_by=skore", TRACE=trace(swept))
    assert "labkart.rank_by=skore: nothing logs it." in done.stderr and done.returncode == 0


# The default pipeline


@pytest.mark.thorough
def test_a_sweep_gives_what_single_runs_give(project: Project, server: Commands) -> None:
    alone = server.labkart(project, "run", "model=forest", "model.params.trees=5", "seed=1")
    accuracy = re.findall(r"^  accuracy ([\d.]+)", alone, flags=re.MULTILINE)
    printed = server.labkart(
        project, "run", "-m", "model=forest", "model.params.trees=5,6", "seed=1"
    )
    assert printed.startswith("  2 experiments, 6 tasks: 4 cached, 2 to run on 2 workers")
    assert [line.split()[1] for line in printed.splitlines() if line.startswith("  5 ")] == accuracy


# A file of grids: three retrieval systems with unlike parameters


IR = {
    "conf/system/bm25.yaml": "name: bm25\nparams:\n  k1: 0.9\n  fields: null\n",
    "conf/system/lsa.yaml": "name: lsa\nparams:\n  dim: 100\n",
    "conf/system/fusion.yaml": "name: fusion\nparams:\n  weights: {bm25: 1, lsa: 1}\n",
    "conf/sweep/ir.yaml": """\
# What is better for short queries?
- system: bm25
  system.params.k1: [0.6, 0.9]
- {system: lsa, system.params.dim: range(50, 150, 50), seed: range(3)}
- system: fusion
  system.params.weights: [{bm25: 1, lsa: 2}]
- {system: bm25}
""",
    "src/my_thesis/pipeline.py": '''\
"""Three systems over one index."""

from gokart import TaskInstanceParameter
from labkart import Task, make
from luigi import DictParameter, FloatParameter, IntParameter, OptionalParameter


class Index(Task[int]):
    def run(self) -> None:
        self.dump(1)


class Bm25(Task[float]):
    index = TaskInstanceParameter()
    k1 = FloatParameter()
    fields = OptionalParameter()

    def run(self) -> None:
        self.dump(self.k1 / 2)


class Lsa(Task[float]):
    index = TaskInstanceParameter()
    dim = IntParameter()
    seed = IntParameter()

    def run(self) -> None:
        self.dump(self.dim / 200 + self.seed**2 / 100)


class Fusion(Task[float]):
    index = TaskInstanceParameter()
    weights = DictParameter()

    def run(self) -> None:
        self.dump(sum(self.weights.values()) / 4)


class Evaluate(Task[float]):
    ranking = TaskInstanceParameter()

    def run(self) -> None:
        self.log_metric("map", self.load(self.ranking))
        self.dump(1.0)


SYSTEMS = {"bm25": Bm25, "lsa": Lsa, "fusion": Fusion}


def pipeline(cfg):
    index = make(Index)
    more = {"seed": cfg.seed} if cfg.system.name == "lsa" else {}
    return make(Evaluate, ranking=make(SYSTEMS[cfg.system.name], cfg.system.params, index=index, **more))
''',
}


@pytest.fixture
def retrieval(tiny: Project) -> Project:
    for name, text in IR.items():
        (tiny.root / name).parent.mkdir(exist_ok=True)
        (tiny.root / name).write_text(text)
    tiny.edit("conf/config.yaml", "  - model: logistic", "  - system: bm25\n  - model: logistic")
    return tiny


@pytest.mark.thorough
def test_systems_with_unlike_parameters_are_one_sweep_one_table_and_one_report(
    retrieval: Project, labkart: Callable[..., str]
) -> None:
    printed = labkart(retrieval, "run", "-m", "sweep=ir")
    first, head, *rows, last = printed.splitlines()
    # The index, 2 + 6 + 1 systems, and as many evaluations.
    assert first.startswith("  9 experiments, 19 tasks: 0 cached, 19 to run")
    assert head.split() == ["system", "system.params.k1", "system.params.dim", "system.params.weights", "map", "↑", "n"]  # fmt: skip
    assert [re.split(r"  +", row.strip()) for row in rows] == [
        ["fusion", "{bm25: 1, lsa: 2}", "0.750", "1"],
        ["lsa", "100", "0.517 ± 0.021", "3"],
        ["bm25", "0.9", "0.450", "1"],
        ["bm25", "0.6", "0.300", "1"],
        ["lsa", "50", "0.267 ± 0.021", "3"],
    ]
    ((id, sweep),) = sweeps(retrieval).items()
    assert id[:6] in last and len(sweep["experiments"]) == 9 and len(sweep["unseeded"]) == 3
    assert "19 cached, nothing to do" in labkart(retrieval, "run", "-m", "sweep=ir")
    assert labkart(retrieval, "status", "-m", "sweep=ir") == "  9 experiments: 19 tasks done\n"

    # The same words find them, also a dictionary, null, and what only some have.
    found = "system.params.weights={bm25:1,lsa:2}", "system=bm25 system.params.fields=null"
    counts = [len(json.loads(labkart(retrieval, "runs", *w.split(), "--json"))) for w in found]
    assert counts == [1, 2]

    # What was run without seeds is compared with each seed of the others.
    words = ("report", "ir", "--sweep", id, "--baseline", "system.params.k1=0.9")
    printed = labkart(retrieval, *words, "--allow", "dirty", "--figures", "none")
    (lsa,) = [line.split() for line in printed.splitlines() if line.split()[:2] == ["lsa", "100"]]
    assert lsa[2:4] == ["3", "0.517"] and "+0.07" in lsa and lsa[-2:] == ["0.031", "3.20"]
    page = retrieval.read("reports/ir.md")
    assert "Run once, without seeds, and taken as the same for all: system fusion" in page


def test_the_command_multiplies_the_grids_of_a_file(
    retrieval: Project, labkart: Callable[..., str]
) -> None:
    printed = labkart(retrieval, "status", "-m", "sweep=ir", "seed=0,1")
    assert printed.splitlines()[-1] == "  10 experiments: 15 of 15 tasks to run"


def test_a_mistake_in_a_file_of_grids_is_told_with_its_line_before_any_runs(
    retrieval: Project, server: Commands
) -> None:
    retrieval.edit("conf/sweep/ir.yaml", "system.params.dim:", "system.params.dims:")
    failed = server.run(retrieval, "run", "-m", "sweep=ir")
    place = "conf/sweep/ir.yaml, line 4: conf/system/lsa.yaml"
    assert failed.stderr == f'{place}: no setting "system.params.dims". Did you mean "dim"?\n'
    without_m = server.run(retrieval, "run", "sweep=ir")
    assert without_m.stderr == "sweep=ir names many experiments: add -m to run each of them.\n"
    assert not list((retrieval.root / "outputs").rglob("record.json"))
