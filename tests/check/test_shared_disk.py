"""`labkart check shared-disk`: two processes that pass for two hosts, on a disk that locks or pretends to."""

import subprocess
from pathlib import Path

import pytest

from labkart.check import shared_disk
from labkart.cli import main
from tests.support import flock
from tests.support.bake import TEMPLATE
from tests.support.tiny import start, write

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("root")]

needs_seccomp = pytest.mark.skipif(not flock.can_answer(), reason="no seccomp here")
CHECK = """\
import sys
from tests.support import flock
from labkart.check import shared_disk
{answer}
sys.exit(shared_disk.check({patience}, "{host}"))
"""
PRETENDS = "flock.answer_flock(0)"


def begin(host: str, answer: str = "", patience: int = 60) -> "subprocess.Popen[str]":
    code = CHECK.format(host=host, answer=answer, patience=patience)
    return start(code, Path.cwd(), TEMPLATE)


def ends(*processes: "subprocess.Popen[str]") -> list[tuple[int, str]]:
    """How each ended, and the sentence that it printed, without that it waits."""
    printed = [process.communicate(timeout=90) for process in processes]
    said = [(out + err).strip().splitlines()[-1] for out, err in printed]
    return [(process.returncode, text) for process, text in zip(processes, said, strict=True)]


def test_two_hosts_that_see_each_others_locks_both_say_so() -> None:
    """Also where a check that was killed has left its files, whose lock is free."""
    stale = '{"host": "a", "holds": true, "sees": {"c.1": true}}'
    write(Path("outputs/shared-disk"), **{"a.0.json": stale, "a.0.lock": ""})
    assert ends(begin("a"), begin("b")) == [
        (0, "a and b see each other's locks in outputs."),
        (0, "b and a see each other's locks in outputs."),
    ]


def test_a_file_that_the_other_check_renames_meanwhile_is_no_mistake(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    half = Path("outputs/shared-disk/.b.1.json.tmp").absolute()
    write(half.parent, **{half.name: ""})
    listed = list(half.parent.iterdir())
    half.unlink()
    monkeypatch.setattr(Path, "iterdir", lambda _: iter(listed))
    assert shared_disk.check(patience=0.1) == 1
    assert "No other host answered" in capsys.readouterr().err


@needs_seccomp
@pytest.mark.parametrize("other", [PRETENDS, ""])
def test_a_disk_that_grants_a_lock_to_both_is_found_out(other: str) -> None:
    blind = (1, "does not see the locks of")
    for code, said in ends(begin("a", PRETENDS), begin("b", other)):
        assert (code, said[2:27]) == blind and "labkart" not in said and "-o flock" in said


@needs_seccomp
def test_a_disk_without_locks_is_told() -> None:
    process = begin("a", "import errno\nflock.answer_flock(errno.ENOLCK)")
    _, errors = process.communicate(timeout=90)
    assert "LabkartError: outputs: this disk has no file locks (No locks available)" in errors


def test_two_checks_on_one_host_prove_nothing() -> None:
    for code, said in ends(begin("a"), begin("a")):
        assert code == 1 and said.startswith("Both commands ran on a, which says nothing")


def test_a_host_that_nobody_answers_says_how_to_start_the_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_disk, "_PATIENCE", 0.1)
    assert main.main(["check", "shared-disk"]) == 1
    assert (
        "srun --nodes=2 --ntasks-per-node=1 uv run labkart check shared-disk."
        in capsys.readouterr().err
    )
