"""What looks at results in a project in which a sweep has run: `labkart graph`, `runs`, `compare`, and the notebook."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.conftest import Ready
from tests.support.bake import SAMPLES, Project

SWEEP = ("model=logistic,forest", "seed=range(3)")


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, ready: Ready) -> Project:
    """A project in which the sweep of the notebook has run; the tests look at it and change nothing."""
    project = ready(tmp_path_factory.mktemp("swept"))
    project.edit("conf/model/forest.yaml", "trees: 300", "trees: 20")
    project.labkart("run", "-m", *SWEEP)
    return project


def refused(project: Project, *words: str) -> str:
    done = project.run("labkart", *words)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    return done.stderr


def test_the_graph_is_a_tree_with_states_and_times(swept: Project) -> None:
    done = [line.rstrip() for line in swept.labkart("graph").splitlines()]
    assert [re.sub(r"\d+\.\d s", "T", line) for line in done] == [
        "  EvaluateModel           done    T",
        "  ├── TrainLogistic       done    T",
        "  │   └── SplitTable      done    T",
        "  │       └── LoadTable   done    T",
        "  └── SplitTable          above",
    ]
    missing = swept.labkart("graph", "model=forest", "seed=7").splitlines()
    ahead = [line.split()[-5:-2] for line in missing[:2]]
    assert ahead == [["EvaluateModel", "missing", "about"], ["TrainForest", "missing", "about"]]


def test_the_graph_is_mermaid_and_a_drawing(swept: Project) -> None:
    mermaid = swept.labkart("graph", "model=forest", "seed=7", "--mermaid")
    assert (
        mermaid.startswith("flowchart LR\n")
        and mermaid.count(":::missing") == 2
        and mermaid.count(" --> ") == 4
    )
    assert swept.labkart("graph", "model=forest", "seed=7", "--svg").strip() == "reports/graph.svg"
    drawing = ET.fromstring(swept.read("reports/graph.svg"))
    words = ["".join(each.itertext()) for each in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert {"TrainForest", "● missing", "● done"} <= set(words)
    assert any(word.startswith("about ") for word in words)
    edges = [
        each
        for each in drawing.iter("{http://www.w3.org/2000/svg}path")
        if "marker-end" in each.attrib
    ]
    assert len(edges) == 4 and "Never ran" not in " ".join(words)
    (swept.root / "reports/graph.svg").unlink()


def test_what_the_graph_does_not_take_is_a_sentence(swept: Project) -> None:
    assert "must end in .svg" in refused(swept, "graph", "--svg", "graph.png")
    assert 'no model "forrest"' in refused(swept, "graph", "model=forrest")
    assert "--html: there is no such option" in refused(swept, "graph", "--html")


def test_runs_are_listed_and_two_of_them_compared(swept: Project) -> None:
    head, *rows = [
        line.split() for line in swept.labkart("runs", "--sort", "-accuracy").splitlines()
    ]
    assert head[:6] == ["id", "started", "status", "model", "seed", "accuracy"] and len(rows) == 6
    assert [row[4] for row in rows] == ["logistic"] * 3 + ["forest"] * 3
    assert len(json.loads(swept.labkart("runs", "model=forest", "accuracy>0.5", "--json"))) == 3
    printed = swept.labkart("compare", rows[0][0], rows[-1][0])
    assert re.search(r"model\.params\.trees +- +20", printed)
    assert "uses: tasks/train.py: TrainForest" in printed
    assert "the same: data, packages" in printed and "the runs of LoadTable, SplitTable" in printed


LOAD = """
import json, sys
from labkart import LabkartError, load, runs
told = {"columns": list(runs().columns), "accuracy": runs("model=forest seed=1")["accuracy"].tolist()}
told["index"] = list(load("model=forest seed=1", "EvaluateModel").index)
told["last"] = list(load("model=forest seed=1").index)
told["by id"] = load(runs("model=forest seed=1").index[0], "TrainForest").n_estimators
for name, words in json.loads(sys.argv[1]).items():
    try:
        load(*words)
    except LabkartError as error:
        told[name] = str(error)
with open("../src/my_thesis/tasks/split.py", "a") as file:
    file.write("\\n\\nSplitTable.more = 1\\n")
try:
    load("model=forest seed=1", "SplitTable")
except LabkartError as error:
    told["edited"] = str(error)
