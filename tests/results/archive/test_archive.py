"""An archive of a tiny project: what is in it, what it says is not, and that a changed file in it is noticed."""

import hashlib
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from labkart.errors import LabkartError
from labkart.records.texts import store_text
from labkart.results.archive import archive, crate, verify
from labkart.results.archive.archive import Options
from labkart.results.archive.contents import DataItem
from labkart.results.reproduce.checkout import checked_out
from labkart.tasks.data_files import DataFile, DataFolder
from tests.results.report.test_report import PLAIN, report
from tests.support.bake import clean_environment
from tests.support.runs import experiment, task_run
from tests.support.tiny import write

pytestmark = pytest.mark.integration

TABLE = "x,y\n1,2\n"
CITATION = """\
title: Trees in autumn
license: MIT
authors:
  - given-names: Ann
    family-names: Lee
    orcid: https://orcid.org/0000-0002-1825-0097
"""


def git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def thesis(root: Path) -> Path:
    """A project with a table of three runs, which read a file that git does not have."""
    write(
        root,
        **{
            ".gitignore": "outputs/\ndata/raw/*.csv\n",
            "src/study/pipeline.py": "def pipeline(cfg): ...\n",
            "data/raw/README.md": "table.csv is from <https://example.org/trees/table.csv>.\n",
            "CITATION.cff": CITATION,
        },
    )
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=First")
    write(root, **{"data/raw/table.csv": TABLE, "outputs/cache/result.pkl": "3"})
    digest = hashlib.sha256(TABLE.encode()).hexdigest()
    for seed in range(3):
        record = experiment(
            "forest",
            seed,
            0.9 + seed / 100,
            task_run(data=digest),
            code={"commit": git(root, "rev-parse", "HEAD"), "dirty": False},
        )
        record.texts = {"packages.txt": store_text("gokart==1.0\n")}
        record.write()
        write(record.folder, **{".mlflow.json": "{}", "packages.txt": "a @ https://u:pw@x.y/z\n"})
    report(["trees", "model=forest", "--metrics", "score", *PLAIN])
    return root


def packed(root: Path, **options: object) -> tuple[zipfile.ZipFile, archive.Contents]:
    contents = archive.make(root / "outputs/thesis.zip", Options(**options))
    return zipfile.ZipFile(root / "outputs/thesis.zip"), contents


def test_it_has_what_is_behind_the_table_and_a_digest_of_each_file(thesis: Path) -> None:
    zipped, contents = packed(thesis)
    names = set(zipped.namelist())
    assert {"README.md", "repository.bundle", "code/src/study/pipeline.py"} <= names
    assert {"reports/trees.tex", "reports/trees.provenance.json", "data/raw/table.csv"} <= names
    assert "outputs/records/experiments/forest0/record.json" in names
    texts = [name for name in names if name.startswith("outputs/records/texts/")]
    assert [zipped.read(name) for name in texts] == [b"gokart==1.0\n"]
    content = b"".join(map(zipped.read, names))
    assert b"u:pw" not in content, "what a person wrote back beside a record"
    assert not [name for name in names if "mlflow" in name or name.endswith("forest0/packages.txt")]
    lines = zipped.read("manifest-sha256.txt").decode().splitlines()
    digests = {line[66:]: line[:64] for line in lines}
    assert digests.keys() == names - {"manifest-sha256.txt"}
    assert all(hashlib.sha256(zipped.read(it)).hexdigest() == digests[it] for it in digests)
    assert all("The record of Evaluate of experiment" in remark for remark in contents.remarks)


