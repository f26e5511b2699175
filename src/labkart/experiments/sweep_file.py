"""A sweep in a file, `conf/sweep/<name>.yaml`: a list of grids over settings that may be unlike.

Each grid has names of settings with their values, and becomes overrides such as `seed=range(5)`.
Knows YAML, and in which line an override stands. Composes and plans nothing.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from labkart import project
from labkart._compat import config_loader
from labkart.experiments.override_syntax import explain_syntax, write_value
from labkart.experiments.yaml_errors import NotYaml, Place, PlacedError, yaml_error
from labkart.language import mistake, translate

NAME = "sweep"  # of the folder in `conf/`, and of the override that names a file in it
FOLDER = f"conf/{NAME}"
# With one of these, a text is Hydra's grammar; without, it is just a text.
_GRAMMAR = frozenset(",()[]{}'\"\\$")


# The overrides of a grid, as one would type them (`model=bm25,lsa`), and where each is written.
Grid = dict[str, Place]


def names_file(override: str) -> bool:
    """Whether an override names files of `conf/sweep/`: a project without that folder has none."""
    return override.startswith(f"{NAME}=") and folder().is_dir()


def folder() -> Path:
    """Where the files are."""
    return project.current().root / FOLDER


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The arguments that name files of `conf/sweep/`, and all others."""
    files = [argument for argument in arguments if names_file(argument)]
    return files, [argument for argument in arguments if argument not in files]


def read_grids(names: str) -> list[Grid]:
    """The grids of one or more files, `ir` or `ir,more`.

    Raises:
        LabkartError: a file does not exist, or is no list of grids; with file and line.
    """
    return [grid for name in names.split(",") for grid in _read(name.strip())]


def _read(name: str) -> list[Grid]:
    path = f"{FOLDER}/{name.removesuffix('.yaml')}.yaml"
    file = project.current().root / path
    if not file.is_file():
        options = sorted(path.stem for path in folder().glob("*.yaml"))
        raise mistake(
            'conf: no {group} "{option}". Choose one of {options} (conf/{group}/).',
            group=NAME,
            option=name,
            options=", ".join(options) or translate("none"),
        )
    try:
        with file.open(encoding="utf-8") as stream:
            grids = list(_grids(config_loader()(stream), path))
    except NotYaml as error:
        raise yaml_error(error, path) from None
    if not grids:
        problem = translate("there is no grid, so there would be nothing to run.")
        raise PlacedError(Place(path), problem)
    return grids


def _grids(loader: Any, path: str) -> Iterator[Grid]:
    node = loader.get_single_node()
    if node is not None and not isinstance(node, yaml.SequenceNode):
        raise PlacedError(
            _place(path, node),
            translate('must be a list of grids. Write "- " before the first setting of each grid.'),
        )
    for item in node.value if node else ():
        if not isinstance(item, yaml.MappingNode):
            raise PlacedError(
                _place(path, item),
                translate(
                    "a grid has names and values, such as model: [a, b], got {value}.",
                    value=write_value(loader.construct_object(item, deep=True)),
                ),
            )
        item.value = list(_with_whole_calls(item.value))
        values: dict[Any, Any] = loader.construct_object(item, deep=True)
        # With those of `<<: *other`, of which a later name counts.
        places = {loader.construct_object(key): _place(path, key) for key, _ in item.value}
        yield {
            _override(str(name), value, places[name]): places[name]
            for name, value in values.items()
        }


def _with_whole_calls(pairs: Sequence[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """The names and values of a grid; in braces, YAML splits `dim: range(0, 9)` at its comma."""
    rest = iter(pairs)
    for key, value in rest:
        while _is_open(value):
            part = next(rest, None)
            if part is None:
                break
            value.value += f", {part[0].value}"
        yield key, value


def _is_open(node: Any) -> bool:
    text = node.value if isinstance(node, yaml.ScalarNode) and node.style is None else ""
    return text.count("(") > text.count(")")


def _place(path: str, node: Any) -> Place:
    return Place(path, node.start_mark.line + 1)


def _override(name: str, value: Any, place: Place) -> str:
    """A line of a grid as an override."""
    if name == NAME or re.match(r"[+~]*hydra[./]", name):
        problem = translate("{name} is for all grids. Add it to the command: {name}=...", name=name)
        raise PlacedError(place, problem)
    if value == []:
        problem = translate(
            "{name} has no values. [[]] is an empty list as a value of {name}.", name=name
        )
        raise PlacedError(place, problem)
    text = f"{name}={_values(value)}"
    try:
        OverridesParser.create().parse_override(text)
    except HydraException as error:
        reason = explain_syntax(text, " ".join(str(error).split()))
        raise PlacedError(place, reason) from None
    return text


def _values(value: Any) -> str:
    """The part of an override behind "=": a list has one value per item, a text is read by Hydra.

    So `range(5)` and `a,b` are several values, and a list with commas is `[[8, 8], [16]]`.
    """
    if isinstance(value, list):
        return ",".join(map(write_value, value))
    is_grammar = isinstance(value, str) and not _GRAMMAR.isdisjoint(value)
    return str(value) if is_grammar else write_value(value)
