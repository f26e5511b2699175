"""`labkart output`: the file that a task wrote, as a path or as a copy."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkart import console, project
from labkart.cli import overrides
from labkart.errors import LabkartError
from labkart.language import mistake, translate

if TYPE_CHECKING:
    from labkart.records.names import TaskNames
    from labkart.results.outputs import TaskOutput


def main(argv: list[str]) -> int:
    """Print where the output of a task is, or copy it."""
    parser = overrides.parser(
        "output",
        translate(
            "Print the path of what a task wrote, or copy it. TASK is the name of a "
            "task as labkart status shows it, its class, or the key of a result; ID "
            "is the beginning of an experiment's id, for what that one computed."
        ),
    )
    parser.usage = "labkart output [ID] TASK [name=value ...] [--tag TAG] [-o FILE] [--force]"
    tag = translate("what the newest experiment with this tag computed")
    parser.add_argument("--tag", help=tag)
    copy = translate("copy it to this file, or into this folder")
    parser.add_argument("-o", metavar="FILE", help=copy)
    force = translate("overwrite FILE even if it is not an unchanged copy of the task's output")
    parser.add_argument("--force", action="store_true", help=force)
    args = overrides.parse(parser, argv)
    words = [word for word in args.overrides if not _is_override(word)]
    if args.tag:
        from labkart.records.query import Selection

        words.insert(0, Selection(tag=args.tag).summaries()[0].id)
    output = _find(words, list(filter(_is_override, args.overrides)))
    if not args.o:
        console.write_raw("\n".join(map(str, output.files)))
        return 0

    from labkart.results.copies import copy_output, origin_file

    copies = copy_output(output, args.o, force=args.force)
    source = output.label
    if output.experiment:
        id = output.experiment.id[:6]
        source = translate("{task} of experiment {id}", task=output.label, id=id)
    for file in copies:
        console.say(f"  {project.current().short(file)}   {source}")
    origins = ", ".join(origin_file(file).name for file in copies)
    console.say(translate("  from which code and settings: {origins}", origins=origins), "dim")
    return 0


def _is_override(word: str) -> bool:
    return "=" in word or word.startswith("~")


def _find(words: Sequence[str], settings: list[str]) -> "TaskOutput":
    """The output that a person means by an id, a task's name and settings."""
    from labkart.records import query
    from labkart.records.names import TaskNames
    from labkart.results import outputs

    id = words[0] if words and overrides.is_id(words) else ""
    name = " ".join(words[1:] if id else words)
    if not id:
        planned = overrides.plan_experiment(settings)
        _check_name(name, planned.pipeline.names)
        return outputs.planned_output(planned, name)
    if settings:
        problem = translate(
            "{setting}: experiment {id} has settings of its own. Leave one of the two out.",
            setting=settings[0],
            id=id,
        )
        raise LabkartError(problem)
    os.chdir(project.current().root)
    experiment = query.find_experiment(id)
    _check_name(name, TaskNames.of(experiment))
    return outputs.recorded_output(experiment, name)


def _check_name(name: str, names: "TaskNames") -> None:
    if not name:
        raise mistake("Which task? Name one of {tasks}.", tasks=", ".join(names.known))
