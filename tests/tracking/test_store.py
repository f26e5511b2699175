"""Which store MLflow's runs go to, and what is noted of the runs there."""

import importlib
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import labkart
from labkart.tracking import links, store
from tests.records.test_record import EXPERIMENT

RECORD = replace(
    EXPERIMENT, started="2026-11-21T09:00:00.000+00:00", ended="2026-11-21T09:01:00.000+00:00"
)


@pytest.fixture(autouse=True)
def own(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return root


def make(mark: str) -> None:
    store.database().unlink(missing_ok=True)
    store.database().parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(store.database())) as made, made:
        made.execute("CREATE TABLE experiment_tags (key, value)")
        made.execute("INSERT INTO experiment_tags VALUES (?, ?)", (store.MARK, mark))


def test_a_store_is_known_by_its_mark_and_not_by_its_name() -> None:
    assert store.key() is None and not links.is_published(RECORD)
    make("one")
    links.write_link(RECORD, "run", whole=True)
    assert store.key() == "one" and links.is_published(RECORD)
    make("two")
    assert not links.is_published(RECORD) and links.read_link(RECORD) is None
    make("one")
    assert links.is_published(RECORD)


def test_what_is_published_is_one_attempt_and_all_of_it() -> None:
    make("one")
    links.write_link(RECORD, "run", whole=False)
    assert not links.is_published(RECORD)
    links.write_link(RECORD, "run", whole=True)
    assert links.is_published(RECORD)
    assert not links.is_published(replace(RECORD, started="2026-11-21T10:00:00.000+00:00"))
    assert not links.is_published(replace(RECORD, ended="2026-11-21T10:00:00.000+00:00"))
    assert not links.is_published(replace(RECORD, tags=["poster"]))


def test_a_server_is_known_by_its_address_without_a_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://ann:secret-word@lab.example:5000/x")
    assert (store.key(), store.is_own()) == ("https://lab.example:5000/x", False)
    links.write_link(RECORD, "run", whole=True)
    assert "secret-word" not in (RECORD.folder / ".mlflow.json").read_text()


def test_a_damaged_store_or_note_is_as_good_as_none() -> None:
    make("one")
    links.write_link(RECORD, "run", whole=True)
    (RECORD.folder / ".mlflow.json").write_text("[1")
    assert links.read_link(RECORD) is None
    store.database().write_text("no database, but text that is long enough to look at " * 20)
    assert store.key() is None


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("Max retries exceeded with url: /x (Caused by ...)", "http://lab:1 does not answer"),
        (
            "Max retries exceeded with url: /x (Caused by ResponseError('too many 503 error responses'))",
            "http://lab:1 answers with error 503",
        ),
        (
            "API request to endpoint /x failed with error code 401 != 200. Response body: 'You ...'",
            "http://lab:1 does not know this account, or its password",
        ),
        (
            "API request to endpoint /x failed with error code 403 != 200. Response body: 'Permission denied'",
            'http://lab:1 has an experiment "tiny" of somebody else: give this project another name'
            " in pyproject.toml, or let its owner share it",
        ),
    ],
)
def test_a_server_that_takes_nothing_is_asked_no_more_and_says_why(
    error: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://lab:1")
    assert store.describe_error(Exception(error)) == sentence
    assert store.is_away(Exception(error))


def test_mlflow_tells_its_makers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow looks when it is imported, so Labkart's first import settles it."""
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY")
    importlib.reload(labkart)
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
