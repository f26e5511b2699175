"""`labkart docs`: the pages of the documentation on the terminal, in the project's language."""

import os
from argparse import ArgumentParser
from pathlib import Path

from labkart import console, language
from labkart.errors import LabkartError
from labkart.language import translate
from labkart.table import Column
from labkart.wording import did_you_mean

# In the wheel, and beside `src/` in a checkout.
_PLACES = (Path(__file__).parents[1] / "docs", Path(__file__).parents[3] / "docs")
_READING_ORDER = (
    *("tutorial", "make-it-yours", "create", "data", "outputs", "run", "cache", "checkpoints"),
    *("gpu", "clusters", "compare", "write-up", "archive", "update", "move", "rules"),
)
_WIDEST = 100  # columns of a line that is easy to read


def main(argv: list[str]) -> int:
    """List the pages, or show one.

    Raises:
        LabkartError: the page does not exist.
    """
    parser = ArgumentParser(
        "labkart docs", description=translate("Read the documentation in the terminal.")
    )
    parser.add_argument(
        "page", nargs="?", metavar="PAGE", help=translate("without it, the list of pages")
    )
    args = parser.parse_args(argv)
    pages = _pages(language.current())
    if not args.page:
        _show_list(pages)
        return 0
    name = args.page.removesuffix(".md")
    if name not in pages:
        raise LabkartError(
            translate(
                'There is no page "{name}". {hint}', name=name, hint=did_you_mean(name, pages)
            )
        )
    _show_page(pages[name].read_text(encoding="utf-8"))
    return 0


def _pages(code: str) -> dict[str, Path]:
    """The files of a language by name, in reading order; the English ones if there are none."""
    for name in (code, "en"):
        for place in _PLACES:
            files = {file.stem: file for file in sorted((place / name).glob("*.md"))}
            if files:
                return {page: files[page] for page in (*_READING_ORDER, *files) if page in files}
    raise LabkartError(
        translate("The documentation was not installed with labkart. Install labkart again.")
    )


def _show_list(pages: dict[str, Path]) -> None:
    texts = [file.read_text(encoding="utf-8") for file in pages.values()]
    titles = [text.partition("# ")[2].partition("\n")[0] for text in texts]
    console.show_table([Column("", list(pages)), Column("", titles)])
    example = console.command(f"docs {next(iter(pages))}")
    console.say(translate("  read one: {command}", command=example))


def _show_page(text: str) -> None:
    """Print a page: on a terminal formatted and in a pager, elsewhere unchanged."""
    if not console.stdout.is_terminal:
        console.write_raw(text.rstrip("\n"))
        return
    from rich.markdown import Markdown

    os.environ.setdefault("LESS", "-FRX")  # colours; a page that fits on the screen needs no pager
    with console.stdout.pager(styles=True):
        console.stdout.print(Markdown(text), width=_WIDEST)
