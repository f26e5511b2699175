"""The closing lines of `labkart run`: metrics, groups of seeds, and what had no room."""

import pytest

from labkart.cli.run import TerminalOutput
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Ranking
from tests.results.experiments import experiment

ENDED = "2026-11-21T10:00:00.000+09:00"


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.strip() for line in capsys.readouterr().out.splitlines()]


def experiments(**metrics: float) -> list[ExperimentRecord]:
    """Two models with two seeds each."""
    models = ("forest", "forest", "linear", "linear")
    return [
        experiment(
            number,
            model,
            number % 2,
            ended=ENDED,
            metrics=metrics or {"accuracy": 0.5 + number / 100},
        )
        for number, model in enumerate(models)
    ]


def test_the_metrics_and_the_way_to_more_are_the_last_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    TerminalOutput().show_result({"accuracy": 0.9578, "items": 1200.0}, "4f2c91" * 3)
    metrics, more = lines(capsys)
    assert metrics == "accuracy 0.958   items 1200"
    assert more.startswith("experiment 4f2c91  ·  ") and more.endswith("labkart ui")


def test_groups_have_means_and_deviations_with_the_best_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    TerminalOutput().show_groups(experiments(), Ranking())
    head, *rows = (line.split("   ") for line in lines(capsys))
    assert [cell.strip() for cell in head if cell] == ["model", "accuracy ↑", "n"]
    assert [[cell.strip() for cell in row if cell] for row in rows] == [
        ["linear", "0.525 ± 0.007", "2"],
        ["forest", "0.505 ± 0.007", "2"],
    ]


def test_metrics_without_a_column_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = {f"m{number}": float(number) for number in range(10)}
    TerminalOutput().show_groups(experiments(**metrics), Ranking())
    assert lines(capsys)[-1] == ("m8 and 1 more are not shown; labkart.rank_by=m8 shows it first")


def test_a_metric_of_which_nobody_knows_what_is_better_is_asked_about(
    capsys: pytest.CaptureFixture[str],
) -> None:
    TerminalOutput().show_groups(experiments(gain=1.0), Ranking(metric="gain"))
    assert lines(capsys)[-1].startswith("not ranked: is gain better if it is higher, or lower?")
    said = Ranking.of({"higher_is_better": ["gain"]}, metric="gain")
    TerminalOutput().show_groups(experiments(gain=1.0), said)
    assert "not ranked" not in capsys.readouterr().out


def test_only_twenty_groups_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    many = [
        experiment(number, ended=ENDED, settings={"model": f"m{number}"}) for number in range(25)
    ]
    TerminalOutput().show_groups(many, Ranking())
    printed = lines(capsys)
    assert len(printed) == 22 and printed[-1] == "... and 5 more"


def test_without_a_finished_experiment_there_is_no_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    TerminalOutput().show_groups([experiment(1, ended=None)], Ranking())
    assert not lines(capsys)
