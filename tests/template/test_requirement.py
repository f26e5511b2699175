"""The line that names the library in a project: what it says, and that pip and uv both install it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from packaging.requirements import Requirement

import labkart
from hooks import requirement
from hooks.origin import Origin
from hooks.requirement import library_version, requirement_line
from tests.support.bake import UV, Project, clean_environment, published
from tests.support.bytecode import packages

COMMIT = "0123456789" * 4
VERSION = "0.3.1"


@pytest.mark.parametrize(
    ("template", "line"),
    [
        (Origin("https://github.com/lab/labkart.git", commit=COMMIT, tag="v0.3.1"), "git+https://github.com/lab/labkart.git@v0.3.1"),
        (Origin("https://example.org/lab/labkart", commit=COMMIT), f"git+https://example.org/lab/labkart@{COMMIT}"),
        (Origin("git@example.org:lab/labkart.git", commit=COMMIT), f"git+ssh://git@example.org/lab/labkart.git@{COMMIT}"),
        (Origin("example.org:/srv/labkart.git", commit=COMMIT), f"git+ssh://example.org/srv/labkart.git@{COMMIT}"),
        (Origin("ssh://git@example.org:22/labkart.git", commit=COMMIT), f"git+ssh://git@example.org:22/labkart.git@{COMMIT}"),
        (Origin("file:///srv/labkart.git", commit=COMMIT), f"git+file://localhost/srv/labkart.git@{COMMIT}"),
        (Origin("file:///srv/a b/研%20究.git", commit=COMMIT), f"git+file://localhost/srv/a%20b/%E7%A0%94%20%E7%A9%B6.git@{COMMIT}"),
        (Origin("/srv/a b/labkart@lab.git", commit=COMMIT), f"git+file://localhost/srv/a%20b/labkart%40lab.git@{COMMIT}"),
        (Origin("https://example.org/labkart.git"), "git+https://example.org/labkart.git"),
        (Origin("https://example.org/labkart/archive/main.zip"), "https://example.org/labkart/archive/main.zip"),
        (Origin("/srv/projects/../labkart.git", commit=COMMIT), f"git+file://localhost/srv/labkart.git@{COMMIT}"),
        (Origin("/srv/a b/labkart.zip"), "file://localhost/srv/a%20b/labkart.zip"),
    ],
)  # fmt: skip
def test_an_address_names_the_tag_or_the_commit(template: Origin, line: str) -> None:
    assert requirement_line(template, VERSION) == f"labkart @ {line}"
    assert Requirement(requirement_line(template, VERSION)).url == line


@pytest.mark.parametrize("name", ["labkart", "ひな形 置き場", "a#b", "100%", "x@v1", "~a+b&c"])
def test_a_folder_stays_that_folder_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "cookiecutter.json").touch()
    template = Origin(str(folder), commit=COMMIT, tag="v0.3.1")
    url = Requirement(requirement_line(template, VERSION)).url
    assert url and url.startswith("file://localhost/") and not set(url) & set(" #@")
    assert url.isascii()


@pytest.mark.parametrize(
    ("version", "line"), [("0.3.1", "labkart>=0.3.1,<0.4"), ("2.1.0", "labkart>=2.1.0,<3")]
)
def test_once_it_is_on_the_index_a_range_of_versions_is_enough(
    version: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirement, "ON_INDEX", True)
    assert requirement_line(Origin("/srv/labkart"), version) == line


@pytest.mark.parametrize(
    ("template", "is_local"),
    [("https://github.com/lab/labkart", False), ("/srv/labkart", True), ("file:///srv/x", True)],
)
def test_what_is_on_this_machine_only_others_cannot_install(
    template: str, is_local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"_template": template, "_commit": COMMIT}
    assert requirement.is_local(answers) == is_local
    monkeypatch.setattr(requirement, "ON_INDEX", True)
    assert not requirement.is_local(answers)


def test_the_version_is_the_librarys_own() -> None:
    assert library_version() == labkart.__version__


# The installers


def run(folder: Path, *words: str | Path) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def origin(environment: Path) -> str:
    """Where the library in an environment came from, as its installer has written it down."""
    (file,) = packages(environment).glob("labkart-*.dist-info/direct_url.json")
    url = json.loads(file.read_text(encoding="utf-8"))["url"]
    return unquote(url).replace("//localhost/", "///")


def without_others(environment: Path) -> list[str]:
    """The options with which uv installs the project and Labkart alone: the packages of an environment take long."""
    names = {package.name for package in distributions(path=[str(packages(environment))])}
    return [f"--no-install-package={name}" for name in names - {"labkart", "my-thesis"}]


@pytest.mark.thorough
def test_uv_and_pip_install_what_a_folder_and_a_git_address_name(
    project: Project, compiled: Path, tmp_path: Path
) -> None:
    """The paths have a space, Japanese letters and `%`; pip cannot clone from a path with `#`, so only the folder has it."""
    template, bare = published(tmp_path / "ひな形 置き場 #1 50%"), tmp_path / "研究 室 50%.git"
    run(tmp_path, "git", "clone", "--quiet", "--bare", template, bare)
    lines = dict[str, str]()
    addresses = {"folder": f"file://{template}", "git": f"file://{bare}"}
    few = without_others(compiled)
    for name, address in {"folder": str(template), "git": f"file://{quote(str(bare))}"}.items():
        words = ["cookiecutter", address, "--no-input", "--output-dir", tmp_path / name]
        run(tmp_path, sys.executable, "-m", *words)
        made = tmp_path / name / "my-thesis"
        table = tomllib.loads((made / "pyproject.toml").read_text(encoding="utf-8"))
        lines[name] = table["project"]["dependencies"][0]
        run(made, UV, "sync", "--quiet", "--no-dev", "--python", sys.executable, *few)
        assert origin(made / ".venv") == addresses[name]
    assert lines["folder"].startswith("labkart @ file://localhost/")
    assert lines["git"].startswith("labkart @ git+file://localhost/")

    # As README.md of a project says for those without uv. What the shared environment computed is valid.
    made = tmp_path / "folder/my-thesis"
    project.root.joinpath("outputs").rename(made / "outputs")
    run(made, UV, "venv", "--quiet", "--seed", "--python", sys.executable, ".plain")
    plain = made / ".plain"
    # What pip would install besides comes from the shared environment, where it is compiled already.
    (packages(plain) / "shared.pth").write_text(f"{packages(compiled)}\n")
    pip = (".plain/bin/pip", "install", "--quiet", "--no-compile")
    run(made, *pip, "-e", ".")
    assert origin(plain) == addresses["folder"]
    printed = run(made, ".plain/bin/labkart", "run")
    assert "4 tasks cached, nothing to do" in printed and "  ·  .plain/bin/labkart ui" in printed
    run(made, *pip, "--no-deps", "--force-reinstall", lines["git"])
    assert origin(plain) == addresses["git"]
    assert run(made, ".plain/bin/labkart", "--version") == f"labkart {labkart.__version__}\n"
