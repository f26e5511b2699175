"""The rule on versions: of the template, of the installed library, of `uv.lock`."""

import json
from pathlib import Path

import pytest

from labkart import __version__
from tests.check.conftest import Find, sentences
from tests.support.tiny import write

_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_LOCK = 'version = 1\n\n[[package]]\nname = "joblib"\nversion = "1.5"\nsource = {{ registry = "r" }}\n\n[[package]]\nname = "labkart"\n{0}'


@pytest.mark.parametrize(
    ("template", "differs"), [(f"{__version__}.post9", False), ("0.0.9", True), ("9.1.0", True)]
)
def test_major_and_minor_of_template_and_library_must_be_the_same(
    find: Find, study: Path, template: str, differs: bool
) -> None:
    text = (study / "pyproject.toml").read_text() + f'template = "{template}"\n'
    line = text.count("\n")
    sentence = f"pyproject.toml:{line} version-mismatch: the template is of version {template}, the installed library of {__version__}"
    found = sentences(find("version-mismatch", **{"pyproject.toml": text}))
    assert found == ([sentence] if differs else [])


def test_without_template_version_and_lock_there_is_nothing_to_compare(find: Find) -> None:
    assert find("version-mismatch") == []


@pytest.mark.parametrize(
    ("locked", "installed", "message"),
    [
        ('version = "0.1.0"\nsource = { registry = "r" }\n', {}, ""),
        ('version = "0.2.0"\nsource = { registry = "r" }\n', {}, "uv.lock names labkart 0.2.0, and 0.1.0 is installed"),
        ('version = "0.1.0"\nsource = { directory = "../labkart" }\n', {"url": "file:///labkart", "dir_info": {}}, ""),
        (f'version = "0.1.0"\nsource = {{ git = "https://example.org/l?rev=v0.1.0#{_COMMIT}" }}\n', {"url": "https://example.org/l", "vcs_info": {"vcs": "git", "commit_id": _COMMIT}}, ""),
        (f'version = "0.1.0"\nsource = {{ git = "https://example.org/l?rev=v0.1.0#{_COMMIT}" }}\n', {"url": "https://example.org/l", "vcs_info": {"vcs": "git", "commit_id": "f" * 40}}, "uv.lock names labkart 0123456789ab, and ffffffffffff is installed"),
        (f'source = {{ git = "https://example.org/l#{_COMMIT}" }}\n', {"url": "file:///labkart"}, ""),
    ],
    ids=["same", "version", "folder", "same commit", "commit", "no commit"],
)  # fmt: skip
def test_the_installed_library_must_be_the_locked_one(
    find: Find,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    locked: str,
    installed: dict[str, object],
    message: str,
) -> None:
    metadata = {
        "METADATA": "Metadata-Version: 2.1\nName: labkart\nVersion: 0.1.0\n",
        "direct_url.json": json.dumps(installed),
    }
    write(tmp_path / "site/labkart-0.1.0.dist-info", **metadata)
    monkeypatch.syspath_prepend(tmp_path / "site")
    found = sentences(find("version-mismatch", **{"uv.lock": _LOCK.format(locked)}))
    assert found == ([f"uv.lock version-mismatch: {message}"] if message else [])
