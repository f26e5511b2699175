"""The pages as a site: built once, it is whole, and shows itself without a network."""

import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import labkart
from tests.support.bake import LIBRARY, TEMPLATE, UV, clean_environment

pytestmark = pytest.mark.thorough


def execute(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=TEMPLATE, env=clean_environment(), capture_output=True, text=True, timeout=600
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make docs` builds."""
    folder = tmp_path_factory.mktemp("site")
    done = execute("make", "docs", f"SITE={folder}", f"UV={UV}")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def links(page: Path) -> list[str]:
    return [unescape(link) for link in re.findall(r'<a\b[^>]*\bhref="([^"]*)"', page.read_text())]


def test_each_page_is_there_in_both_languages_and_in_the_navigation(site: Path) -> None:
    for language in ("en", "ja"):
        start = site / language / "index.html"
        assert f'<html class="no-js" lang="{language}"' in start.read_text()
        pages = (TEMPLATE / "docs" / language).glob("*.md")
        titles = {f"{page.stem}.html": page.read_text().splitlines()[0][2:] for page in pages}
        del titles["index.html"]
        item = re.compile(r'toctree-l1"><a class="reference internal" href="([^"#]+)">([^<]+)</a>')
        assert dict(item.findall(start.read_text())) == titles
    assert links(site / "index.html") == ["en/index.html", "ja/index.html"]
    assert "../ja/run.html" in links(site / "en/run.html")
    assert "../en/run.html" in links(site / "ja/run.html")


def test_all_links_within_the_site_lead_somewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        for link in links(page):
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = page.parent / unquote(parts.path) if parts.path else page
            assert target.is_file(), f"{page.relative_to(site)}: {link}"
            if parts.fragment and target.suffix == ".html":
                assert f'id="{unquote(parts.fragment)}"' in target.read_text(), link


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loaded = re.compile(r'<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="(?:https?:)?//[^"]*"')
    styles = re.compile(r'(?:url\(|@import )["\']?(?:https?:)?//')
    for page in site.rglob("*.html"):
        assert not loaded.findall(page.read_text()), page
    for sheet in site.rglob("*.css"):
        assert not styles.findall(sheet.read_text()), sheet


def test_the_reference_has_every_public_name_with_its_arguments_and_errors(site: Path) -> None:
    page = (site / "en/api.html").read_text()
    assert all(f'id="labkart.{name}"' in page for name in labkart.__all__)
    for member in ("dump", "load", "log_metric", "checkpoint_dir", "report"):
        assert f'id="labkart.Task.{member}"' in page
    assert page.count(">Raises") >= 8 and page.count(">Parameters") >= 6


def test_the_architecture_lists_every_module_with_what_it_says_of_itself(site: Path) -> None:
    for language in ("en", "ja"):
        page = (site / language / "architecture.html").read_text()
        for module in set(LIBRARY.rglob("*.py")) - set(LIBRARY.rglob("__init__.py")):
            assert f'<span class="pre">{module.stem}</span>' in page


@pytest.mark.parametrize("link", ["nowhere.md", "run.md#nowhere"])
def test_a_link_that_leads_nowhere_fails_the_build(link: str, tmp_path: Path) -> None:
    (tmp_path / "index.md").write_text(f"# Start\n\n## Pages\n\n- [Run](run.md), [no]({link})\n")
    (tmp_path / "run.md").write_text("# Run\n")
    done = execute(
        *(sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--conf-dir", "docs"),
        *("--define", "language=en", tmp_path, tmp_path / "site"),
    )
    assert done.returncode != 0 and "nowhere" in done.stderr
