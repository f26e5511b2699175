"""A task is complete when its output is what its record says, and runs once, seeded, with everything it logs recorded."""

import errno
import json
import math
import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import gokart
import luigi
import numpy as np
import pandas as pd
import pytest
from gokart.build import GokartBuildError
from matplotlib.figure import Figure

from labkart import LabkartError, Task
from labkart.records import mlflow_log
from labkart.records.record import TaskRecord

pytestmark = pytest.mark.usefixtures("root")


def computed() -> int:
    """How often a task has called `compute`."""
    return len(Path("computed").read_text()) if Path("computed").exists() else 0


def compute() -> None:
    with Path("computed").open("a") as file:
        file.write(".")


def recorded(task: Task[Any]) -> TaskRecord:
    last = task.last_record()
    assert last
    return last


def output(task: Task[Any]) -> Path:
    return Path(task.output().path())  # type: ignore[union-attr]


class Number(Task[int]):
    value: luigi.IntParameter = luigi.IntParameter(default=7)

    def run(self) -> None:
        compute()
        self.dump(self.value)


class Double(Task[int]):
    number: gokart.TaskInstanceParameter[Number] = gokart.TaskInstanceParameter(
        expected_type=Number
    )

    def run(self) -> None:
        self.dump(2 * self.load(self.number))


class Draw(Task[list[float]]):
    seed: luigi.IntParameter = luigi.IntParameter(default=0)
    other: luigi.StrParameter = luigi.StrParameter(default="")

    def run(self) -> None:
        self.dump(
            [
                random.random(),
                float(np.random.default_rng(np.random.randint(1000)).random()),
                np.random.rand(),
            ]
        )


class DrawUnseeded(Task[list[float]]):
    def run(self) -> None:
        Draw.run(self)  # type: ignore[arg-type]


class Logged(Task[int]):
    def run(self) -> None:
        compute()
        for step, loss in enumerate([0.5, 0.25]):
            self.log_metric("loss/train", loss, step=step)
        self.log_metric("accuracy", np.float32(0.75))
        figure = Figure()
        figure.add_subplot().plot([1, 2])
        self.log_figure("roc", figure)
        self.log_figure("roc curve.svg", figure)
        self.log_table("rows", pd.DataFrame({"x": [1, 2]}))
        self.log_table("named", pd.DataFrame({"x": [1]}, index=["total"]))
        self.dump(1)


class Forgetful(Task[int]):
    def run(self) -> None:
        self.log_metric("loss", 1.0)


class Interrupted(Task[int]):
    def run(self) -> None:
        raise KeyboardInterrupt


class Unlucky(Task[int]):
    """Declares what sounds like the runtime's own."""

    label: luigi.StrParameter = luigi.StrParameter()
    record: luigi.StrParameter = luigi.StrParameter()
    name: luigi.StrParameter = luigi.StrParameter()
    status: luigi.StrParameter = luigi.StrParameter()

    def run(self) -> None:
        self.log_metric("loss", 1.0)
        self.dump(1)


def test_a_task_is_complete_once_it_has_run() -> None:
    task = Number()
    assert not task.complete()
    assert gokart.build(task) == 7
    assert task.complete()


def test_a_complete_task_does_not_run_again() -> None:
    assert [gokart.build(Number()), gokart.build(Number())] == [7, 7]
    assert computed() == 1


def test_tasks_build_in_their_order_without_anything_else() -> None:
    assert gokart.build(Double(number=Number(value=21))) == 42


def test_an_output_without_a_record_is_not_complete() -> None:
    task = Number()
    task.dump(7)
    assert output(task).exists()
    assert not task.complete()


def delete(file: Path) -> None:
    file.unlink()


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def flip_a_byte(file: Path) -> None:
    """Keep the size, and put the modification time back."""
    times, content = file.stat(), bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def overwrite(file: Path) -> None:
    shutil.copy(__file__, file)


