"""A place in a file of `conf/`, and the error of what is wrong there."""

from dataclasses import dataclass

from labkart.errors import LabkartError
from labkart.language import translate


@dataclass(frozen=True)
class Place:
    """A file, from the project's root; a line in it, and a column, or 0."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """How a message names it."""
        if self.column:
            return translate(
                "{file}, line {line}, column {column}",
                file=self.file,
                line=self.line,
                column=self.column,
            )
        return (
            translate("{file}, line {line}", file=self.file, line=self.line)
            if self.line
            else self.file
        )


class PlacedError(LabkartError):
    """A mistake at a place in a file."""

    def __init__(self, place: Place, problem: str) -> None:
        super().__init__(place, problem)
        self.place, self.problem = place, problem

    def __str__(self) -> str:
        """The place and the problem."""
        return f"{self.place}: {self.problem}"


def encoding_error(file: str, error: UnicodeDecodeError) -> PlacedError:
    """What to do with a file that is not UTF-8, and the line from which on it is not."""
    line = error.object[: error.start].count(b"\n") + 1
    problem = translate("this is not UTF-8. Save the file as UTF-8 in your editor.")
    return PlacedError(Place(file, line), problem)
