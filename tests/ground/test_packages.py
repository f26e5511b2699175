"""Which installed packages a module comes from, their versions, their sources and what they need."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import packaging.requirements  # noqa: F401 (the tests hide the packages that are really installed)
import pytest
from packaging.requirements import Requirement

from labkart import packages
from tests.support.tiny import write

SITE = {
    "one-1.0.dist-info/METADATA": "Name: One\nVersion: 1.0\nRequires-Dist: two.x (>=1)\nRequires-Dist: three; extra == 'all'\n",
    "two_x-2.0.dist-info/METADATA": "Name: Two_X\nVersion: 2.0\nRequires-Dist: one\n",
    "two_x-2.0.dist-info/RECORD": "deux/__init__.py,,\nplain.py,,\nfast.cpython-311.so,,\n../../bin/two,,\n",
    "three-3.0.dist-info/METADATA": "Name: three\nVersion: 3.0\n",
    "three-3.0.dist-info/top_level.txt": "drei\n",
    "four-4.0.dist-info/METADATA": "Name: four\nVersion: 4.0\n",
    "four-4.0.dist-info/direct_url.json": '{"url": "https://a/b", "vcs_info": {"vcs": "git", "commit_id": "abc"}}',
    "five-5.0.dist-info/METADATA": (
        "Name: five\nVersion: 5.0\nRequires-Dist: four; sys_platform == 'win32'\n"
        "Requires-Dist: three; python_version >= '3.11' and sys_platform != 'win32'\nRequires-Dist: one, in words\n"
    ),
    "broken-1.dist-info/METADATA": "",
}


@pytest.fixture
def site(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder with all packages that are installed."""
    folder = tmp_path / "lib/site-packages"
    write(folder, **SITE)
    monkeypatch.setattr(sys, "path", [str(folder)])
    packages.installed_packages.cache_clear()
    yield folder
    packages.installed_packages.cache_clear()


def versions(*modules: str) -> dict[str, str]:
    """What a new process answers."""
    packages.installed_packages.cache_clear()
    return packages.required_versions(modules)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("one", {"one": "1.0", "two-x": "2.0"}),
        ("deux", {"two-x": "2.0", "one": "1.0"}),
        ("plain", {"two-x": "2.0", "one": "1.0"}),
        ("fast", {"two-x": "2.0", "one": "1.0"}),
        ("drei", {"three": "3.0"}),
        ("four", {"four": "4.0 @ abc"}),
        ("five", {"five": "5.0", "one": "1.0", "two-x": "2.0", "three": "3.0"}),
        ("nowhere", {}),
    ],
)
def test_a_module_brings_its_package_and_what_that_needs(
    module: str, expected: dict[str, str], site: Path
) -> None:
    assert versions(module) == expected
    assert versions(module) == expected, "remembered"


def test_the_project_itself_is_no_package(site: Path) -> None:
    write(site, **{"tiny-1.dist-info/METADATA": "Name: tiny\nVersion: 1\n"})
    assert versions("tiny") == {}


def test_an_upgrade_is_seen_and_what_was_remembered_before_is_gone(root: Path, site: Path) -> None:
    assert versions("drei") == {"three": "3.0"}
    (site / "three-3.0.dist-info").rename(site / "three-3.1.dist-info")
    write(site, **{"three-3.1.dist-info/METADATA": "Name: three\nVersion: 3.1\n"})
    assert versions("drei") == {"three": "3.1"}
    assert len(list((root / "outputs/memos/packages").iterdir())) == 1


def test_a_package_that_came_from_a_folder_here_counts_by_its_content(site: Path) -> None:
    seen = []
    url = '{"url": "file:///lib/three", "dir_info": {}}'
    for digest in ("sha256=a", "sha256=b", "sha256=a"):
        write(site, **{"three-3.0.dist-info/direct_url.json": url})
        write(site, **{"three-3.0.dist-info/RECORD": f"drei/__init__.py,{digest},5\n"})
        seen.append(versions("drei")["three"])
    assert seen[0] == seen[2] != seen[1]
    assert seen[0].startswith("3.0 @ ")


def test_the_first_of_two_on_the_path_counts(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "first", **{"three-9.dist-info/METADATA": "Name: three\nVersion: 9\n"})
    monkeypatch.setattr(sys, "path", [str(tmp_path / "first"), str(site)])
    assert versions("three") == {"three": "9"}


def test_a_requirement_of_a_package_from_a_registry_is_its_version(site: Path) -> None:
    write(site, **{"tiny-1.dist-info/METADATA": "Name: tiny\nVersion: 1\n"})
    write(site, **{"labkart-1.dist-info/METADATA": "Name: labkart\nVersion: 1\n"})
    expected = [
        "five==5.0",
        "four @ git+https://a/b@abc",
        "labkart==1",
        "one==1.0",
        "three==3.0",
        "two-x==2.0",
    ]
    assert packages.requirements() == expected, "all but the project, sorted by name"
    assert [str(Requirement(line)) for line in expected] == expected


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        (
            {
                "url": "https://host/lab/six.git",
                "vcs_info": {"vcs": "git", "commit_id": "abc", "requested_revision": "main"},
            },
            "git+https://host/lab/six.git@abc",
        ),
        (
            {
                "url": "https://ann:secret@host/six",
                "vcs_info": {"vcs": "git", "commit_id": "abc"},
                "subdirectory": "python/six",
            },
            "git+https://host/six@abc#subdirectory=python/six",
        ),
        (
            {"url": "ssh://git@host/six", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "git+ssh://git@host/six@abc",
        ),
        (
            {"url": "https://token@host/six-6.0.whl", "archive_info": {"hash": "sha256=00"}},
            "https://host/six-6.0.whl",
        ),
        (
            {"url": "file:///lib/six-6.0-py3-none-any.whl", "archive_info": {}},
            "file:///lib/six-6.0-py3-none-any.whl",
        ),
        ({"url": "file:///lib/my%20six", "dir_info": {"editable": True}}, "file:///lib/my%20six"),
        ({"url": "file:///lib/six", "dir_info": {}}, "file:///lib/six"),
    ],
)
def test_a_requirement_of_another_package_is_the_address_it_came_from(
    origin: dict[str, object], source: str, site: Path
) -> None:
    write(site, **{"six-6.0.dist-info/METADATA": "Name: six\nVersion: 6.0\n"})
    write(site, **{"six-6.0.dist-info/direct_url.json": json.dumps(origin)})
    (line,) = [line for line in packages.requirements() if line.startswith("six")]
    assert line == f"six @ {source}"
    assert Requirement(line).url == source


@pytest.mark.parametrize("damaged", ["", "{", "[]", "{}", '{"url": 5}'])
def test_a_package_whose_origin_is_damaged_counts_as_one_from_a_registry(
    damaged: str, site: Path
) -> None:
    write(site, **{"four-4.0.dist-info/direct_url.json": damaged})
    assert "four==4.0" in packages.requirements()
