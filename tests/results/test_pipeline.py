"""A pipeline as steps; a large one by its classes."""

import pytest

from labkart.results import pipeline
from labkart.results.pipeline import Step

DIAMOND = [
    Step("Load", "done", "done", 0.2, []),
    Step("Left", "changed", "changed", 90.0, ["Load"]),
    Step("Right", "missing", "missing", None, ["Load"]),
    Step("Join", "missing", "missing", None, ["Left", "Right"]),
]


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


@pytest.mark.usefixtures("japanese_root")
def test_times_are_in_the_language_of_the_project() -> None:
    assert [step.time for step in DIAMOND[:2]] == ["0.2 秒", "約 1.5 分"]


def test_of_many_tasks_a_step_per_class_stays_and_the_result_comes_last() -> None:
    """Classes may need each other in a circle: fold 2 of a stage needs the score of fold 1."""
    steps = [
        Step("Fit", "done", "done", 1.0, []),
        Step("Score", "done", "done", 1.0, ["Fit"]),
        Step("Fit-2", "missing", "missing", 4.0, ["Score"]),
        Step("Score-2", "missing", "missing", None, ["Fit-2"]),
    ]
    classes = {step.label: step.label.partition("-")[0] for step in steps}
    fit, score = pipeline.group_by_class(steps, classes)
    assert (score.label, score.upstream) == ("Score (2)", ["Fit (2)"])
    assert (fit.summary, fit.state, fit.time) == ("1 done, 1 missing", "missing", "about 4.0 s")
