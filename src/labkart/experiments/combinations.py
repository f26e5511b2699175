"""The combinations of a sweep: those of the command's overrides, and of the grids in its files.

Knows Hydra's grammar. Composes and plans nothing.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Transformer

from labkart import project
from labkart.errors import LabkartError
from labkart.experiments import sweep_file
from labkart.experiments.override_syntax import write_value
from labkart.experiments.yaml_errors import Place, PlacedError
from labkart.language import mistake

# Of a setting, that a sample of a grid has.
_MOST_VALUES = 20


@dataclass(frozen=True)
class Job:
    """One combination of a sweep.

    Attributes:
        overrides: one per setting.
        places: by name, the line in a file of `conf/sweep/` that an override comes from.
    """

    overrides: list[str]
    places: Mapping[str, Place] = field(default_factory=dict)

    def named(self, message: str) -> str:
        """The name of the setting that a message is about; empty if it names none."""
        return max((name for name in self.names if name in message), key=len, default="")

    def place(self, message: str) -> Place | None:
        """Where a file sets what a message is about; None if no file does."""
        return self.places.get(self.named(message))

    @property
    def names(self) -> list[str]:
        """The names of the settings."""
        return [override.partition("=")[0].lstrip("+~") for override in self.overrides]


def expand(overrides: Sequence[str], parser: OverridesParser) -> list[Job]:
    """The jobs of a sweep: each combination of the values that are swept over, each once.

    An override that names a file of `conf/sweep/` has several grids: the jobs of all of them.
    """
    files = [override for override in overrides if sweep_file.names_file(override)]
    if not files:
        return _combinations(parser.parse_overrides(list(overrides)), {})
    position = list(overrides).index(files[0])
    before = parser.parse_overrides(list(overrides[:position]))
    others = [override for override in overrides[position:] if override not in files]
    after = parser.parse_overrides(others)
    jobs = dict[tuple[str, ...], Job]()
    for file in files:
        for grid in sweep_file.read_grids(file.partition("=")[2]):
            lines = parser.parse_overrides(list(grid))
            for job in _combinations([*before, *lines, *after], grid):
                jobs.setdefault(tuple(sorted(job.overrides)), job)
    return list(jobs.values())


def sample(grid: sweep_file.Grid) -> list[Job]:
    """Jobs that have the values of a grid one by one, each beside the first ones of the others."""
    parser = OverridesParser.create()
    choices, places = _choices(parser.parse_overrides(list(grid)), grid)
    first = [values[0] for values in choices]
    jobs = {tuple(first): None}
    for position, values in enumerate(choices):
        for value in values[1:_MOST_VALUES]:
            jobs[(*first[:position], value, *first[position + 1 :])] = None
    return [Job(list(job), places) for job in jobs]


def _combinations(overrides: Sequence[Override], grid: Mapping[str, Place]) -> list[Job]:
    """Every combination of some overrides, of which a grid's came from a file."""
    choices, places = _choices(overrides, grid)
    return [Job(list(job), places) for job in itertools.product(*choices)]


def _choices(
    overrides: Sequence[Override], grid: Mapping[str, Place]
) -> tuple[list[list[str]], dict[str, Place]]:
    """The overrides that each setting has one of, and the places of those that a grid has."""
    choices: dict[str, list[str]] = {}  # of two overrides of one setting the later one counts
    places: dict[str, Place] = {}
    for override in overrides:
        name = str(override.get_key_element())
        place = grid.get(override.input_line or "")
        try:
            choices[name] = [_job_override(name, value) for value in _values(override)]
        except LabkartError as error:
            raise (PlacedError(place, str(error)) if place else error) from None
        if place:
            places[name.lstrip("+~")] = place
        else:
            places.pop(name.lstrip("+~"), None)
    return list(choices.values()), places


def _job_override(name: str, value: str) -> str:
    """One value of a setting; `model=null` leaves out a group of files, in Hydra's own words."""
    group = project.current().root / "conf" / name.partition("@")[0]
    return f"~{name}" if value == "null" and group.is_dir() else f"{name}={value}"


def _values(override: Override) -> list[str]:
    text = override.input_line
    if not override.is_sweep_override():
        return [override.get_value_element_as_str()]
    if not override.is_discrete_sweep():
        raise mistake(
            "{override}: a sweep needs a list or range(...); intervals are for a search.",
            override=text,
        )
    # Hydra's own texts of `choice("it's", x)` have no quotes.
    items = override.sweep_iterator(transformer=Transformer.identity)
    values = [write_value(it) if type(it) is str else str(Transformer.encode(it)) for it in items]
    if not values:
        raise mistake("{override} has no values, so there would be nothing to run.", override=text)
    return values
