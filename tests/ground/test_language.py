"""What Labkart says to a person is in the project's language: every text, with the same values."""

import ast
import json
import pickle
import re
import string
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import labkart
from labkart.check.rules import RULES
from labkart.language import (
    bilingual,
    english,
    join_sentences,
    local,
    read_text,
    speaking,
    translate,
    translate_count,
)
from labkart.records.states import STATES
from tests.support.sources import nodes
from tests.support.tiny import write

LIBRARY = Path(labkart.__file__).parent
GROUND = "ground"  # the modules that are in no room
ROOMS = sorted({GROUND, *(path.parent.name for path in LIBRARY.glob("*/__init__.py"))})
# Rooms of which all that is shown is translated.
TRANSLATED = ["check", "cli", "experiments", "fingerprint", GROUND]
TRANSLATED += ["records", "results", "secrets", "tasks", "tracking"]
# The number of English texts that each of these calls begins with.
CALLS = {"translate": 1, "mistake": 1, "bilingual": 1, "translate_count": 2}
# What shows a text to a person: calls, and arguments of any call by their name.
SHOWING = {
    "LabkartError",
    "PlacedError",
    "say",
    "warn",
    "busy",
    "FirstFailure",
    "Pruned",
    "add_note",
}
SHOWING_ARGUMENTS = {"help", "description", "epilog"}
_WORD = re.compile(r"[A-Za-z]{2,}[\w./()*-]*")

# Modules through which texts go that stand elsewhere.
THROUGH = ("check/rule.py", "language.py", "records/states.py")
# It tells which language it is.
WITHOUT_LANGUAGE = {LIBRARY / "project.py"}


def _folder(room: str) -> Path:
    return LIBRARY if room == GROUND else LIBRARY / room


def _files(room: str) -> list[Path]:
    files = LIBRARY.glob("*.py") if room == GROUND else _folder(room).rglob("*.py")
    return sorted(set(files) - WITHOUT_LANGUAGE)


def _name(call: ast.Call) -> str:
    """What is called; `translate` of a text is another one."""
    attribute = getattr(call.func, "attr", "")
    return getattr(call.func, "id", "" if attribute in CALLS else attribute)


@cache
def _calls(room: str) -> list[tuple[str, ast.Call, str]]:
    """The calls in a room by the name that is called, with their places."""
    return [
        (_name(node), node, f"{place}:{node.lineno}")
        for file, place in ((file, str(file.relative_to(LIBRARY))) for file in _files(room))
        for node in nodes(file)
        if isinstance(node, ast.Call)
    ]


def _texts(room: str) -> set[str]:
    """The English texts of a room; those of rules and states stand in tables."""
    texts = {text for _, call, name in _translations(room) for text in _literals(call, name)}
    for rule in RULES if room == "check" else ():
        texts |= {rule.sentence, rule.reason, rule.fix, *rule.messages.values()}
    return texts | set(STATES if room == "records" else ())


def _translations(room: str) -> Iterator[tuple[str, ast.Call, str]]:
    """The calls that translate a text, with their places and names."""
    for name, call, place in _calls(room):
        if name in CALLS and not place.startswith(THROUGH):
            yield place, call, name


def _literals(call: ast.Call, name: str) -> list[str]:
    return [str(ast.literal_eval(text)) for text in call.args[: CALLS[name]]]


