"""A project is found from wherever in it a person stands, and says where its outputs are."""

import shutil
from pathlib import Path

import pytest
from labkart import project
from labkart.errors import LabkartError

from .conftest import RUNTIME, python, write

CURRENT = "from labkart import project; print(project.current().root)"
REFUSED = (
    "from labkart import LabkartError, project\ntry: project.current()\nexcept LabkartError as error: print(error)"
)


def runtime_of_its_own(home: Path) -> Path:
    """A copy of the runtime in `home`; returns the folder that Python must look in."""
    shutil.copytree(RUNTIME, home / "src" / "labkart", ignore=shutil.ignore_patterns("__pycache__"))
    return home / "src"


def test_a_project_is_found_from_any_folder_in_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "conf" / "model")
    assert project.current() == project.Project(root, "tiny", "study.pipeline:pipeline", "en", root / "outputs")


def test_the_nearest_project_is_the_one(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, **{"inner/pyproject.toml": '[project]\nname = "inner"\n[tool.labkart]\npipeline = "a:b"\n'})
    monkeypatch.chdir(root / "inner")
    assert project.current().name == "inner"


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[project]\nname = "library"\n',
        '[tool.labkart]\npipeline = "a:b"\n',
        "project = 5\n",
        "tool = []\n",
        '[[project]]\nname = "library"\n',
        '[project]\nname = "library"\n[tool]\nlabkart = "a:b"\n',
    ],
)
def test_a_pyproject_of_something_else_is_passed_by(text: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, **{"library/pyproject.toml": text})
    monkeypatch.chdir(root / "library")
    assert project.current().root == root


def test_a_variable_moves_the_outputs(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKART_OUTPUTS", "elsewhere")
    assert project.current().outputs == root / "elsewhere"


def test_outside_of_all_projects_it_is_the_one_that_holds_the_runtime(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    assert python(CURRENT, outside, runtime_of_its_own(root)) == str(root)


def test_without_any_project_a_sentence_says_so(tmp_path: Path) -> None:
    said = python(REFUSED, tmp_path, runtime_of_its_own(tmp_path / "home"))
    assert said == f"{tmp_path} is not inside a Labkart project: no pyproject.toml with [tool.labkart]. Go into yours."


def test_a_broken_pyproject_is_named_with_its_line(root: Path) -> None:
    write(root, **{"pyproject.toml": '[project]\nname = "tiny\n'})
    with pytest.raises(LabkartError, match=r"tiny/pyproject\.toml: .*line 2.* Mend that line\."):
        project.current()


def test_a_pyproject_that_is_no_utf8_is_named(root: Path) -> None:
    (root / "pyproject.toml").write_bytes('[project]\nname = "tiny"  # 卒業研究\n'.encode("shift_jis"))
    with pytest.raises(LabkartError, match=r"^.*tiny/pyproject\.toml: 'utf-8' .* Mend that line\.$"):
        project.current()


def test_a_path_is_short_in_the_project_and_whole_outside(root: Path) -> None:
    here = project.current()
    assert [here.short(root / "conf" / "a.yaml"), here.short(Path("/etc"))] == ["conf/a.yaml", "/etc"]
