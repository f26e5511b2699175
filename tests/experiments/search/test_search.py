"""A search: what it tries, that it goes on where it was stopped, that processes share it, what it refuses."""

import json
import os
import random
import re
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import optuna
import pytest
from hydra.core.hydra_config import HydraConfig
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from labkart import LabkartError
from labkart.experiments import experiment
from labkart.experiments.config import compose_overrides
from labkart.experiments.plan import plan
from labkart.experiments.progress import ExperimentProgress
from labkart.experiments.search import search
from labkart.experiments.search.config import SearchConfig
from labkart.experiments.search.distributions import Space
from labkart.experiments.search.trials import StudyPlan, TrialJournal
from labkart.records import leftovers, study
from labkart.records.study import Study
from tests.support.tiny import soon, write

TASKS = """
import os, time
from labkart import Task, make
from luigi import FloatParameter, IntParameter, StrParameter

class Loss(Task[float]):
    x: FloatParameter = FloatParameter()
    kind: StrParameter = StrParameter()
    seconds: FloatParameter = FloatParameter()

    def run(self) -> None:
        with open("trace", "a") as trace:
            trace.write(f"{self.x} {self.kind}\\n")
        time.sleep(self.seconds)
        if self.kind == "broken":
            raise ValueError("no such luck")
        self.log_metric("loss", (self.x - 1) ** 2 + (self.kind == "a"))
        self.log_metric("size", abs(self.x))
        if self.kind == "empty":
            self.log_metric("loss", float("nan"))
        self.dump(self.x)

class Slow(Task[int]):
    x: FloatParameter = FloatParameter()

    def run(self) -> None:
        for step in range(5):
            self.report(self.x + step, step)
            with open("trace", "a") as trace:
                trace.write(f"{self.x} {step}\\n")
            if os.path.exists("stop") and step == 3:
                time.sleep(100)
        self.log_metric("loss", self.x)
        self.dump(1)

def pipeline(cfg):
    if cfg.slow:
        return make(Slow, x=cfg.x)
    return make(Loss, x=cfg.x, kind=cfg.kind, seconds=cfg.seconds)
"""
CONFIG = "defaults:\n  - _self_\n  - part: one\n  - search: null\nx: 0.5\nkind: b\nslow: false\nseconds: 0.0\nlabkart:\n  workers: 1\n"
SEARCH = """\
# @package _global_
search:
  objectives: {loss: minimize}
  sampler: random
  trials: 12
  space:
    x: interval(-3, 3)
    kind: choice(a, b)
"""


class Nobody:
    """Publishes nothing, so that no test waits for MLflow."""

    def begin(self, record: object) -> None: ...
    def end(self, record: object) -> None: ...
    def nest(self, record: object) -> None: ...
    def search(self, found: object) -> None: ...
    def searched(self, found: object) -> None: ...


