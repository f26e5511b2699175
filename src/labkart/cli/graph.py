"""`labkart graph`: the pipeline as a tree, as a Mermaid text, or as a drawing."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from labkart import console, project
from labkart.cli import overrides
from labkart.cli.status import STYLES
from labkart.files import write_atomically
from labkart.language import mistake, translate
from labkart.table import Column

if TYPE_CHECKING:
    from labkart.results.pipeline import Step

_DEFAULT_FILE = "reports/graph.svg"


def main(argv: list[str]) -> int:
    """Show the pipeline of an experiment."""
    parser = overrides.parser(
        "graph", translate("Show the pipeline, with the states and times of its tasks.")
    )
    parser.add_argument(
        "--mermaid", action="store_true", help=translate("as text for a README or a slide")
    )
    svg_help = translate("draw it; without FILE, {file}", file=_DEFAULT_FILE)
    parser.add_argument("--svg", nargs="?", const="", metavar="FILE", help=svg_help)
    args = overrides.parse(parser, argv)
    if args.svg and ("=" in args.svg or args.svg.startswith("~")):  # an override, not a file
        args.overrides.insert(0, args.svg)
        args.svg = ""
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


def _drawing(name: str) -> Path:
    """The file to draw into; relative to where the person is."""
    if not name:
        return project.current().root / _DEFAULT_FILE
    if Path(name).suffix != ".svg":
        raise mistake("--svg {name}: the file's name must end in .svg.", name=name)
    return project.STARTED / name


class _Row(NamedTuple):
    branch: str
    state: str
    time: str
    style: str


def show_tree(steps: Sequence["Step"]) -> None:
    """Print the results, and below each step what it depends on; repeated steps are only named."""
    by_label, shown, rows = {step.label: step for step in steps}, set[str](), list[_Row]()
    needed = {label for step in steps for label in step.upstream}
    results = [step.label for step in steps if step.label not in needed]
    # Classes may need each other in a circle, so that no step of it is the last one.
    for label in [*results, *reversed(by_label)]:
        rows += _rows(label, by_label, shown) if label not in shown else ()
    *cells, styles = zip(*rows, strict=True)
    console.show_table([Column("", column) for column in cells], row_styles=styles)


def _rows(
    label: str, steps: Mapping[str, "Step"], shown: set[str], branch: str = "", indent: str = ""
) -> Iterator[_Row]:
    """A step, and indented below it those it depends on."""
    if label in shown:
        yield _Row(f"{branch}{label}", translate("above"), "", "dim")
        return
    shown.add(label)
    step = steps[label]
    yield _Row(f"{branch}{label}", step.summary, step.time, STYLES[step.state])
    for number, name in enumerate(step.upstream, start=1):
        is_last = number == len(step.upstream)
        corner, line = ("└── ", "    ") if is_last else ("├── ", "│   ")
        yield from _rows(name, steps, shown, indent + corner, indent + line)
