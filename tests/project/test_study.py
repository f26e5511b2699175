"""Searches that run: what they find, that they go on where they were stopped, that processes share them."""

import json
import os
import random
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hydra.core.hydra_config import HydraConfig

from labkart import LabkartError
from labkart.experiments.composer import compose_overrides
from labkart.experiments.plan import plan
from labkart.records import leftovers, study
from labkart.results import study_figures
from tests.support.searches import (
    TASKS,
    change,
    ended,
    forked,
    interrupted,
    run,
    trace,
    trials,
    write_project,
)
from tests.support.tiny import soon, write
from tests.support.variants import variants


@pytest.fixture(autouse=True)
def here(root: Path, student: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny project with a search; no figures are drawn."""
    write_project(root, student(TASKS).__name__)
    monkeypatch.setattr(study_figures, "write", lambda *_: [])
    HydraConfig.instance().cfg = None
    return root


# One search


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


@pytest.mark.parametrize("sampler", variants(["TPESampler", "RandomSampler"]))
def test_a_sampler_finds_something(here: Path, sampler: str) -> None:
    change(here, "RandomSampler", sampler)
    found = run("-n", "20")
    assert (found.trials[found.best[0]].values or [9.0])[0] < 0.5


def test_a_grid_tries_each_point_once_and_ends(here: Path) -> None:
    change(here, "RandomSampler", "BruteForceSampler")
    change(here, "low: -3.0, high: 3.0", "low: 0.0, high: 1.5, step: 0.5")
    found = run("-n", "30")
    assert len({tuple(trial.words) for trial in found.trials}) == len(found.trials) == 8


def test_a_choice_of_files_composes_each(here: Path) -> None:
    change(here, "kind:", "part:")
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


def test_no_number_is_a_failure(here: Path) -> None:
    change(here, "a, b", "a, empty")
    errors = {trial.error for trial in run().trials}
    assert errors == {None, "loss is not a number"}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_with_fail_fast_the_first_failure_ends_it(here: Path, workers: str) -> None:
    change(here, "a, b", "broken")
    with pytest.raises(LabkartError, match=r"^Trial \d failed, so the search ends"):
        run("--fail-fast", "--workers", workers)
    (found,) = study.read_studies()
    assert found.status == "stopped" and {trial.state for trial in found.trials} >= {"failed"}
    assert trace().total() <= 4


def test_what_makes_another_study_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*words: str) -> list[str]:
        run("-n", "1", *words)
        lines = capsys.readouterr().out.splitlines()
        return [re.sub(r"s-\w{8}", "ID", line) for line in lines if "new study" in line]

    assert said() == said() == []
    start = "  a new study: {} has changed since ID (1 trial)".format
    change(here, "high: 3.0", "high: 4.0")
    assert said() == [start("the space")]
    change(here, "{loss: minimize}", "{loss: maximize}")
    assert said() == [start("the objective")]
    change(here, "RandomSampler", "{name: RandomSampler, seed: 1}")
    assert said() == [start("the sampler")]
    assert said("seconds=0.001") == [start("code, data or a setting of all trials")]


# Killed and resumed


@pytest.mark.thorough
def test_a_search_that_is_killed_goes_on_as_if_nothing_had_happened(here: Path) -> None:
    change(here, "RandomSampler", "TPESampler")
    change(here, "seconds: 0.0", "seconds: 0.02", "conf/config.yaml")
    whole = run("-n", "16")
    for made in ("outputs", "trace"):
        (here / made).rename(here / f"{made}-before")
    kills = 0
    while not (found := study.read_study(whole.name)) or found.status != "finished":
        last = min(16, trace().total() + random.randint(2, 6))
        (here / f"hold-{last}").touch()
        process, far = forked("-n", "16"), random.randint(trace().total() + 1, last)
        soon(lambda far=far: trace().total() >= far)
        time.sleep(random.uniform(0, 0.06))
        os.kill(process, signal.SIGKILL)
        kills += ended(process) == -signal.SIGKILL
        (here / f"hold-{last}").unlink()
        if trace().total() >= 16:
            run("-n", "16")
    assert kills > 1
    assert trials(found) == trials(whole)
    assert trace().total() <= 16 + kills


def test_ctrl_c_leaves_a_trial_that_is_tried_again(here: Path) -> None:
    (here / "hold-2").touch()
    process = forked("-n", "3")
    soon(lambda: trace().total() == 2)
    assert interrupted(process) == 1
    (here / "hold-2").unlink()
    (found,) = study.read_studies()
    assert found.status == "stopped" and [trial.state for trial in found.trials] == [
        "complete",
        "running",
    ]
    found = run("-n", "3")
    assert [trial.state for trial in found.trials] == ["complete"] * 3
    assert sorted(trace().values()) == [1, 1, 2]


# Several processes


@pytest.mark.thorough
def test_processes_share_the_trials(here: Path) -> None:
    change(here, "seconds: 0.0", "seconds: 0.05", "conf/config.yaml")
    processes = [forked("-n", "16") for _ in range(4)]
    assert [ended(process) for process in processes] == [0] * 4
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
    holds = [here / f"hold-{number}" for number in (3, 4)]
    for hold in holds:
        hold.touch()
    one, other = forked("-n", "6"), forked("-n", "6")
    soon(lambda: trace().total() == 4 and study.read_studies())
    os.kill(one, signal.SIGKILL)
    ended(one)
    leftovers.close_abandoned()
    assert study.read_studies()[0].status == "running"  # the other one works on it
    os.kill(other, signal.SIGKILL)
    ended(other)
    leftovers.close_abandoned()
    (killed,) = study.read_studies()
    assert killed.status == "killed" and killed.ended and not [*killed.folder.glob(".searching*")]
    for hold in holds:
        hold.unlink()
    found = run("-n", "6")
    assert found.status == "finished" and not [*found.folder.glob(".searching*")]


# Pruning


PRUNED = """\
# @package _global_
search:
  objectives: {loss: minimize}
  sampler: BruteForceSampler
  pruner: MedianPruner
  space:
    x: {low: 0, high: 11}
slow: true
"""


@pytest.mark.parametrize(
    ("workers", "pruner", "reason"),
    variants(
        [
            ("2", "SuccessiveHalvingPruner", "not among the best"),
            ("1", "MedianPruner", "behind the median"),
        ]
    ),
)
def test_a_trial_that_falls_behind_is_pruned(
    here: Path, workers: str, pruner: str, reason: str
) -> None:
    write(here, **{"conf/search/s.yaml": PRUNED.replace("MedianPruner", pruner)})
    found = run(f"labkart.workers={workers}")
    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    assert pruned and len(pruned) < 12
    record = plan(compose_overrides("slow=true", *pruned[0].words)).record
    assert record.id == pruned[0].experiment and record.status == "planned"
    (file,) = (here / "outputs/records/experiments" / record.id).glob("record.json")
    told = json.loads(file.read_text())
    assert told["status"] == "pruned" and told["tasks"][0]["state"] == "pruned"
    assert re.fullmatch(rf"stopped early at step \d: {reason}", told["error"])
    assert pruned[0].error == told["error"]
    names = [metric[0] for metric in told["tasks"][0]["result"]["metrics"]]
    assert set(names) == {"report"}


@pytest.mark.thorough
def test_pruning_after_a_kill_is_as_without(here: Path) -> None:
    write(here, **{"conf/search/s.yaml": PRUNED.replace("MedianPruner", "SuccessiveHalvingPruner")})
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
