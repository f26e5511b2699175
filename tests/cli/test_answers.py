"""An answer is given again at once while nothing that it depends on has changed, and never else."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labkart import digests, file_states, installed_files, trace
from labkart.cli import answers
from tests.support.tiny import write
from tests.support.variants import variants

SITE = {
    "one-1.0.dist-info/METADATA": "Name: One\nVersion: 1.0\n",
    "one-1.0.dist-info/RECORD": "one/__init__.py,sha256=00,5\none-1.0.dist-info/RECORD,,\n",
    "one/__init__.py": "x = 1",
    "one.pth": "",
}


class Command:
    """A command that prints an answer which depends on what the tests change."""

    def __init__(self, root: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.elsewhere, self.monkeypatch = root, elsewhere, monkeypatch
        self.count = 0
        self.look: Callable[[], object] = lambda: None
        self.before_end: Callable[[], object] = lambda: None

    def __call__(self, *arguments: str, verb: str = "status") -> bool:
        """Run it as a process of its own would; return whether its answer was computed."""
        self.monkeypatch.setattr(trace._current, "is_used", False)
        count = self.count
        assert answers.answer(verb, list(arguments), self._compute) == 0
        return self.count > count

    def _compute(self, _: list[str]) -> int:
        self.count += 1
        for name in ("table.csv", "absent.csv"):
            if (self.elsewhere / name).exists():
                (self.elsewhere / name).read_text(encoding="utf-8")
            digests.stamp(self.elsewhere / name)
        list((self.elsewhere / "folder").iterdir())
        installed_files.edits(str(self.elsewhere / "lib/site-packages/one-1.0.dist-info/RECORD"))
        self.look()
        print(f"answer {self.count}")
        print("warning", file=sys.stderr)
        trace.confirm("e1")
        self.before_end()
        return 0


@pytest.fixture
def command(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere, **{"table.csv": "1", "folder/a.txt": "a"})
    write(elsewhere / "lib/site-packages", **SITE)
    write(
        root,
        **{
            "src/study/__init__.py": "",
            "src/study/tasks.py": "RATE = 2\n",
            "data/raw/table.csv": "1,2\n",
            "notebooks/look.ipynb": "{}",
            "lib/prepare.sh": "true",
            ".env": "KEY=1\n",
            "uv.lock": "",
            ".venv/pyvenv.cfg": "",
            "outputs/cache/a.pkl": "a",
        },
    )
    (root / "data/linked.csv").symlink_to(elsewhere / "table.csv")
    monkeypatch.setattr(
        sys, "path", [str(root / "src"), str(elsewhere / "lib/site-packages"), *STANDARD]
    )
    return Command(root, elsewhere, monkeypatch)


STANDARD = [path for path in sys.path if path.startswith(str(Path(os.__file__).parent))]


def test_it_is_given_again_word_for_word(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("seed=1")
    first = capsys.readouterr()
    assert not command("seed=1")
    assert capsys.readouterr() == first == ("answer 1\n", "warning\n")
    assert command("seed=2"), "another question"
    assert command("seed=1", "--json")
    assert not command("seed=1")


def edit(name: str, text: str = "RATE = 5\n") -> Callable[[Command], None]:
    return lambda command: write(command.root, **{name: text})


def outside(name: str, text: str = "2") -> Callable[[Command], None]:
    return lambda command: write(command.elsewhere, **{name: text})


def rewrite_unseen(command: Command) -> None:
    """Another content of the same size, with the time of modification that it had."""
    file = command.root / "src/study/tasks.py"
    times = file.stat()
    file.write_text("RATE = 5\n")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def link_elsewhere(command: Command) -> None:
    link = command.root / "data/linked.csv"
    link.unlink()
    link.symlink_to(command.elsewhere / "folder/a.txt")


CHANGES: dict[str, Callable[[Command], object]] = {
    "a value in conf": edit("conf/config.yaml", "seed: 1\n"),
    "a new file in conf": edit("conf/local/default.yaml", "seed: 1\n"),
    "code": edit("src/study/tasks.py"),
    "code, unseen": rewrite_unseen,
    "a new module": edit("src/study/new.py"),
    "a module that shadows a package": edit("src/one.py"),
    "a package that shadows a module": edit("src/study/tasks/__init__.py"),
    "a module in the project's folder": edit("one.py"),
    "code that is gone": lambda command: (command.root / "src/study/tasks.py").unlink(),
    "code that was renamed": lambda command: (command.root / "src/study/tasks.py").rename(
        command.root / "src/study/steps.py"
    ),
    "a notebook": edit("notebooks/look.ipynb", "[]"),
    "a script": edit("lib/prepare.sh", "exit"),
    "a file of variables": edit(".env", "KEY=2\n"),
    "pyproject.toml": lambda command: (command.root / "pyproject.toml").write_text(
        (command.root / "pyproject.toml").read_text() + "[tool.other]\n"
    ),
    "uv.lock": edit("uv.lock", "version = 1\n"),
    "data": edit("data/raw/table.csv", "1,3\n"),
    "a new file of data": edit("data/raw/more.csv"),
    "a new empty folder": lambda command: (command.root / "data/raw/empty").mkdir(),
    "a link's target": outside("table.csv"),
    "a link": link_elsewhere,
    "a file outside": outside("table.csv"),
    "a file outside that is gone": lambda command: (command.elsewhere / "table.csv").unlink(),
    "a file outside that did not exist": outside("absent.csv"),
    "a new file in a folder outside": outside("folder/b.txt"),
    "a variable": lambda command: command.monkeypatch.setenv("STUDY_RATE", "5"),
    "the working directory": lambda command: command.monkeypatch.chdir(command.root / "src"),
    "the path of modules": lambda command: command.monkeypatch.setattr(
        sys, "path", [str(command.elsewhere / "folder"), *sys.path]
    ),
    "another Python": lambda command: command.monkeypatch.setattr(sys, "version", "3.99"),
    "a new package": outside("lib/site-packages/two-1.dist-info/METADATA"),
    "another version": lambda command: (
        command.elsewhere / "lib/site-packages/one-1.0.dist-info"
    ).rename(command.elsewhere / "lib/site-packages/one-1.1.dist-info"),
    "the same version again": outside("lib/site-packages/one-1.0.dist-info/METADATA"),
    "a folder that a package adds": outside("lib/site-packages/one.pth", "/nowhere"),
    "a module beside the packages": outside("lib/site-packages/two.py"),
    "an edited package": outside("lib/site-packages/one/__init__.py", "x = 2"),
    "an experiment that runs": edit("outputs/running/e2.host.lock"),
    "a search that runs": edit("outputs/records/studies/s/.searching.1.host.lock"),
}


@pytest.mark.parametrize("change", variants(CHANGES, 12))
def test_a_change_computes_it_again(change: Callable[[Command], object], command: Command) -> None:
    assert command()
    assert not command()
    change(command)
    assert command()


HARMLESS: dict[str, Callable[[Command], object]] = {
    "bytecode": edit("src/study/__pycache__/tasks.pyc"),
    "a package's bytecode": outside("lib/site-packages/one/__pycache__/a.pyc"),
    "an environment": edit(".venv/lib/a.py"),
    "another environment": edit(".venv/pyvenv.cfg", "home = /"),
    "git's own files": edit(".git/index"),
    "an output of other tasks": edit("outputs/cache/b.pkl"),
    "a package that no task uses": outside("lib/site-packages/two/new.py"),
    "a shell in a shell": lambda command: command.monkeypatch.setenv("SHLVL", "9"),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_it_does_not_depend_on_leaves_it(
    change: Callable[[Command], object], command: Command
) -> None:
    write(command.elsewhere / "lib/site-packages", **{"two/__init__.py": ""})
    assert command()
    change(command)
    assert not command()


def test_a_file_that_changes_while_it_is_computed_is_in_doubt(command: Command) -> None:
    command.before_end = lambda: edit("src/study/tasks.py", f"RATE = {command.count}\n")(command)
    assert command()
    assert command()
    command.before_end = lambda: outside("table.csv", f"{command.count}")(command)
    assert command()
    assert command()


def test_an_edit_that_leaves_the_times_of_a_coarse_file_system_is_seen(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def coarse(status: os.stat_result) -> digests.Stamp:
        return [int(status.st_mtime) // 3600 * 3600 * 10**9, 0, 0, status.st_size]

    monkeypatch.setattr(digests, "_stamp", coarse)
    monkeypatch.setattr(file_states, "DOUBT", 10**18)
    assert command()
    for change in (edit("src/study/tasks.py"), outside("table.csv")):
        assert not command()
        change(command)
        assert command()


def test_a_file_too_large_to_read_that_changed_a_moment_ago_is_in_doubt(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_states, "_MOST_BYTES", 3)
    assert command()
    assert command()
    monkeypatch.setattr(file_states, "DOUBT", -(10**12))
    assert command()
    assert not command()


def test_what_asks_something_that_is_in_no_file_is_computed_each_time(command: Command) -> None:
    command.look = lambda: subprocess.run(["true"], check=True)
    assert command()
    assert command()


@pytest.mark.parametrize("option", ["-m", "--multirun", "--cfg", "--help"])
def test_a_command_with_options_is_computed(option: str, command: Command) -> None:
    assert command(option)
    assert command(option)


def test_other_verbs_are_computed(command: Command) -> None:
    assert command(verb="graph")
    assert command(verb="graph")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '"no"', '{"printed": 1}', "null"])
def test_a_damaged_answer_is_computed_again(text: str, command: Command) -> None:
    assert command()
    (file,) = (command.root / "outputs/memos/answers").iterdir()
    file.write_text(text)
    assert command()
    assert not command()


def test_an_answer_that_cannot_be_kept_costs_only_time(command: Command) -> None:
    write(command.root, **{"outputs/memos/answers": "a file"})
    assert command()
    assert command()


def test_old_answers_give_way(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_MOST_ANSWERS", 2)
    for seed in (1, 2, 3):
        assert command(f"seed={seed}")
    assert not command("seed=3")
    assert not command("seed=2")
    assert command("seed=1")


def test_a_project_with_too_many_files_is_looked_at_anew(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_states, "_MOST_FILES", 3)
    assert command()
    assert command()


def test_an_editable_package_counts_wherever_it_is(command: Command, tmp_path: Path) -> None:
    write(tmp_path / "other", **{"flat.py": "RATE = 2\n"})
    url = f'{{"url": "file://{tmp_path}/other", "dir_info": {{"editable": true}}}}'
    write(
        command.elsewhere / "lib/site-packages",
        **{"flat-1.dist-info/METADATA": "", "flat-1.dist-info/direct_url.json": url},
    )
    assert command()
    assert not command()
    write(tmp_path / "other", **{"flat.py": "RATE = 5\n"})
    assert command()


def test_the_streams_are_as_they_were(command: Command) -> None:
    streams = sys.stdout, sys.stderr
    assert command()
    assert (sys.stdout, sys.stderr) == streams
    assert "write" not in vars(sys.stdout)
