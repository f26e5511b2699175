"""Where a result came from can be found again: the commit, and a diff that makes the same tree of it."""

import os
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from labkart.records import provenance
from tests.support.tiny import write
from tests.support.variants import variants

pytestmark = pytest.mark.integration

NOWHERE = {"commit": None, "branch": None, "remote": None, "dirty": None, "left_out": []}


def git(root: Path, *words: str, stdin: bytes = b"") -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *words], input=stdin, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """All files and links but git's own, with their modes and with their content, or where they lead."""
    found = (file for file in root.rglob("*") if ".git" not in file.relative_to(root).parts)
    files = {
        str(file.relative_to(root)): file for file in found if file.is_symlink() or file.is_file()
    }
    content = {
        name: os.fsencode(file.readlink()) if file.is_symlink() else file.read_bytes()
        for name, file in files.items()
    }
    return {name: (file.lstat().st_mode, content[name]) for name, file in files.items()}


def apply(diff: str, clone: Path) -> None:
    """Change a clone as the diff says; bytes that are no UTF-8 stand in it as surrogates."""
    git(clone, "apply", stdin=diff.encode(errors="surrogateescape"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit and nothing to commit."""
    root = tmp_path / "repository"
    write(
        root,
        **{"train.py": "alpha = 1\nbeta = 2\n", "old.py": "x = 1\n", ".gitignore": "outputs/\n"},
    )
    (root / "plot.png").write_bytes(bytes(range(256)))
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(root))
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=First")
    return root


def test_without_git_nothing_is_known(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert provenance.code_state(repository) == (NOWHERE, "")


def test_outside_of_a_repository_nothing_is_known(tmp_path: Path) -> None:
    assert provenance.code_state(tmp_path) == (NOWHERE, "")


def test_before_the_first_commit_all_files_are_in_the_diff(tmp_path: Path) -> None:
    write(tmp_path, **{"staged.py": "x = 1\n", "new.py": "y = 2\n"})
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", "staged.py")
    state, diff = provenance.code_state(tmp_path)
    assert state == {
        "commit": None,
        "branch": "main",
        "remote": None,
        "dirty": True,
        "left_out": [],
    }
    assert "+x = 1" in diff and "+y = 2" in diff


def test_a_committed_state_is_its_commit_and_no_diff(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    clean = {"commit": commit, "branch": "main", "remote": None, "dirty": False, "left_out": []}
    assert provenance.code_state(repository) == (clean, "")


def test_a_commit_without_a_branch_is_known(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "--detach")
    state, _ = provenance.code_state(repository)
    assert state["commit"] == git(repository, "rev-parse", "HEAD")
    assert state["branch"] is None


@pytest.mark.parametrize("stage", [False, True])
def test_an_edit_is_dirty_and_in_the_diff(stage: bool, repository: Path) -> None:
    write(repository, **{"train.py": "alpha = 10\nbeta = 2\n"})
    if stage:
        git(repository, "add", "train.py")
    state, diff = provenance.code_state(repository)
    assert state["dirty"] is True
    assert "-alpha = 1\n+alpha = 10\n" in diff


def test_an_edit_in_the_second_of_the_last_commit_is_seen(repository: Path) -> None:
    file, index = repository / "train.py", repository / ".git/index"
    second = (1_000_000_000, 1_000_000_000)
    git(repository, "config", "core.trustctime", "false")
    os.utime(file, second)
    git(repository, "update-index", "--refresh")
    write(repository, **{"train.py": "alpha = 9\nbeta = 2\n"})
    os.utime(file, second)
    os.utime(index, second)
    state, diff = provenance.code_state(repository)
    assert state["dirty"] is True
    assert "-alpha = 1\n+alpha = 9\n" in diff


def test_a_new_file_is_dirty_and_in_the_diff(repository: Path) -> None:
    write(repository, **{"src/new.py": "gamma = 3\n"})
    state, diff = provenance.code_state(repository)
    assert state["dirty"] is True
    assert "+gamma = 3\n" in diff


def test_an_ignored_file_is_not_in_the_diff_of_a_new_one(repository: Path) -> None:
    write(repository, **{"outputs/model.txt": "weights", "new.py": "gamma = 3\n"})
    _, diff = provenance.code_state(repository)
    assert "new.py" in diff
    assert "model.txt" not in diff


def test_an_ignored_file_is_not_dirty(repository: Path) -> None:
    write(repository, **{"outputs/model.txt": "weights"})
    state, diff = provenance.code_state(repository)
    assert (state["dirty"], diff) == (False, "")


def test_a_huge_new_file_is_named_and_not_in_the_diff(repository: Path) -> None:
    write(repository, **{"huge.csv": "1,2,3\n" * 200_000, "new.py": "gamma = 3\n"})
    state, diff = provenance.code_state(repository)
    assert (state["dirty"], state["left_out"]) == (True, ["huge.csv"])
    assert "huge.csv" not in diff and "+gamma = 3" in diff


def test_many_new_files_are_not_all_in_the_diff(repository: Path) -> None:
    write(repository, **{f"env/{number:02}.py": "#" * 400_000 for number in range(20)})
    state, diff = provenance.code_state(repository)
    assert len(diff) < 6_000_000 and len(state["left_out"]) == 8


def test_the_lock_that_uv_writes_at_the_first_run_makes_nothing_dirty(repository: Path) -> None:
    write(repository, **{"uv.lock": "version = 1\n"})
    assert provenance.code_state(repository)[0]["dirty"] is False


def test_a_table_that_was_made_makes_no_run_dirty_and_is_not_in_its_diff(repository: Path) -> None:
    write(repository, **{"reports/models.tex": "1\n"})
    assert provenance.code_state(repository)[0]["dirty"] is False
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message=Table")
    write(repository, **{"reports/models.tex": "2\n", "reports/[x].tex": "3\n"})
    assert provenance.code_state(repository)[0]["dirty"] is False
    write(repository, **{"train.py": "alpha = 2\n"})
    state, diff = provenance.code_state(repository)
    assert state["dirty"] is True
    assert "alpha = 2" in diff and "reports/" not in diff


def test_a_huge_file_that_git_knows_is_in_the_diff(repository: Path) -> None:
    write(repository, **{"huge.csv": "1,2,3\n" * 200_000})
    git(repository, "add", "huge.csv")
    assert "huge.csv" in provenance.code_state(repository)[1]


def test_a_look_at_the_code_leaves_the_index_as_it_is(repository: Path) -> None:
    write(
        repository, **{"train.py": "alpha = 10\n", "staged.py": "s = 1\n", "new.py": "gamma = 3\n"}
    )
    git(repository, "add", "staged.py")
    index, status = (
        (repository / ".git/index").read_bytes(),
        git(repository, "--no-optional-locks", "status", "--porcelain"),
    )
    provenance.code_state(repository)
    assert (repository / ".git/index").read_bytes() == index
    assert git(repository, "status", "--porcelain") == status


def edit(root: Path) -> None:
    write(root, **{"train.py": "alpha = 10\nbeta = 2\n"})


def stage_and_edit_again(root: Path) -> None:
    edit(root)
    git(root, "add", "train.py")
    write(root, **{"train.py": "alpha = 10\nbeta = 9\n\n\n"})


def delete(root: Path) -> None:
    (root / "old.py").unlink()


def rename(root: Path) -> None:
    git(root, "mv", "old.py", "renamed.py")


def add_files(root: Path) -> None:
    write(
        root,
        **{
            "src/deep/new.py": "gamma = 3",
            "卒 業.py": "δ = 4\n",
            "[a].py": "",
            "crlf.py": "a\r\nb\r\n",
        },
    )


def change_binary(root: Path) -> None:
    """Between two texts: git ends the patch of a binary file in its own way."""
    edit(root)
    (root / "plot.png").write_bytes(bytes(range(255, -1, -1)))
    write(root, **{"zzz.py": "last = True\n"})


def change_binary_at_the_end(root: Path) -> None:
    """The patch of a binary file ends in an empty line, which has to stay."""
    (root / "plot.png").write_bytes(bytes(range(255, -1, -1)))


def add_binary_at_the_end(root: Path) -> None:
    (root / "zzz.bin").write_bytes(bytes(range(255, -1, -1)))


def edit_into_latin_1(root: Path) -> None:
    (root / "train.py").write_bytes("alpha = 'é'\n".encode("latin-1"))


def add_shift_jis(root: Path) -> None:
    (root / "a.csv").write_bytes("名前,値\n".encode("shift_jis"))


def add_magic_names(root: Path) -> None:
    """Git reads more than a name in these."""
    write(root, **{":(top)x.py": "a\n", ":!ok.py": "b\n", "ok.py": "c\n"})


def add_links(root: Path) -> None:
    write(root, **{"data/a.csv": "1\n"})
    (root / "latest").symlink_to("data")
    (root / "broken").symlink_to("nowhere")


def allow_to_run(root: Path) -> None:
    (root / "train.py").chmod(0o755)


def edit_beside_noise(root: Path) -> None:
    git(root, "config", "color.ui", "always")
    git(root, "config", "diff.external", "false")
    edit(root)


def edit_without_prefix(root: Path) -> None:
    git(root, "config", "diff.noprefix", "true")
    edit(root)


def edit_without_context(root: Path) -> None:
    git(root, "config", "diff.context", "0")
    edit(root)


def edit_under_textconv(root: Path) -> None:
    git(root, "config", "diff.loud.textconv", "tr a-z A-Z <")
    write(root, **{".git/info/attributes": "*.py diff=loud\n"})
    edit(root)


CHANGES = [
    edit,
    stage_and_edit_again,
    delete,
    rename,
    add_files,
    change_binary,
    change_binary_at_the_end,
    add_binary_at_the_end,
    edit_into_latin_1,
    add_shift_jis,
    add_magic_names,
    add_links,
    allow_to_run,
    edit_beside_noise,
    edit_without_prefix,
    edit_without_context,
    edit_under_textconv,
]


@pytest.mark.parametrize("change", variants(CHANGES, 6))
def test_the_diff_makes_the_same_tree_of_a_clean_clone(
    change: Callable[[Path], None], repository: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(repository), "clone")
    change(repository)
    _, diff = provenance.code_state(repository)
    apply(diff, tmp_path / "clone")
    assert tree(tmp_path / "clone") == tree(repository)


def test_the_diff_of_a_project_inside_a_repository_applies_at_the_top(
    repository: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(repository), "clone")
    write(repository, **{"project/new.py": "gamma = 3\n", "train.py": "alpha = 10\n"})
    _, diff = provenance.code_state(repository / "project")
    apply(diff, tmp_path / "clone")
    assert tree(tmp_path / "clone") == tree(repository)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ann:secret@example.org/lab/thesis.git", "https://example.org/lab/thesis.git"),
        ("https://token@example.org/thesis", "https://example.org/thesis"),
        ("https://ann:se@cret@example.org/a@b", "https://example.org/a@b"),
        ("https://example.org/thesis.git", "https://example.org/thesis.git"),
        ("git@example.org:lab/thesis.git", "git@example.org:lab/thesis.git"),
        ("/srv/git/thesis.git", "/srv/git/thesis.git"),
    ],
)
def test_a_remote_is_recorded_without_its_password(url: str, shown: str, repository: Path) -> None:
    git(repository, "remote", "add", "origin", url)
    state, _ = provenance.code_state(repository)
    assert state["remote"] == shown


def test_the_machine_is_known() -> None:
    machine = provenance.environment()
    assert all(
        machine[name] for name in ("python", "os", "cpu", "cores", "memory_gb", "host", "user")
    )
    assert 0 < machine["memory_gb"] < 100_000


@pytest.mark.usefixtures("root")
def test_the_packages_are_listed_by_name_with_their_versions() -> None:
    lines = provenance.packages().splitlines()
    assert f"gokart=={version('gokart')}" in lines
    assert lines == sorted(lines, key=lambda line: line.partition("==")[0].lower())


def test_a_graphics_card_is_known_with_its_driver_and_the_versions_of_cuda(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA A100, 40960 MiB, 550.54'\n")
    program.chmod(0o755)
    lines = [
        "nvidia-cublas-cu12==12.1",
        "nvidia-cuda-runtime-cu12==12.4.127",
        "nvidia-cudnn-cu12==9.1.0.70",
    ]
    monkeypatch.setattr(provenance, "requirements", lambda: lines)
    versions = {"cuda": "12.4.127", "cudnn": "9.1.0.70"}
    for path, known in [
        (str(tmp_path), {"gpu": "NVIDIA A100, 40960 MiB", "gpu_driver": "550.54", **versions}),
        ("", {}),
    ]:
        monkeypatch.setenv("PATH", path)
        provenance._gpu.cache_clear()
        environment = provenance.environment()
        shown = {name: environment[name] for name in environment if name.startswith(("gpu", "cu"))}
        assert shown == known
    provenance._gpu.cache_clear()


READS_VARIABLES = """\
import os
from os import environ, getenv
a = os.environ["SCALE"], os.environ.get('DEPTH', "3"), getenv("TOKEN"), environ.pop("GONE", None)
b = os.environ
"""


def test_variables_are_found_in_code_and_settings(root: Path) -> None:
    write(root, **{"src/tiny/a.py": READS_VARIABLES, "conf/local.yaml": "key: ${oc.env:KEY}\n"})
    assert provenance.variable_names(root) == ["DEPTH", "GONE", "KEY", "SCALE", "TOKEN"]


def test_their_values_are_recorded_but_for_secrets(root: Path) -> None:
    environment = {"SCALE": "3", "TOKEN": "hunter2hunter2", "DEPTH": ""}
    assert provenance.variable_values(["SCALE", "TOKEN", "DEPTH", "GONE"], environment) == {
        "SCALE": "3",
        "TOKEN": "***",
        "DEPTH": "",
        "GONE": None,
    }
