"""A pipeline as text: each step once below what needs it; a large one by its classes."""

import re
from pathlib import Path

import pytest
from rich.console import Console

from labkart import console
from labkart.results import pipeline
from labkart.results.pipeline import Step

DIAMOND = [
    Step("Load", "done", "done", 0.2, []),
    Step("Left", "changed", "changed", 90.0, ["Load"]),
    Step("Right", "missing", "missing", None, ["Load"]),
    Step("Join", "missing", "missing", None, ["Left", "Right"]),
]


def tree(steps: list[Step], capsys: pytest.CaptureFixture[str]) -> list[str]:
    pipeline._show(steps)
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
        console, "out", Console(width=40, force_terminal=True, no_color=True, highlight=False)
    )
    long = Step("L" * 70, "done", "done", 0.2, [])
    (line,) = tree([long], capsys)
    assert re.sub(r"\x1b\[[\d;]*m", "", line).endswith("L…   done   0.2 s") and len(line) < 60


def test_mermaid_has_a_box_a_step_and_a_line_an_edge() -> None:
    text = pipeline.mermaid(DIAMOND).splitlines()
    assert text[0] == "flowchart LR"
    assert '    t1["Left<br/>changed · about 1.5 min"]:::changed' in text
    arrows = [line.split() for line in text if "-->" in line]
    assert arrows == [
        ["t0", "-->", "t1"],
        ["t0", "-->", "t2"],
        ["t1", "-->", "t3"],
        ["t2", "-->", "t3"],
    ]
    assert sum(line.strip().startswith("classDef") for line in text) == 3


def test_of_many_tasks_a_line_a_class_stays_and_the_result_comes_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Classes may need each other in a circle: fold 2 of a stage needs the score of fold 1."""
    steps = [
        Step("Fit", "done", "done", 1.0, []),
        Step("Score", "done", "done", 1.0, ["Fit"]),
        Step("Fit-2", "missing", "missing", 4.0, ["Score"]),
        Step("Score-2", "missing", "missing", None, ["Fit-2"]),
    ]
    classes = {each.label: each.label.partition("-")[0] for each in steps}
    fit, score = pipeline._by_class(steps, classes)
    assert (score.label, score.upstream) == ("Score (2)", ["Fit (2)"])
    assert (fit.said, fit.state, fit.time) == ("1 done, 1 missing", "missing", "about 4.0 s")
    assert tree([fit, score], capsys)[0].startswith("  Score (2)")
    assert tree([fit, score], capsys)[2].split()[-1] == "above"


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (["--svg", "a.svg", "seed=1"], "a.svg"),
        (["--svg=a.svg", "seed=1"], "a.svg"),
        (["seed=1", "--svg"], "graph.svg"),
        (["--svg", "seed=1"], "graph.svg"),
    ],
)
def test_a_file_is_told_from_a_setting(words: list[str], file: str, root: Path) -> None:
    left, path = pipeline._file(words)
    assert left == ["seed=1"] and path and path.name == file
