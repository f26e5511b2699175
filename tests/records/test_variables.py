"""The environment variables that a project reads: found in its text, recorded without secrets."""

from pathlib import Path

from labkart.records import variables
from tests.support.tiny import write

CODE = """\
import os
from os import environ, getenv
a = os.environ["SCALE"], os.environ.get('DEPTH', "3"), getenv("TOKEN"), environ.pop("GONE", None)
b = os.environ
"""


def test_variables_are_found_in_code_and_settings(root: Path) -> None:
    write(root, **{"src/tiny/a.py": CODE, "conf/local.yaml": "key: ${oc.env:KEY}\n"})
    assert variables.names(root) == ["DEPTH", "GONE", "KEY", "SCALE", "TOKEN"]


def test_their_values_are_recorded_but_for_secrets(root: Path) -> None:
    environment = {"SCALE": "3", "TOKEN": "hunter2hunter2", "DEPTH": ""}
    assert variables.values(["SCALE", "TOKEN", "DEPTH", "GONE"], environment) == {
        "SCALE": "3",
        "TOKEN": "***",
        "DEPTH": "",
        "GONE": None,
    }
