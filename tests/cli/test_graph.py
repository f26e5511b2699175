"""`labkart graph`: each step once, below what needs it."""

import re
from pathlib import Path

import pytest
from rich.console import Console

from labkart import console
from labkart.cli import graph
from labkart.errors import LabkartError
from labkart.results.pipeline import Step
from tests.results.test_pipeline import DIAMOND


def tree(steps: list[Step], capsys: pytest.CaptureFixture[str]) -> list[str]:
    graph.show_tree(steps)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_the_result_stands_above_what_it_needs_and_nothing_is_told_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert tree(DIAMOND, capsys) == [
        "  Join           missing",
        "  ├── Left       changed   about 1.5 min",
        "  │   └── Load   done      0.2 s",
        "  └── Right      missing",
        "      └── Load   above",
    ]


def test_a_narrow_terminal_cuts_the_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        console, "stdout", Console(width=40, force_terminal=True, no_color=True, highlight=False)
    )
    long = Step("L" * 70, "done", "done", 0.2, [])
    (line,) = tree([long], capsys)
    text = re.sub(r"\x1b\[[\d;]*m", "", line).rstrip()
    assert text.endswith("L…   done   0.2 s") and len(text) <= 40


def test_steps_that_need_each_other_are_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Classes may do so: fold 2 of a stage needs the score of fold 1."""
    steps = [
        Step("Fit (2)", "missing", "1 done, 1 missing", 4.0, ["Score (2)"]),
        Step("Score (2)", "missing", "missing", None, ["Fit (2)"]),
    ]
    lines = tree(steps, capsys)
    assert lines[0].startswith("  Score (2)") and lines[2].split()[-1] == "above"


def test_every_result_has_a_tree(capsys: pytest.CaptureFixture[str]) -> None:
    predict = Step("Predict", "done", "done", 0.1, ["Left"])
    lines = tree([*DIAMOND[:3], predict, DIAMOND[3]], capsys)
    assert [line for line in lines if line[2] not in " ├└│"] == [
        "  Predict        done      0.1 s",
        "  Join           missing",
    ]
    assert "  ├── Left       above" in lines
    circle = [
        Step("Fit (2)", "done", "done", 4.0, ["Score (2)"]),
        Step("Score (2)", "done", "done", None, ["Fit (2)"]),
        Step("Predict", "done", "done", 0.1, []),
    ]
    assert {line.split()[0] for line in tree(circle, capsys)} >= {"Predict", "Score"}


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (["--svg", "a.svg", "seed=1"], "a.svg"),
        (["--svg=a.svg", "seed=1"], "a.svg"),
        (["seed=1", "--svg"], "reports/graph.svg"),
        (["--svg", "seed=1"], "reports/graph.svg"),
    ],
)
def test_a_file_is_told_from_an_override(
    words: list[str], file: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides = list[str]()
    monkeypatch.setattr(graph.overrides, "plan_experiment", overrides.extend)
    monkeypatch.setattr("labkart.experiments.status.statuses", lambda _: [])
    monkeypatch.setattr("labkart.results.pipeline.svg", lambda *_: "<svg/>")
    monkeypatch.setattr("labkart.project.STARTED", root)
    assert graph.main(words) == 0
    assert overrides == ["seed=1"]
    assert (root / file).read_text() == "<svg/>"


def test_without_arguments_it_is_the_tree_of_the_default_settings(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(graph.overrides, "plan_experiment", lambda overrides: overrides)
    monkeypatch.setattr("labkart.experiments.status.statuses", lambda overrides: overrides)
    monkeypatch.setattr("labkart.results.pipeline.pipeline_steps", lambda _: DIAMOND)
    assert graph.main([]) == 0
    assert capsys.readouterr().out.startswith("  Join  ")


def test_a_drawing_is_an_svg_file(root: Path) -> None:
    with pytest.raises(LabkartError, match=r"--svg a.png: the file's name must end in .svg."):
        graph.main(["--svg", "a.png"])
