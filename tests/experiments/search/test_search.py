"""The design of a search, its space and its journal: what fixes a study, what is tried, what is refused."""

import re
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
from labkart.experiments.search import plots, search
from labkart.experiments.search.config import SearchConfig
from labkart.experiments.search.distributions import Space
from labkart.experiments.search.trials import StudyPlan, TrialJournal
from tests.support.searches import TASKS, Nobody, change, run, trace, write_project


@pytest.fixture(autouse=True)
def here(root: Path, student: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny project with a search; no figures are drawn."""
    write_project(root, student(TASKS).__name__)
    monkeypatch.setattr(plots, "write", lambda *_: [])
    HydraConfig.instance().cfg = None
    return root


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


# Failures


def test_when_all_fail_a_sentence_says_why(here: Path) -> None:
    change(here, "a, b", "broken")
    with pytest.raises(
        LabkartError, match=r"^No trial finished successfully.*Loss: .*ValueError: no such luck$"
    ):
        run("-n", "2")


def test_an_objective_that_nobody_logs_ends_the_search_and_a_logged_one_goes_on(here: Path) -> None:
    change(here, "loss:", "los:")
    with pytest.raises(
        LabkartError,
        match=r'^conf/search/s.yaml: no task logs the metric "los". Did you mean "loss"\?$',
    ):
        run()
    assert trace().total() == 1


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
