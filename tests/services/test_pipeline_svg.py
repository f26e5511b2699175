"""The drawing of a pipeline in a real browser."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.tracking.test_pipeline_svg import Drawing, ran

LABELS = [
    "Load",
    "形態素解析をして特徴量をつくるタスク-12",
    "WWWWWMMMMM",
    "Train" * 40,
    "ﾊﾝｶｸ",
    "Ångström",
    "M" * 39,
]
ROOM = """() => [...document.querySelectorAll("g text")].map(text => {
    const box = text.parentNode.querySelector("rect").getBBox(), words = text.getBBox();
    return words.width ? Math.min(words.x - box.x, box.x + box.width - words.x - words.width) : 16; })"""


def test_words_stay_within_their_boxes(tmp_path: Path) -> None:
    if not (chromium := shutil.which("chromium")):
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        for label in LABELS:
            (tmp_path / "graph.svg").write_text(Drawing([ran(label, seconds=34)]).text, "utf-8")
            page.goto((tmp_path / "graph.svg").as_uri())
            rooms = page.evaluate(ROOM)
            assert len(rooms) == 3 and min(rooms) >= 8, (label, rooms)
        browser.close()
