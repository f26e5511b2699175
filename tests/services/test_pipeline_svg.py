"""The drawing of a pipeline in a real browser."""

import shutil

import pytest

from tests.tracking.test_pipeline_svg import Drawing, ran

pytestmark = pytest.mark.thorough

LABELS = [
    "Load",
    "形態素解析をして特徴量をつくるタスク-12",
    "WWWWWMMMMM",
    "Train" * 40,
    "ﾊﾝｶｸ",
    "Ångström",
    "M" * 39,
]
ROOM = """drawing => [...drawing.querySelectorAll("g text")].map(text => {
    const box = text.parentNode.querySelector("rect").getBBox(), words = text.getBBox();
    return words.width ? Math.min(words.x - box.x, box.x + box.width - words.x - words.width) : 16; })"""


def test_words_stay_within_their_boxes() -> None:
    if not (chromium := shutil.which("chromium")):
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.set_content("".join(Drawing([ran(label, seconds=34)]).text for label in LABELS))
        drawings = page.locator("svg").all()
        assert len(drawings) == len(LABELS)
        for label, drawing in zip(LABELS, drawings, strict=True):
            rooms = drawing.evaluate(ROOM)
            assert len(rooms) == 3 and min(rooms) >= 8, (label, rooms)
        browser.close()