def test_its_description_is_a_workflow_run_crate(thesis: Path) -> None:
    zipped, _ = packed(thesis)
    graph = json.loads(zipped.read("ro-crate-metadata.json"))["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    root = entities["./"]
    profiles = [profile["@id"] for profile in root["conformsTo"]]
    assert "https://w3id.org/ro/wfrun/workflow/0.5" in profiles
    assert root["name"] == "Trees in autumn" and root["license"] == "https://spdx.org/licenses/MIT"
    workflow = entities[root["mainEntity"]["@id"]]
    assert "ComputationalWorkflow" in workflow["@type"]
    actions = [entities[link["@id"]] for link in root["mentions"]]
    assert len(actions) == 3
    assert all(action["instrument"] == {"@id": workflow["@id"]} for action in actions)
    assert {"@id": "data/raw/table.csv"} in actions[0]["object"]
    assert actions[0]["agent"] == {"@id": "https://orcid.org/0000-0002-1825-0097"}
    files = {part["@id"] for part in root["hasPart"]}
    described = {"ro-crate-metadata.json", "manifest-sha256.txt", "README.md"}
    assert files == set(zipped.namelist()) - described


def test_inputs_are_described_wherever_they_are_and_whatever_their_names(thesis: Path) -> None:
    places = {
        "data/raw/表 1.csv": "archive",
        "data/raw/画像": "archive",
        "data/b c.csv": "repository",
    }
    data = [DataItem(path, "d1", 1, place) for path, place in places.items()]
    read = {name: {"path": name, "sha256": "d1"} for name in places}
    run = experiment("forest", 1, 0.9)
    run.tasks[0].result["data"] = read
    contents = archive.Contents({}, {run.id: run}, data=data)
    sizes = {"data/raw/表 1.csv": 1, "data/raw/画像/1.png": 1, "code/pyproject.toml": 1}
    text = crate.describe(contents, sizes, "code/pyproject.toml", "2026-12-01")
    entities = {entity["@id"]: entity for entity in json.loads(text)["@graph"]}
    (action,) = (it for it in entities.values() if it["@type"] == "CreateAction")
    inputs = [entities[link["@id"]] for link in action["object"]][-3:]
    assert [entity["@type"] for entity in inputs] == ["CreativeWork", "Dataset", "File"]
    assert inputs[0]["description"] == "In repository.bundle"
    assert not any(" " in id for id in entities)


def test_data_that_is_too_large_is_named_with_its_digest_and_its_address(thesis: Path) -> None:
    zipped, contents = packed(thesis, data_limit=5)
    assert "data/raw/table.csv" not in zipped.namelist()
    readme = zipped.read("README.md").decode()
    assert "`data/raw/table.csv`: it is larger than --data-limit" in readme
    assert hashlib.sha256(TABLE.encode()).hexdigest() in readme
    assert "https://example.org/trees/table.csv" in readme
    assert not contents.data[0].is_included


def test_what_is_not_committed_or_not_here_is_said(thesis: Path) -> None:
    write(thesis, **{"src/study/new.py": "x = 1\n", "data/raw/table.csv": "changed\n"})
    shutil.rmtree(thesis / "outputs/records/experiments/forest1")
    zipped, contents = packed(thesis)
    said = "\n".join(contents.remarks)
    assert "Changes are not committed, and not in the archive: src/study/new.py" in said
    assert "The record of experiment forest (model=forest seed=1) is not on this machine" in said
    assert "data/raw/table.csv changed since Evaluate read it" in zipped.read("README.md").decode()
    assert "src/study/new.py" in zipped.read("README.md").decode()


# Git LFS as a program of its own does it: a commit has a pointer, and a clone of a bundle finds no content for it.
LFS = """\
[filter "lfs"]
    clean = printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:0\\nsize 8\\n'
    smudge = test -n \\"$GIT_LFS_SKIP_SMUDGE\\" && cat
    required = true
"""


@pytest.fixture
def in_lfs(thesis: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project with its data in Git LFS."""
    write(tmp_path, gitconfig=LFS)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    write(thesis, **{".gitattributes": "*.csv filter=lfs\n"})
    git(thesis, "add", "--force", "--all", "data", ".gitattributes")
    git(thesis, "commit", "--quiet", "--message=Data")
    assert "spec/v1" in git(thesis, "show", "HEAD:data/raw/table.csv")
    return thesis


def test_data_in_git_lfs_is_packed_for_the_repository_has_its_pointer(in_lfs: Path) -> None:
    zipped, contents = packed(in_lfs)
    assert [item.place for item in contents.data] == ["archive"]
    assert zipped.read("data/raw/table.csv").decode() == TABLE
    readme = zipped.read("README.md").decode()
    (clone,) = (line for line in readme.splitlines() if " && cp " in line)
    assert "Of files in Git LFS the archive has pointers" in readme
    folder = in_lfs.parent / "examiner"
    zipped.extractall(folder)
    done = subprocess.run(["bash", "-c", clone], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (table,) = folder.glob("*/data/raw/table.csv")
    assert "spec/v1" in git(table.parents[2], "show", "HEAD:data/raw/table.csv")
    assert table.read_text() == TABLE
    with checked_out(table.parents[2], git(in_lfs, "rev-parse", "HEAD")) as checkout:
        assert "spec/v1" in (checkout / "data/raw/table.csv").read_text()


def test_a_pointer_in_place_of_the_data_is_a_sentence(in_lfs: Path) -> None:
    pointer = git(in_lfs, "show", "HEAD:data/raw/table.csv")
    write(in_lfs, **{"data/raw/table.csv": f"{pointer}\n"})
    _, contents = packed(in_lfs)
    sentence = (
        "table.csv has a pointer of Git LFS in place of the data. Get the data: git lfs pull."
    )
    assert [item.place for item in contents.data] == [f"data/raw/{sentence}"]
    assert DataFile().problem(in_lfs / "data/raw/table.csv").endswith(sentence)
    assert DataFolder().problem(in_lfs / "data/raw").startswith("data/raw has a pointer of Git LFS")


def test_a_secret_in_the_history_is_refused_and_no_file_is_left(thesis: Path) -> None:
    write(thesis, **{"conf/db.yaml": "user: ann\npassword: correct-horse-7\n"})
    git(thesis, "add", "--all")
    git(thesis, "commit", "--quiet", "--message=Secret")
    git(thesis, "rm", "--quiet", "conf/db.yaml")
    git(thesis, "commit", "--quiet", "--message=Removed")
    with pytest.raises(LabkartError, match=r"what looks like a secret: conf/db.yaml:2\."):
        packed(thesis)
    assert not list((thesis / "outputs").glob("*thesis.zip*"))
    assert packed(thesis, allow_secrets=True)[0].namelist()


def test_a_place_that_takes_no_file_is_a_sentence(thesis: Path) -> None:
    for name, reason in {"reports": "is a folder", ".gitignore/a.zip": "File exists"}.items():
        with pytest.raises(LabkartError, match=rf"^{name}:? {reason}\. Name another file\.$"):
            archive.make(thesis / name, Options())
    with pytest.raises(LabkartError, match="--data-limit must be a number"):
        Options(data_limit=float("nan"))


def test_without_a_table_there_is_nothing_to_archive(root: Path) -> None:
    with pytest.raises(LabkartError, match="reports/ has no table"):
        archive.make(root / "a.zip", Options())


@pytest.fixture
def unpacked(thesis: Path, tmp_path: Path) -> Path:
    zipped, _ = packed(thesis)
    zipped.extractall(tmp_path / "unpacked")
    return tmp_path / "unpacked"


def rezipped(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", folder))


def test_each_changed_missing_or_added_file_is_named(
    unpacked: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(unpacked)
    write(unpacked, **{"reports/trees.md": "0.99\n", "reports/other.md": "1\n"})
    (unpacked / "data/raw/table.csv").unlink()
    assert not verify.verify(rezipped(unpacked))
    assert capsys.readouterr().out.splitlines() == [
        "  data/raw/table.csv is missing",
        "  reports/other.md was added: manifest-sha256.txt does not list it",
        "  reports/trees.md was changed: its digest is not that of manifest-sha256.txt",
    ]


def test_data_that_does_not_fit_its_record_is_named_although_the_manifest_does(
    unpacked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, manifest = unpacked / "data/raw/table.csv", unpacked / "manifest-sha256.txt"
    then = hashlib.sha256(table.read_bytes()).hexdigest()
    table.write_text("x,y\n1,3\n")
    now = hashlib.sha256(table.read_bytes()).hexdigest()
    manifest.write_text(manifest.read_text().replace(then, now))
    assert not verify.verify(rezipped(unpacked))
    assert "data/raw/table.csv changed since Evaluate read it" in capsys.readouterr().out


def test_a_record_that_was_edited_is_named_although_the_manifest_fits_it(
    unpacked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (file,) = unpacked.glob("outputs/records/experiments/forest1*/record.json")
    before = file.read_bytes()
    file.write_bytes(before.replace(b"0.91", b"0.99"))
    digests = [hashlib.sha256(content).hexdigest() for content in (before, file.read_bytes())]
    manifest = unpacked / "manifest-sha256.txt"
    manifest.write_text(manifest.read_text().replace(*digests))
    assert not verify.verify(rezipped(unpacked))
    name = file.parent.relative_to(unpacked).as_posix()
    assert capsys.readouterr().out.splitlines()[1:] == [f"  {name}: the record was edited"]


def test_what_is_no_archive_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LabkartError, match="does not exist"):
        verify.verify(tmp_path / "a.zip")
    write(tmp_path, **{"b.zip": "no zip"})
    with pytest.raises(LabkartError, match="cannot be unpacked"):
        verify.verify(tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "c.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("a.txt", "abc" * 99)
    content = bytearray((tmp_path / "c.zip").read_bytes())
    content[content.index(b"a.txt") + len("a.txt")] = 0xFF
    (tmp_path / "d.zip").write_bytes(content)
    with pytest.raises(LabkartError, match="cannot be unpacked"):
        verify.verify(tmp_path / "d.zip")
    with pytest.raises(LabkartError, match="is not an archive of labkart archive"):
        verify.verify(tmp_path / "c.zip")
