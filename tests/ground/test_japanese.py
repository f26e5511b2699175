"""Japanese texts have the words and the spaces that CONTRIBUTING.md names."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.support.bake import LIBRARY, TEMPLATE

TEXTS = [
    *sorted((TEMPLATE / "docs/ja").glob("*.md")),
    *sorted((TEMPLATE / "templates/ja").glob("*.md")),
    *sorted(TEMPLATE.glob("examples/*/README.ja.md")),
    *sorted(LIBRARY.rglob("ja.toml")),
    TEMPLATE / "templates/ja.yaml",
    TEMPLATE / "README.ja.md",
    LIBRARY / "cli/help.ja.txt",
]
KANA = "ぁ-んァ-ヶー一-龠々"
# "組版" is typesetting.
WORDS = {"版": r"(?<!組)版"}
WRONG = {
    "a number before つ in digits": r"[0-9] ?つ",
    "a number before a counter in kanji": r"[二三四五六七八九十](?:個|件|枚|行|回|台|列|日|週間|文字|ページ)",
    "no space beside Latin letters or digits": rf"[{KANA}][A-Za-z0-9]|[A-Za-z0-9][{KANA}]",
    "a space between Japanese words": rf"[{KANA}、。] +[{KANA}]",
    "a space beside 、 or 。": r" [、。]|[、。] +\S",
}


def words_to_avoid() -> list[str]:
    """The last column of the table in CONTRIBUTING.md."""
    text = (TEMPLATE / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = text.partition("### Japanese")[2].partition("\n## ")[0].splitlines()
    cells = [row.split("|")[3] for row in rows if row.startswith("| ")][2:]
    return [word.strip() for cell in cells for word in cell.split(",") if word.strip()]


def sentences(file: Path) -> list[str]:
    """The Japanese lines of a file, without its code."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".toml":
        lines = list(tomllib.loads(text).values())
    elif file.suffix == ".yaml":
        lines = list(yaml.safe_load(text).values())
    else:
        lines = re.sub(r"```.*?```", "", text, flags=re.DOTALL).splitlines()
    return [line for text in lines for line in text.splitlines() if re.search(f"[{KANA}]", line)]


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.relative_to(TEMPLATE).as_posix())
def test_a_japanese_text_has_the_words_and_spaces_of_the_house(file: Path) -> None:
    words = {word: WORDS.get(word, re.escape(word)) for word in words_to_avoid()}
    assert "マシン" in words
    found = [
        (name, line)
        for line in sentences(file)
        for name, pattern in (words | WRONG).items()
        if re.search(pattern, re.sub(r"`[^`]*`", "`", line))
    ]
    assert found == []
