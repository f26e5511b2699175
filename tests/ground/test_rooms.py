"""The library's rooms: who may import whom, who may touch private names, what each room says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from tests.support.bake import LIBRARY, TEMPLATE
from tests.support.sources import nodes, tree

# Documented, in spite of their names.
DOCUMENTED = {"_exit", "_getframe", "_replace"}
MODULES = sorted(LIBRARY.rglob("*.py"))
ROOMS = sorted(path.parent for path in LIBRARY.rglob("*/__init__.py"))


def name(path: Path) -> str:
    return path.relative_to(LIBRARY).as_posix()


def test_rooms_import_downwards_and_never_their_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    # It would switch off all loggers that exist, and other tests read what is logged.
    monkeypatch.setattr("importlinter.cli._configure_logging", lambda _: None)
    assert lint_imports(config_filename=str(TEMPLATE / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("room", ROOMS, ids=name)
def test_a_room_says_what_it_knows_and_imports_nothing(room: Path) -> None:
    body = tree(room / "__init__.py")
    assert len(ast.get_docstring(body) or "") > 100
    assert len(body.body) == 1


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_on_the_architecture_names_rooms_and_modules_that_exist(language: str) -> None:
    page = (TEMPLATE / "docs" / language / "architecture.md").read_text(encoding="utf-8")
    rooms = {path.name for path in LIBRARY.iterdir() if (path / "__init__.py").exists()}
    assert set(re.findall(r"^\| \d \| `(\w+)/`", page, flags=re.MULTILINE)) == rooms
    named = [pair for pair in re.findall(r"`(\w+)\.(\w+)`", page) if pair[0] in rooms]
    assert len(named) >= 6
    assert [
        pair for pair in named if not (LIBRARY / "/".join(pair)).with_suffix(".py").exists()
    ] == []


def private_uses(nodes: list[ast.AST], ours: set[str]) -> Iterator[tuple[int, str]]:
    """Private names of other libraries, by line: imported, or taken from something of theirs."""
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    known = own | ours | DOCUMENTED
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("labkart"):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            yield from ((node.lineno, part) for part in names if is_private(part))
        elif isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in known:
            yield node.lineno, node.attr


def is_private(text: str) -> bool:
    return text.startswith("_") and not text.startswith("__") and text != "_"


def own_names(nodes: list[ast.AST]) -> Iterator[str]:
    """The private names that the library itself defines or sets."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_only_compat_touches_private_names_of_other_libraries() -> None:
    parts = {name(path): nodes(path) for path in MODULES}
    del parts["_compat.py"]
    ours = {text for module in parts.values() for text in own_names(module) if is_private(text)}
    uses = {name: list(private_uses(module, ours)) for name, module in parts.items()}
    assert {module: used for module, used in uses.items() if used} == {}


def test_a_private_name_of_another_library_is_seen() -> None:
    code = "from hydra._internal import x\nfrom omegaconf import _y\nconfig._zzz\nself._own\n"
    parts = list(ast.walk(ast.parse(code + "def _own(): ...\n")))
    assert list(private_uses(parts, {"_own"})) == [(1, "_internal"), (2, "_y"), (3, "_zzz")]


def test_every_module_is_short_enough_to_read() -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert lengths.pop("_compat.py") <= 400  # one place for all private names
    assert {module: length for module, length in lengths.items() if length > 300} == {}
