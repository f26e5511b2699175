"""How the pages become a site: `make docs` builds docs/en and docs/ja, each as a site of its own.

The pages are plain Markdown, which GitHub and `labkart docs` show as well. What only the site has
is added here: the navigation, which follows the links of `index.md`, the reference at the end of
`api.md`, and the list of modules at the end of `architecture.md`.
"""

import ast
import logging
import re
from pathlib import Path
from typing import Any

import labkart
from labkart.cli.docs import join_japanese_lines

project = "Labkart"
release = labkart.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

myst_heading_anchors = 4
smartquotes_action = "D"  # dashes; quotes stay as they were written
napoleon_use_ivar = True
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
default_role = "code"  # `name` in a docstring

html_theme = "furo"
html_title = "Labkart"
html_copy_source = False
templates_path = ["_templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "language.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}

LANGUAGES = {"en": "English", "ja": "日本語"}
# The heading of the pages that index.md does not name.
MORE = {"en": "More", "ja": "そのほか"}
# The heading of the list of modules, whose docstrings are English.
MODULES = {"en": "All modules", "ja": "モジュールの一覧 (英語)"}
# What the reference shows of a class; all else is luigi's and gokart's.
MEMBERS = {
    "Task": "dump, load, make_target, make_model_target, checkpoint_dir, complete, last_record,"
    " log_metric, log_param, log_figure, log_image, log_table, log_text, log_artifact, log_model,"
    " report",
}

logging.getLogger("luigi-interface").setLevel(logging.WARNING)  # it says what it imports


def complete_page(app: Any, page: str, content: list[str]) -> None:
    """Add to the text of a page what only the site has."""
    content[0] = join_japanese_lines(content[0])
    if page == "index":
        pages = sorted(file.stem for file in Path(app.srcdir).glob("*.md"))
        content[0] += navigation(content[0], pages, MORE[app.config.language])
    if page == "api":
        content[0] += reference()
    if page == "architecture":
        content[0] += f"\n## {MODULES[app.config.language]}\n" + modules()


def navigation(index: str, pages: list[str], rest: str) -> str:
    """The pages as the first page lists them, by its headings; below `rest` all others."""
    parts = re.split(r"^## (.+)$", index, flags=re.MULTILINE)
    lists = dict(zip(parts[1::2], map(linked_pages, parts[2::2]), strict=True))
    listed = {"index"}.union(*lists.values())
    lists[rest] = [page for page in pages if page not in listed]
    return "".join(
        directive("toctree", ":hidden:", f":caption: {caption}", "", *names)
        for caption, names in lists.items()
        if names
    )


def linked_pages(text: str) -> list[str]:
    """The pages to which the items of a list lead."""
    return re.findall(r"^- \[[^]]+\]\(([\w-]+)\.md\)", text, flags=re.MULTILINE)


def reference() -> str:
    """The public names, from their docstrings."""
    lines = list[str]()
    for name in sorted(labkart.__all__):
        kind = "class" if isinstance(getattr(labkart, name), type) else "function"
        signature = "()" if kind == "class" else ""
        lines += ["", f".. auto{kind}:: labkart.{name}{signature}"]
        lines += [f"   :members: {MEMBERS[name]}"] if name in MEMBERS else []
    return directive("eval-rst", *lines)


def modules() -> str:
    """The modules of each room, with what the first lines of their docstrings say."""
    library = Path(labkart.__file__).parent
    text = ""
    for room in sorted(file.parent for file in library.rglob("__init__.py")):
        files = sorted(set(room.glob("*.py")) - {room / "__init__.py"})
        rows = [f"| `{file.stem}` | {first_line(file)} |" for file in files]
        heading = f"### `{room.relative_to(library.parent).as_posix()}/`"
        text += "\n".join(["", heading, "", "| module | |", "| --- | --- |", *rows, ""])
    return text


def first_line(file: Path) -> str:
    """The first line of a module's docstring, for a table."""
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0].replace("|", "\\|")


def directive(name: str, *lines: str) -> str:
    """A directive of Sphinx in a page of Markdown."""
    return "\n".join(["", "", f"```{{{name}}}", *lines, "```", ""])


def offer_other_language(app: Any, *rest: Any) -> None:
    """Let each page lead to the same page in the other language."""
    *_, context, _ = rest
    (other,) = LANGUAGES.keys() - {app.config.language}
    context |= {"other_language": other, "other_language_name": LANGUAGES[other]}


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", complete_page)
    app.connect("html-page-context", offer_other_language)
