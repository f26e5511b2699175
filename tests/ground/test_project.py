"""A project is found from wherever in it a person stands, and says where its outputs are."""

import sys
from pathlib import Path

import pytest

from labkart import project
from labkart.errors import LabkartError
from tests.support.tiny import write


def test_a_project_is_found_from_any_folder_in_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "conf" / "model")
    assert project.current() == project.Project(
        root, "tiny", "study.pipeline:pipeline", "en", root / "outputs"
    )


def test_the_nearest_project_is_the_one(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        root,
        **{"inner/pyproject.toml": '[project]\nname = "inner"\n[tool.labkart]\npipeline = "a:b"\n'},
    )
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
def test_a_pyproject_of_something_else_is_passed_by(
    text: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, **{"library/pyproject.toml": text})
    monkeypatch.chdir(root / "library")
    assert project.current().root == root


def test_a_variable_moves_the_outputs(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKART_OUTPUTS", "elsewhere")
    assert project.current().outputs == root / "elsewhere"


def test_outside_of_all_projects_it_is_the_one_whose_environment_runs(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(root / ".venv"))
    monkeypatch.chdir(tmp_path)
    assert project.current().root == root


def test_without_any_project_a_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LabkartError) as caught:
        project.current()
    assert str(caught.value).startswith(
        f"{tmp_path} is not inside a Labkart project: no pyproject.toml with [tool.labkart]"
    )


def test_a_broken_pyproject_is_named_with_its_line(root: Path) -> None:
    write(root, **{"pyproject.toml": '[project]\nname = "tiny\n'})
    with pytest.raises(LabkartError, match=r"tiny/pyproject\.toml: .*line 2.* Fix that line\."):
        project.current()


def test_a_pyproject_that_is_no_utf8_is_named(root: Path) -> None:
    (root / "pyproject.toml").write_bytes(
        '[project]\nname = "tiny"  # 卒業研究\n'.encode("shift_jis")
    )
    with pytest.raises(LabkartError, match=r"^.*tiny/pyproject\.toml: 'utf-8' .* Fix that line\.$"):
        project.current()


def test_a_path_is_short_in_the_project_and_whole_outside(root: Path) -> None:
    here = project.current()
    assert [here.short(root / "conf" / "a.yaml"), here.short(Path("/etc"))] == [
        "conf/a.yaml",
        "/etc",
    ]
