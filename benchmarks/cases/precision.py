"""How precise a task's id is: tasks that run again after an edit, beside those that must."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.bench import Bench, Row, checked, python

_ALL = {"Load", "Clean", "Train", "Evaluate"}
_TRAINED = {"Train", "Evaluate"}
_CLEANED = {"Clean", "Train", "Evaluate"}

_SETTINGS = '[project]\nname = "{name}"\n\n[tool.labkart]\npipeline = "{name}.pipeline:pipeline"\n'
_TASKS = """\
from labkart import Task
from .data import clean, read
from .log import get_logger
from .metrics import accuracy
from .models import MODELS, build
log = get_logger(__name__)

class Load(Task):
    def run(self):
        self.dump(read())

class Clean(Task):
    def requires(self):
        return Load()
    def run(self):
        log.info("cleaning")
        self.dump(clean(self.load()))

class Train(Task):
    def requires(self):
        return Clean()
    def run(self):
        self.dump(build("forest").fit(self.load()))

class Evaluate(Task):
    def requires(self):
        return Train()
    def run(self):
        self.dump(accuracy(self.load(), [1]))
"""
_FILES = {
    "pipeline.py": "from .tasks import Evaluate\ndef pipeline(cfg):\n    return Evaluate()\n",
    "tasks.py": _TASKS,
    "log.py": """\
import logging
FORMAT = "%(message)s"
def get_logger(name):
    return logging.getLogger(name)
def verbose():
    logging.basicConfig(format=FORMAT)
""",
    "data.py": """\
from pathlib import Path
ROOT = Path(__file__).resolve().parent
COLUMNS = ["a", "b"]
LIMIT = 10
def read():
    return {column: [1] for column in COLUMNS}
def clean(table):
    return {column: [min(x, LIMIT) for x in values] for column, values in table.items()}
def describe(table):
    return len(table)
""",
    "metrics.py": """\
import functools
EPSILON = 1e-9
@functools.cache
def weight():
    return 1.0
def accuracy(predicted, expected):
    return weight() * (len(predicted) / (len(expected) + EPSILON))
def recall(predicted, expected):
    return 0.0
""",
    "models.py": """\
from dataclasses import dataclass
from .settings import SEED
MODELS = {}
def register(name):
    def add(cls):
        MODELS[name] = cls
        return cls
    return add
class Model:
    def fit(self, table):
        return list(table)
@register("forest")
class Forest(Model):
    trees = 100
    def __init__(self):
        self.seed = SEED
@register("linear")
@dataclass
class Linear(Model):
    rate: float = 0.1
def build(name):
    return MODELS[name]()
""",
    "settings.py": """\
