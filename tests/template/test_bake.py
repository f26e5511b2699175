"""What a bake writes, whatever the answers: the layout, and files that their own tools accept."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labkart import project
from labkart.check import report
from labkart.check.rules import RULES
from labkart.check.tree import Tree
from tests.support import structure
from tests.support.bake import TEMPLATE, Project, bake_into
from tests.support.variants import variants

ANSWERS = {
    "defaults": {},
    "japanese": {
        "project_title": "卒業研究「深層学習」",
        "author_name": "山田 太郎",
        "project_slug": "sotsuken",
        "language": "ja",
        "sample": "blank",
    },
    "quotes": {
        "project_title": 'A "quoted" title & Bob\'s <b>',
        "author_name": 'Anna "Ann" O\'Brien',
        "license": "Apache-2.0",
    },
    "signs": {
        "project_title": "C:\\new: #1 %  _two_ spaces - {x} `{{ y }}` $z$",
        "project_slug": "a2-b_c",
        "license": "BSD-3-Clause",
    },
    "long": {
        "project_slug": "a-very-long-name-of-a-thesis-about-table",
        "project_title": "x" * 300,
        "license": "none",
    },
}


@pytest.fixture(scope="module", params=variants([*ANSWERS], 2))
def baked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Project, dict[str, str]]:
    answers = structure.defaults() | ANSWERS[request.param]
    return bake_into(tmp_path_factory.mktemp(request.param), **answers), answers


def test_there_are_at_most_seven_questions_each_with_a_prompt_and_a_default() -> None:
    context = json.loads((TEMPLATE / "cookiecutter.json").read_text())
    questions = [name for name in context if not name.startswith("_")]
    assert len(questions) <= 7
    assert all(context[name] and context["__prompts__"][name] for name in questions)


@pytest.mark.parametrize("check", structure.CHECKS, ids=lambda check: check.__name__)
def test_a_project_is_as_it_must_be(
    baked: tuple[Project, dict[str, str]], check: Callable[[Project, dict[str, str]], None]
) -> None:
    check(*baked)


def test_a_fresh_project_breaks_no_rule(
    baked: tuple[Project, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that import the code are tried in tests/project/test_check.py."""
    monkeypatch.chdir(baked[0].root)
    rules = [rule for rule in RULES if not rule.runs_code]
    found = report.find_problems(Tree(project.current()), rules)
    assert [(finding.place, finding.message()) for finding in found] == []


def test_ruff_finds_nothing(baked: tuple[Project, dict[str, str]]) -> None:
    for words in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words],
            cwd=baked[0].root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


# What students write, by the rule of ruff that finds it.
MISTAKES = {
    "DTZ006": "datetime.datetime.fromtimestamp(0)",
    "NPY002": "np.random.rand()",
    "PLW0177": "x == np.nan",
    "PLW1510": "subprocess.run(['false'])",
    "S102": "exec('x = 1')",
    "S110": "try: f()\nexcept Exception: pass",
    "S112": "for x in y:\n    try: f(x)\n    except Exception: continue",
    "S113": "requests.get('https://example.org/a.csv')",
    "S307": "eval('x')",
    "T100": "breakpoint()",
    "T201": "print()",
    "TID251": "os.system('false'); os.chdir('a'); Path.home(); plt.show(); sys.path.append('a'); time.time(); time.time_ns(); time.ctime(); datetime.date.today(); datetime.datetime.now(); datetime.datetime.today(); datetime.datetime.utcnow(); pd.Timestamp.now(); pd.Timestamp.today()",
}  # fmt: skip
# What they write, too, and what is right.
ORDINARY = "random.Random(1).random(); datetime.datetime(2024, 4, 1); hashlib.md5(b''); pickle.load(file)\nTOKEN = '<pad>'\nassert x\nfor x, y in loader: x, y = x.to(device), y.to(device)\n"
IMPORTS = "import datetime, hashlib, os, pickle, random, requests, subprocess, sys, time\nimport matplotlib.pyplot as plt, numpy as np, pandas as pd\nfrom pathlib import Path\n"


def test_ruff_finds_what_students_do_wrong_and_leaves_what_is_usual(
    baked: tuple[Project, dict[str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "a.py"
    file.write_text(IMPORTS + "\n".join([*MISTAKES.values(), ORDINARY]))
    families = ("DTZ", "NPY", "PL", "S", "T")
    words = [
        "check",
        "--no-cache",
        "--output-format=json",
        f"--config={baked[0].root}/pyproject.toml",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *words, file], capture_output=True, text=True, check=False
    )
    codes = [row["code"] for row in json.loads(done.stdout) if row["code"].startswith(families)]
    assert sorted({*codes}) == sorted(MISTAKES)
    assert codes.count("TID251") == MISTAKES["TID251"].count(";") + 1
    assert len(codes) == len(MISTAKES) + codes.count("TID251") - 1


def test_baking_twice_writes_the_same_bytes(bake: Callable[..., Project], tmp_path: Path) -> None:
    first, second = bake(), bake_into(tmp_path / "again")
    assert first.files() == second.files()
    for file in first.files():
        assert (first.root / file).read_bytes() == (second.root / file).read_bytes(), file
