"""Where a project is, its name, and where its outputs are. Knows nothing about their content."""

import os
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labkart import opened_files
from labkart.errors import LabkartError

# The folder in which the command was called, wherever it goes afterwards.
STARTED = Path.cwd()

# The same text is read once, as often as somebody asks outside of a project.
_parse = cache(tomllib.loads)


@dataclass(frozen=True)
class Project:
    """A Labkart project on disk, as its `pyproject.toml` describes it."""

    root: Path  # the folder of that file
    name: str  # of the project; MLflow's experiment has the same name
    entry: str  # the pipeline function as `module:function`
    language: str  # of checks and pages: "en" or "ja"
    outputs: Path  # the folder for all that runs write; the variable `LABKART_OUTPUTS` moves it
    secrets: frozenset[str] = frozenset()  # names of settings whose values are secrets
    not_secrets: frozenset[str] = frozenset()  # and of those whose values are none
    folds: tuple[str, ...] = ()  # names of settings that choose a part of a cross-validation

    def short(self, path: Path) -> str:
        """A path as a person in this project would write it."""
        if path.is_relative_to(self.root):
            return path.relative_to(self.root).as_posix()
        return str(path)


def current() -> Project:
    """The project around the working directory, or else the one whose `.venv` runs this process.

    Raises:
        LabkartError: neither exists.
    """
    directory = os.getcwd()  # noqa: PTH109 (called often, and faster as a text)
    return _around(directory, os.environ.get("LABKART_OUTPUTS"))


@cache
def _around(directory: str, outputs: str | None) -> Project:
    start = Path(directory)
    for folder in (start, *start.parents, Path(sys.prefix).parent):
        with opened_files.ignored():  # a task may have gone to another folder
            project = _read(folder, outputs)
        if project:
            return project
    raise LabkartError(
        f"{start} is not inside a Labkart project: no pyproject.toml with [tool.labkart]. "
        "Go to the folder of a project."
    )


def _read(folder: Path, outputs: str | None) -> Project | None:
    """The project whose root is this folder; None if it is not a project's root."""
    try:
        table = _parse((folder / "pyproject.toml").read_text(encoding="utf-8"))
        settings = table["tool"]["labkart"]
        return Project(
            root=folder,
            name=table["project"]["name"],
            entry=settings["pipeline"],
            language=str(settings.get("language", "en")),
            outputs=Path(outputs).absolute() if outputs else folder / "outputs",
            secrets=frozenset(map(str, settings.get("secrets", ()))),
            not_secrets=frozenset(map(str, settings.get("not-secrets", ()))),
            folds=tuple(map(str, settings.get("folds", ()))),
        )
    except (OSError, KeyError, TypeError):
        return None
    except ValueError as error:  # it is not TOML, or not UTF-8
        raise LabkartError(f"{folder / 'pyproject.toml'}: {error}. Fix that line.") from None
