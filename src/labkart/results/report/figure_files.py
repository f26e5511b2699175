"""The figures of a report as files: vectors for LaTeX, pixels for a page."""

from collections.abc import Collection, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from labkart.results.report import origin
from labkart.results.report.choices import FIGURES
from labkart.results.report.config import ReportConfig
from labkart.results.report.table import ReportTable

_ENDINGS = (".pdf", ".png")
_RESOLUTION = 200  # dots per inch of pixels


def figure_files(table: ReportTable, source: Mapping[str, Any]) -> dict[Path, bytes]:
    """The contents of a report's figures, by file.

    Args:
        table: the report's numbers.
        source: their origin, which each file names.
    """
    from matplotlib import rc_context

    from labkart.results.report import plots

    comment = origin.with_origin("", ".csv", source).decode()
    metadata = {
        ".pdf": {"Subject": comment, "CreationDate": None},
        ".png": {"Comment": comment},
    }
    files = dict[Path, bytes]()
    for name, figure in plots.draw(table).items():
        for ending in _ENDINGS:
            image = BytesIO()
            with rc_context({"pdf.fonttype": 42}):  # TrueType, which publishers ask for
                facts = metadata[ending]
                figure.savefig(image, format=ending[1:], dpi=_RESOLUTION, metadata=facts)
            files[table.config.file(f"-{name}{ending}")] = image.getvalue()
    return files


def remove_others(report_config: ReportConfig, files: Collection[Path]) -> None:
    """Remove the figures that an earlier config asked for.

    Args:
        report_config: the report.
        files: those that it has today.
    """
    for name in FIGURES:
        for ending in _ENDINGS:
            figure = report_config.file(f"-{name}{ending}")
            if figure not in files:
                figure.unlink(missing_ok=True)
