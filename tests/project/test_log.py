"""`labkart log`: what tasks print is on the terminal, beside the record, in MLflow, and shown while they run."""

from pathlib import Path

from tests.project.test_tracking import running, study
from tests.support.bake import Project
from tests.support.tiny import soon

LEFT = """\
print("left begins")
subprocess.run("echo a child; echo API_KEY=sk-abcdefghijklmnopqrstuvwxyz123456 >&2", shell=True)
wait_for("go")
print("left ends")"""
LAST = """\
print("last begins")
if self.seed == 1: raise ValueError("no such luck")
if self.seed == 2: os.kill(os.getpid(), signal.SIGKILL)"""


def log_in_mlflow(project: Project) -> str:
    files = list((project.root / "outputs/artifacts").glob("*/artifacts/Left/log.txt"))
    return files[0].read_text() if files else ""


def test_a_log_is_seen_while_its_task_runs_and_ever_after(fresh: Project) -> None:
    study(fresh, left=LEFT, last=LAST)
    nothing = fresh.run("labkart", "log")
    assert nothing.returncode == 1 and nothing.stderr.startswith("No experiments yet; ")
    with running(fresh, "run") as run:
        soon(lambda: "a child" in log_in_mlflow(fresh))
        with (
            running(fresh, "log", "--follow") as all_of_them,
            running(fresh, "log", "Left", "-f") as left,
        ):
            soon(lambda: "a child" in all_of_them.printed and "a child" in left.printed)
            Path(fresh.root / "go").touch()
            assert left.wait().returncode == 0
            assert all_of_them.wait().returncode == 0
            assert run.wait().returncode == 0
    assert "left begins\na child\nleft ends\n" in run.printed
    assert "API_KEY=sk-" in run.errors  # the terminal is the student's own
    logged = log_in_mlflow(fresh)
    assert sorted(logged.splitlines()) == ["API_KEY=***", "a child", "left begins", "left ends"]
    assert left.printed == logged
    assert all_of_them.printed == f"── Left\n{logged}── Last\nlast begins\n"
    assert fresh.labkart("log", "Left") == logged
    assert fresh.labkart("log") == f"── Left  ran\n{logged}── Last  ran\nlast begins\n"
    assert fresh.run("labkart", "log", "Right").stderr.endswith("printed nothing.\n")

    failed = fresh.run("labkart", "run", "seed=1")
    assert failed.returncode == 1 and "last begins\n" in failed.stdout
    shown = fresh.labkart("log")
    assert shown.startswith(f"── Left  cached\n{logged}── Last  failed\nlast begins\nTraceback")
    assert shown.endswith("ValueError: no such luck\n")
    killed = fresh.run("labkart", "run", "seed=2")
    assert killed.returncode == 1
    # On a busy machine the process that keeps the log may end after the command.
    soon(lambda: fresh.labkart("log", "Last").startswith("last begins\nkilled by SIGKILL"))
