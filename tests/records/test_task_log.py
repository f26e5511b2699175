"""The log of a task: what of its printing is kept, how long it may become, and how it is read meanwhile."""

import os
import time
from pathlib import Path

import pytest

from labkart.records import task_log
from labkart.records.record import ExperimentRecord, TaskRun, task_folder
from labkart.records.task_log import LogReader, LogWriter


def kept(folder: Path, *pieces: bytes) -> str:
    writer = LogWriter(folder)
    for piece in pieces:
        writer.add(piece)
    writer.close()
    file = folder / "log.txt"
    return file.read_text(encoding="utf-8") if file.exists() else ""


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (b"two\nlines, the last one unfinished", "two\nlines, the last one unfinished"),
        (b"\x1b[1;31mred\x1b[0m and \x1b]8;;x\x07linked\x1b]8;;\x07\n", "red and linked\n"),
        (b"a\r\nb\r\n", "a\nb\n"),
        (b"\r 0%|  |\r 50%|# |\r100%|##|\nnext", "100%|##|\nnext"),
        ("損失 0.1\n".encode(), "損失 0.1\n"),
        (b"\xff\xfe\x00\x07 binary\n", "\\xff\\xfe binary\n"),
        (b"password=hunter2secret\n", "password=***\n"),
    ],
)
def test_a_log_is_what_a_person_read(root: Path, printed: bytes, text: str) -> None:
    assert kept(root, printed) == text
    cut = len(printed) // 2
    assert kept(root, printed[:cut], printed[cut:]) == text


def test_a_task_that_prints_nothing_has_no_log(root: Path) -> None:
    assert kept(root / "folder") == "" and not (root / "folder").exists()


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of 100,000 bytes instead of ten million."""
    for name, size in {"BEGINNING": 50_000, "MOST": 99_000, "END": 25_000, "SLICE": 656}.items():
        monkeypatch.setattr(task_log, f"_{name}", size)
    monkeypatch.setattr(task_log, "_FAST", 5248)
    monkeypatch.setattr(task_log.redact, "redact_text", lambda text: text)


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("at_once", [1, 50, 2500])
def test_a_long_log_loses_its_middle_and_says_so(root: Path, at_once: int) -> None:
    lines = [b"%06d %s\n" % (number, b"x" * 92) for number in range(2500)]
    writer = LogWriter(root)
    for number in range(0, 2500, at_once):
        writer.add(b"".join(lines[number : number + at_once]))
        writer.write()
        file = root / "log.txt"
        assert not file.exists() or file.stat().st_size <= 100_000
    writer.close()
    text = (root / "log.txt").read_text()
    assert len(text) <= 100_000
    beginning, _, rest = text.partition("\n[... ")
    size, _, end = rest.partition(" MB left out ...]\n\n")
    assert beginning.startswith("000000 ") and end.endswith(lines[-1].decode())
    assert float(size) == pytest.approx(0.25 - len(text) / 1e6, abs=0.06)
    assert len(beginning) > 49_000 and len(end) > 20_000
    assert all(len(line) == 99 for line in (beginning + end).splitlines())


def test_a_line_without_an_end_is_in_the_file_at_once_and_then_replaced(root: Path) -> None:
    writer = LogWriter(root)
    for piece, text in [
        (b"a\nfit ...", "a\nfit ..."),
        (b"\rdone", "a\ndone"),
        (b"!\nb", "a\ndone!\nb"),
    ]:
        writer.add(piece)
        assert writer.is_behind
        writer.write()
        assert (root / "log.txt").read_text() == text and not writer.is_behind
    writer.close()


def test_a_key_of_many_lines_that_comes_slowly_is_masked(root: Path) -> None:
    writer = LogWriter(root)
    key = [b"-----BEGIN RSA PRIVATE KEY-----\n", *[b"MIIEpAIBAAKCAQEA7bq\n"] * 5]
    for line in [b"a\n", *key, b"-----END RSA PRIVATE KEY-----\n", b"b\n"]:
        writer.add(line)
        writer.write()
        text = (root / "log.txt").read_text()
        assert text.startswith("a\n") and "MIIE" not in text
    writer.close()
    assert text.endswith("\nb\n")


def test_a_reader_gets_whole_lines_and_at_the_end_the_rest(root: Path) -> None:
    writer, reader, path = LogWriter(root), LogReader(), root / "log.txt"
    assert reader.read(path) == ""
    for piece, lines in [(b"a\nb", "a\n"), (b"c\n", "bc\n"), (b"d", "")]:
        writer.add(piece)
        writer.write()
        assert reader.read(path) == lines
    writer.close()
    assert reader.read(path, to_end=True) == "d"
    assert kept(root, b"new\n") == reader.read(path) == "new\n"


def test_a_log_of_before_the_experiment_is_not_its_log(root: Path) -> None:
    run = TaskRun("Step", "Step", "0" * 32, "not run")
    experiment = ExperimentRecord("e", "p", "c", [], {}, [run], started="2026-01-01T10:00:00+00:00")
    kept(task_folder("Step", "0" * 32), b"text\n")
    path = task_log.find(experiment, run)
    assert path
    os.utime(path, (0, time.mktime((2025, 1, 1, 0, 0, 0, 0, 0, 0))))
    assert task_log.find(experiment, run) is None
    run.state = "cached"
    assert task_log.find(experiment, run) == path
