"""`labkart runs` shows what tells experiments apart, sorts numbers as numbers, and gives programs everything."""

import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from labkart.cli import main
from labkart.records.record import ExperimentRecord
from tests.results.experiments import experiment

Told = Callable[..., str]


@pytest.fixture
def runs(root: Path, capsys: pytest.CaptureFixture[str]) -> Told:
    """What the verb prints, after some experiments were recorded."""

    def told(*words: str, of: tuple[ExperimentRecord, ...] = (), code: int = 0) -> str:
        for each in of:
            each.write()
        assert main.main(["runs", *words]) == code
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return told


def rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines()]


def test_a_row_tells_what_varies_and_nothing_that_is_the_same_or_follows(runs: Told) -> None:
    table = rows(
        runs(
            of=(experiment(1, "forest", 0), experiment(2, "linear", 0), experiment(3, "forest", 1))
        )
    )
    assert table[0] == ["id", "started", "status", "model", "seed", "accuracy"]
    # The moment is two words.
    assert [row[4:] for row in table[1:]] == [
        ["forest", "1", "0.503"],
        ["linear", "0", "0.502"],
        ["forest", "0", "0.501"],
    ]


@pytest.mark.usefixtures("japanese_root")
def test_titles_and_statuses_are_in_the_language_of_the_project_and_may_be_typed(
    runs: Told,
) -> None:
    table = rows(runs(of=(experiment(1), experiment(2, status="failed"))))
    assert table[0][:3] == ["id", "開始", "状態"]
    assert [row[3] for row in table[1:]] == ["失敗", "終了"]
    for condition in ("状態=失敗", "status=失敗", "status=failed", "状態!=finished,停止"):
        assert [row[3] for row in rows(runs(condition))[1:]] == ["失敗"]
    assert [row[3] for row in rows(runs("--sort", "状態"))[1:]] == ["失敗", "終了"]
    assert '"status": "failed"' in runs("--json")


def test_experiments_that_no_setting_tells_apart_show_their_commits(runs: Told) -> None:
    code = {"commit": "c" * 40, "dirty": False}
    table = rows(runs(of=(experiment(1, code=code), experiment(2, code=code | {"dirty": True}))))
    assert [row[3] for row in table[:1]] + [row[4] for row in table[1:]] == [
        "code",
        "ccccccc+",
        "ccccccc",
    ]


def test_twenty_rows_are_shown_and_the_last_line_counts_the_others(runs: Told) -> None:
    many = tuple(experiment(number, seed=number) for number in range(25))
    shown = runs(of=many).splitlines()
    assert len(shown) == 22 and shown[-1] == "  ... and 5 more (--all shows them)"
    assert len(runs("--all").splitlines()) == 26
    assert len(runs("-n", "3").splitlines()) == 5
    assert len(json.loads(runs("--json"))) == 25 and len(json.loads(runs("--json", "-n", "3"))) == 3


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ((), "3 2 1"),
        (("--sort", "seed"), "2 3 1"),
        (("--sort", "-seed"), "1 3 2"),
        (("--sort", "-started"), "1 2 3"),
        (("--sort", "loss"), "3 1 2"),
        (("--sort", "-loss"), "1 3 2"),
        (("--sort=-model",), "2 3 1"),
        (("--sort", "id"), "1 2 3"),
    ],
)
def test_it_sorts_numbers_as_numbers_and_puts_what_has_no_value_last(
    words: tuple[str, ...], order: str, runs: Told
) -> None:
    of = (
        experiment(1, seed=10, metrics={"loss": 2.0}),
        experiment(2, "linear", seed=2, metrics={"loss": math.nan}),
        experiment(3, seed=9, metrics={"loss": 1e-5}),
    )
    found = json.loads(runs(*words, "--json", of=of))
    assert " ".join(str(int(each["id"], 16)) for each in found) == order


