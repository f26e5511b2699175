"""Secrets are found, and nothing else is: a table of planted secrets and of what looks like them."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from omegaconf import OmegaConf

from labkart import project
from labkart.records.diff import changed_places
from labkart.secrets import redact
from labkart.secrets.digests import digests_of
from tests.secrets import cases as secret_cases

WORD = "swordfish"
URL = f"https://ann:{WORD}@example.org"


class Case(NamedTuple):
    """A line of a table: what it is in, the text, and the text as it must be afterwards."""

    kind: str
    text: str
    masked: str

    @classmethod
    def of(cls, line: str) -> "Case":
        kind, _, text = line.partition(" | ")
        text = text.replace("·", "").replace("⏎", "\n")
        return cls(kind, re.sub("[«»]", "", text), re.sub("«[^»]*»", "***", text))

    def redacted(self) -> str:
        if self.kind == "text":
            return redact.redact_text(self.text)
        if self.kind == "key":
            name, _, value = self.text.partition(" = ")
            return f"{name} = {redact.redact_values(value, key=name)}"
        head = f"diff --git a/src/{self.kind} b/src/{self.kind}\n@@ -1 +1 @@\n+"
        return redact.redact_text(head + self.text).removeprefix(head)


def cases(table: str) -> list[Case]:
    return [Case.of(line) for line in table.strip().split("\n")]


PLANTED, LOOKALIKES = cases(secret_cases.PLANTED), cases(secret_cases.LOOKALIKES)


def test_the_table_is_large() -> None:
    assert min(len(set(PLANTED)), len(set(LOOKALIKES))) >= 120


@pytest.mark.parametrize("table", [PLANTED, LOOKALIKES], ids=["planted", "lookalikes"])
def test_secrets_are_masked_and_nothing_else(table: list[Case]) -> None:
    assert [case.redacted() for case in table] == [case.masked for case in table]


@pytest.fixture
def settled(root: Path) -> Path:
    """A project that says itself what is secret."""
    file = root / "pyproject.toml"
    lines = 'secrets = ["lab.codename", "inner_*"]\nnot-secrets = ["door_pin", "checksum"]\n'
    file.write_text(file.read_text().replace("[tool.labkart]\n", f"[tool.labkart]\n{lines}"))
    project._around.cache_clear()
    return root


@pytest.mark.usefixtures("settled")
def test_a_project_says_itself_what_is_secret() -> None:
    settings = {
        "lab": {"codename": "wine"},
        "codename": "wine",
        "inner_name": "a",
        "door_pin": 4711,
    }
    assert redact.redact_values(settings) == {
        "lab": {"codename": "***"},
        "codename": "wine",
        "inner_name": "***",
        "door_pin": 4711,
    }
    token = "ghp_" + "aB3dE6gH9" * 4
    text = "inner_name=wine and door_pin=4711\nchecksum = {}\nother = {}\n"
    masked = "inner_name=*** and door_pin=4711\nchecksum = {}\nother = {}\n"
    assert redact.redact_text(text.format(token, token)) == masked.format(token, "***")


def test_a_table_has_no_secret_in_a_cell_and_keeps_the_rest() -> None:
    table = pd.DataFrame({"n": [1, 2], "password": ["swordfish", ""], "url": ["a", URL]})
    redacted = redact.redact_table(table)
    assert redacted.to_dict("list") == {
        "n": [1, 2],
        "password": ["***", ""],
        "url": ["a", "https://ann:***@example.org"],
    }
    assert table["password"][0] == "swordfish"
    assert redact.redact_table(table[["n"]]).equals(table[["n"]])


def test_a_lasting_text_is_looked_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["version = 1\n", f'url = "{URL}/x.whl"\n']
    redacted = [redact.redact_lasting(text) for text in texts]
    assert redacted == [texts[0], 'url = "https://ann:***@example.org/x.whl"\n']
    monkeypatch.setattr(redact, "find", None)
    assert [redact.redact_lasting(text) for text in texts] == redacted
    assert WORD.encode() not in (root / "outputs/memos/redacted").read_bytes()


def test_equal_secrets_have_equal_digests_that_only_the_key_tells(root: Path) -> None:
    cfgs = [OmegaConf.create({"a": {"token": text}, "n": 1}) for text in ("x1", "x1", "x2")]
    redacted: dict[str, Any] = {"a": {"token": "***"}, "n": 1}
    first, same, other = (digests_of(cfg, redacted)["a.token"] for cfg in cfgs)
    assert first == same != other and list(digests_of(cfgs[0], redacted)) == ["a.token"]
    key = root / "outputs/digest.key"
    assert len(key.read_bytes()) == 32 and not key.stat().st_mode & 0o007
    key.unlink()
    assert digests_of(cfgs[0], redacted)["a.token"] != first


def test_a_record_names_the_lines_of_its_diff_that_it_masks() -> None:
    lines = ["diff --git a/b.py b/b.py", "--- a/b.py", "+++ b/b.py", "@@ -4,2 +4,3 @@ def f():"]
    diff = "\n".join([*lines, " x = 1", "-y = 2", '+password = "swordfish"', " z = 3", ""])
    assert changed_places(diff, redact.redact_text(diff)) == ["b.py:5"]
    assert changed_places(diff, diff) == []
