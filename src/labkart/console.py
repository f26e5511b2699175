"""Sentences, warnings and tables on a terminal. Knows no verb and no record."""

import logging
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Timer

from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape

from labkart import project
from labkart.table import Column, lay_out

# Seconds after which a line says what is waited for.
_PATIENCE = 2.0

# A process has one terminal, so these two are shared.
stdout = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
_stderr = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str, style: str = "") -> None:
    """Print a sentence or a few lines; `style` is one of rich's, such as "dim" or "red"."""
    stdout.print(escape(text), style=style)


def warn(text: str) -> None:
    """Print a warning on the error stream."""
    _stderr.print(escape(text), style="yellow")


def write_raw(text: str) -> None:
    """Write a text for another program, unchanged."""
    sys.stdout.write(f"{text}\n")


def busy(activity: str) -> AbstractContextManager[object]:
    """Show what takes a moment; without a terminal, a line on the error stream if it takes long."""
    return stdout.status(activity) if stdout.is_terminal else _announced(activity)


@contextmanager
def _announced(activity: str) -> Iterator[None]:
    timer = Timer(_PATIENCE, _stderr.print, [escape(f"  {activity} ...")])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def show_table(columns: Sequence[Column], *, row_styles: Sequence[str] = ()) -> int:
    """Print a table: cut to the width of a terminal, whole in a file or a pipe.

    Args:
        columns: its columns.
        row_styles: rich's style of each row, if any.

    Returns:
        How many columns had no room.
    """
    width = stdout.width if stdout.is_terminal else None
    table, omitted = lay_out(columns, width, row_styles)
    stdout.print(table, no_wrap=True, overflow="ignore", crop=False)
    return omitted


def show_logging() -> None:
    """Show log messages: of the student's own package from INFO on, of others warnings."""
    if _stderr.is_terminal:
        handler = RichHandler(console=_stderr, show_time=False, show_path=False)
        logging.basicConfig(format="%(name)s: %(message)s", handlers=[handler])
    else:  # in a file a message is a line
        logging.basicConfig(format="%(levelname)-8s %(name)s: %(message)s")
    package = project.current().entry.partition(".")[0]
    logging.getLogger(package).setLevel(logging.INFO)


def command(arguments: str) -> str:
    """A command of Labkart as this person can type it: through uv, by its name, or by its path."""
    if os.environ.get("UV"):
        return f"uv run labkart {arguments}"
    if shutil.which("labkart"):
        return f"labkart {arguments}"
    script = Path(sys.prefix, "bin", "labkart")
    if script.is_relative_to(project.STARTED):
        script = script.relative_to(project.STARTED)
    return f"{script} {arguments}"


def format_number(value: float | None) -> str:
    """A metric with as many digits as a person compares; "-" if missing.

    A large whole number has no decimals.
    """
    if value is None:
        return "-"
    value = float(value)  # a whole number has no `is_integer` before Python 3.12
    if abs(value) >= 10 and value.is_integer():
        return f"{value:.0f}"
    return f"{value:.3f}" if value == 0 or 0.001 <= abs(value) < 10_000 else f"{value:.4g}"
