"""The tables, a figure and the numbers in real documents, of pdflatex and of lualatex."""

import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from labkart.language import speaking
from labkart.records.direction import Directions
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Ranking
from labkart.results.report import config, latex, numbers
from labkart.results.report.figures.figures import figure_files
from labkart.results.report.layouts import cells_of
from labkart.results.report.table import ReportTable, compare_groups
from tests.support.runs import all_experiments, experiment

ODD = "x|y\"z a_b 50% {q} #1 $x$ ~^\\ <b> --opt ''q'' `t` λ≤1"
JAPANESE = {"forest": "決定木の森", "score": "正解率", "model": "モデル"}


@dataclass(frozen=True)
class Engine:
    """A LaTeX, and the packages that Japanese needs with it, if it has any."""

    command: str
    japanese: str = ""


ENGINES = [Engine("pdflatex"), Engine("lualatex", r"\usepackage{luatexja}")]


def table_of(records: list[ExperimentRecord], name: str = "models", **settings: Any) -> ReportTable:
    ranking = Ranking(metric="score", directions=Directions(["score"]))
    report_config = config.parse(name, {"baseline": "model=linear", **settings}, "here")
    return compare_groups(report_config, ranking.group(records), ranking)


@pytest.fixture
def records(root: Path) -> list[ExperimentRecord]:
    return all_experiments()


@pytest.fixture
def tables(records: list[ExperimentRecord]) -> dict[str, ReportTable]:
    """A table of each kind."""
    odd = {"forest": ODD, "deep": "[64, 64]", "linear": "*"}
    depths = [
        experiment(model, seed, 0.5 + depth / 100, id=f"{model}{depth}{seed}",
                   settings={"model": model, "depth": depth, "seed": seed},
                   config={"model": model, "depth": depth, "seed": seed},
                   overrides=[f"model={model}", f"depth={depth}"])
        for model in ("linear", "forest") for depth in range(20) for seed in range(2)
    ]  # fmt: skip
    return {
        "details": table_of(records, "details"),
        "odd": table_of(records, "odd", layout="metrics", labels=odd, title=ODD),
        "systems": table_of(records, "systems", layout="systems", pairs="all"),
        "long": table_of(depths, "long", baseline=[], layout="metrics"),
        "sections": table_of(depths, "sections", baseline=[], metrics=["score", "val_loss"]),
        "japanese": table_of(
            records, "japanese", labels=JAPANESE, title="モデルの比較。", language="ja"
        ),
    }


@pytest.mark.thorough
@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.command)
def test_a_document_with_all_tables_a_figure_and_numbers_reads_as_meant(
    engine: Engine, tables: dict[str, ReportTable], tmp_path: Path
) -> None:
    if not shutil.which(engine.command):
        pytest.skip(f"{engine.command} is not installed: .ci/install")
    if not engine.japanese:
        del tables["japanese"]
    for name, table in tables.items():
        with speaking(table.config.language):
            tmp_path.joinpath(f"{name}.tex").write_text(latex.latex(table), encoding="utf-8")
    sections = {name: numbers.section_of(table, "") for name, table in tables.items()}
    (tmp_path / "numbers.tex").write_bytes(numbers.content(sections))
    drawn = replace(tables["odd"], config=replace(tables["odd"].config, figures=["comparison"]))
    for file, content in figure_files(drawn).items():
        (tmp_path / file.name).write_bytes(content)
    widths = {name: rf"\setbox0\hbox{{{_tabular(tmp_path, name)}}}\typeout{{{name}: \the\wd0}}"
              for name in tables if name not in ("long", "sections")}  # fmt: skip
    document = "\n".join([
        r"\documentclass[12pt,a4paper]{article}",
        engine.japanese,
        r"\usepackage{booktabs,longtable,graphicx}",
        r"\input{numbers}",
        r"\begin{document}",
        r"Accuracy \labkartDetailsForestScore{} of \labkartDetailsForestScoreN{} runs,"
        r" p \labkartDetailsForestScoreP, \labkartDetailsForestScoreDifference.",
        *(rf"\input{{{name}}}" for name in tables),
        r"\includegraphics[width=\linewidth]{odd-comparison.pdf}",
        *widths.values(),
        r"\end{document}",
    ])  # fmt: skip
    (tmp_path / "document.tex").write_text(document, encoding="utf-8")
    words = [engine.command, "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in (tmp_path / "document.log").read_text(errors="replace")

    pages = [page.extract_text() for page in PdfReader(tmp_path / "document.pdf").pages]
    text = " ".join("\n".join(pages).split())
    assert 'x|y"z a' in text and "50% {q} #1" in text and "<b> --opt" in text
    assert "λ≤1" in text.replace(" ", "")
    assert "[64, 64]" in text and " * 0.828" in text
    assert "Accuracy 0.927 of 4 runs, p 0.002, +0.100 [0.077, 0.123]." in text
    assert text.count("model depth score ↑") == 2, (
        "the head of a long table is on each of its pages"
    )
    assert "All pairs, first" in text and "p < 0.01: mean difference to" in text
    if engine.japanese:  # the oldest fonts of pdflatex do not tell a PDF's reader what a dagger is
        assert "‡ p < 0.01" in text and "0.927 ± 0.017‡" in text
    for part in ("決定木の森", "モデルの比較。", "標本標準偏差"):
        assert (part in text) == bool(engine.japanese)
    for name, points in re.findall(r"^(\w+): ([\d.]+)pt", done.stdout, re.MULTILINE):
        estimate = latex.table_width(cells_of(tables[name])) * 6
        assert estimate == pytest.approx(float(points), rel=0.1), f"the estimated width of {name}"


def _tabular(folder: Path, name: str) -> str:
    """The first tabular of a table."""
    text = (folder / f"{name}.tex").read_text(encoding="utf-8")
    end = r"\end{tabular}"
    return text[text.index(r"\begin{tabular}") : text.index(end)] + end


def test_a_table_of_many_rows_is_a_longtable(tables: dict[str, ReportTable]) -> None:
    for name, table in tables.items():
        rows = sum(len(part.rows) + 1 for part in cells_of(table).sections)
        is_long = r"\begin{longtable}" in latex.latex(table)
        assert is_long == (rows > latex.MOST_ROWS) == (name in ("long", "sections"))
    assert latex.latex(tables["long"]).startswith(
        "% Needs in the preamble: \\usepackage{booktabs,longtable}\n"
    )


def test_a_table_that_is_too_wide_names_what_makes_it_fit(records: list[ExperimentRecord]) -> None:
    for record in records:
        for number in range(9):
            record.metrics[f"f1_{number}"] = record.metrics["score"]
    wide = table_of(records, layout="metrics")
    assert latex.width_advice(wide).endswith("it fits with --layout systems.")
    assert f"% {latex.width_advice(wide)}\n" in latex.latex(wide)
    assert latex.width_advice(table_of(records, layout="systems")) == ""
    labels = {"forest": "f" * 60, "deep": "d" * 60}
    fewer = latex.width_advice(table_of(records, layout="systems", labels=labels))
    assert "fewer metrics with --metrics, or shorter names in reports/models.yaml" in fewer


def test_letters_that_no_font_has_are_written_by_others() -> None:
    """As in names of files on a Mac, of chemicals, and with lines of YAML."""
    assert latex.text("e\u0301 H\u2082O m\u00b3 a\u200bb\x07\n\nc\td\u00a0e") == (
        "\u00e9 H\\textsubscript{2}O m\\textsuperscript{3} ab c d e"
    )
    assert latex.text("--a") == r"-\kern0pt-a"
