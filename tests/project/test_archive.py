"""`labkart archive` in a baked project: verified where the project is not, and a second machine by `rsync`."""

import json
import re
import shlex
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.bake import TEMPLATE, Project, clean_environment

REPORT = ("model=logistic", "--metrics", "accuracy", "--figures", "none", "--allow", "missing")


@pytest.mark.thorough
def test_an_archive_is_verified_without_the_project(
    project: Project, sharing_uv: Path, tmp_path: Path
) -> None:
    """Its digests are right, a table comes out the same without a network, and the README's commands work."""
    project.labkart("report", "models", *REPORT)
    (project.root / "src/my_thesis/draft.py").write_text("x = 1\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = project.run("labkart", "archive", str(elsewhere / "thesis.zip"), UV=str(sharing_uv))
    assert done.returncode == 0, done.stderr
    assert "not in the archive: src/my_thesis/draft.py" in done.stderr
    assert "1 table, 1 experiment" in done.stdout
    shutil.rmtree(project.root)
    examiner = replace(project, root=elsewhere, warm=None)
    verify = ("labkart", "archive", "--verify", "thesis.zip")
    variables = {
        "UV": str(sharing_uv),
        "TMPDIR": str(tmp_path),
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
    }
    refusing = tmp_path / "bin" / "unshare"
    refusing.parent.mkdir()
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    path = f"{refusing.parent}:{examiner.variables()['PATH']}"
    for way, more in {
        "in a network of its own (unshare)": {},
        "by offline options of uv": {"PATH": path},
    }.items():
        done = examiner.run(*verify, **variables, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"with the network off, {way}" in done.stdout
        assert "identical: all outputs of 4 tasks, bit for bit" in done.stdout
        assert "reports/models.tex: all its numbers are the same" in done.stdout
        assert not list(tmp_path.glob("labkart-*"))
        assert [file.name for file in elsewhere.iterdir()] == ["thesis.zip"]

    stopped = subprocess.Popen(
        examiner.command(*verify),
        cwd=elsewhere,
        env=examiner.variables(**variables, PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert stopped.stdout
    assert any("reproducing reports/models.tex" in line for line in stopped.stdout)
    stopped.send_signal(signal.SIGINT)
    assert stopped.wait(300) == 130
    stopped.stdout.close()
    assert not list(tmp_path.glob("labkart-*"))

    shutil.unpack_archive(elsewhere / "thesis.zip", elsewhere)
    readme = (elsewhere / "README.md").read_text()
    block = re.search(r"```\n(.*?)\n```", readme, flags=re.DOTALL)
    assert block
    check, clone, again = block[1].splitlines()
    for command in (check, clone):
        subprocess.run(["bash", "-c", command], cwd=elsewhere, env=clean_environment(), check=True)
    assert (elsewhere / "my-thesis/reports/models.tex").exists()
    assert again.endswith("labkart reproduce reports/models.tex")
    wheel = re.search(r"--from (\S+)", again)
    assert wheel and (elsewhere / "my-thesis" / wheel[1]).is_file()


def rsync_commands() -> list[str]:
    """Those of the page, in both languages."""
    pages = [(TEMPLATE / f"docs/{it}/archive.md").read_text() for it in ("en", "ja")]
    english, japanese = (re.findall(r"^rsync .*$", page, flags=re.MULTILINE) for page in pages)
    assert english == japanese and len(english) == 2
    return english


@pytest.mark.skipif(not shutil.which("rsync"), reason="no rsync here")
def test_a_second_machine_has_what_ran_on_the_first_one(project: Project, tmp_path: Path) -> None:
    """Nothing is computed again there, nor is a record there twice, in whatever direction it is copied."""
    second = replace(project, root=tmp_path / "lab" / "my-thesis")
    ignored = shutil.ignore_patterns("outputs", "__pycache__")
    shutil.copytree(project.root, second.root, ignore=ignored)
    (second.root / "outputs").mkdir()
    there, back = (
        shlex.split(command.replace("lab:my-thesis", str(second.root)))
        for command in rsync_commands()
    )
    subprocess.run(there, cwd=project.root, check=True)
    assert "4 tasks cached, nothing to do" in second.labkart("run")
    assert "1 experiment" in second.run("labkart", "sync").stdout + second.labkart("runs")
    second.labkart("run", "seed=1")
    subprocess.run(back, cwd=project.root, check=True)
    assert "4 tasks cached, nothing to do" in project.labkart("run", "seed=1")
    for root in (project.root, second.root):
        assert len(list((root / "outputs/records/experiments").iterdir())) == 2
    runs = json.loads(project.labkart("runs", "--json"))
    assert len(runs) == 2
