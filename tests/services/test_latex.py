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
DOCUMENT = r"""\documentclassCLASS
\usepackage{booktabs,longtable,graphicx}
\ifdefined\directlua\usepackage{luatexja}\fi
\begin{document}
\input{models}\input{models}
\includegraphics[width=\linewidth]{models-comparison}
\end{document}
"""
# As the page says for Japanese: pdflatex has no fonts for it.
CLASSES = {
    "pdflatex": "{article}",
    "lualatex": "{article}",
    "platex": "[dvipdfmx]{jsarticle}",
    "uplatex": "[uplatex,dvipdfmx]{jsarticle}",
}


@pytest.mark.parametrize("engine", CLASSES)
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
    labels |= {"score": "正解率", "deep": "深層学習"} if engine != "pdflatex" else {}
    settings = {"labels": labels, "baseline": "model=linear", "pairs": "all"}
    settings |= {"figures": ["comparison"]}
    text = config.parse("models", settings, "here").yaml_text()
    document = DOCUMENT.replace("CLASS", CLASSES[engine])
    write(root, **{"reports/models.yaml": text, "reports/thesis.tex": document})
    report(ReportOptions("models"))
    commands = [[engine, "-interaction=nonstopmode", "-halt-on-error", "thesis.tex"]]
    if "dvipdfmx" in CLASSES[engine]:
        commands.append(["dvipdfmx", "thesis.dvi"])
    for command in commands:
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