@pytest.mark.parametrize("damage", [delete, truncate, empty, flip_a_byte, overwrite])
def test_a_task_whose_output_was_damaged_runs_again(damage: Callable[[Path], None]) -> None:
    task = Number()
    gokart.build(task)
    damage(output(task))
    assert not task.complete()
    assert gokart.build(task) == 7
    assert (computed(), task.complete()) == (2, True)


@pytest.mark.parametrize("damage", [delete, truncate, empty, overwrite])
def test_a_task_whose_record_was_damaged_runs_again(damage: Callable[[Path], None]) -> None:
    task = Number()
    gokart.build(task)
    damage(recorded(task).folder / "record.json")
    assert not task.complete()
    assert gokart.build(task) == 7
    assert (computed(), task.complete()) == (2, True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("outputs", []),
        ("outputs", {}),
        ("outputs", "abc"),
        ("outputs", ["x"]),
        ("outputs", [{"path": "x"}]),
        ("metrics", [[1]]),
        ("status", None),
        ("id", "another"),
    ],
)
def test_a_task_whose_record_says_something_odd_runs_again(field: str, value: Any) -> None:
    task = Number()
    gokart.build(task)
    file = recorded(task).folder / "record.json"
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), field: value}))
    assert not task.complete()
    assert gokart.build(task) == 7
    assert (computed(), task.complete()) == (2, True)


def test_the_record_of_another_task_completes_none() -> None:
    one, other = Number(value=1), Number(value=2)
    gokart.build(one)
    folder = recorded(one).folder
    shutil.copytree(
        folder, folder.with_name(folder.name.replace(one.make_unique_id(), other.make_unique_id()))
    )
    assert recorded(other) == recorded(one)
    assert not other.complete()


def test_a_task_with_several_outputs_needs_all_of_them() -> None:
    class Parts(Task[int]):
        def output(self) -> Any:
            return [self.make_target("a.pkl"), self.make_target("b.pkl")]

        def run(self) -> None:
            for target in self.output():
                target.dump(1)

    task = Parts()
    gokart.build(task, return_value=False)
    assert task.complete()
    Path(task.output()[1].path()).unlink()
    assert not task.complete()


