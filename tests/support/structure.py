"""What must hold for every baked project, whatever the answers: its layout, and files that hold the answers."""

import json
import re
import tomllib
from functools import cache

import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft7Validator
from markdown_it import MarkdownIt

from hooks.texts import escape_markdown, family_name, given_name, quote
from tests.support.bake import TEMPLATE, Project

Answers = dict[str, str]

LAYOUT = {
    ".devcontainer", ".editorconfig", ".gitattributes", ".github", ".gitignore", ".pre-commit-config.yaml", ".vscode",
    "CITATION.cff", "LICENSE", "README.md", "conf", "data", "notebooks", "pyproject.toml", "reports", "src",
    "tests",
}  # fmt: skip

CONF = {
    "classification": {"config.yaml", "data", "experiment", "hydra", "model", "search"},
    "retrieval": {"config.yaml", "hydra", "model", "sweep"},
    "blank": {"config.yaml", "hydra"},
}

LICENCES = {
    "MIT": "MIT License",
    "BSD-3-Clause": "BSD 3-Clause License",
    "Apache-2.0": "Apache License",
}


def layout(project: Project, answers: Answers) -> None:
    package = answers["project_slug"].replace("-", "_")
    # Only a template that is a commit has this file; see test_origin.
    tops = {file.partition("/")[0] for file in project.files()} - {".cruft.json"}
    assert project.root.name == answers["project_slug"]
    assert tops == LAYOUT - ({"LICENSE"} if answers["license"] == "none" else set())
    assert {path.name for path in (project.root / "src").iterdir()} == {package}
    assert len([file for file in project.files() if file.startswith("conf/")]) <= 11
    assert project.has("data/raw")


def the_sample(project: Project, answers: Answers) -> None:
    """A hook of the template lays it over the other files."""
    package = answers["project_slug"].replace("-", "_")
    assert {path.name for path in (project.root / "conf").iterdir()} == CONF[answers["sample"]]
    assert project.has(f"src/{package}/pipeline.py")
    assert project.has("tests/test_tasks.py")
    for file in ("conf/config.yaml", f"src/{package}/pipeline.py", ".github/workflows/ci.yml"):
        japanese = re.search("[ぁ-ん]", project.read(file))
        assert bool(japanese) == (answers["language"] == "ja"), file
    dependencies = project.read("pyproject.toml")
    assert ("scikit-learn" in dependencies) == (answers["sample"] != "blank")


def nothing_unrendered(project: Project, answers: Answers) -> None:
    """Apart from the answers themselves, which may be anything."""
    name = answers["author_name"]
    parts = (answers["project_title"], name, given_name(name), family_name(name))
    texts = {form(part) for part in parts for form in (str, escape_markdown, _inside)}
    texts = {text for text in texts if re.search("cookiecutter|[{]", text)}
    for file in project.files() - {".github/workflows/ci.yml"}:
        text = project.read(file)
        for answer in sorted(texts, key=len, reverse=True):
            text = text.replace(answer, "")
        assert not re.search(r"cookiecutter\.|\{\{|\{%", text), file


def settings_as_answered(project: Project, answers: Answers) -> None:
    """TOML and YAML hold the answers unchanged."""
    settings = tomllib.loads(project.read("pyproject.toml"))
    citation = yaml.safe_load(project.read("CITATION.cff"))
    table = settings["project"]
    licence = None if answers["license"] == "none" else answers["license"]
    assert table["name"] == answers["project_slug"]
    assert table["description"] == citation["title"] == answers["project_title"]
    assert table["authors"] == [{"name": answers["author_name"], "email": answers["author_email"]}]
    (author,) = citation["authors"]
    names = [author["family-names"], author.get("given-names", "")]
    assert sorted(" ".join(names).split()) == sorted(answers["author_name"].split())
    assert author["email"] == answers["author_email"]
    assert table.get("license") == citation.get("license") == licence
    assert settings["tool"]["labkart"]["language"] == answers["language"]


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
    """Its heading is the title, unchanged; the rest is in the chosen language."""
    opening, heading, *_ = MarkdownIt().parse(project.read("README.md"))
    assert (opening.tag, heading.content) == ("h1", escape_markdown(answers["project_title"]))
    assert {token.type for token in heading.children or []} == {"text"}
    assert "".join(token.content for token in heading.children or []) == answers["project_title"]
    template = (TEMPLATE / "templates" / answers["language"] / "README.md").read_text(
        encoding="utf-8"
    )
    lines = {line for line in template.splitlines() if "{" not in line}
    assert lines <= set(project.read("README.md").splitlines())
    assert re.search(r"[^\n]\n\Z", project.read("README.md"))


def all_of_it_is_the_students(project: Project, answers: Answers) -> None:
    """A project is small, and holds nothing of ours but wiring: one line names the library."""
    package = answers["project_slug"].replace("-", "_")
    files = sorted(project.files())
    assert len(files) <= 45
    own = set(files) - {"LICENSE"}  # some are long
    assert sum(len(project.read(file).splitlines()) for file in own) <= 1200
    assert {file.split("/")[1] for file in files if file.startswith("src/")} == {package}
    dependencies = tomllib.loads(project.read("pyproject.toml"))["project"]["dependencies"]
    assert [line.split()[0] for line in dependencies].count("labkart") == 1


CHECKS = [
    layout,
    the_sample,
    nothing_unrendered,
    settings_as_answered,
    valid_files,
    the_licence,
    the_readme,
    all_of_it_is_the_students,
]


def _inside(text: str) -> str:
    return quote(text)[1:-1]


@cache
def _citation_schema() -> Draft7Validator:
    return Draft7Validator(get_builtin_schema("vendor.citation-file-format"))


def defaults() -> Answers:
    """What cookiecutter takes if nothing is answered and git knows nobody."""
    context = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    rendered = {
        "project_title": "My thesis",
        "author_name": "Your Name",
        "author_email": "you@example.org",
    }
    return {name: text for name, text in context.items() if not name.startswith("_")} | rendered
