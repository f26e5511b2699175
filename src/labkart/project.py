"""Where a project is and where it keeps its things. Knows nothing of what is in them."""

import os
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labkart.errors import LabkartError

# Where the person is, wherever a command goes after that.
STARTED = Path.cwd()


@dataclass(frozen=True)
class Project:
    """A Labkart project on disk.

    Attributes:
        root: the folder that holds `pyproject.toml`.
        name: the project's name there; MLflow's experiment has the same name.
        entry: the pipeline function as `module:function`, from `[tool.labkart]`.
        language: in which checks speak, "en" or "ja", from there, too.
        outputs: everything that runs have written; the variable `LABKART_OUTPUTS` moves it, for example in tests.
    """

    root: Path
    name: str
    entry: str
    language: str
    outputs: Path

    def short(self, path: Path) -> str:
        """A path as a person in this project would write it."""
        return (
            path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)
        )


def current() -> Project:
    """The project around the working directory, or else the one whose `.venv` runs this process.

    Raises:
        LabkartError: there is no project at either place.
    """
    return _around(os.getcwd(), os.environ.get("LABKART_OUTPUTS"))  # noqa: PTH109 (as a text: asked often)


@cache
def _around(directory: str, outputs: str | None) -> Project:
    here = Path(directory)
    for folder in (here, *here.parents, Path(sys.prefix).parent):
        if settings := _settings(folder):
            return Project(
                folder, *settings, Path(outputs).absolute() if outputs else folder / "outputs"
            )
    raise LabkartError(
        f"{here} is not inside a Labkart project: no pyproject.toml with [tool.labkart]. Go into yours."
    )


def _settings(folder: Path) -> tuple[str, str, str] | None:
    """The project's name, its pipeline and its language, where `folder` is a project's root."""
    try:
        table = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        ours = table["tool"]["labkart"]
        return table["project"]["name"], ours["pipeline"], str(ours.get("language", "en"))
    except (OSError, KeyError, TypeError):
        return None
    except ValueError as error:  # no TOML, or no UTF-8
        raise LabkartError(f"{folder / 'pyproject.toml'}: {error}. Mend that line.") from None
