"""A real TeX compiles a document that includes a report's table."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from labkart.results.report import config
from labkart.results.report.arguments import ReportOptions
from labkart.results.report.report import report
from tests.support.bake import TEMPLATE
from tests.support.runs import LABKART, all_experiments
from tests.support.tiny import write

pytestmark = pytest.mark.thorough

# What LuaTeX knows of the fonts, kept from one test run to the next.
KEPT = TEMPLATE / ".pytest_cache" / "texmf-var"
DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs,longtable}
\ifdefined\directlua\usepackage{luatexja}\fi
\begin{document}
\input{models}\input{models}
\end{document}
"""


@pytest.mark.parametrize("engine", ["pdflatex", "lualatex"])
def test_a_table_compiles_in_a_document(root: Path, engine: str) -> None:
    if not shutil.which(engine):
        pytest.skip(
            f"no {engine}: apt-get install texlive-latex-recommended texlive-luatex texlive-lang-japanese"
        )
    for dataset in ("adult", "wine", "coffee"):
        for record in all_experiments():
            settings = {**record.settings, "data": dataset}
            replace(
                record,
                id=f"{record.id}{dataset}",
                settings=settings,
                config={**settings, "labkart": LABKART},
                overrides=[*record.overrides, f"data={dataset}"],
            ).write()
            shutil.rmtree(record.folder)
    labels = {"forest": "50% of _all_ {trees} & more", "linear": "[64, 64]"}
    labels |= {"score": "正解率", "deep": "深層学習"} if engine == "lualatex" else {}
    settings = {"labels": labels, "baseline": "model=linear", "pairs": "all", "figures": ["none"]}
    text = config.parse("models", settings, "here").yaml_text()
    write(root, **{"reports/models.yaml": text, "reports/thesis.tex": DOCUMENT})
    report(ReportOptions("models"))
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "thesis.tex"]
    done = subprocess.run(
        command,
        cwd=root / "reports",
        env={**os.environ, "TEXMFVAR": str(KEPT)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in (root / "reports/thesis.log").read_text(errors="replace")
    assert (root / "reports/thesis.pdf").stat().st_size > 5000