print(json.dumps(told))
"""


def test_a_notebook_loads_what_is_there_and_says_how_to_make_what_is_not(swept: Project) -> None:
    asked = {
        "missing": ["model=forest seed=7", "TrainForest"],
        "misspelt": ["model=forest", "TrainForst"],
        "no model": ["model=forrest"],
        "no id": ["zzz"],
    }
    code = swept.read("src/my_thesis/tasks/split.py")
    command = swept.command(
        "python", "-c", f"import os; os.chdir('notebooks')\n{LOAD}", json.dumps(asked)
    )
    done = swept.run("python", *command[1:])
    (swept.root / "src/my_thesis/tasks/split.py").write_text(code)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert {"started", "model", "seed", "model.params.trees", "accuracy"} <= set(told["columns"])
    assert len(told["accuracy"]) == 1
    assert told["index"] == told["last"] == ["benign", "malignant"] and told["by id"] == 20
    assert told["missing"].endswith("labkart run model=forest seed=7 task=TrainForest")
    assert 'Did you mean "TrainForest"?' in told["misspelt"]
    assert (
        'no model "forrest"' in told["no model"]
        and 'No experiment begins with "zzz"' in told["no id"]
    )
    assert "Restart the kernel" in told["edited"]


OVERLAID = """
import sys
sys.path.insert(0, sys.argv[1])
from labkart import load
print(len(load("model=forest seed=1", "EvaluateModel")))
"""


def test_a_notebook_with_other_packages_than_the_project_says_so(
    swept: Project, tmp_path: Path
) -> None:
    """As `uv run --with` lays them over the environment; of what no package here needs nobody minds."""

    def shown(package: str, version: str) -> subprocess.CompletedProcess[str]:
        told = tmp_path / package / f"{package}-{version}.dist-info/METADATA"
        told.parent.mkdir(parents=True)
        told.write_text(f"Name: {package}\nVersion: {version}\n")
        return swept.run("python", "-c", OVERLAID, str(tmp_path / package))

    assert shown("tzdata", "2030.1").stdout == "2\n"  # pandas needs it on Windows
    done = shown("joblib", "99.0")
    assert re.search(
        r"packages of this notebook \(.*joblib [\d.]+ -> 99.0; is its kernel the", done.stderr
    )


@pytest.fixture
def execute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a project's notebook as Jupyter does, in its environment and its folder."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")

    def executed(project: Project, **variables: str) -> Any:
        (tmp_path / "kernels/project").mkdir(parents=True)
        kernel = {
            "argv": project.command("python", "-m", "ipykernel_launcher", "-f", "{connection_file}")
        }
        kernel |= {
            "display_name": "Project",
            "language": "python",
            "env": project.variables(**variables),
        }
        (tmp_path / "kernels/project/kernel.json").write_text(json.dumps(kernel))
        notebook = nbformat.read(project.root / "notebooks/explore.ipynb", 4)
        where = {"metadata": {"path": str(project.root / "notebooks")}}
        NotebookClient(notebook, timeout=120, kernel_name="project", resources=where).execute()
        return notebook

    return executed


@pytest.mark.thorough
@pytest.mark.filterwarnings("default")  # Jupyter's own affair
def test_the_notebook_shows_the_results_of_a_sweep(
    swept: Project, execute: Callable[..., Any]
) -> None:
    cells = execute(swept).cells
    shown = [output for cell in cells for output in cell.get("outputs", ())]
    texts = [output["data"].get("text/plain", "") for output in shown if "data" in output]
    assert any("logistic" in text and "mean" in text for text in texts)
    assert any("malignant" in text for text in texts)
    assert sum("image/png" in output.get("data", {}) for output in shown) == 2


@pytest.mark.filterwarnings("default")
def test_the_notebook_before_any_run_says_how_to_make_the_results(
    swept: Project, tmp_path: Path, execute: Callable[..., Any]
) -> None:
    with pytest.raises(CellExecutionError) as stopped:
        execute(swept, LABKART_OUTPUTS=str(tmp_path / "none"))
    said = str(stopped.value).rpartition("------")[2].strip()
    assert (
        said == f"Nothing has run yet. In a terminal: uv run labkart run -m {SWEEP[0]} '{SWEEP[1]}'"
    )


def test_the_notebook_holds_no_outputs() -> None:
    notebook = nbformat.read(SAMPLES / "classification/notebooks/explore.ipynb", 4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)


def test_on_a_terminal_of_80_columns_no_line_is_wrapped(swept: Project) -> None:
    command = " ".join(swept.command("labkart", "runs"))
    done = swept.run("python", "-c", TERMINAL, command)
    lines = re.sub(r"\x1b\[[\d;]*m", "", done.stdout).replace("\r", "").splitlines()
    assert all(len(line) <= 80 for line in lines) and lines[0].split()[:4] == [
        "id",
        "started",
        "status",
        "model",
    ]
    assert len([line for line in lines if " finished " in line]) == 6
    assert re.fullmatch(r"  \d+ more columns with --csv", lines[-1])


TERMINAL = """
import fcntl, os, pty, struct, sys, termios
child, terminal = pty.fork()
if not child:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.environ.update(TERM="xterm")
    os.execv("/bin/sh", ["sh", "-c", sys.argv[1]])
while True:
    try:
        read = os.read(terminal, 1000)
    except OSError:
        break
    if not read:
        break
    os.write(1, read)
"""
