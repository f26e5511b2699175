"""The numbers for the running text: their names, their values, and the file that has those of all reports."""

from pathlib import Path
from typing import Any

import pytest

from labkart.errors import LabkartError
from labkart.results.report import config, numbers, staleness
from labkart.results.report.arguments import ReportOptions, parser
from labkart.results.report.numbers import Number, distinct_names, spell
from labkart.results.report.report import report as make_report
from tests.support.runs import all_experiments
from tests.support.tiny import write

FILE = "reports/numbers.tex"


@pytest.fixture
def records(root: Path) -> None:
    all_experiments()


def report(*words: str) -> None:
    make_report(ReportOptions.of(parser().parse_args([*words, "--figures", "none"])))


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("roc_auc", "RocAuc"),
        ("nDCG@10", "NDCGOneZero"),
        ("0.1", "ZeroPointOne"),
        ("-3", "MinusThree"),
        ("a-3", "AThree"),
        ("[64, 32]", "SixFourThreeTwo"),
        ("précision", "Precision"),
        ("決定木", ""),
    ],
)
def test_names_are_made_of_letters(text: str, letters: str) -> None:
    assert spell(text) == letters


def names(*keys: tuple[Any, ...]) -> list[str]:
    every = [Number(*key) for key in keys]
    return [distinct_names(every, ("", "P"))[key] for key in every]


def test_a_value_that_says_nothing_alone_has_the_name_of_its_setting() -> None:
    group = (("model", "forest"), ("model.trees", "300"), ("data.clean", "true"), ("x", ""))
    assert names(("models", group, "f1")) == ["labkartModelsForestTreesThreeZeroZeroCleanTrueFOne"]


@pytest.mark.parametrize(
    "keys",
    [
        [("r", (("m", "a_b"),), "f"), ("r", (("m", "a-b"),), "f")],
        [("r", (("m", "deep"),), "net_f"), ("r", (("m", "deep_net"),), "f")],
        [("r", (("m", "a"),), "f"), ("r", (("m", "a"),), "f_p")],
        [("r", (("m", "決定木"),), "f"), ("r", (("m", "回帰"),), "f")],
    ],
)
def test_names_that_would_be_the_same_are_told_apart(keys: list[Any]) -> None:
    every = [f"{name}{suffix}" for name in names(*keys) for suffix in ("", "P")]
    assert len(set(every)) == 4
    assert all(name.isascii() and name.isalpha() for name in every)
    assert names(*keys[::-1]) == names(*keys)[::-1]


def test_a_lost_letter_is_made_up_for_also_where_nothing_is_the_same() -> None:
    alone = names(("r", (("m", "決定木"),), "f"))
    both = names(("r", (("m", "決定木"),), "f"), ("r", (("m", "回帰"),), "f"))
    assert alone == both[:1], "so that another group changes no name"


def test_a_difference_of_any_two_groups_has_a_command(records: None, root: Path) -> None:
    report("models", "--pairs", "all", "--metrics", "score")
    section = numbers.read()["models"]
    pair = r"\newcommand{\labkartModelsDeepAgainstForestScore"
    assert pair + "Difference}" in section and pair + "P}" in section
    assert section.count("P}{") == 3
    assert "% models, model=deep, against model=forest, score; experiments deep0 " in section


def test_each_number_of_the_table_has_a_command_and_its_source(records: None, root: Path) -> None:
    report("models", "--baseline", "model=linear", "--metrics", "score")
    lines = (root / FILE).read_text().splitlines()
    start = lines.index(
        "% models, model=forest, score; experiments forest0 forest1 forest2 forest3"
    )
    assert lines[start + 1 : start + 7] == [
        r"\newcommand{\labkartModelsForestScore}{0.927}",
        r"\newcommand{\labkartModelsForestScoreDeviation}{0.017}",
        r"\newcommand{\labkartModelsForestScoreN}{4}",
        r"\newcommand{\labkartModelsForestScoreInterval}{[0.900, 0.955]}",
        r"\newcommand{\labkartModelsForestScoreDifference}{+0.100 [0.077, 0.123]}",
        r"\newcommand{\labkartModelsForestScoreP}{$<$0.001}",
    ]
    table = (root / "reports/models.md").read_text()
    assert "| 0.927 ± 0.017 |" in table.replace("**", "") and "\\[0.900, 0.955\\]" in table
    assert r"\labkartModelsLinearScoreP" not in "".join(lines), "the baseline has no test"


def test_what_a_table_does_not_have_is_a_hyphen_in_the_text_too(records: None, root: Path) -> None:
    report("models", "seed=0", "--metrics", "score")
    text = (root / FILE).read_text()
    assert r"\newcommand{\labkartModelsForestScoreInterval}{-}" in text
    assert r"\newcommand{\labkartModelsForestScoreDeviation}{-}" in text


def test_a_report_keeps_the_numbers_of_the_others(
    records: None, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staleness, "_changed", lambda *_: "")
    report("models", "--metrics", "score")
    first = numbers.read()["models"]
    report("losses", "--metrics", "val_loss")
    assert list(numbers.read()) == ["losses", "models"]
    assert numbers.read()["models"] == first
    written = (root / FILE).read_bytes()
    report("models")
    assert (root / FILE).read_bytes() == written, "the same, byte for byte"
    assert staleness.stale(config.read("models")) == ""

    text = (root / FILE).read_text()
    (root / FILE).write_text(text.replace("{0.927}", "{0.999}"))
    assert staleness.stale(config.read("models")) == "numbers.tex was edited by hand"
    assert staleness.stale(config.read("losses")) == ""
    (root / FILE).unlink()
    assert staleness.stale(config.read("models")) == (
        "numbers.tex does not have the numbers of this report"
    )
    make_report(ReportOptions(all=True))
    assert (root / FILE).read_bytes() == written


def test_numbers_of_a_report_that_is_gone_are_told_and_go_with_all(
    records: None, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staleness, "_changed", lambda *_: "")
    report("models", "--metrics", "score")
    report("losses", "--metrics", "val_loss")
    (root / "reports/losses.yaml").unlink()
    with pytest.raises(LabkartError, match=r"numbers\.tex has numbers of losses, of no report"):
        make_report(ReportOptions(check=True))
    make_report(ReportOptions(all=True))
    assert list(numbers.read()) == ["models"]


def test_no_report_has_the_name_of_the_file_of_all_numbers(records: None, root: Path) -> None:
    with pytest.raises(LabkartError, match='"numbers" cannot name a report'):
        report("numbers")


def test_a_damaged_file_is_made_again(records: None, root: Path) -> None:
    write(root, **{FILE: "\n% labkart: {\n\\newcommand{\\x}{1}\n"})
    report("models", "--metrics", "score")
    assert list(numbers.read()) == ["models"]
