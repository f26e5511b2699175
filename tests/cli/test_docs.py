"""`labkart docs`: the pages in the project's language, formatted on a terminal and plain in a pipe."""

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from labkart import console
from labkart.cli import docs, main
from tests.support.tiny import write


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of pages in two languages, outside of any project."""
    folder = tmp_path / "docs"
    write(
        folder,
        **{
            "en/index.md": "# Start here\n\n- [Tutorial](tutorial.md)\n- [Task](create.md), [run](run.md)\n",
            "en/create.md": "# A task of your own\n\nText.\n",
            "en/run.md": "# Run\n\nUse **labkart run**.\n",
            "en/tutorial.md": "# The first hour\n",
            "en/extra.md": "No title\n",
            "ja/run.md": "# 実行\n",
        },
    )
    monkeypatch.setattr(docs, "_PLACES", (tmp_path / "wheel", folder))
    monkeypatch.chdir(tmp_path)
    return folder


def read(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    assert main.main(["docs", *argv]) == code
    printed = capsys.readouterr()
    return printed.err if code else printed.out


def test_without_a_page_all_are_listed_in_the_order_in_which_the_first_page_links_to_them(
    pages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    *rows, last = (line.split(maxsplit=1) for line in read(capsys).splitlines())
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["index", "Start here"],
        ["tutorial", "The first hour"],
        ["create", "A task of your own"],
        ["run", "Run"],
        ["extra"],
    ]
    assert last[1].endswith("labkart docs index")


@pytest.mark.parametrize("name", ["run", "run.md"])
def test_in_a_pipe_a_page_is_as_it_was_written(
    name: str, pages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read(capsys, name) == "# Run\n\nUse **labkart run**.\n"


def test_on_a_terminal_it_is_formatted_and_goes_through_the_pager(
    pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paged = list[str]()
    out = Console(file=StringIO(), width=60, force_terminal=True)
    monkeypatch.setattr(console, "stdout", out)
    monkeypatch.setattr("pydoc.pager", paged.append)
    assert main.main(["docs", "run"]) == 0
    assert "**" not in paged[0] and "\x1b[1m" in paged[0] and "labkart run" in paged[0]


def test_a_long_japanese_text_in_a_table_is_not_cut(
    pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "とても長い説明" * 20 + "。"
    write(pages, **{"en/run.md": f"# Run\n\n| a | b |\n| --- | --- |\n| x | {text} |\n"})
    paged = list[str]()
    out = Console(file=StringIO(), width=60, force_terminal=True, no_color=True)
    monkeypatch.setattr(console, "stdout", out)
    monkeypatch.setattr("pydoc.pager", paged.append)
    assert main.main(["docs", "run"]) == 0
    assert "…" not in paged[0] and "".join(re.findall(r"[\u3000-\u9fff]", paged[0])) == text


def test_japanese_sentences_have_no_spaces_where_a_line_of_the_file_ends() -> None:
    page = "最初の行。\n次の行と\n次の\n`code` と\n\n- 項目の\n  続き、\n  Hydra も\n- 次\n\n```\nコード\nコード\n```\n"
    joined = "最初の行。次の行と次の\n`code` と\n\n- 項目の続き、Hydra も\n- 次\n\n```\nコード\nコード\n```\n"
    assert docs.join_japanese_lines(page) == joined
    assert docs.join_japanese_lines("One.\nTwo.\n") == "One.\nTwo.\n"


def test_a_project_gets_the_pages_of_its_language(
    pages: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = root / "pyproject.toml"
    settings.write_text(settings.read_text() + 'language = "ja"\n')
    assert read(capsys, "run") == "# 実行\n"


def test_a_language_without_pages_gets_the_english_ones(
    pages: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = root / "pyproject.toml"
    settings.write_text(settings.read_text() + 'language = "fr"\n')
    assert read(capsys, "run").startswith("# Run")


def test_a_page_that_does_not_exist_is_one_sentence(
    pages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = 'There is no page "tutoral". Did you mean "tutorial"?\n'
    assert read(capsys, "tutoral", code=1) == sentence


def test_pages_that_were_not_installed_are_one_sentence(
    pages: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(docs, "_PLACES", (pages / "nowhere",))
    assert read(capsys, code=1).startswith("The documentation was not installed")