import os
SEED = 0
THREADS = int(os.environ.get("THREADS", "1"))
""",
    "plots.py": "COLOURS = ['red', 'blue']\ndef plot(table):\n    return COLOURS\n",
}
# The same with code that acts at import.
_ACTING = _FILES | {
    "__init__.py": "import warnings\nwarnings.filterwarnings('ignore')\n",
    "settings.py": _FILES["settings.py"]
    + "os.environ.setdefault('OMP_NUM_THREADS', str(THREADS))\n",
}


class Edit(NamedTuple):
    """A change of one file, and the tasks that must run again."""

    file: str
    old: str
    new: str
    must: set[str]


_EDITS = [
    Edit("tasks.py", "class Load", "# A comment\nclass Load", set()),
    Edit("tasks.py", "class Load(Task):", 'class Load(Task):\n    """Read."""', set()),
    Edit("tasks.py", "self.dump(read())", "self.dump(dict(read()))", _ALL),
    Edit("tasks.py", "[1]))", "[1, 2]))", {"Evaluate"}),
    Edit("tasks.py", 'build("forest")', 'build("linear")', _TRAINED),
    Edit("tasks.py", "class Load", "class Extra(Task):\n    pass\n\nclass Load", set()),
    Edit("log.py", '"%(message)s"', '"%(name)s"', set()),
    Edit("log.py", "getLogger(name)", "getLogger(f'x.{name}')", _CLEANED),
    Edit("data.py", "ROOT = Path(__file__)", 'ROOT = Path("x") / Path(__file__)', set()),
    Edit("data.py", '["a", "b"]', '["a", "b", "c"]', _ALL),
    Edit("data.py", "LIMIT = 10", "LIMIT = 20", _CLEANED),
    Edit("data.py", "return len(table)", "return len(table) + 1", set()),
    Edit("data.py", "def read", "def other():\n    return 1\ndef read", set()),
    Edit("metrics.py", "1e-9", "1e-6", {"Evaluate"}),
    Edit("metrics.py", "return 1.0", "return 2.0", {"Evaluate"}),
    Edit("metrics.py", "return 0.0", "return 0.5", set()),
    Edit("models.py", "trees = 100", "trees = 200", _TRAINED),
    Edit("models.py", "rate: float = 0.1", "rate: float = 0.2", _TRAINED),
    Edit("models.py", "return list(table)", "return sorted(table)", _TRAINED),
    Edit("models.py", '@register("linear")\n', '@register("line")\n', _TRAINED),
    Edit("models.py", "class Model:", "class Unused:\n    x = 1\nclass Model:", set()),
    Edit("settings.py", "SEED = 0", "SEED = 1", _TRAINED),
    Edit("settings.py", "import os", "import os  # of Python", set()),
    Edit("plots.py", "'red'", "'green'", set()),
]
_ACTING_EDITS = [
    *_EDITS,
    Edit("__init__.py", "'ignore'", "'error'", _ALL),
    Edit("settings.py", '"1"', '"2"', _ALL),
    Edit("settings.py", "'OMP_NUM_THREADS'", "'MKL_NUM_THREADS'", _ALL),
]
# Imports the libraries once, and the project in a new process after each edit.
_IDS = """\
import json, os, sys
from gokart.utils import flatten
import labkart.tasks.task
for line in sys.stdin:
    file, text = json.loads(line)
    with open(file, "w") as opened:
        opened.write(text)
    if os.fork():
        os.wait()
        continue
    from {name}.pipeline import pipeline
    task, ids = pipeline(None), {{}}
    while task is not None:
        ids[type(task).__name__] = task.make_unique_id()
        task = next(iter(flatten(task.requires())), None)
    print(json.dumps(ids), flush=True)
    os._exit(0)
"""


def precision(bench: Bench) -> Iterator[Row]:
    """Edits in small projects: how many tasks run again, how many must, and how many are missed."""
    for name, files, edits in (
        ("defining", _FILES, _EDITS),
        ("acting", _ACTING, _ACTING_EDITS),
    ):
        root = bench.folder / "precision" / name
        (root / "src" / name).mkdir(parents=True)
        (root / "pyproject.toml").write_text(_SETTINGS.format(name=name))
        for file, text in files.items():
            (root / "src" / name / file).write_text(text)
        before, *after = _ids(root / "src", name, edits)
        again = [{task for task in ids if ids[task] != before[task]} for ids in after]
        runs, must = sum(map(len, again)), sum(len(edit.must) for edit in edits)
        missed = sum(len(edit.must - tasks) for edit, tasks in zip(edits, again, strict=True))
        case = f"{len(edits)} edits of code that is {name}: run again"
        yield Row(case, labkart=str(runs), ratio=f"{runs / must:.2f}", goal=str(must))
        yield Row("  missed", labkart=str(missed), goal="0")


def _ids(src: Path, name: str, edits: list[Edit]) -> list[dict[str, str]]:
    """The ids of all tasks before any edit, and after each, which is taken back before the next."""
    lines = [json.dumps([str(src / name / "plots.py"), (src / name / "plots.py").read_text()])]
    for edit in edits:
        file = src / name / edit.file
        text = file.read_text()
        if edit.old not in text:
            raise SystemExit(f"{edit.file} has no {edit.old!r}.")
        lines.append(json.dumps([str(file), text.replace(edit.old, edit.new, 1)]))
        lines.append(json.dumps([str(file), text]))
    code, given = _IDS.format(name=name), "\n".join(lines)
    printed = checked(python(src.parent, [src], "-c", code, given=given))
    ids = [json.loads(line) for line in printed.splitlines()]
    return [ids[0], *ids[1::2]]
