"""Explains in a sentence what is wrong in a file that is not YAML: its line, its column, a remedy.

Knows the messages of PyYAML. For files that are YAML but do not compose see `config_errors`.
"""

from pathlib import Path

from yaml import MarkedYAMLError
from yaml.reader import ReaderError

from labkart import project
from labkart.experiments.place import Place, PlacedError
from labkart.language import translate

# What is wrong with these begins at the line that PyYAML calls the context.
_OF_CONTEXT = ("could not find expected ':'", "expected ','", "found unexpected end of stream")


def explain_yaml(error: MarkedYAMLError | ReaderError) -> PlacedError:
    """Where a file stops being YAML, why, and what to do."""
    if isinstance(error, ReaderError):
        problem = translate(
            "it has a character that YAML does not allow (#x{code:04x}).", code=error.character
        )
        return PlacedError(Place(_short(error.name)), problem)
    problem = str(error.problem)
    mark = error.problem_mark or error.context_mark
    if problem.startswith(_OF_CONTEXT) and error.context_mark:
        mark = error.context_mark
    if mark is None:
        return PlacedError(Place("conf"), f"{problem}.")
    meanings = (text for part, text in _meanings(problem).items() if problem.startswith(part))
    place = Place(_short(mark.name), mark.line + 1, mark.column + 1)
    return PlacedError(place, next(meanings, f"{problem}."))


def _meanings(problem: str) -> dict[str, str]:
    """Parts of messages of PyYAML 6, each with what it means for whoever wrote the line."""
    name = problem.removeprefix("found duplicate key").strip()
    return {
        "found character '\\t'": translate("there is a tab. Indent with spaces."),
        "found character '%'": translate('a text must not begin with "%". Write it in quotes.'),
        "found character '@'": translate('a text must not begin with "@". Write it in quotes.'),
        "found character '`'": translate('a text must not begin with "`". Write it in quotes.'),
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
        "found undefined alias": translate('a text must not begin with "*". Write it in quotes.'),
        "did not find expected alphabetic": translate(
            'a text must not begin with "*" or "&". Write it in quotes.'
        ),
        "could not determine a constructor": translate(
            'a text must not begin with "!". Write it in quotes.'
        ),
        "but found another document": translate(
            'there is a second "---". Make it a file of its own.'
        ),
    }


def _short(name: str) -> str:
    return project.current().short(Path(name))
