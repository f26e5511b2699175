"""What the template's history says to a project."""

from pathlib import Path

import pytest

from labkart import git
from labkart.cli.template import Template

_FIRST = "# Changes\n\n## Unreleased\n\n## 0.1.0 - 2026-11-26\n\nThe first version.\n"
_MORE = _FIRST.replace("## Unreleased\n", "## Unreleased\n\nA new verb.\n").replace(
    "first version", "very first"
)
_SECOND = _MORE.replace("## Unreleased\n", "## Unreleased\n\n## 0.2.0 - 2026-12-24\n")


@pytest.fixture
def template(tmp_path: Path) -> Template:
    """A template of three commits without a tag; `HEAD~2` is the first."""
    git.run(tmp_path, "init", "--quiet")
    for text in (_FIRST, _MORE, _SECOND):
        (tmp_path / "CHANGELOG.md").write_text(text)
        git.run(tmp_path, "add", "CHANGELOG.md")
        git.run(
            tmp_path,
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.org",
            "commit",
            "--quiet",
            "--message",
            "News",
        )
    return Template(tmp_path)


@pytest.mark.parametrize(
    ("commit", "since", "news"),
    [
        ("HEAD~1", "HEAD~2", "## Unreleased\n\nA new verb."),
        ("HEAD", "HEAD~2", "## 0.2.0 - 2026-12-24\n\nA new verb."),
        ("HEAD", "HEAD~1", "## 0.2.0 - 2026-12-24\n\nA new verb."),
        ("HEAD", "HEAD", ""),
    ],
)
def test_only_what_a_version_did_not_tell_yet_is_news(
    commit: str, since: str, news: str, template: Template
) -> None:
    assert template.news(commit, since) == news
