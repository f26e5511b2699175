"""What is printed while a task runs, by whatever: it is in the task's log, and where it was printed before."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.terminal import terminal

pytestmark = pytest.mark.integration

# Runs blocks as tasks, each with a folder below this one.
SCRIPT = """\
import ctypes, os, subprocess, sys, time
from pathlib import Path
from labkart.tasks import capture, monitor
{first}
capture.start(["tellnobody"])
def task(name, print_it):
    with capture.captured(Path.cwd() / name):
        print_it()
{rest}
"""


def script(rest: str, first: str = "") -> str:
    return SCRIPT.format(rest=rest, first=first)


def run(folder: Path, rest: str, first: str = "", **streams: int) -> tuple[str, str]:
    """What a script prints on both streams."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    command = [sys.executable, "-c", script(rest, first)]
    done = subprocess.run(command, cwd=folder, text=True, timeout=300, **streams)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr or ""


def log(folder: Path, name: str) -> str:
    file = folder / name / "log.txt"
    return file.read_text() if file.exists() else ""


def test_all_ways_of_printing_are_in_the_log_and_on_their_streams(tmp_path: Path) -> None:
    out, err = run(
        tmp_path,
        """
def everything():
    print("by Python")
    ctypes.CDLL(None).puts(b"by C")
    subprocess.run(["echo", "by a child"])
    print("an error of tellnobody", file=sys.stderr)
print("before")
task("first", everything)
print("between")
task("silent", lambda: None)
task("second", lambda: os.write(2, b"unfinished"))
print("after")
""",
    )
    assert out == "before\nby Python\nby C\nby a child\nbetween\nafter\n"
    assert err == "an error of tellnobody\nunfinished"
    lines = log(tmp_path, "first").splitlines()
    assert sorted(lines) == ["an error of ***", "by C", "by Python", "by a child"]
    assert log(tmp_path, "second") == "unfinished" and not (tmp_path / "silent").exists()


def test_in_one_stream_the_order_stays(tmp_path: Path) -> None:
    numbers = """
for number in range(20):
    task(str(number), lambda: [os.write(1 + i % 2, b"%d.%d\\n" % (number, i)) for i in range(20)])
    os.write(1, b"--\\n")
"""
    out, _ = run(tmp_path, numbers, stderr=subprocess.STDOUT)
    texts = ["".join(f"{number}.{i}\n" for i in range(20)) for number in range(20)]
    assert out == "".join(f"{text}--\n" for text in texts)
    assert [log(tmp_path, str(number)) for number in range(20)] == texts


def test_what_a_killed_task_printed_is_kept(tmp_path: Path) -> None:
    killed = """
def die():
    print("x" * 200_000)
    print("the last words\x1b", end="")
    sys.stdout.flush()
    os.kill(os.getpid(), 9)
if not (pid := os.fork()):
    task("killed", die)
os.waitpid(pid, 0)
"""
    out, _ = run(tmp_path, killed)
    words = "x" * 200_000 + "\nthe last words"
    assert [out, log(tmp_path, "killed")] == [f"{words}\x1b", words]


def test_a_child_that_outlives_its_task_prints_into_no_other_log(tmp_path: Path) -> None:
    left = """
command = "echo early; touch printed; read line; echo late"
def leave():
    global child
    child = subprocess.Popen(["sh", "-c", command], stdin=-1)
    while not Path("printed").exists(): time.sleep(0.01)
def go_on():
    print("second")
    child.communicate(b"now")
task("first", leave)
task("second", go_on)
"""
    out, _ = run(tmp_path, left)
    assert sorted(out.split()) == ["early", "late", "second"]
    assert (log(tmp_path, "first"), log(tmp_path, "second")) == ("early\n", "second\n")


def test_a_monitor_that_dies_fails_no_task_that_begins_later(tmp_path: Path) -> None:
    dead = """
os.kill(monitor := children()[0], 9)
os.waitid(os.P_PID, monitor, os.WEXITED | os.WNOWAIT)
task("first", lambda: print("text"))
"""
    find = "children = lambda: [int(n) for n in Path(f'/proc/self/task/{os.getpid()}/children').read_text().split()]"
    assert run(tmp_path, dead, find)[0] == "text\n"


def test_a_long_task_leaves_a_table_of_what_it_used(tmp_path: Path) -> None:
    busy = """
def work():
    end, busy = time.time() + 1.3, time.process_time() + 0.1
    while time.process_time() < busy: pass
    time.sleep(max(0, end - time.time()))
task("long", work)
"""
    run(tmp_path, busy, "monitor.machine_use.SHORTEST = 1.0")
    head, *rows = (tmp_path / "long/machine_use.csv").read_text().splitlines()
    assert head == "seconds,cpu_percent,memory_mb,disk_read_mb,disk_written_mb"
    columns = zip(*(map(float, row.split(",")) for row in rows), strict=True)
    seconds, percent, memory, *_ = map(max, columns)
    assert 0.5 < seconds < 60 and percent > 0 and memory > 10


def test_on_a_terminal_a_task_has_one(tmp_path: Path) -> None:
    look = """
def look():
    print(sys.stdout.isatty(), os.get_terminal_size(2).columns)
    subprocess.run(["sh", "-c", "test -t 1 && echo yes"])
    print("\\x1b[31mred\\x1b[0m\\r50%\\r100%")
task("first", look)
print("end")
"""
    size = (
        "import fcntl, termios; fcntl.ioctl(1, termios.TIOCSWINSZ, b'\\x28\\0\\x4d\\0\\0\\0\\0\\0')"
    )
    with terminal(tmp_path, sys.executable, "-c", script(look, size)) as screen:
        assert screen.end() == 0
    assert screen.written == (b"True 77\r\nyes\r\n\x1b[31mred\x1b[0m\r50%\r100%\r\nend\r\n")
    assert log(tmp_path, "first") == "True 77\nyes\n100%\n"


@pytest.mark.parametrize("target", ["/dev/full", "/dev/null"])
def test_where_it_cannot_be_shown_it_is_kept(tmp_path: Path, target: str) -> None:
    with Path(target).open("w") as stream:
        run(tmp_path, 'task("first", lambda: os.write(1, b"text\\n"))', stdout=stream.fileno())
    assert log(tmp_path, "first") == "text\n"
