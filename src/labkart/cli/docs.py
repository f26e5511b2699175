"""`labkart docs`: the pages of the documentation on the terminal, in the project's language."""

import os
import re
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from labkart import console, language
from labkart.cli import overrides
from labkart.language import mistake, translate
from labkart.table import Column
from labkart.wording import did_you_mean

if TYPE_CHECKING:
    from rich.markdown import Markdown

# In the wheel, and beside `src/` in a checkout.
_PLACES = (Path(__file__).parents[1] / "docs", Path(__file__).parents[3] / "docs")
# The first page links to the others in the order in which one reads them.
_FIRST = "index"
_LINK = re.compile(r"\]\(([\w-]+)\.md\)")
_FENCED = re.compile(r"(^```.*?^```)", flags=re.MULTILINE | re.DOTALL)
_JAPANESE = "\u3000-\u30ff\u4e00-\u9fff"
# A break between two lines of a Japanese paragraph.
_JAPANESE_BREAK = re.compile(
    rf"(?<=[{_JAPANESE}])\n *(?=[{_JAPANESE}])|(?<=[、。])\n *(?=[A-Za-z`\[(])"
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
    args = overrides.parse(parser, argv)
    pages = _pages(language.current())
    if not args.page:
        _show_list(pages)
        return 0
    name = args.page.removesuffix(".md")
    if name not in pages:
        raise mistake(
            'There is no page "{name}". {hint}', name=name, hint=did_you_mean(name, pages)
        )
    _show_page(pages[name].read_text(encoding="utf-8"))
    return 0


def _pages(code: str) -> dict[str, Path]:
    """The files of a language by name, in reading order; the English ones if there are none."""
    for name in (code, "en"):
        for place in _PLACES:
            files = {file.stem: file for file in sorted((place / name).glob("*.md"))}
            if files:
                order = (_FIRST, *_linked_pages(files.get(_FIRST)), *files)
                return {page: files[page] for page in order if page in files}
    raise mistake("The documentation was not installed with labkart. Install labkart again.")


def _linked_pages(first: Path | None) -> list[str]:
    return _LINK.findall(first.read_text(encoding="utf-8")) if first else []


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
    os.environ.setdefault("LESS", "-FRX")  # colours; a page that fits on the screen needs no pager
    with console.stdout.pager(styles=True):
        console.stdout.print(_formatted(join_japanese_lines(text)), width=_WIDEST)


def _formatted(text: str) -> "Markdown":
    """A page for the terminal."""
    from rich.markdown import Markdown, TableElement

    class WholeTable(TableElement):
        """Breaks a long text without spaces, as in Japanese, where rich would cut it."""

        def __rich_console__(self, *args: Any) -> Iterator[Any]:
            for table in super().__rich_console__(*args):
                for column in getattr(table, "columns", []):
                    column.overflow = "fold"
                yield table

    class Page(Markdown):
        elements: ClassVar = {**Markdown.elements, "table_open": WholeTable}

    return Page(text)


def join_japanese_lines(text: str) -> str:
    """A page without its breaks within Japanese sentences: Markdown would show them as spaces."""
    parts = _FENCED.split(text)
    parts[::2] = [_JAPANESE_BREAK.sub("", part) for part in parts[::2]]
    return "".join(parts)
