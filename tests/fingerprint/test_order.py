"""Where the order of what runs at import can change a result, it counts; of functions and plain constants it does not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes import Processes
from tests.support.tiny import FILES, write

TASK = "\nfrom labkart import Task\nclass Step(Task):\n    def run(self):\n        self.dump({})\n"
REGISTER = "R = []\ndef reg(f):\n    R.append(f.__name__)\n    return f\n"
A, B = "@reg\ndef a(): ...\n", "@reg\ndef b(): ...\n"

COUNTS = {
    "a constant made of another": (("Y", "X = 1\nY = X\nX = 2\n"), ("Y", "X = 1\nX = 2\nY = X\n")),
    "a default": (
        ("f()", "X = 1\ndef f(d=X): return d\nX = 2\n"),
        ("f()", "X = 1\nX = 2\ndef f(d=X): return d\n"),
    ),
    "a register": (("R", REGISTER + A + B), ("R", REGISTER + B + A)),
    "imports of one name": (
        ("f", "from .a import f\nfrom .b import f\n"),
        ("f", "from .b import f\nfrom .a import f\n"),
    ),
    "stars": (
        ("f", "from .a import *\nfrom .b import *\n"),
        ("f", "from .b import *\nfrom .a import *\n"),
    ),
}
ADDS = {
    "a": "from .reg import R\nR.append('a')\n",
    "b": "from .reg import R\nR.append('b')\n",
    "reg": "R = []\n",
}
DOES_NOT = {
    "functions": (
        ("f() + g()", "def f(): ...\ndef g(): ...\n"),
        ("f() + g()", "def g(): ...\ndef f(): ...\n"),
    ),
    "constants": (("X + Y", "X = 1\nY = 2\n"), ("X + Y", "Y = 2\nX = 1\n")),
}
ELSEWHERE = {
    "by __dict__": ('a.__dict__["f"]', "from . import a\n"),
    "by a name that is a module too": ("q.X", "from .p import q\n"),
    "in another process": ("subprocess.run(['python', '-m', 'study.a'])", "import subprocess\n"),
}


OfStep = Callable[[str, str], str]


@pytest.fixture
def of_step(root: Path, forked: Processes) -> OfStep:
    """The digest of the code of a task that dumps something, from the lines above it, in a new process."""
    return lambda dumped, head: forked.python(written(root, dumped, head), root)


def written(root: Path, dumped: str, head: str) -> str:
    files = {
        "src/study/__init__.py": "",
        "src/study/p/__init__.py": "q = 5\n",
        "src/study/p/q.py": "X = 1\n",
    }
    files |= {
        f"src/study/{name}.py": f"f = '{name}'\n"
        for name in "ab"
        if not (root / f"src/study/{name}.py").exists()
    }
    if not (root / "src/study").exists():
        write(root, **{**FILES, **files})
    write(root, **{"src/study/steps.py": head + TASK.format(dumped)})
    return "from tests.support.looks import have_few_packages; have_few_packages(); from study.steps import Step; from labkart.fingerprint.fingerprint import fingerprint_of; print(fingerprint_of(Step).digest)"


@pytest.mark.parametrize("case", COUNTS)
def test_another_order_counts(case: str, of_step: OfStep) -> None:
    one, other = COUNTS[case]
    before = of_step(*one)
    assert of_step(*one) == before
    assert of_step(*other) != before


@pytest.mark.parametrize("place", ["steps", "__init__", "uses"])
def test_the_order_of_imports_counts_where_the_modules_do_something(
    place: str, root: Path, of_step: OfStep
) -> None:
    adding = {f"src/study/{name}.py": text for name, text in ADDS.items()}
    write(root, **{**FILES, **adding, "src/study/__init__.py": "", "src/study/uses.py": ""})
    found = []
    for imports in ("from . import a\nfrom . import b\n", "from . import b\nfrom . import a\n"):
        head = "from .reg import R\n"
        if place == "steps":
            head = imports + head
        else:
            write(root, **{f"src/study/{place}.py": imports})
        found.append(of_step("R", "from . import uses\n" + head))
    assert found[0] != found[1]


@pytest.mark.parametrize("case", DOES_NOT)
def test_another_order_does_not_count(case: str, of_step: OfStep) -> None:
    one, other = DOES_NOT[case]
    assert of_step(*one) == of_step(*other)


@pytest.mark.parametrize("case", ELSEWHERE)
def test_code_that_is_reached_in_an_odd_way_counts(case: str, root: Path, of_step: OfStep) -> None:
    before = of_step(*ELSEWHERE[case])
    write(root, **{"src/study/a.py": "f = 'new'\n", "src/study/p/q.py": "X = 2\n"})
    assert of_step(*ELSEWHERE[case]) != before
