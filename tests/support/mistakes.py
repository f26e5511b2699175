"""The mistakes of the page `troubleshooting`, in its order: how to make each, and what Labkart says then.

`python -m tests.support.mistakes` writes what it says into both pages, in the language of each.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.support.bake import TEMPLATE, Project, bake_into, clean_environment

_TASKS = "src/my_thesis/tasks"
_PIPELINE = "src/my_thesis/pipeline.py"
_EVALUATE = f"{_TASKS}/evaluate.py"
_TRAIN = f"{_TASKS}/train.py"
_OTHER_SPLIT = "SplitTable(table=self.split.table, test_size=0.3, seed=1)"
_LAST = "        self.dump(per_class)\n"


@dataclass(frozen=True)
class Mistake:
    """What a student does in a project in which the pipeline has run.

    Attributes:
        command: the arguments of `labkart`.
        edits: a file, a passage in it, and what takes its place.
        data: a new file of `data/raw/`.
        before: a command that comes first.
        variables: environment variables.
        lines: how many lines of the answer the page shows.
    """

    command: str
    edits: tuple[tuple[str, str, str], ...] = ()
    data: str = ""
    before: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    lines: int = 1

    def make(self, project: Project) -> str:
        """Make it, see what Labkart says, and undo it."""
        try:
            if self.data:
                (project.root / "data/raw" / self.data).write_text(
                    "weight\n1.5\n", encoding="utf-8"
                )
            for edit in self.edits:
                project.edit(*edit)
            if self.before:
                project.labkart(*self.before.split())
            done = project.run("labkart", *self.command.split(), **self.variables)
        finally:
            _git(project, "checkout", "--quiet", ".")
            _git(project, "clean", "--quiet", "--force", "data")
        return as_on_the_page(done.stderr, self.lines)


def as_on_the_page(text: str, lines: int) -> str:
    """The first lines of an answer, without progress and with the names that the pages use."""
    sentences = [line.strip() for line in text.splitlines() if line and not line.endswith(" ...")]
    answer = "\n".join(sentences[:lines])
    answer = re.sub(r"([!-~]*/|(?<![\w.-]))labkart(?= (?:sync|run)\b)", "uv run labkart", answer)
    answer = re.sub(r"(?<=experiments/)[0-9a-f]+|\b[0-9a-f]{8}\b", "4f2c91d8", answer)
    return re.sub(r"(WARNING) +\S+: ", r"\1 ", answer)


def _git(project: Project, *words: str) -> None:
    subprocess.run(["git", *words], cwd=project.root, env=clean_environment(), check=True)


MISTAKES = (
    Mistake("rnu"),
    Mistake("run model=forrest"),
    Mistake("run model=forest model.params.tree=30"),
    Mistake("run model=forest model.params.trees=many"),
    Mistake("run model=logistic,forest"),
    Mistake("run", (("conf/config.yaml", "  test_size: 0.25", "\ttest_size: 0.25"),)),
    Mistake("run data=wine", (("conf/data/wine.yaml", "name: wine", "name: no"),)),
    Mistake("run", ((_EVALUATE, "import numpy as np", "import numpy as np\nimport lightgbm"),)),
    Mistake(
        "run model=forest",
        ((_TRAIN, "    trees: Int", "    depth: IntParameter = IntParameter()\n    trees: Int"),),
    ),
    Mistake("run", ((_PIPELINE, "table=table)", "tabel=table)"),)),
    Mistake(
        "run", ((_PIPELINE, "split = make(SplitTable, cfg.split, table=table)", "split = table"),)
    ),
    Mistake("run", ((_PIPELINE, "    return make(", "    make("),)),
    Mistake(
        "run data=wine",
        (
            (f"{_TASKS}/load.py", "import Task", "import DataFile, Task"),
            (f"{_TASKS}/load.py", "name: Str", "file: DataFile = DataFile()\n    name: Str"),
            ("conf/data/wine.yaml", "name: wine", "name: wine\nfile: data/raw/wine.csv"),
        ),
    ),
    Mistake("run", ((_EVALUATE, _LAST, ""),)),
    Mistake("run", ((_EVALUATE, _LAST, '        self.dump(per_class["f2"])\n'),), lines=2),
    Mistake("run", ((_EVALUATE, _LAST, "        import os\n        os.kill(os.getpid(), 9)\n"),)),
    Mistake("run", ((_EVALUATE, "self.load(self.split)", f"self.load({_OTHER_SPLIT})"),)),
    Mistake(
        "run",
        ((_EVALUATE, _LAST, f"        pd.read_csv('data/raw/weights.csv')\n{_LAST}"),),
        data="weights.csv",
    ),
    Mistake(
        "report models data=breast_cancer",
        (("conf/config.yaml", "test_size: 0.25", "test_size: 0.3"),),
        before="run",
        lines=3,
    ),
    Mistake("run seed=7", variables={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}),
)


def blocks(page: str) -> list[str]:
    """The answers that a page shows."""
    return re.findall(r"```text\n(.*?)\n```", page, flags=re.DOTALL)


def page(language: str) -> Path:
    return TEMPLATE / "docs" / language / "troubleshooting.md"


def with_answers(text: str, answers: Iterator[str]) -> str:
    """A page with other answers."""
    return re.sub(r"(?<=```text\n).*?(?=\n```)", lambda _: next(answers), text, flags=re.DOTALL)


def main() -> None:
    """Write what Labkart says into the pages."""
    for language in ("en", "ja"):
        with tempfile.TemporaryDirectory() as folder:
            project = bake_into(Path(folder), language=language)
            project = replace(project, environment=Path(sys.prefix))
            project.labkart("run")
            answers = [mistake.make(project) for mistake in MISTAKES]
        text = page(language).read_text(encoding="utf-8")
        page(language).write_text(with_answers(text, iter(answers)), encoding="utf-8")


if __name__ == "__main__":
    os.environ.pop("CI", None)
    main()