@pytest.fixture(autouse=True)
def here(root: Path, student: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny project with a search; no figures are drawn."""
    name = student(TASKS).__name__
    table = f'[project]\nname = "tiny"\n\n[tool.labkart]\npipeline = "{name}:pipeline"\n'
    parts = {f"conf/part/{part}.yaml": f"size: {part}\n" for part in ("one", "two")}
    write(
        root,
        **{"pyproject.toml": table, "conf/config.yaml": CONFIG, "conf/search/s.yaml": SEARCH},
        **parts,
    )
    monkeypatch.setattr(search.plots, "write", lambda *_: [])
    HydraConfig.instance().cfg = None
    return root


def run(*words: str) -> Study:
    """The study, after a search with these words."""
    search.run(["search=s", *words], Nobody())  # pyright: ignore[reportArgumentType]
    return study.read_studies()[-1]


def forked(*words: str) -> int:
    """Begin a search in a process of its own."""
    if process := os.fork():
        return process
    status = 1
    try:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), 1)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        run(*words)
        status = 0
    except BaseException:
        traceback.print_exc()
    os._exit(status)


def ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def trials(found: Study) -> list[tuple[object, ...]]:
    return [(each.number, each.state, each.words, each.values) for each in found.trials]


def trace() -> Counter[str]:
    """How often each value was computed."""
    return Counter(Path("trace").read_text().splitlines()) if Path("trace").exists() else Counter()


def change(here: Path, old: str, new: str, file: str = "conf/search/s.yaml") -> None:
    text = (here / file).read_text()
    assert old in text
    (here / file).write_text(text.replace(old, new))


# The space


@pytest.mark.parametrize(
    ("text", "low", "high", "word"),
    [
        ("range(50, 500, 50)", 50, 450, "a=450"),
        ("range(10, 1, -3)", 4, 10, "a=10"),
        ("int(interval(1, 10))", 1, 10, "a=10"),
        ("tag(log, interval(1e-3, 1))", 0.001, 1.0, "a=1.0"),
        ("range(0, 1, 0.1)", 0.0, 0.9, "a=0.9"),
    ],
)
def test_a_range_reaches_from_its_first_to_its_last_value(
    text: str, low: float, high: float, word: str
) -> None:
    space = Space({"a": text}, [], "f")
    (found,) = space.distributions.values()
    assert (getattr(found, "low"), getattr(found, "high")) == pytest.approx((low, high))  # noqa: B009
    assert space.words({"a": getattr(found, "high")}) == [word]  # noqa: B009


def test_what_a_trial_is_given_is_what_a_sweep_over_the_same_range_gives() -> None:
    setting = Space({"a": "range(0, 1, 0.1)"}, [], "f").settings[0]
    assert setting.values
    words = [setting.word(value) for value in setting.values]
    assert words == [
        f"a={count / 10}" if count != 7 else "a=0.7000000000000001" for count in range(10)
    ]


def test_a_choice_may_be_anything_that_a_word_can_say() -> None:
    space = Space({"a": "choice('x y', 1, 1.0, true, {b: 1}, [1, 2])"}, [], "f")
    words = [space.words({"a": value})[0] for value in space.grid["a"]]
    assert words == ["a=x\\ y", "a=1", "a=1.0", "a=True", "a={b:1}", "a=[1,2]"]


# One search


def test_a_trial_is_the_experiment_that_run_makes_of_the_same_words() -> None:
    found = run("-n", "3", "seconds=0.001")
    for trial in found.trials:
        planned = plan(compose_overrides("seconds=0.001", *trial.words))
        assert planned.record.id == trial.experiment and planned.record.status == "finished"
        assert planned.record.study == found.name
        assert planned.record.command == " ".join(
            ["labkart run search=s seconds=0.001", *trial.words]
        )


def test_what_was_computed_before_is_not_computed_again() -> None:
    found = run("-n", "4")
    before = trace()
    assert before.total() == 4
    (found.folder / "journal.log").unlink()
    assert trials(run("-n", "4")) == trials(found)
    assert trace() == before


def test_n_are_all_trials_and_more_of_them_are_the_same_study() -> None:
    few = run("-n", "5")
    many = run()
    assert many.name == few.name and trials(many)[:5] == trials(few)
    assert len(many.trials) == 12 and trace().total() == 12
    assert run("-n", "3").trials == many.trials
    assert trace().total() == 12


def test_what_fixes_a_study_names_it(here: Path) -> None:
    names = {SearchConfig("search=s").name, SearchConfig("search=s", "seconds=0.001").name}
    change(here, "sampler: random", "sampler: random\n  seed: 1")
    names.add(SearchConfig("search=s").name)
    change(here, "choice(a, b)", "choice(a, b, c)")
    names.add(SearchConfig("search=s").name)
    assert len(names) == 4
    change(here, "x: 0.5", "x: 0.7", "conf/config.yaml")  # which every trial gives another value
    change(here, "seed: 1", "seed: 1\n  pruner: null")
    assert SearchConfig("search=s", "labkart.workers=2", "search.trials=3").name in names


def test_the_best_comes_first(here: Path) -> None:
    found = run()
    losses = [found.trials[number].values for number in found.best]
    assert losses == sorted(losses) and len(losses) == 12  # type: ignore[type-var]
    change(here, "minimize", "maximize")
    found = run()
    losses = [found.trials[number].values for number in found.best]
    assert losses == sorted(losses, reverse=True)  # type: ignore[type-var]


def test_of_several_objectives_the_best_are_those_that_none_dominates(here: Path) -> None:
    change(here, "{loss: minimize}", "{loss: minimize, size: minimize}")
    found = run()
    values = {trial.number: trial.values or [] for trial in found.trials}
    assert found.best and set(found.best) == {
        number
        for number, (loss, size) in values.items()
        if not any(
            other != [loss, size] and other[0] <= loss and other[1] <= size
            for other in values.values()
        )
    }


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_sampler_finds_something(here: Path, sampler: str) -> None:
    change(here, "random", sampler)
    found = run("-n", "20")
    assert (found.trials[found.best[0]].values or [9.0])[0] < 0.5


def test_a_grid_tries_each_point_once_and_ends(here: Path) -> None:
    change(here, "random", "grid")
    change(here, "interval(-3, 3)", "range(0, 2, 0.5)")
    found = run("-n", "30")
    assert len({tuple(trial.words) for trial in found.trials}) == len(found.trials) == 8


def test_a_choice_of_files_composes_each(here: Path) -> None:
    change(here, "kind: choice", "part: choice")
    change(here, "a, b", "one, two")
    found = run("-n", "6")
    for trial in found.trials:
        assert plan(compose_overrides(*trial.words)).record.id == trial.experiment


# Failures


def test_a_failed_trial_is_kept_and_the_search_goes_on(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(here, "a, b", "a, broken")
    found = run()
    failed = [trial for trial in found.trials if trial.state == "failed"]
    assert (
        failed
        and len(failed) < 12
        and all("ValueError: no such luck" in str(each.error) for each in failed)
    )
    assert not set(found.best) & {each.number for each in failed}
    said = [line for line in capsys.readouterr().out.splitlines() if "failed   " in line]
    assert len(said) == len(failed) and all("no such luck" in line for line in said)
    assert run().trials == found.trials


def test_when_all_fail_a_sentence_says_why(here: Path) -> None:
    change(here, "a, b", "broken")
    with pytest.raises(
        LabkartError, match=r"^No trial finished successfully.*Loss: .*ValueError: no such luck$"
    ):
        run("-n", "2")


def test_no_number_is_a_failure(here: Path) -> None:
    change(here, "a, b", "a, empty")
    errors = {trial.error for trial in run().trials}
    assert errors == {None, "loss is not a number"}


def test_an_objective_that_nobody_logs_ends_the_search_and_a_logged_one_goes_on(here: Path) -> None:
    change(here, "loss:", "los:")
    with pytest.raises(
        LabkartError,
        match=r'^conf/search/s.yaml: no task logs the metric "los". Did you mean "loss"\?$',
    ):
        run()
    assert trace().total() == 1


# Killed and resumed


def test_a_search_that_is_killed_goes_on_as_if_nothing_had_happened(here: Path) -> None:
    change(here, "random", "tpe")
    change(here, "seconds: 0.0", "seconds: 0.02", "conf/config.yaml")
    whole = run("-n", "16")
    for made in ("outputs", "trace"):
        (here / made).rename(here / f"{made}-before")
    kills = 0
    while not (found := study.read_study(whole.name)) or found.status != "finished":
        process, far = forked("-n", "16"), min(16, trace().total() + random.randint(1, 6))
        soon(lambda far=far: trace().total() >= far)
        time.sleep(random.uniform(0, 0.06))
        os.kill(process, signal.SIGKILL)
        kills += ended(process) == -signal.SIGKILL
        if trace().total() >= 16:
            run("-n", "16")
    assert kills > 1
    assert trials(found) == trials(whole)
    assert trace().total() <= 16 + kills


def test_a_line_that_was_written_by_half_is_no_damage() -> None:
    found = run("-n", "3")
    with (found.folder / "journal.log").open("a") as journal:
        journal.write('{"op_code": 6, "trial')
    assert len(run("-n", "5").trials) == 5


def test_a_damaged_journal_is_told() -> None:
    found = run("-n", "2")
    (found.folder / "journal.log").write_text("no\n{}\n")
    with pytest.raises(
        LabkartError,
        match=rf"^outputs/records/studies/{found.name}/journal.log is damaged \(.*Move it",
    ):
        run("-n", "3")


def test_ctrl_c_leaves_a_trial_that_is_tried_again(here: Path) -> None:
    change(here, "seconds: 0.0", "seconds: 0.3", "conf/config.yaml")
    process = forked("-n", "3")
    soon(lambda: trace().total() == 2)
    os.kill(process, signal.SIGINT)
    assert ended(process) == 1
    (found,) = study.read_studies()
    assert found.status == "killed" and [trial.state for trial in found.trials] == [
        "complete",
        "running",
    ]
    found = run("-n", "3")
    assert [trial.state for trial in found.trials] == ["complete"] * 3
    assert sorted(trace().values()) == [1, 1, 2]


# Several processes


@pytest.mark.parametrize("count", [2, 4])
def test_processes_share_the_trials(here: Path, count: int) -> None:
    change(here, "seconds: 0.0", "seconds: 0.05", "conf/config.yaml")
    processes = [forked("-n", "16") for _ in range(count)]
    assert [ended(process) for process in processes] == [0] * count
    (found,) = study.read_studies()
    assert [trial.state for trial in found.trials] == ["complete"] * 16
    assert trace().total() == 16 and set(trace().values()) == {1}


def test_workers_share_the_trials(here: Path) -> None:
    change(here, "seconds: 0.0", "seconds: 0.05", "conf/config.yaml")
    found = run("-n", "10", "--workers", "3")
    assert [trial.state for trial in found.trials] == ["complete"] * 10
    assert trace().total() == 10


def test_when_one_process_is_killed_another_one_tries_its_trial(here: Path) -> None:
    change(here, "seconds: 0.0", "seconds: 0.3", "conf/config.yaml")
    one, other = forked("-n", "4"), forked("-n", "4")
    soon(lambda: trace().total() >= 2)
    os.kill(one, signal.SIGKILL)
    assert ended(other) == 0
    ended(one)
    assert [trial.state for trial in study.read_studies()[0].trials] == ["complete"] * 4


def test_a_study_whose_processes_all_died_is_said_to_be_killed_and_goes_on(here: Path) -> None:
    change(here, "seconds: 0.0", "seconds: 0.3", "conf/config.yaml")
    one, other = forked("-n", "6"), forked("-n", "6")
    soon(lambda: trace().total() >= 2)
    os.kill(one, signal.SIGKILL)
    ended(one)
    assert not leftovers.close_abandoned_studies()  # the other one works on it
    os.kill(other, signal.SIGKILL)
    ended(other)
    (killed,) = leftovers.close_abandoned_studies()
    assert study.read_studies() == [killed] and killed.status == "killed" and killed.ended
    assert not leftovers.close_abandoned_studies() and not [*killed.folder.glob(".searching*")]
    found = run("-n", "6")
    assert found.status == "finished" and not [*found.folder.glob(".searching*")]


# Pruning


PRUNED = """\
# @package _global_
search:
  objectives: {loss: minimize}
  sampler: grid
  pruner: median
  trials: 12
  space:
    x: range(12)
slow: true
"""


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("pruner", ["median", "halving"])
def test_a_trial_that_falls_behind_is_pruned(here: Path, workers: str, pruner: str) -> None:
    write(here, **{"conf/search/s.yaml": PRUNED.replace("median", pruner)})
    found = run(f"labkart.workers={workers}")
    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    assert pruned and len(pruned) < 12
    record = plan(compose_overrides("slow=true", *pruned[0].words)).record
    assert record.id == pruned[0].experiment and record.status == "planned"
    (file,) = (here / "outputs/records/experiments" / record.id).glob("record.json")
    told = json.loads(file.read_text())
    assert told["status"] == "pruned" and told["tasks"][0]["state"] == "pruned"
    assert re.search(r"Pruned: fell behind at step \d$", told["error"])
    names = [metric[0] for metric in told["tasks"][0]["result"]["metrics"]]
    assert set(names) == {"report"}


def test_pruning_after_a_kill_is_as_without(here: Path) -> None:
    write(here, **{"conf/search/s.yaml": PRUNED.replace("median", "halving")})
    whole = run()
    for made in ("outputs", "trace"):
        (here / made).rename(here / f"{made}-before")
    first = next(trial for trial in whole.trials if trial.state == "complete")
    assert first.number == 0  # which is killed at its step 3, and reports all of it again
    (here / "stop").touch()
    process = forked()
    soon(lambda: trace().total() == 4)
    os.kill(process, signal.SIGKILL)
    ended(process)
    (here / "stop").unlink()
    assert trials(run()) == trials(whole)


def test_outside_of_a_search_a_report_is_a_metric(here: Path) -> None:
    planned = plan(compose_overrides("slow=true", "x=3"))
    with ExperimentProgress(1) as progress:
        experiment.run_experiments([planned], 1, progress)
    assert planned.record.metrics == {"report": 7.0, "loss": 3.0}


# Mistakes


MISTAKES = {
    ("loss: minimize", "loss: minimise"): 'conf/search/s.yaml: objectives: loss: no direction "minimise". Did you mean "minimize"?',
    ("{loss: minimize}", "{}"): "conf/search/s.yaml: objectives names nothing. Write a line for each: a metric and its direction: accuracy: maximize",
    ("random", "tpo"): 'conf/search/s.yaml: no sampler "tpo". Did you mean "tpe"?',
    ("random", "random\n  pruner: medium"): 'conf/search/s.yaml: no pruner "medium". Did you mean "median"?',
    ("random", "random\n  sede: 1"): 'conf/search/s.yaml: a search has no "sede". Did you mean "seed"?',
    ("random", "random\n  seed: x"): "conf/search/s.yaml: seed must be an integer, got 'x'.",
    ("trials: 12", "trials: 0"): "conf/search/s.yaml: trials must be an integer, got 0.",
    ("random", "grid"): "conf/search/s.yaml: a grid cannot try all of x: interval(-3, 3). Write a range(...) or choice(...), or take another sampler.",
    ("interval(-3, 3)", "range(5, 5)"): "conf/search/s.yaml: x: range(5, 5): there are no values in it.",
    ("interval(-3, 3)", "interval(3, -3)"): "conf/search/s.yaml: x: interval(3, -3): there are no values in it.",
    ("choice(a, b)", "choice()"): "conf/search/s.yaml: kind: choice() cannot be understood (empty choice is not legal). Write range(1, 10), choice(a, b), interval(0.1, 1) or tag(log, interval(1e-3, 1)).",
    ("interval(-3, 3)", "tag(log, interval(0, 3))"): "conf/search/s.yaml: x: tag(log, interval(0, 3)): tag(log, ...) needs values above 0.",
    ("interval(-3, 3)", "0.5"): "conf/search/s.yaml: x: 0.5 is not a range of values. Write range(1, 10), choice(a, b), interval(0.1, 1) or tag(log, interval(1e-3, 1)).",
    ("    kind", "    +x: range(3)\n    kind"): "conf/search/s.yaml: the space names x twice. Remove one of them.",
    ("    x:", "    xx:"): 'conf/config.yaml: no setting "xx". Did you mean "x"?',
    ("interval(-3, 3)", "choice(a, b)"): "x=a: Loss.x must be a number, got 'a'.",
    ("  space:", "  spaces:"): 'conf/search/s.yaml: a search has no "spaces". Did you mean "space"?',
}  # fmt: skip


@pytest.mark.parametrize("edit", MISTAKES)
def test_a_mistake_in_the_file_is_told_and_nothing_begins(
    here: Path, edit: tuple[str, str]
) -> None:
    change(here, *edit)
    with pytest.raises(LabkartError, match=f"^{re.escape(MISTAKES[edit])}$"):
        run()
    assert not (here / "outputs/records").exists() and not trace()


WORDS = {
    "-n 0": "-n 0: that is not a number of trials. Write -n 10, for example.",
    "-n many": "-n many: that is not a number of trials. Write -n 10, for example.",
    "--workers 0": "--workers 0: that is not a number of trials. Write --workers 10, for example.",
    "x=3": "x=3: the search tries values of x itself. Leave it out here, or remove it from the space.",
    "search=t": 'conf: no search "t". Choose one of s (conf/search/).',
    "secondes=1": 'conf/config.yaml: no setting "secondes". Did you mean "seconds"?',
}


@pytest.mark.parametrize("words", WORDS)
def test_a_mistake_in_the_words_is_told_and_nothing_begins(here: Path, words: str) -> None:
    with pytest.raises(LabkartError, match=f"^{re.escape(WORDS[words])}$"):
        search.run([*(["search=s"] if "search=" not in words else []), *words.split()], Nobody())  # pyright: ignore[reportArgumentType]
    assert not (here / "outputs/records").exists() and not trace()


def test_without_a_search_they_are_listed(here: Path) -> None:
    with pytest.raises(
        LabkartError,
        match=r"^No search is chosen. Choose one of s \(conf/search/\): labkart search",
    ):
        search.run(["x=1"], Nobody())  # pyright: ignore[reportArgumentType]


def test_without_pytorch_a_sentence_says_how_to_get_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(here, "random", "gp")
    monkeypatch.setattr(
        "labkart.experiments.search.config.find_spec",
        lambda name: None if name == "torch" else name,
    )
    with pytest.raises(
        LabkartError, match=r"^conf/search/s.yaml: the sampler gp needs torch: uv add torch$"
    ):
        run()


# The journal by itself


def test_a_study_proposes_the_same_whoever_proposes(tmp_path: Path) -> None:
    space = Space({"a": "interval(0, 1)", "b": "choice(x, y)"}, [], "f")
    plan = StudyPlan(["minimize"], space.distributions, lambda seed: TPESampler(seed=seed), None, 0)

    def tried(folder: Path, anew: int) -> list[object]:
        for number in range(30):
            if number % anew == 0:
                journal = TrialJournal(folder, plan)
            trial = next(journal.claim_trials(30))
            assert trial and trial.number == number
            journal.tell(
                number, TrialState.COMPLETE, [trial.params["a"] + (trial.params["b"] == "x")]
            )
        return [trial.params for trial in journal.trials()]

    assert tried(tmp_path / "one", 100) == tried(tmp_path / "two", 7)
    assert optuna.logging.get_verbosity() == optuna.logging.ERROR