def test_outputs_that_moved_are_still_complete(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gokart.build(Number())
    shutil.copytree(root / "outputs", root / "copy")
    shutil.rmtree(root / "outputs")
    monkeypatch.setenv("LABKART_OUTPUTS", "copy")
    assert Number().complete()


def test_everything_that_a_run_leaves_lies_in_the_outputs(root: Path) -> None:
    before = set(root.iterdir())
    gokart.build(Double(number=Number()))
    assert set(root.iterdir()) - before == {root / "outputs", root / "computed"}


def test_a_record_says_what_ran_on_what() -> None:
    task = Double(number=Number())
    gokart.build(task)
    last = recorded(task)
    assert (last.id, last.name, last.status) == (task.make_unique_id(), "Double", "done")
    assert (last.params, last.upstream) == ({}, [f"Number_{Number().make_unique_id()}"])
    assert [Path("outputs", state.path).absolute() for state in last.outputs] == [
        output(task).absolute()
    ]
    assert last.wall_seconds > 0 < last.peak_memory_mb


def test_other_parameters_or_other_upstream_tasks_are_another_task() -> None:
    tasks = [
        task
        for value in (1, 2)
        for task in (Number(value=value), Double(number=Number(value=value)))
    ]
    assert len({task.make_unique_id() for task in tasks}) == 4


def test_the_same_seed_draws_the_same_numbers_whatever_else_the_task_is_given() -> None:
    random.seed(1)
    first = gokart.build(Draw(seed=3, other="a"))
    random.seed(2)
    np.random.seed(2)
    assert gokart.build(Draw(seed=3, other="b")) == first
    assert Draw(seed=3, other="a").make_unique_id() != Draw(seed=3, other="b").make_unique_id()


def test_another_seed_draws_other_numbers() -> None:
    for one, other in zip(gokart.build(Draw(seed=3)), gokart.build(Draw(seed=4)), strict=True):
        assert one != other


def test_a_task_without_a_seed_is_seeded_with_0() -> None:
    random.seed(99)
    assert gokart.build(DrawUnseeded()) == gokart.build(Draw(seed=0))
    assert recorded(DrawUnseeded()).seed == 0


@pytest.mark.parametrize("seed", [0, 1, -1, 2**40])
def test_any_whole_number_is_a_seed_and_is_recorded(seed: int) -> None:
    gokart.build(Draw(seed=seed))
    assert recorded(Draw(seed=seed)).seed == seed


def test_metrics_land_in_the_record() -> None:
    gokart.build(Logged())
    logged = [(metric.name, metric.value, metric.step) for metric in recorded(Logged()).metrics]
    assert logged == [("loss/train", 0.5, 0), ("loss/train", 0.25, 1), ("accuracy", 0.75, None)]


def test_figures_and_tables_land_beside_the_record() -> None:
    gokart.build(Logged())
    last = recorded(Logged())
    assert (last.figures, last.tables) == (["roc.png", "roc curve.svg"], ["rows.csv", "named.csv"])
    assert (last.folder / "roc.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (last.folder / "roc curve.svg").read_text()
    assert (last.folder / "rows.csv").read_text() == "x\n1\n2\n"
    assert (last.folder / "named.csv").read_text() == ",x\ntotal,1\n"


def test_a_dot_in_a_files_name_is_no_suffix() -> None:
    class Dots(Task[int]):
        def run(self) -> None:
            self.log_figure("alpha 0.5", Figure())
            self.log_table("alpha 0.5", pd.DataFrame({"x": [1]}))
            self.dump(1)

    gokart.build(Dots())
    last = recorded(Dots())
    assert (last.figures, last.tables) == (["alpha 0.5.png"], ["alpha 0.5.csv"])
    assert (last.folder / "alpha 0.5.png").read_bytes().startswith(b"\x89PNG")
    assert (last.folder / "alpha 0.5.csv").exists()


def test_what_is_logged_twice_is_listed_once_and_the_last_one_stays() -> None:
    class Twice(Task[int]):
        def run(self) -> None:
            for x in (1, 2):
                self.log_figure("roc", Figure())
                self.log_table("rows", pd.DataFrame({"x": [x]}))
            self.dump(1)

    gokart.build(Twice())
    last = recorded(Twice())
    assert (last.figures, last.tables) == (["roc.png"], ["rows.csv"])
    assert (last.folder / "rows.csv").read_text() == "x\n2\n"


def test_a_task_that_runs_again_logs_everything_once() -> None:
    gokart.build(Logged())
    first = recorded(Logged())
    stray = first.folder / "of an earlier run.png"
    stray.touch()
    delete(output(Logged()))
    gokart.build(Logged())
    again = recorded(Logged())
    assert (len(again.metrics), again.figures, again.tables) == (3, first.figures, first.tables)
    assert not stray.exists()


def test_a_cached_task_keeps_its_record() -> None:
    gokart.build(Logged())
    before = recorded(Logged())
    gokart.build(Logged())
    assert recorded(Logged()) == before


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_metric_that_is_not_finite_is_recorded(value: float) -> None:
    class Diverges(Task[int]):
        def run(self) -> None:
            self.log_metric("loss", value)
            self.dump(1)

    gokart.build(Diverges())
    assert str(recorded(Diverges()).metrics[0].value) == str(value)


@pytest.mark.parametrize("name", ["MAP@10", "acc (%)", "損失[平均]", "a//b", "", "x" * 300])
def test_a_name_that_mlflow_refuses_is_recorded_and_said_once(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    mlflow_log.warn_of_name.cache_clear()
    task = Number()
    for value in (1, 2):
        task.log_metric(name, value)
    assert [metric.name for metric in task._metrics[-2:]] == [name, name]
    assert caplog.text.count("MLflow takes no name") == 1


def test_a_step_may_count_as_numpy_does() -> None:
    class Steps(Task[int]):
        def run(self) -> None:
            for step in np.arange(2):
                self.log_metric("loss", 1.0, step=step)
            self.dump(1)

    assert gokart.build(Steps()) == 1
    assert [metric.step for metric in recorded(Steps()).metrics] == [0, 1]


@pytest.mark.parametrize("step", [1.5, "a", [1]])
def test_a_step_that_is_no_whole_number_is_refused(step: Any) -> None:
    with pytest.raises(
        LabkartError,
        match=f'^Metric "loss" .* at an integer step, got 1.0 at step {re.escape(repr(step))}\\.$',
    ):
        Number().log_metric("loss", 1.0, step=step)


@pytest.mark.parametrize("value", [None, "high", [1.0], 1j, {}])
def test_a_metric_that_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(LabkartError, match=r'^Metric "loss" must be one number, got .+'):
        Number().log_metric("loss", value)


@pytest.mark.parametrize("name", ["", "a/b", "../a", "..", ".", "a:b", "/a", "a\n", "a.", "a\\b"])
def test_a_name_that_no_file_can_have_is_refused(name: str) -> None:
    for log, thing in ((Number().log_figure, Figure()), (Number().log_table, pd.DataFrame())):
        with pytest.raises(LabkartError, match=r"cannot name a file\. Use letters"):
            log(name, thing)


def test_a_task_that_never_dumps_fails_with_a_sentence() -> None:
    with pytest.raises(GokartBuildError):
        gokart.build(Forgetful(), return_value=False)
    last = recorded(Forgetful())
    assert last.error == "Forgetful.run() ended without an output. Let it end with self.dump(...)."
    assert (last.status, last.outputs, last.metrics[0].value) == ("failed", [], 1.0)


def test_a_failure_that_cannot_be_recorded_is_told_in_a_sentence(root: Path) -> None:
    error = OSError(errno.ENOSPC, "No space left on device", str(root / "outputs/cache/a.pkl"))
    assert Interrupted().on_failure(error) == "outputs: the disk is full. Free some space on it."


def test_a_task_that_fails_leaves_a_record_that_says_where_and_why(
    student: Callable[[str], ModuleType],
) -> None:
    module = student(
        "import labkart\n\n\nclass Fails(labkart.Task):\n    def run(self):\n        self.log_metric('loss', 1)\n        {}['alpha']\n"
    )
    task = module.Fails()
    with pytest.raises(GokartBuildError):
        gokart.build(task)
    last = recorded(task)
    assert (last.status, last.error) == ("failed", f"src/{module.__name__}.py:7: KeyError: 'alpha'")
    assert last.traceback and "in run\n    {}['alpha']" in last.traceback
    assert not task.complete()


@pytest.mark.parametrize("text", ["\udcff", "\ud800"])  # noqa: PT014 (ruff reads both alike)
def test_a_task_that_fails_with_a_text_that_no_file_can_hold_leaves_a_record(text: str) -> None:
    class Unwritable(Task[int]):
        def run(self) -> None:
            raise ValueError(text)

    with pytest.raises(ValueError) as caught:  # noqa: PT011 (compared below)
        Unwritable().run()
    assert type(caught.value) is ValueError
    assert str(caught.value) == text
    last = recorded(Unwritable())
    assert (last.status, last.error) == ("failed", f"ValueError: {text}")


def test_a_task_that_failed_runs_again_and_its_error_is_gone() -> None:
    class Second(Task[int]):
        def run(self) -> None:
            compute()
            if computed() == 1:
                raise ValueError("at first")
            self.dump(1)

    with pytest.raises(GokartBuildError):
        gokart.build(Second())
    assert gokart.build(Second()) == 1
    assert (recorded(Second()).status, recorded(Second()).error) == ("done", None)


def test_an_interrupted_task_is_recorded_as_stopped() -> None:
    with pytest.raises(KeyboardInterrupt):
        Interrupted().run()
    record = recorded(Interrupted())
    assert record.status == record.error == "stopped"
    assert not Interrupted().complete()


def test_a_task_that_failed_after_its_output_is_not_complete() -> None:
    class Late(Task[int]):
        def run(self) -> None:
            self.dump(1)
            raise ValueError("too late")

    with pytest.raises(ValueError, match="too late"):
        Late().run()
    assert output(Late()).exists()
    assert not Late().complete()


GATHERS = """\
from pathlib import Path
import luigi
from labkart import Task

class Addend(Task):
    value = luigi.IntParameter()
    def run(self):
        self.dump(self.value)

class Gathers(Task):
    def run(self):
        addends = [Addend(value=1), Addend(value=2)]
        yield addends
        with Path("computed").open("a") as file:
            file.write(".")
        self.log_metric("sum", 3)
        self.dump(sum(addend.output().load() for addend in addends))
"""


def test_a_task_may_ask_for_upstream_tasks_while_it_runs(
    student: Callable[[str], ModuleType],
) -> None:
    task = student(GATHERS).Gathers()
    # Without this, gokart forgets the classes that luigi then looks for by name.
    assert gokart.build(task, reset_register=False) == 3
    assert [metric.value for metric in recorded(task).metrics] == [3.0]
    list(task.run())
    assert (computed(), task.complete()) == (1, True)


def test_a_task_that_waits_for_what_it_asked_for_has_no_record(
    student: Callable[[str], ModuleType],
) -> None:
    task = student(GATHERS).Gathers()
    steps = task.run()
    assert len(next(steps)) == 2
    steps.close()
    assert task.last_record() is None


def test_parameters_that_sound_like_the_runtimes_own_do_no_harm() -> None:
    params = {"label": "a", "record": "b", "name": "c", "status": "d"}
    task = Unlucky(**params)
    assert gokart.build(task) == 1
    assert recorded(task).params == params
    assert (recorded(task).name, recorded(task).status, task.complete()) == (
        "Unlucky",
        "done",
        True,
    )


def test_the_lock_is_gone_when_a_task_is_done(root: Path) -> None:
    gokart.build(Number())
    assert not list((root / "outputs/cache/locks").iterdir())


def test_a_record_is_plain_json(root: Path) -> None:
    gokart.build(Logged())
    (file,) = root.glob("outputs/records/tasks/Logged_*/record.json")
    assert json.loads(file.read_text("utf-8"))["metrics"][2][:2] == ["accuracy", 0.75]


class Steps(Task[int]):
    stops = luigi.IntParameter(significant=False)

    def run(self) -> None:
        saved = self.checkpoint_dir / "step"
        for step in range(int(saved.read_text()) + 1 if saved.exists() else 0, 5):
            self.log_metric("loss", 10 * self.stops + step, step=step)
            if step == self.stops:
                raise KeyboardInterrupt
            saved.write_text(str(step))
        self.dump(1)


def test_a_task_that_was_stopped_finds_its_checkpoint_and_keeps_its_curve() -> None:
    Number(value=1).run()
    assert not Path("outputs/checkpoints").exists()
    for stops in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            Steps(stops=stops).run()
        assert [*Path("outputs/checkpoints").glob("Steps_*/step")]
    Steps(stops=9).run()
    losses = [(metric.step, metric.value) for metric in recorded(Steps(stops=9)).metrics]
    assert losses == [(0, 20.0), (1, 21.0), (2, 32.0), (3, 93.0), (4, 94.0)]
    assert not [*Path("outputs/checkpoints").iterdir()]