def test_conditions_and_marks_choose(runs: Told) -> None:
    of = (experiment(1), experiment(2, "linear"), experiment(3, tags=["paper"], study="trees"))
    assert [row[0] for row in rows(runs("model=forest", "accuracy>0.502", of=of))[1:]] == [
        "00000000"
    ]
    assert len(json.loads(runs("--tag", "paper", "--json"))) == 1
    assert len(json.loads(runs("--study", "trees", "--json"))) == 1
    assert len(json.loads(runs("--since", "2026-11-22", "--json"))) == 0
    assert "No experiment matches" in runs("model=linear", "--tag", "paper")


def test_what_sorts_is_shown_first_among_many_metrics(runs: Told) -> None:
    metrics = dict.fromkeys("abcdefghij", 0.5)
    said = runs("--sort", "-j", of=(experiment(1, metrics=metrics),))
    assert rows(said)[0][3:] == list("jabcdefg")
    assert "2 more columns with --csv" in said


def test_what_is_unlike_a_value_has_another_one_or_none(runs: Told) -> None:
    of = (experiment(1), experiment(2, "linear"))
    assert [row[0] for row in rows(runs("model.params.trees!=300", of=of))[1:]] == ["00000000"]
    assert len(json.loads(runs("model.params.trees=300", "--json"))) == 1


def test_how_it_ended_is_a_condition_too(runs: Told) -> None:
    of = (experiment(1), experiment(2, "linear", status="failed"))
    assert [each["status"] for each in json.loads(runs("status=failed", "--json", of=of))] == [
        "failed"
    ]


def test_a_value_that_no_experiment_has_is_told_with_those_that_there_are(runs: Told) -> None:
    of = (experiment(1), experiment(2, "linear"))
    assert 'No experiment has model=forset. Did you mean "forest"?' in runs("model=forset", of=of)
    assert "No experiment has status=killed. Choose one of finished." in runs("status=killed")


def test_programs_get_all_values_and_json_has_no_nan(runs: Told) -> None:
    of = (
        experiment(1, metrics={"loss": math.inf}),
        experiment(2, "linear", metrics={"loss": 0.1 + 0.2}),
    )
    linear, forest = json.loads(runs("--json", of=of), parse_constant=pytest.fail)
    assert forest["metrics"] == {"loss": None} and linear["metrics"] == {"loss": 0.1 + 0.2}
    assert linear["config"]["model"]["params"] == {"c": 1.0}
    lines = list(csv.DictReader(io.StringIO(runs("--csv"))))
    assert [line["model.params.trees"] for line in lines] == ["", "300"]
    assert float(lines[0]["loss"]) == 0.1 + 0.2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("acuracy>0.5",), 'Did you mean "accuracy"?'),
        (("--sort", "sead"), 'Did you mean "seed"?'),
        (("accuracy>high",), '"high" is not a number'),
        (("forest",), "must be a name and a value"),
        (
            ("accuracy=>0.5",),
            "must be a name and a value, such as model=forest, model!=forest or accuracy>=0.9",
        ),
        (("--sweep", "77"), 'No sweep begins with "77"'),
        (("--study", "tree"), 'No experiment belongs to a study "tree". Did you mean "trees"?'),
        (("--tag", "papers"), 'No experiment has the tag "papers". Did you mean "paper"?'),
        (("--commit", "ab"), 'No experiment ran on a commit "ab".'),
        (("--since", "monday"), "must be a day"),
        (("-n", "0"), "-n must be a positive integer, got 0"),
    ],
)
def test_what_is_not_there_is_one_sentence(words: tuple[str, ...], said: str, runs: Told) -> None:
    told = runs(*words, of=(experiment(1, study="trees", tags=["paper"]),), code=1)
    assert said in told and told.count("\n") == 1


def test_before_the_first_run_it_says_what_to_do(runs: Told) -> None:
    assert "No experiments yet" in runs() and "No experiments yet" in runs(
        "model=forest", "--sort", "accuracy"
    )
    assert json.loads(runs("--json")) == []
