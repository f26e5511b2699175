"""`labkart run --debug`: a person meets their task in the debugger; without it nobody waits for a keyboard."""

import subprocess

import pytest

from tests.support.bake import Project
from tests.support.terminal import terminal

TASK = "src/my_thesis/tasks/split.py"
LINE = "        x, y = table.drop"
# A debugger of a student's own, as ipdb is one.
OWN = """\
def set_trace():
    print("own debugger: breakpoint")


def post_mortem(traceback):
    print("own debugger: error")
"""


def stop_at(project: Project, line: str) -> None:
    project.edit(TASK, LINE, f"        {line}\n{LINE}")


@pytest.mark.thorough
def test_on_a_terminal_a_person_stops_at_a_breakpoint_and_at_an_error(project: Project) -> None:
    stop_at(project, "seed = self.seed; breakpoint(); assert seed > 0")
    command = project.command("labkart", "run", "--debug")
    path = str(project.root / "src")
    with terminal(project.root, *command, PYTHONPATH=path) as screen:
        screen.answer("(Pdb) ", "p 'at', table.shape")
        screen.answer("('at', (569, 31))\n(Pdb) ", "c")
        screen.answer("(Pdb) ", "p 'after', seed")
        screen.answer("('after', 0)\n(Pdb) ", "q")
        assert screen.end() == 1
    assert "AssertionError" in screen.text
    assert "SplitTable      failed" in screen.text


@pytest.mark.thorough
def test_a_person_who_leaves_the_debugger_stops_the_run(project: Project) -> None:
    stop_at(project, "breakpoint()")
    done = debug(project, "q\n")
    assert done.returncode == 130
    assert "Stopped. Finished work is kept" in done.stderr
    assert "4 tasks cached" not in done.stdout
    done = debug(project, "c\n")
    assert done.returncode == 0, done.stderr
    assert "SplitTable" in done.stdout
    assert "nothing to do" not in done.stdout


def test_a_debugger_of_a_students_own_opens(project: Project) -> None:
    (project.root / "src/own_debugger.py").write_text(OWN)
    stop_at(project, "breakpoint(); 1 / 0")
    done = debug(project, "", PYTHONBREAKPOINT="own_debugger.set_trace")
    assert done.returncode == 1
    assert "own debugger: breakpoint" in done.stdout
    assert "own debugger: error" in done.stdout


def test_without_debug_a_breakpoint_says_what_to_do(project: Project) -> None:
    sentence = (
        "SplitTable: src/my_thesis/tasks/split.py:30: A task runs in another process,"
        " which has no keyboard. Run it with: labkart run --debug\n"
    )
    stop_at(project, "breakpoint()")
    done = project.run("labkart", "run")
    assert done.returncode == 1
    assert done.stderr.startswith(sentence)
    project.edit(TASK, "breakpoint()", "import pdb; pdb.set_trace()")
    assert sentence.partition(":30")[2] in project.run("labkart", "run").stderr
    project.edit(TASK, "import pdb; pdb.set_trace()", "breakpoint()")
    assert project.run("labkart", "run", PYTHONBREAKPOINT="0").returncode == 0


def test_many_runs_are_not_debugged(project: Project) -> None:
    for words in (["-m", "seed=0,1"], ["hydra/launcher=slurm"]):
        done = project.run("labkart", "run", "--debug", *words)
        assert done.returncode == 1
        assert done.stderr == f"--debug is for one experiment. Leave out {words[0]}.\n"


def debug(project: Project, typed: str, **variables: str) -> subprocess.CompletedProcess[str]:
    assert project.warm
    return project.warm.execute(project, "labkart", "run", "--debug", typed=typed, **variables)
