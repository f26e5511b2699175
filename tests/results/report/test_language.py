"""A report speaks the language of its own, whatever the project's is."""

from pathlib import Path

import pytest

from labkart.language import english, speaking
from labkart.records.record import ExperimentRecord
from labkart.results.report import config, formats, latex, numbers
from labkart.results.report.figures.figures import draw
from labkart.results.report.table import ReportTable
from labkart.results.report.table_numbers import csv_text
from tests.results.report.test_datasets import runs, table_of
from tests.results.report.test_report import report
from tests.support.japanese import JAPANESE, english_lines
from tests.support.runs import all_experiments, experiment, task_run


@pytest.fixture
def records(root: Path) -> list[ExperimentRecord]:
    return all_experiments()


def markdown(table: ReportTable) -> str:
    with speaking(table.config.language):
        return formats.markdown(table)


@pytest.mark.parametrize(
    "settings",
    [
        {"layout": "metrics", "pairs": "all", "test": "mcnemar", "allow": ["dirty"]},
        {"interval": "bootstrap", "test": "wilcoxon", "metrics": ["score"]},
        {"baseline": ["model=linear"], "metrics": ["score", "val_loss"], "primary": ["score"]},
    ],
)
def test_all_that_a_table_says_is_in_its_language(
    records: list[ExperimentRecord], settings: dict[str, object]
) -> None:
    table = table_of(records, language="ja", title="モデルの比較", **settings)
    text = markdown(table)
    assert english_lines(text) == [] and "標本標準偏差 (n - 1)" in text
    with speaking("ja"):
        assert english_lines(latex.latex(table).partition("\\begin")[2]) == []
    assert not JAPANESE.search(markdown(table_of(records, **settings)))


def test_what_several_data_sets_say_is_in_its_language(root: Path) -> None:
    text = markdown(table_of(runs(), language="ja", baseline="model=linear"))
    assert english_lines(text) == []
    assert "データセットごとの最良の平均" in text and "平均順位" in text


def test_the_figures_of_a_report_are_in_its_language(root: Path) -> None:
    records = [
        experiment(model, seed, 0.5 + seed / 9, task_run(steps=3), id=f"{model}{depth}{seed}",
                   settings={"model": model, "depth": depth, "seed": seed},
                   config={"model": model, "depth": depth, "seed": seed})
        for model in ("linear", "forest") for depth in (1, 2) for seed in range(2)
    ]  # fmt: skip
    figures = draw(table_of(records, language="ja"))
    assert set(figures) == {"comparison", "curves"}
    for figure in figures.values():
        assert JAPANESE.search(figure.get_supxlabel())
        assert english_lines(figure.get_supxlabel()) == []
    assert figures["curves"].axes[0].get_xlabel() == "ステップ"


def test_data_for_programs_stay_english(records: list[ExperimentRecord]) -> None:
    table = table_of(records, language="ja", baseline="model=linear", test="mcnemar")
    with speaking("ja"):
        text = csv_text(table)
    assert "McNemar's test needs values of 0 and 1" in text and not JAPANESE.search(text)
    with english():
        assert not JAPANESE.search(numbers.section_of(table, ""))


def test_a_report_of_a_japanese_project_is_japanese(japanese_root: Path) -> None:
    all_experiments()
    root = japanese_root
    report(
        ["models", "model=*", "--baseline", "model=linear", "--title", "比較", "--figures", "none"]
    )
    assert "language" not in (root / "reports/models.yaml").read_text()
    for name in ("models.md", "models.tex", "numbers.tex"):
        lines = (root / "reports" / name).read_text().splitlines()
        assert JAPANESE.search(lines[0]), name
        assert "Made by" not in lines[0]
    assert english_lines((root / "reports/models.md").read_text().partition("###")[2]) == []
    assert not JAPANESE.search((root / "reports/models.csv").read_text())


def test_the_language_is_kept_in_the_file_of_the_report(root: Path) -> None:
    report = config.parse("models", {"language": "ja"}, "here")
    assert report.yaml_text() == "language: ja\n"
    assert config.parse("models", {}, "here").language is None, "that of the project"
