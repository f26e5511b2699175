"""What a person reads in a project's files, in another language: comments, docstrings, notebooks.

A text is replaced as a whole where the catalogue has it; code and all other texts stay as they are.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePath

SUFFIXES = {".ipynb", ".py", ".toml", ".yaml", ".yml"}
NAMES = {".editorconfig", ".gitattributes", ".gitignore", "CITATION.cff", "launch.json"}
# Values that a person reads, by the name of the file.
VALUES = {
    "pyproject.toml": re.compile(
        r'(?P<start>^(?:"[\w.]+"\.msg|[A-Z]+\d*) = ")(?P<text>[^"]+)(?P<end>")$', re.M
    ),
    ".pre-commit-config.yaml": re.compile(r"(?P<start>^ +name: )(?P<text>.+)(?P<end>)$", re.M),
    "ci.yml": re.compile(
        r"(?P<start>^    name: |^      - name: |echo '(?:### )?)(?P<text>[^'`\n]+)(?P<end>'|$)",
        re.M,
    ),
    "launch.json": re.compile(r'(?P<start>"name": ")(?P<text>[^"]+)(?P<end>")'),
    "CITATION.cff": re.compile(r"(?P<start>^message: )(?P<text>.+)(?P<end>)$", re.M),
}

_DOCSTRING = re.compile(r'(?P<start>""")(?P<text>[^"]+)(?P<end>""")')
# Lines of comments that follow each other are one text, but for directives such as `# @package`.
_LINES = re.compile(r"^(?P<start> *# )(?P<text>[^@\s].*(?:\n *# [^@\s].*)*)(?P<end>)$", re.M)
_TRAILING = re.compile(r"(?P<start>\S.* # )(?P<text>.+)(?P<end>)$", re.M)
_STRING = re.compile(r'(?P<start>")(?P<text>[^"\n]+)(?P<end>")')

_Find = Callable[[str], str | None]


def has_texts(name: str) -> bool:
    """Whether this module knows how comments are written in a file of this name."""
    return PurePath(name).suffix in SUFFIXES or PurePath(name).name in NAMES


def translate(name: str, content: str, catalogue: Mapping[str, str]) -> str:
    """The content of a file with the catalogue's texts in place of its own."""
    return _replace(name, content, catalogue.get)


def texts(name: str, content: str) -> Iterator[str]:
    """What may be in a catalogue, of a file: each text in one line, as it is the key there."""
    keys: list[str] = []
    _replace(name, content, keys.append)
    return iter(keys)


def _replace(name: str, content: str, find: _Find) -> str:
    if name.endswith(".ipynb"):
        return _notebook(content, find)
    patterns = [_LINES, _TRAILING]
    if name.endswith(".py"):
        patterns.append(_DOCSTRING)
    if values := VALUES.get(PurePath(name).name):
        patterns.append(values)
    return _patterns(patterns, content, find)


def _patterns(patterns: Iterable[re.Pattern[str]], content: str, find: _Find) -> str:
    def new(match: re.Match[str]) -> str:
        text = find(" ".join(re.split(r"\n *#? *", match["text"])))
        if not text:
            return match[0]
        # Of a comment, each line begins as the first one does.
        return match["start"] + text.replace("\n", "\n" + match["start"]) + match["end"]

    for pattern in patterns:
        content = pattern.sub(new, content)
    return content


def _notebook(content: str, find: _Find) -> str:
    """The paragraphs of its text; in its code, comments and whole strings."""
    notebook = json.loads(content)
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            paragraphs = source.split("\n\n")
            source = "\n\n".join(find(" ".join(text.split("\n"))) or text for text in paragraphs)
        else:
            source = _patterns((_LINES, _TRAILING, _STRING), source, find)
        cell["source"] = source.splitlines(keepends=True)
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
