"""`labkart report`: tables and figures for a thesis."""

import os

from labkart import project
from labkart.cli import overrides
from labkart.results.report.arguments import ReportOptions, parser
from labkart.results.report.report import report


def main(argv: list[str]) -> int:
    """Make or check reports."""
    os.chdir(project.current().root)
    report(ReportOptions.of(overrides.parse(parser(), argv)))
    return 0
