"""The design of a search, its space and its journal: what fixes a study, what is tried, what is refused."""

import gc
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import optuna
import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState

from labkart import LabkartError
from labkart.cli import search as verb
from labkart.experiments import experiment
from labkart.experiments.composer import compose_overrides
from labkart.experiments.plan import plan
from labkart.experiments.progress import ExperimentProgress
from labkart.experiments.search.config import SearchConfig
from labkart.experiments.search.journal import TrialJournal
from labkart.experiments.search.space import Space
from labkart.records import study
from labkart.records.record import read_experiments
from labkart.results import study_figures
from tests.support.searches import TASKS, change, run, trace, write_project
from tests.support.variants import variants

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def here(root: Path, student: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny project with a search; no figures are drawn."""
    write_project(root, student(TASKS).__name__)
    monkeypatch.setattr(study_figures, "write", lambda *_: [])
    HydraConfig.instance().cfg = None
    return root


# The space

UNLIKE = {
    "model": {"choices": ["bm25", "lsa", "none"]},
    "k1": {"low": 0.3, "high": 1.5, "step": 0.3, "when": {"model": "bm25"}},
    "b": {"choices": [0.5, 1.0], "when": {"model": "bm25"}},
    "dim": {"low": 50, "high": 300, "step": 50, "when": {"model": "lsa"}},
    "norm": {"choices": [True, None], "when": {"model": ["lsa", "bm25"]}},
    "power": {"low": 1, "high": 2, "when": {"norm": True}},
}


@pytest.mark.parametrize(
    ("arguments", "distribution"),
    [
        ({"low": 50, "high": 450, "step": 50}, IntDistribution(50, 450, step=50)),
        ({"low": 1, "high": 100, "log": True}, IntDistribution(1, 100, log=True)),
        ({"low": 0.001, "high": 1, "log": True}, FloatDistribution(0.001, 1, log=True)),
        ({"low": 0, "high": 1, "step": 0.25}, FloatDistribution(0, 1, step=0.25)),
        ({"choices": ["a", "b"]}, CategoricalDistribution(["a", "b"])),
    ],
)
def test_the_arguments_of_a_parameter_are_those_of_optuna(
    arguments: dict[str, object], distribution: BaseDistribution
) -> None:
    assert Space({"a": arguments}, "f").parameters["a"].distribution == distribution


def test_a_step_gives_the_values_that_a_person_would_write() -> None:
    space = Space({"a": {"low": 0.0, "high": 1.0, "step": 0.1}}, "f")
    words = [space.overrides({"a": 0.1 * count})[0] for count in range(11)]
    assert words == [f"a={count / 10}" for count in range(11)]


def test_a_choice_may_be_anything_that_an_override_can_say() -> None:
    choices = ["x", "x y", "1", 1, 1.0, True, None, {"b": 1}, [1, 2], "c,d"]
    space = Space({"a": {"choices": choices}}, "f")
    words = [example[0] for example in space.examples()]
    parser = OverridesParser.create()
    assert [parser.parse_override(word).value() for word in words] == choices
    assert words[0] == "a=x"


def test_a_number_that_a_condition_names_is_that_of_the_overrides() -> None:
    space = Space({"x": {"low": 0.0, "high": 1}, "y": {"low": 1, "high": 2, "when": {"x": 1}}}, "f")
    assert space.choose(lambda _: 1) == ["x=1.0", "y=1"]


def test_a_parameter_exists_only_beside_the_values_that_it_names() -> None:
    space = Space(UNLIKE, "f")

    def chosen(**given: object) -> str:
        return " ".join(space.choose(lambda one: given.get(one.name, one.examples[0])))

    assert chosen() == "model=bm25 k1=0.3 b=0.5 norm=true power=1"
    assert chosen(norm="null") == "model=bm25 k1=0.3 b=0.5 norm=null"
    assert chosen(model="lsa", dim=150) == "model=lsa dim=150 norm=true power=1"
    assert chosen(model="none", dim=150) == "model=none"
    seen = {word.partition("=")[0] for example in space.examples() for word in example}
    assert seen == set(UNLIKE)


@pytest.mark.parametrize("sampler", variants(["TPESampler", "RandomSampler", "BruteForceSampler"]))
def test_a_search_of_unlike_things_is_sampled_resumed_and_recorded(
    here: Path, sampler: str
) -> None:
    change(here, "RandomSampler", sampler)
    change(here, "    x: {low: -3.0, high: 3.0}\n", "")
    change(here, "[a, b]}", "[a, b]}\n    x: {low: -3, high: 3.0, step: 1.5, when: {kind: a}}")
    run("-n", "3")
    found = run("-n", "8")
    assert len(found.trials) == (6 if sampler == "BruteForceSampler" else 8)
    for trial in found.trials:
        planned = plan(compose_overrides(*trial.words))
        assert planned.record.id == trial.experiment and trial.state == "complete"
    words = {tuple(trial.words) for trial in found.trials}
    assert ("kind=b",) in words and all(len(one) == 2 for one in words if "kind=a" in one)


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


def test_what_fixes_a_study_names_it(here: Path) -> None:
    names = {SearchConfig("search=s").name, SearchConfig("search=s", "seconds=0.001").name}
    change(here, "sampler: RandomSampler", "sampler: {name: RandomSampler, seed: 1}")
    names.add(SearchConfig("search=s").name)
    change(here, "[a, b]", "[a, b, c]")
    names.add(SearchConfig("search=s").name)
    assert len(names) == 4
    change(here, "x: 0.5", "x: 0.7", "conf/config.yaml")  # which every trial gives another value
    change(here, "  n_trials", "  pruner: null\n  n_trials")
    assert SearchConfig("search=s", "labkart.workers=2", "search.n_trials=3").name in names


@pytest.mark.parametrize(("workers", "pruner"), [("1", "MedianPruner"), ("2", "null")])
def test_trials_share_a_process_unless_several_run_at_once(
    here: Path, workers: str, pruner: str
) -> None:
    change(here, "  n_trials", f"  pruner: {pruner}\n  n_trials")
    run("-n", "6", "--workers", workers)
    processes = set(Path("processes").read_text().split())
    assert (len(processes) <= 2) == (workers == "1")  # the first trial may import something


def test_garbage_is_collected_while_tasks_run() -> None:
    gc.disable()  # as every command does when it begins
    try:
        run("-n", "1")
        assert gc.isenabled()
    finally:
        gc.enable()


# Failures


def test_when_all_fail_a_sentence_says_why(here: Path) -> None:
    change(here, "a, b", "broken")
    found = run("-n", "2")
    with pytest.raises(
        LabkartError, match=r"^No trial finished successfully.*Loss: .*ValueError: no such luck$"
    ):
        verb.show(found, [])


@pytest.mark.parametrize("words", variants([[], ["--workers", "2"]]))
def test_an_objective_that_nobody_logs_leaves_no_study_behind(here: Path, words: list[str]) -> None:
    change(here, "loss:", "los:")
    with pytest.raises(
        LabkartError,
        match=r'^conf/search/s.yaml: no task logs the metric "los". Did you mean "loss"\?$',
    ):
        run(*words)
    assert trace().total() >= 1
    assert not study.read_studies() and not [*(here / "outputs/records/studies").glob("*")]
    assert all(one.study is None and one.status != "failed" for one in read_experiments())


@pytest.mark.thorough
def test_a_line_that_was_written_by_half_is_no_damage() -> None:
    found = run("-n", "3")
    with (found.folder / "journal.log").open("a") as journal:
        journal.write('{"op_code": 6, "trial')
    assert len(run("-n", "5").trials) == 5


@pytest.mark.thorough
def test_a_damaged_journal_is_told() -> None:
    found = run("-n", "2")
    (found.folder / "journal.log").write_text("no\n{}\n")
    with pytest.raises(
        LabkartError,
        match=rf"^outputs/records/studies/{found.name}/journal.log is damaged \(.*Move it",
    ):
        run("-n", "3")


def test_outside_of_a_search_a_report_is_a_metric(here: Path) -> None:
    planned = plan(compose_overrides("slow=true", "x=3"))
    with ExperimentProgress() as progress:
        experiment.run_experiments([planned], 1, progress)
    assert planned.record.metrics == {"report": 7.0, "loss": 3.0}


DRAWING = """
import sys
from pathlib import Path
import optuna
from labkart.results import study_figures
study = optuna.create_study()
study.optimize(lambda trial: trial.suggest_float("x", 0, 1) + trial.suggest_int("y", 0, 9), 12)
study_figures.write(study, ["loss"], Path("figures"))
assert "sklearn" not in sys.modules
import sklearn
"""


@pytest.mark.thorough
def test_figures_are_drawn_without_scikit_learn() -> None:
    subprocess.run([sys.executable, "-c", DRAWING], check=True)
    names = {file.name for file in Path("figures").iterdir()}
    assert names == {"history.png", "importances.png", "slices.png"}


# Mistakes


HOW = "Write {low: 1, high: 10}, with step or log: true if you like, or {choices: [a, b]}."
MISTAKES = {
    ("loss: minimize", "loss: minimise"): 'objectives: loss: no direction "minimise". Did you mean "minimize"?',
    ("{loss: minimize}", "{}"): "objectives names nothing. Write a line for each: a metric and its direction: accuracy: maximize",
    ("RandomSampler", "RandomSample"): 'no sampler "RandomSample". Did you mean "RandomSampler"?',
    ("RandomSampler", "{name: TPESampler, n_startup_trial: 3}"): 'TPESampler has no argument "n_startup_trial". Did you mean "n_startup_trials"?',
    ("RandomSampler", "{name: RandomSampler, seed: x}"): "seed must be an integer, 0 or more, got 'x'.",
    ("RandomSampler", "RandomSampler\n  pruner: MedianPrunner"): 'no pruner "MedianPrunner". Did you mean "MedianPruner"?',
    ("RandomSampler", "RandomSampler\n  pruner: {name: PercentilePruner, percentile: 200}"): "PercentilePruner: Percentile must be between 0 and 100 inclusive, but got percentile=200.",
    ("{loss: minimize}", "{loss: minimize, size: minimize}\n  pruner: MedianPruner"): "a pruner needs a single objective. Write pruner: null",
    ("RandomSampler", "RandomSampler\n  trials: 1"): 'a search has no "trials". Did you mean "n_trials"?',
    ("n_trials: 12", "n_trials: 0"): "n_trials must be an integer, 1 or more, got 0.",
    ("RandomSampler", "BruteForceSampler"): "BruteForceSampler: FloatDistribution.step must be given for BruteForceSampler (otherwise, the search space will be infinite).",
    ("low: -3.0, high: 3.0", "low: 3, high: -3"): "x: `low <= high` must hold, but got (low=3, high=-3). HOW",
    ("low: -3.0, high: 3.0", "low: 0, high: 3, log: true"): "x: `low >= 1` must hold for `log=True`, but got (low=0, high=3). HOW",
    ("low: -3.0, high: 3.0", "low: a, high: 3"): "x: low and high must be numbers. HOW",
    ("low: -3.0, high: 3.0", "high: 3"): "x: low and high must be numbers. HOW",
    ("low: -3.0, high: 3.0", "low: 0, hihg: 3"): 'x: a parameter has no "hihg". Did you mean "high"?',
    ("{low: -3.0, high: 3.0}", "interval(-3, 3)"): "x: interval(-3, 3) is not a range of values. HOW",
    ("[a, b]", "[]"): "kind: choices must be a list, and stand alone. HOW",
    ("[a, b]}", "[a, b], when: {y: 1}}"): 'kind: when: above it the space has no "y". Choose one of x.',
    ("[a, b]}", "[a, b]}\n    seconds: {choices: [1], when: {kind: c}}"): 'seconds: when: kind is never "c". Choose one of a, b.',
    ("    x:", "    xx:"): 'conf/config.yaml: no setting "xx". Did you mean "x"?',
    ("[a, b]}", "[a, b], when: {x: 3.5}}"): 'kind: when: x is never "3.5".',
    ("[a, b]}", "[a, b], when: {x: []}}"): "kind: when: no value of x is named.",
    ("[a, b]}", "[a, b], when: x}"): "kind: when: no value of x is named.",
    ("high: 3.0", "high: .inf"): "x: low and high must be numbers. HOW",
    ("RandomSampler", "{name: TPESampler, n_startup_trials: x}"): "TPESampler: '<' not supported between instances of 'int' and 'str'",
    ("    x:", "    1: {low: 0, high: 1}\n    x:"): '1=0 is not a valid Hydra override. "1" is no name: a name has only parts of ASCII letters, digits and _, with a dot between them. Set others in conf/.',
    ("{low: -3.0, high: 3.0}", "{choices: [a, b]}"): "x=a: Loss.x must be a number, got 'a'.",
    ("  space:", "  spaces:"): 'a search has no "spaces". Did you mean "space"?',
}  # fmt: skip


@pytest.mark.parametrize("edit", variants([(edit,) for edit in MISTAKES], 8))
def test_a_mistake_in_the_file_is_told_and_nothing_begins(
    here: Path, edit: tuple[str, str]
) -> None:
    change(here, *edit)
    message = MISTAKES[edit].replace("HOW", HOW)
    place = "" if message.startswith(("conf/", "x=", "1=")) else "conf/search/s.yaml: "
    with pytest.raises(LabkartError, match=f"^{re.escape(place + message)}$"):
        run()
    assert not (here / "outputs/records").exists() and not trace()


WORDS = {
    "-n 0": "-n must be a positive integer, got 0.",
    "-n many": "-n must be a positive integer, got many.",
    "--workers 0": "--workers must be a positive integer, got 0.",
    "x=3": "x=3: the search tries values of x itself. Leave it out here, or remove it from the space.",
    "search=t": 'conf: no search "t". Choose one of s (conf/search/).',
    "secondes=1": 'conf/config.yaml: no setting "secondes". Did you mean "seconds"?',
}


@pytest.mark.parametrize("words", WORDS)
def test_a_mistake_in_the_words_is_told_and_nothing_begins(here: Path, words: str) -> None:
    with pytest.raises(LabkartError, match=f"^{re.escape(WORDS[words])}$"):
        run(*words.split())
    assert not (here / "outputs/records").exists() and not trace()


def test_without_a_search_they_are_listed(here: Path) -> None:
    with pytest.raises(
        LabkartError,
        match=r"^No search is chosen: labkart search search=<name>, .* Choose one of s\.$",
    ):
        SearchConfig("x=1")


def test_without_pytorch_a_sentence_says_how_to_get_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(here, "RandomSampler", "GPSampler")
    monkeypatch.setattr(
        "labkart.experiments.search.config.find_spec",
        lambda name: None if name == "torch" else name,
    )
    with pytest.raises(
        LabkartError, match=r"^conf/search/s.yaml: GPSampler needs packages: uv add torch scipy$"
    ):
        run()


# The journal by itself


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize(("most", "count"), [(10_000, 5 * 2 * (1 + 2) + 6 * (1 + 2) + 1), (7, 7)])
def test_the_combinations_of_unlike_things_are_counted(most: int, count: int) -> None:
    unlike = {**UNLIKE, "power": {"low": 0.5, "high": 1, "step": 0.5, "when": {"norm": True}}}
    sampler = optuna.samplers.BruteForceSampler(seed=0)
    assert Space(unlike, "f").count(most, sampler) == count


def test_a_trial_whose_process_died_as_it_chose_values_gets_those_that_it_would_have_had(
    here: Path,
) -> None:
    config = SearchConfig("search=s")
    whole = next(TrialJournal(config).claim_trials(5))
    shutil.rmtree(here / "outputs")
    assert TrialJournal(config).study.ask().params == {}
    trial = next(TrialJournal(config).claim_trials(5))
    assert trial and whole and trial.number == 0 and trial.params == whole.params


@pytest.mark.thorough
def test_a_study_proposes_the_same_whoever_proposes(here: Path) -> None:
    change(here, "RandomSampler", "TPESampler")
    config = SearchConfig("search=s")

    def tried(anew: int) -> list[object]:
        journal = TrialJournal(config)
        for number in range(30):
            if number % anew == 0:
                journal = TrialJournal(config)
            trial = next(journal.claim_trials(30))
            assert trial and trial.number == number
            values = [trial.params["x"] + (trial.params["kind"] == "a")]
            journal.tell(number, TrialState.COMPLETE, values, {})
        return [trial.params for trial in journal.trials()]

    first = tried(100)
    shutil.rmtree(here / "outputs")
    assert tried(7) == first
    assert optuna.logging.get_verbosity() == optuna.logging.ERROR
