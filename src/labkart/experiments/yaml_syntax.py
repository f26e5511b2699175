"""Explains in a sentence what is wrong in a file that is not YAML: its line, its column, a remedy.

Knows the messages of PyYAML. For files that are YAML but do not compose see `config_errors`.
"""

from pathlib import Path

from yaml import MarkedYAMLError
from yaml.reader import ReaderError

from labkart import project

# Parts of messages of PyYAML 6, each with what it means for the person who wrote the line.
_MEANINGS = {
    "found character '\\t'": "there is a tab. Indent with spaces",
    "found character '%'": 'a text must not begin with "%". Write it in quotes',
    "found character '@'": 'a text must not begin with "@". Write it in quotes',
    "found character '`'": 'a text must not begin with "`". Write it in quotes',
    "found duplicate key": "this name is there twice. Remove one of them",
    "found unhashable key": "a name must be a word, not a list or section",
    "mapping values are not allowed": (
        'there is a ":" too many, or the line before has none or another indent.'
        ' Write a text with ": " in quotes'
    ),
    "could not find expected ':'": 'this is no "name: value". Write a space after ":" and "-"',
    "expected ',' or ']'": 'the "[" is not closed, or a "," is missing',
    "expected ',' or '}'": 'the "{" is not closed, or a "," is missing',
    "expected the node content": "a value is missing, or must be in quotes (as '???')",
    "found unexpected end of stream": "the quote is not closed",
    "expected <block end>": "this line is indented in another way than those above it",
    "found undefined alias": 'a text must not begin with "*". Write it in quotes',
    "did not find expected alphabetic": 'a text must not begin with "*" or "&". Write it in quotes',
    "could not determine a constructor": 'a text must not begin with "!". Write it in quotes',
    "but found another document": 'there is a second "---". Make it a file of its own',
}
# What is wrong with these begins at the line that PyYAML calls the context.
_OF_CONTEXT = ("could not find expected ':'", "expected ','", "found unexpected end of stream")


def explain_yaml(error: MarkedYAMLError | ReaderError) -> str:
    """Where a file stops being YAML, why, and what to do."""
    if isinstance(error, ReaderError):
        name = _short(error.name)
        return f"{name}: it has a character that YAML does not allow (#x{error.character:04x})."
    problem = str(error.problem)
    mark = error.problem_mark or error.context_mark
    if problem.startswith(_OF_CONTEXT) and error.context_mark:
        mark = error.context_mark
    if mark is None:
        return f"conf: {problem}."
    place = f"{_short(mark.name)}, line {mark.line + 1}, column {mark.column + 1}"
    for part, meaning in _MEANINGS.items():
        if problem.startswith(part):
            name = problem.removeprefix("found duplicate key")
            detail = f" ({name.strip()})" if name != problem else ""
            return f"{place}: {meaning}{detail}."
    return f"{place}: {problem}."


def _short(name: str) -> str:
    return project.current().short(Path(name))
