"""What a record says of its packages: which they are, and what is known to be missing."""

import platform
from dataclasses import replace
from pathlib import Path

import pytest

from labkart.errors import LabkartError
from labkart.results.reproduce import environment
from labkart.results.reproduce.environment import RecordedEnvironment
from tests.records.test_record import EXPERIMENT
from tests.support.tiny import write

PYTHON = platform.python_version()


def recorded(root: Path, *packages: str, lock: str = "") -> RecordedEnvironment:
    """The environment of a record that lists these packages."""
    lines = "".join(f"{line}\n" for line in packages)
    record = replace(EXPERIMENT, environment={"python": PYTHON})
    record.write(shared={"packages.txt": lines, "uv.lock": lock})
    return RecordedEnvironment.of(record)


def test_another_package_commit_lock_or_python_is_another_environment(root: Path) -> None:
    address = "theirs @ git+https://example.org/theirs@"
    environments = [
        recorded(root, "numpy==2.3.4", f"{address}0a1b"),
        recorded(root, "numpy==2.3.5", f"{address}0a1b"),
        recorded(root, "numpy==2.3.4", f"{address}2c3d"),
        recorded(root, "numpy==2.3.4", f"{address}0a1b", lock="version = 1\n"),
    ]
    keys = {each.key(PYTHON) for each in environments}
    assert len(keys | {environments[0].key("3.99.0")}) == 5
    assert recorded(root, "numpy==2.3.4", f"{address}0a1b").key(PYTHON) in keys


def test_a_folder_that_is_gone_is_named_with_what_that_means(root: Path) -> None:
    write(root, **{"my tools/pyproject.toml": ""})
    there = (root / "my tools").as_uri().replace("file://", "file://localhost")
    packages = recorded(root, f"mine @ {there}", "gone @ file:///nowhere/gone", "numpy==2.3.4")
    assert packages.folders() == {"mine": root / "my tools", "gone": Path("/nowhere/gone")}
    assert packages.missing_folders() == [
        "gone was installed from /nowhere/gone, which does not exist. "
        "Put it there again: without gone the run cannot be repeated"
    ]


def test_a_record_without_any_list_and_a_line_that_is_not_a_requirement_are_named(
    root: Path,
) -> None:
    with pytest.raises(LabkartError, match=r"has neither uv\.lock nor packages\.txt"):
        RecordedEnvironment.of(EXPERIMENT)
    with pytest.raises(LabkartError, match=r"e1/packages\.txt: .*tiny==0\.1 @ 3b41"):
        recorded(root, "tiny==0.1 @ 3b41")


def test_without_uv_a_sentence_says_how_to_get_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    (sentence,) = environment.missing(recorded(root, "numpy==2.3.4"))
    assert sentence.endswith("Run: pip install uv")
    with pytest.raises(LabkartError, match="pip install uv"):
        environment.install(recorded(root, "numpy==2.3.4"), root)


def test_packages_of_an_archive_are_installed_without_a_network(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it has all of them; of the others the lock is followed, or their registry."""
    packages = ("mine @ file:///nowhere/mine", "numpy==2.3.4")
    write(root, **{"wheels/index.json": '{"mine @ file:///nowhere/mine": "0a/mine-1.whl"}'})
    monkeypatch.setenv("LABKART_WHEELS", str(root / "wheels"))
    mine = str(root / "wheels/0a/mine-1.whl")
    some = recorded(root, *packages, lock="version = 1\n")
    sync, install = environment._commands(some, root, root / "env", PYTHON)
    assert sync[0] == "sync" and sync[sync.index("--no-install-package") + 1] == "mine"
    assert mine in install and "--offline" not in install
    assert some.missing_folders() == []
    write(
        root,
        **{
            "wheels/index.json": '{"mine @ file:///nowhere/mine": "0a/mine-1.whl", "numpy==2.3.4": "n.whl"}'
        },
    )
    make, install = environment._commands(some, root, root / "env", PYTHON)
    assert make[0] == "venv"
    assert {"--offline", "--no-index", mine, str(root / "wheels/n.whl")} <= set(install)
