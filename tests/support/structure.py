"""What holds of every baked project, whatever the answers: the layout, nothing unrendered, files that hold the answers."""

import json
import re
import tomllib
from functools import cache

import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft7Validator
from markdown_it import MarkdownIt

from hooks.texts import markdown, quoted
from tests.support.bake import TEMPLATE, Project

Answers = dict[str, str]

LAYOUT = {
    ".devcontainer", ".editorconfig", ".gitattributes", ".github", ".gitignore", ".pre-commit-config.yaml", ".vscode",
    "CITATION.cff", "LICENSE", "README.md", "conf", "data", "docs", "notebooks", "pyproject.toml", "reports", "src",
    "tests",
}  # fmt: skip

CONF = {"config.yaml", "data", "experiment", "hydra", "model", "search"}

LICENCES = {
    "MIT": "MIT License",
    "BSD-3-Clause": "BSD 3-Clause License",
    "Apache-2.0": "Apache License",
}


def layout(project: Project, answers: Answers) -> None:
    package = answers["project_slug"].replace("-", "_")
    tops = {file.partition("/")[0] for file in project.files()} - {
        ".cruft.json"
    }  # of a commit alone; see test_update
    assert project.root.name == answers["project_slug"]
    assert tops == LAYOUT - ({"LICENSE"} if answers["license"] == "none" else set())
    assert {path.name for path in (project.root / "src").iterdir()} == {package}
    assert {path.name for path in (project.root / "conf").iterdir()} == CONF
    assert len([file for file in project.files() if file.startswith("conf/")]) <= 10
    assert project.has("data/raw")


def nothing_unrendered(project: Project, answers: Answers) -> None:
    """But for what an answer says itself, which may be anything."""
    said = {
        form(answers[name])
        for name in ("project_title", "author_name")
        for form in (str, markdown, _inside)
    }
    for file in project.files() - {".github/workflows/ci.yml"}:
        text = project.read(file)
        for words in sorted(
            (words for words in said if re.search("cookiecutter|[{]", words)), key=len, reverse=True
        ):
            text = text.replace(words, "")
        assert not re.search(r"cookiecutter\.|\{\{|\{%", text), file


def settings_as_answered(project: Project, answers: Answers) -> None:
    """TOML and YAML give the answers back as they were given."""
    whole = tomllib.loads(project.read("pyproject.toml"))
    table, citation = whole["project"], yaml.safe_load(project.read("CITATION.cff"))
    licence = None if answers["license"] == "none" else answers["license"]
    assert table["name"] == answers["project_slug"]
    assert table["description"] == citation["title"] == answers["project_title"]
    assert table["authors"] == [{"name": answers["author_name"], "email": answers["author_email"]}]
    assert citation["authors"] == table["authors"]
    assert table.get("license") == citation.get("license") == licence
    assert whole["tool"]["labkart"]["language"] == answers["language"]


def valid_files(project: Project, answers: Answers) -> None:
    for file in project.files():
        if file.endswith((".yaml", ".yml", ".cff")):
            yaml.safe_load(project.read(file))
        if file.endswith(".json"):
            json.loads(project.read(file))
    _citation_schema().validate(yaml.safe_load(project.read("CITATION.cff")))


def the_licence(project: Project, answers: Answers) -> None:
    if answers["license"] == "none":
        assert not project.has("LICENSE")
    else:
        text = project.read("LICENSE")
        assert LICENCES[answers["license"]] in text
        assert (
            answers["license"] == "Apache-2.0"
            or f"\nCopyright (c) {answers['author_name']}\n" in text
        )


def the_readme(project: Project, answers: Answers) -> None:
    """Its heading is the title, sign for sign; what follows is in the language that was chosen."""
    opening, heading, *_ = MarkdownIt().parse(project.read("README.md"))
    assert (opening.tag, heading.content) == ("h1", markdown(answers["project_title"]))
    assert {token.type for token in heading.children or []} == {"text"}
    assert "".join(token.content for token in heading.children or []) == answers["project_title"]
    template = (TEMPLATE / "templates" / answers["language"] / "README.md").read_text(
        encoding="utf-8"
    )
    lines = {line for line in template.splitlines() if "{" not in line}
    assert lines <= set(project.read("README.md").splitlines())
    assert re.search(r"[^\n]\n\Z", project.read("README.md"))


def the_pages(project: Project, answers: Answers) -> None:
    """Those in docs/ are the ones of the language that was chosen."""
    for page in (project.root / "docs").iterdir():
        template = (TEMPLATE / "templates" / answers["language"] / page.name).read_text(
            encoding="utf-8"
        )
        package = answers["project_slug"].replace("-", "_")
        assert page.read_text(encoding="utf-8") == template.replace(
            "{{ cookiecutter.__package }}", package
        )


CHECKS = [
    layout,
    nothing_unrendered,
    settings_as_answered,
    valid_files,
    the_licence,
    the_readme,
    the_pages,
]


def _inside(text: str) -> str:
    return quoted(text)[1:-1]


@cache
def _citation_schema() -> Draft7Validator:
    return Draft7Validator(get_builtin_schema("vendor.citation-file-format"))


def defaults() -> Answers:
    """What cookiecutter takes where nothing is answered and git knows nobody."""
    context = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    named = {
        "project_title": "My thesis",
        "author_name": "Your Name",
        "author_email": "you@example.org",
    }
    return {name: text for name, text in context.items() if not name.startswith("_")} | named
