"""In a Japanese project, what a person reads in its files is Japanese, and what the machine reads is the same."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from hooks import comments
from tests.support.bake import SAMPLES, SOURCE, TEMPLATE

CATALOGUE = yaml.safe_load((TEMPLATE / "templates/ja.yaml").read_text(encoding="utf-8"))
PACKAGE = "{{cookiecutter.__package}}"
# The same in both languages: versions of actions, the files of a folder of conf/, commands.
SAME = re.compile(r"v[\d.]+|conf/\w+/: \w+(, \w+)*| *uv run labkart .*")
# In the code of a notebook: names and conditions.
NAMES = re.compile(r"[\w.]+(=\S+)?( [\w.]+=\S+)*")


def files() -> Iterator[Path]:
    """What the template and its samples have of files with comments."""
    for folder in (SOURCE, SAMPLES, TEMPLATE / "templates"):
        for file in sorted(folder.rglob("*")):
            if file.is_file() and comments.has_texts(file.name) and file.name != "ja.yaml":
                yield file


FILES = {file.relative_to(TEMPLATE).as_posix(): file for file in files()}


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8").replace(PACKAGE, "my_thesis")


def test_the_catalogue_has_all_that_is_to_be_translated_and_nothing_else() -> None:
    used = set[str]()
    for name, file in FILES.items():
        for text in comments.texts(name, read(file)):
            is_name = file.suffix == ".ipynb" and NAMES.fullmatch(text)
            if text in CATALOGUE:
                used.add(text)
            else:
                assert SAME.fullmatch(text) or is_name, (
                    f"templates/ja.yaml lacks, of {name}: {text}"
                )
    assert set(CATALOGUE) - used == set()
    assert all(re.search("[ぁ-んァ-ヶ一-龥]", japanese) for japanese in CATALOGUE.values())


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".py")])
def test_code_is_the_same_and_every_docstring_is_japanese(name: str) -> None:
    code = read(FILES[name])
    english, japanese = ast.parse(code), ast.parse(comments.translate(name, code, CATALOGUE))
    docstrings = list(pop_docstrings(japanese))
    assert docstrings and all(re.search("[ぁ-ん]|: ", text) for text in docstrings)
    assert len(docstrings) == len(list(pop_docstrings(english)))
    assert ast.dump(english) == ast.dump(japanese)


def without_values(name: str, content: str) -> str:
    """The content of a file without the values that a person reads."""
    values = comments.VALUES.get(Path(name).name)
    return values.sub(r"\g<start>\g<end>", content) if values else content


def pop_docstrings(tree: ast.AST) -> Iterator[str]:
    """Take the docstrings out of a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (
            text := ast.get_docstring(node)
        ):
            yield text
            del node.body[0]


@pytest.mark.parametrize(
    "name", [name for name in FILES if name.endswith((".yaml", ".yml", ".json"))]
)
def test_settings_are_the_same(name: str) -> None:
    content = re.sub(r"\{%.*?%\}", "", read(FILES[name]))
    japanese = comments.translate(name, content, CATALOGUE)
    assert yaml.safe_load(without_values(name, japanese)) == yaml.safe_load(
        without_values(name, content)
    )
    assert yaml.safe_load(japanese)


def test_the_settings_of_a_project_are_the_same() -> None:
    content = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", read(SOURCE / "pyproject.toml"))
    content = re.sub(r"^(description|authors) .*|^    ,$", "", content, flags=re.M)
    japanese = comments.translate("pyproject.toml", content, CATALOGUE)
    assert japanese != content
    assert tomllib.loads(japanese)
    japanese, content = (without_values("pyproject.toml", text) for text in (japanese, content))
    assert tomllib.loads(japanese) == tomllib.loads(content)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".ipynb")])
def test_a_notebook_has_the_same_code_but_for_what_it_says(name: str) -> None:
    english = json.loads(read(FILES[name]))
    japanese = json.loads(comments.translate(name, read(FILES[name]), CATALOGUE))
    for before, after in zip(english["cells"], japanese["cells"], strict=True):
        texts = ["".join(cell["source"]) for cell in (before, after)]
        if before["cell_type"] == "markdown":
            assert re.search("[ぁ-ん]", texts[1])
        else:
            codes = [re.sub(r'f"[^"]*"|;$', "", text) for text in texts]
            assert ast.dump(ast.parse(codes[0])) == ast.dump(ast.parse(codes[1]))


def test_what_the_catalogue_does_not_have_stays() -> None:
    """Also a text that only begins as one of it, directives, and what looks like a comment in a text."""
    content = '# @package _global_\n# One\n# two\nurl: "a # One"  # One\n\n#\n# One two three\n'
    catalogue = {"One two": "一つ\n二つ", "One": "一つ"}
    assert comments.translate("a.yaml", content, catalogue) == (
        '# @package _global_\n# 一つ\n# 二つ\nurl: "a # One"  # 一つ\n\n#\n# One two three\n'
    )
