"""What a result depends on beside code is declared, counted or refused: real runs, each in a process of its own."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.support.commands import Commands
from tests.support.tiny import FILES, write

PIPELINE = """\
import os
from pathlib import Path
import luigi
import pyarrow.parquet
from labkart import DataFolder, Task, make

OPTIONS = {"rate": 1}

class Part(Task):
    name = luigi.StrParameter()
    def run(self):
        self.dump(self.name)

class Total(Task):
    version = luigi.StrParameter()
    images = DataFolder()
    rate = 1
    def requires(self):
        return {name: Part(name=name) for name in Path("data/names.txt").read_text().split()}
    def run(self):
        table = pyarrow.parquet.read_table("data/raw/x.parquet")
        entries = len(list(self.images.rglob("*")))
        total = sum(table["x"].to_pylist()) + 100 * entries + 1000 * OPTIONS["rate"]
        self.log_metric("total", total)
        self.log_metric("first", ord(next(iter(self.load()))))
        self.dump(total)

def pipeline(cfg):
    total = make(Total, cfg.total)
    return total
"""


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(root: Path, warm: Commands) -> Run:
    """Run a command in a process of its own, in a project with the pipeline above."""
    write(root, **FILES)
    write(root, **{"src/study/__init__.py": "", "src/study/pipeline.py": PIPELINE})
    write(root, **{"conf/config.yaml": 'total:\n  version: "1.10"\n  images: data/raw/images\n'})
    write(root, **{"data/raw/images/a.txt": "a", "data/names.txt": "a b"})
    save(root, 1)

    def command(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        code = f"from labkart.cli.main import main; raise SystemExit(main({list(words)!r}))"
        variables = {"MLFLOW_DISABLE_TELEMETRY": "true", **variables}
        return warm.code(code, root, root / "src", **variables)

    return command


def save(root: Path, x: int) -> None:
    pd.DataFrame({"x": [x]}).to_parquet(root / "data/raw/x.parquet")


def test_whatever_a_task_reads_counts_and_what_it_does_not_declare_is_told(
    run: Run, root: Path
) -> None:
    done = run("run")
    assert "total 1101" in done.stdout, done.stderr
    named = "Total names data/raw/x.parquet in src/study/pipeline.py:21 without declaring it."
    assert done.stderr.count(named) == 1
    assert 'Add "x: DataFile = DataFile()" to Total, "x: data/raw/x.parquet" to its' in done.stderr
    assert "nothing to do" in run("run").stdout
    save(root, 2)
    assert "data/raw/x.parquet changed" in run("status").stdout
    assert "total 1102" in run("run").stdout
    (root / "data/raw/images/empty").mkdir()
    assert "total 1202" in run("run").stdout
    write(root, **{"data/names.txt": "b a"})
    assert f"first {ord('b')}" in run("run").stdout
    assert "nothing to do" in run("run").stdout
    in_ci = run("run", CI="true")
    assert in_ci.returncode == 1
    assert named in in_ci.stderr and "Traceback" not in in_ci.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("total.version=1.10",),
            "total.version=1.10: Total.version is text: write it in quotes, "
            "'total.version=\"1.10\"'. Without them Hydra reads 1.1.",
        ),
        (
            (),
            "conf/config.yaml: Total.version is text: write it in quotes, "
            'version: "no". Without them YAML reads false.',
        ),
    ],
)
def test_a_text_without_quotes_is_told_and_nothing_runs(
    words: tuple[str, ...], sentence: str, run: Run, root: Path
) -> None:
    write(root, **{"conf/config.yaml": "total:\n  version: no\n  images: data/raw/images\n"})
    done = run("run", *words)
    assert (done.returncode, done.stderr.strip()) == (1, sentence)
    assert not (root / "outputs/records/tasks").exists()


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("Total.rate = cfg.get('rate', 2)", "study.pipeline:pipeline changes Total.rate of"),
        (
            "OPTIONS['rate'] = 2",
            "study.pipeline:pipeline changes OPTIONS['rate'] of study.pipeline",
        ),
        ("total.x = 1", "pipeline: Total.x was set after the task was made"),
    ],
)
def test_what_the_pipeline_sets_around_the_parameters_is_refused(
    line: str, what: str, run: Run, root: Path
) -> None:
    text = PIPELINE.replace("    return total\n", f"    {line}\n    return total\n")
    write(root, **{"src/study/pipeline.py": text})
    done = run("run")
    assert done.returncode == 1
    assert what in done.stderr
    assert "Traceback" not in done.stderr