def _catalogue(room: str) -> dict[str, str]:
    file = _folder(room) / "ja.toml"  # a room that shows nothing has none
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _values(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("room", TRANSLATED)
def test_every_text_of_a_room_has_its_japanese(room: str) -> None:
    japanese = _catalogue(room)
    assert japanese.keys() == _texts(room)
    for key, text in japanese.items():
        assert _values(text) == _values(key), key
        assert re.search(r"[ぁ-んァ-ヶ一-龠、。]", text), key


def test_a_text_of_several_rooms_has_one_translation() -> None:
    texts: dict[str, str] = {}
    for room in TRANSLATED:
        for key, text in _catalogue(room).items():
            assert texts.setdefault(key, text) == text


@pytest.mark.parametrize("room", TRANSLATED)
def test_a_room_shows_no_text_that_is_not_translated(room: str) -> None:
    shown = [
        (part, place)
        for name, call, place in _calls(room)
        for part in [
            *(call.args if name in SHOWING else ()),
            *(it.value for it in call.keywords if it.arg in SHOWING_ARGUMENTS),
        ]
    ]
    untranslated = [
        f"{place}: {node.value}"
        for part, place in [*shown, *_parts_of_shown(room)]
        for node in _outside_of_translations(part)
        if isinstance(node, ast.Constant) and len(_WORD.findall(str(node.value))) > 1
    ]
    assert untranslated == []


def _parts_of_shown(room: str) -> Iterator[tuple[ast.AST, str]]:
    """What a function assigns to the variables that it shows, as `problem` and `remedy`."""
    for file in _files(room):
        functions = [node for node in nodes(file) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            inside = list(ast.walk(function))
            calls = [node for node in inside if isinstance(node, ast.Call)]
            shown = [argument for call in calls if _name(call) in SHOWING for argument in call.args]
            parts = [node for argument in shown for node in ast.walk(argument)]
            names = {node.id for node in parts if isinstance(node, ast.Name)}
            for node in inside if names else ():
                if isinstance(node, ast.Assign) and names & {
                    ast.unparse(it) for it in node.targets
                }:
                    yield node.value, f"{file.relative_to(LIBRARY)}:{node.lineno}"


def _outside_of_translations(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call) and _name(node) in (*CALLS, "command"):  # as `labkart sync`
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _outside_of_translations(child)


@pytest.mark.parametrize("room", ROOMS)
def test_the_values_of_a_text_are_given(room: str) -> None:
    for place, call, name in _translations(room):
        given = {keyword.arg for keyword in call.keywords}
        given |= {"count"} if name == "translate_count" else set()
        for text in _literals(call, name):
            assert None in given or _values(text) <= given, place


def test_a_text_is_in_the_language_of_the_project(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "{state}"
    assert translate(text, state="{done}") == "{done}"
    japanese = '[project]\nname = "a"\n[tool.labkart]\npipeline = "a:b"\nlanguage = "ja"\n'
    write(root, **{"inner/pyproject.toml": japanese})
    monkeypatch.chdir(root / "inner")
    assert translate(text, state="done") == "done"
    monkeypatch.chdir(tmp_path.parent)
    assert translate(text, state="done") == "done"


def test_sentences_are_joined_as_a_language_has_them() -> None:
    for language, joined in {"en": "A? B. C.", "ja": "A? B.C."}.items():
        with speaking(language):
            assert join_sentences("A?", "", "B.", "C.") == joined
            assert join_sentences("B.", "A?") in ("B. A?", "B.A?")


def test_a_bilingual_text_is_english_for_files_and_translated_for_a_person(
    japanese_root: Path,
) -> None:
    text = bilingual("{file} is gone", file="a.csv")
    assert json.dumps(text) == '"a.csv is gone"'
    assert local(text) == "a.csv がありません"
    assert translate("missing: {part}", part=text) == "missing: a.csv がありません"
    with english():
        assert local(text) == translate("{file} is gone", file="a.csv") == "a.csv is gone"
    assert translate("{file} is gone", file="a.csv") == local(text)
    assert local(pickle.loads(pickle.dumps(text))) == local(text)


def test_a_block_may_be_in_another_language(root: Path) -> None:
    text = bilingual("{file} is gone", file="a.csv")
    with speaking("ja"):
        assert local(text) == "a.csv がありません"
    assert local(text) == "a.csv is gone"


def test_a_file_is_read_in_the_language_of_the_project_if_it_has_one(japanese_root: Path) -> None:
    write(japanese_root, **{"a.en.txt": "one", "a.ja.txt": "一", "b.en.txt": "two"})
    assert [read_text(japanese_root / name) for name in ("a.txt", "b.txt")] == ["一", "two"]
    with english():
        assert read_text(japanese_root / "a.txt") == "one"


@pytest.mark.parametrize(("count", "text"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs")])
def test_a_number_of_things_has_its_own_text(count: int, text: str) -> None:
    assert translate_count("{count} run", "{count} runs", count) == text
