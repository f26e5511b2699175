"""Explains in a sentence why a file of `conf/` is not YAML: its line, its column, and a remedy.

Knows the messages of PyYAML. For files that are YAML but do not compose see `config_errors`.
"""

import re
from dataclasses import dataclass

from yaml import MarkedYAMLError
from yaml.reader import ReaderError

from labkart.errors import LabkartError
from labkart.language import translate

NotYaml = (MarkedYAMLError, ReaderError, UnicodeDecodeError)
# What is wrong with these begins at the line that PyYAML calls the context.
_OF_CONTEXT = ("could not find expected ':'", "expected ','", "found unexpected end of stream")
# Messages about the first character of a text, which YAML takes for something of its own.
_OF_CHARACTER = {
    "found undefined alias": "*",
    "did not find expected alphabetic": "&",
    "could not determine a constructor": "!",
}


@dataclass(frozen=True)
class Place:
    """A file, from the project's root; a line in it, and a column, or 0."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """How a message names it."""
        values = vars(self)
        if self.column:
            return translate("{file}, line {line}, column {column}", **values)
        return translate("{file}, line {line}", **values) if self.line else self.file


class PlacedError(LabkartError):
    """A mistake at a place in a file."""

    def __init__(self, place: Place, problem: str) -> None:
        super().__init__(place, problem)
        self.place, self.problem = place, problem

    def __str__(self) -> str:
        """The place and the problem."""
        return f"{self.place}: {self.problem}"


def yaml_error(error: Exception, file: str) -> PlacedError:
    """Where a file stops being YAML, why, and what to do, by one of `NotYaml`."""
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
        problem = translate("this is not UTF-8. Save the file as UTF-8 in your editor.")
        return PlacedError(Place(file, line), problem)
    if isinstance(error, ReaderError):
        problem = translate(
            "it has a character that YAML does not allow (#x{code:04x}).", code=error.character
        )
        return PlacedError(Place(file), problem)
    assert isinstance(error, MarkedYAMLError)
    problem = str(error.problem)
    mark = error.problem_mark or error.context_mark
    if problem.startswith(_OF_CONTEXT) and error.context_mark:
        mark = error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    return PlacedError(place, _explain(problem))


def _explain(problem: str) -> str:
    """What a message of PyYAML 6 means for whoever wrote the line."""
    character = next((_OF_CHARACTER[part] for part in _OF_CHARACTER if part in problem), "")
    if match := re.match(r"found character '([%@`])'", problem):
        character = match[1]
    if character:
        return translate(
            'a text must not begin with "{character}". Write it in quotes.', character=character
        )
    name = problem.removeprefix("found duplicate key").strip()
    meanings = {
        "found character '\\t'": translate("there is a tab. Indent with spaces."),
        "found duplicate key": translate(
            "this name is there twice. Remove one of them ({name}).", name=name
        ),
        "found unhashable key": translate("a name must be a word, not a list or section."),
        "mapping values are not allowed": translate(
            'there is a ":" too many, or the line before has none or another indent.'
            ' Write a text with ": " in quotes.'
        ),
        "could not find expected ':'": translate(
            'this is no "name: value". Write a space after ":" and "-".'
        ),
        "expected ',' or ']'": translate('the "[" is not closed, or a "," is missing.'),
        "expected ',' or '}'": translate('the "{{" is not closed, or a "," is missing.'),
        "expected the node content": translate(
            "a value is missing, or must be in quotes (as '???')."
        ),
        "found unexpected end of stream": translate("the quote is not closed."),
        "expected <block end>": translate(
            "this line is indented in another way than those above it."
        ),
        "but found another document": translate(
            'there is a second "---". Make it a file of its own.'
        ),
    }
    return next((text for part, text in meanings.items() if part in problem), f"{problem}.")
