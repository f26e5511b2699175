"""The benchmarks run and print their table; the times in it are not judged here."""

import subprocess
import sys

import pytest

from benchmarks.bench import Row, compared
from tests.support.bake import TEMPLATE, clean_environment

pytestmark = pytest.mark.thorough


def test_a_case_prints_its_row_below_the_head() -> None:
    options = ["--rounds", "1", "--only", "chain", "--chain", "20"]
    words = [sys.executable, "-m", "benchmarks.run", *options]
    done = subprocess.run(
        words, cwd=TEMPLATE, env=clean_environment(), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    machine, _, head, chain = done.stdout.splitlines()
    assert "cores, Python" in machine
    assert head.split() == ["plain", "gokart", "labkart", "ratio", "goal"]
    assert chain.startswith("a chain of 20 tasks ") and chain.split()[-2:] == ["works", "works"]


def test_the_ratio_is_the_median_of_the_rounds_and_not_of_the_columns() -> None:
    rounds = [(1.0, 1.0), (2.0, 4.0), (4.0, 5.0)]
    assert compared("what", rounds, "0.6") == Row("what", "2.00 s", "4.00 s", "1.25", "0.6")
    assert compared("what", [(0.01, 0.004)], "0.6") == Row(
        "what", "10.0 ms", "4.0 ms", "0.40", "0.6"
    )
