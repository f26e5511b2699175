"""Which installed packages a module comes from, their versions, and what they need."""

from pathlib import Path

import pytest

from tests.support.tiny import python, write

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
def site(root: Path, tmp_path: Path) -> Path:
    write(tmp_path / "lib/site-packages", **SITE)
    return tmp_path / "lib/site-packages"


def versions(root: Path, site: Path, *modules: str) -> str:
    return python(
        f"from labkart import packages; print(packages.required_versions({modules}))", root, site
    )


@pytest.mark.parametrize(
    ("module", "found"),
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
    module: str, found: dict[str, str], root: Path, site: Path
) -> None:
    assert versions(root, site, module) == str(found)


def test_the_project_itself_is_no_package(root: Path, site: Path) -> None:
    write(site, **{"tiny-1.dist-info/METADATA": "Name: tiny\nVersion: 1\n"})
    assert versions(root, site, "tiny") == "{}"


def test_an_upgrade_is_seen_and_what_was_remembered_before_is_gone(root: Path, site: Path) -> None:
    assert versions(root, site, "drei") == "{'three': '3.0'}"
    (site / "three-3.0.dist-info").rename(site / "three-3.1.dist-info")
    write(site, **{"three-3.1.dist-info/METADATA": "Name: three\nVersion: 3.1\n"})
    assert versions(root, site, "drei") == "{'three': '3.1'}"
    assert len(list((root / "outputs/memos/packages").iterdir())) == 1


def test_a_package_that_came_from_a_folder_here_counts_by_its_content(
    root: Path, site: Path
) -> None:
    found = []
    for digest in ("sha256=a", "sha256=b", "sha256=a"):
        write(
            site,
            **{
                "three-3.0.dist-info/direct_url.json": '{"url": "file:///lib/three", "dir_info": {}}'
            },
        )
        write(site, **{"three-3.0.dist-info/RECORD": f"drei/__init__.py,{digest},5\n"})
        found.append(versions(root, site, "drei"))
    assert found[0] == found[2] != found[1]
    assert found[0].startswith("{'three': '3.0 @ ")


def test_the_first_of_two_on_the_path_counts(root: Path, site: Path, tmp_path: Path) -> None:
    write(tmp_path / "first", **{"three-9.dist-info/METADATA": "Name: three\nVersion: 9\n"})
    code = "from labkart import packages; print(packages.required_versions(['three']))"
    assert python(code, root, tmp_path / "first", site) == "{'three': '9'}"
