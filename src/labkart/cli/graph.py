"""`labkart graph`: the pipeline as a tree, as a Mermaid text, or as a drawing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from labkart import console, project
from labkart.cli import overrides
from labkart.errors import LabkartError
from labkart.files import write_atomically
from labkart.table import Column

if TYPE_CHECKING:
    from labkart.results.pipeline import Step

_STYLES = {"done": "dim", "missing": "yellow", "changed": "red"}
_DEFAULT_FILE = "reports/graph.svg"


def main(argv: list[str]) -> int:
    """Show the pipeline of an experiment."""
    parser = overrides.parser("graph", "The pipeline, with the states and times of its tasks.")
    parser.add_argument("--mermaid", action="store_true", help="as text for a README or a slide")
    parser.add_argument("--svg", metavar="FILE", help=f"draw it; without FILE, {_DEFAULT_FILE}")
    args = overrides.parse(parser, _complete_svg(argv))
    file = None if args.svg is None else _drawing(args.svg)
    experiment = overrides.plan_experiment(args.overrides)

    from labkart.experiments.status import statuses
    from labkart.results import pipeline

    current = statuses(experiment)
    if file:
        write_atomically(file, pipeline.svg(experiment, current).encode())
        console.say(f"  {project.current().short(file)}")
    elif args.mermaid:
        console.write_raw(pipeline.mermaid(pipeline.pipeline_steps(current)))
    else:
        show_tree(pipeline.pipeline_steps(current))
    return 0


def _complete_svg(argv: Sequence[str]) -> list[str]:
    """Give `--svg` an empty value if an override or an option follows instead of a file."""
    return [
        "--svg=" if argument == "--svg" and not _is_file(following) else argument
        for argument, following in zip_longest(argv, argv[1:], fillvalue="")
    ]


def _is_file(argument: str) -> bool:
    return "=" not in argument and argument[:1] not in ("", "-", "~")


def _drawing(name: str) -> Path:
    """The file to draw into; relative to where the person is."""
    if not name:
        return project.current().root / _DEFAULT_FILE
    if Path(name).suffix != ".svg":
        raise LabkartError(f"--svg {name}: the file's name must end in .svg.")
    return project.STARTED / name


def show_tree(steps: Sequence["Step"]) -> None:
    """Print the result, and below each step what it depends on; repeated steps are only named."""
    rows = list(_Tree(steps).rows(steps[-1].label))
    columns = [
        Column("", [row.branch for row in rows]),
        Column("", [row.state for row in rows]),
        Column("", [row.time for row in rows]),
    ]
    console.show_table(columns, row_styles=[row.style for row in rows])


@dataclass
class _Row:
    branch: str
    state: str
    time: str
    style: str


@dataclass
class _Tree:
    steps: Sequence["Step"]
    _shown: set[str] = field(default_factory=set)

    def rows(self, label: str, branch: str = "", indent: str = "") -> Iterator[_Row]:
        """A step, and indented below it those it depends on."""
        if label in self._shown:
            yield _Row(f"{branch}{label}", "above", "", "dim")
            return
        self._shown.add(label)
        step = next(step for step in self.steps if step.label == label)
        yield _Row(f"{branch}{label}", step.summary, step.time, _STYLES[step.state])
        for number, name in enumerate(step.upstream, start=1):
            is_last = number == len(step.upstream)
            corner, line = ("└── ", "    ") if is_last else ("├── ", "│   ")
            yield from self.rows(name, indent + corner, indent + line)
