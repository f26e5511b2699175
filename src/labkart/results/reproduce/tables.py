"""The tables of reports that can be reproduced: from a table's file to the runs behind it.

Needs git alone: the runs are those of the table's provenance, not those of `outputs/`.
"""

from dataclasses import dataclass
from pathlib import Path

from labkart import project
from labkart.language import mistake, translate
from labkart.records.record import ExperimentRecord
from labkart.results.report import config, origin, provenance
from labkart.results.report.provenance import Provenance


@dataclass(frozen=True)
class Table:
    """A table, with its numbers and the runs behind them.

    Attributes:
        file: the table, as a person in the project would write it.
        provenance: its runs and numbers.
        doubts: why the file may not have the numbers of its provenance, in sentences.
    """

    file: str
    provenance: Provenance
    doubts: list[str]

    @property
    def experiments(self) -> list[ExperimentRecord]:
        """The runs behind it."""
        return list(self.provenance.experiments.values())


def find_table(text: str, folder: Path) -> Table | None:
    """The table of a path or of a report's name; None if it is neither.

    Args:
        text: the path, or the name.
        folder: the working directory, to which a path may be relative.

    Raises:
        LabkartError: the file does not name its report, or the provenance is missing or damaged.
    """
    for file in (folder / text, project.current().root / text):
        if file.is_file():
            return _read(file)
    files = [config.folder() / f"{text}{ending}" for ending in (provenance.ENDING, ".yaml", ".md")]
    if Path(text).name == text and any(file.is_file() for file in files):
        return Table(project.current().short(files[0]), provenance.read(files[0]), [])
    if Path(text).suffix or Path(text).name != text:
        raise mistake(
            "{file} does not exist. Give a table of labkart report, or the id of an experiment.",
            file=text,
        )
    return None


def _read(file: Path) -> Table:
    path = project.current().short(file)
    if file.name.endswith(provenance.ENDING):
        return Table(path, provenance.read(file), [])
    stamp = origin.read(file)
    words = str((stamp or {}).get("command", "")).split()
    if not stamp or not words:
        raise mistake(
            '{file} names no report: it has no line "labkart: ...". Give a table of labkart'
            " report, or the id of an experiment.",
            file=path,
        )
    facts = file.with_name(f"{words[-1]}{provenance.ENDING}")
    if not facts.exists():  # a copy of the table, for example beside the text of a thesis
        facts = config.folder() / facts.name
    table = Table(path, provenance.read(facts), [])
    if stamp["edited"]:
        table.doubts.append(
            translate("{file} was edited by hand, so its numbers may be others", file=path)
        )
    if stamp.get("provenance") != origin.digest(facts.read_bytes()):
        table.doubts.append(
            translate(
                "{file} was not made with this {provenance}: make the report again",
                file=path,
                provenance=facts.name,
            )
        )
    return table
