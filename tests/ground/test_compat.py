"""The private names of other libraries that `labkart._compat` uses are there."""

from importlib.util import find_spec
from pathlib import Path

import gokart.worker
import luigi.worker
import pytest
from fastapi import APIRouter


@pytest.mark.parametrize("worker", [gokart.worker.Worker, luigi.worker.Worker])
def test_a_worker_is_a_context(worker: type) -> None:
    assert {"__enter__", "__exit__"} <= vars(worker).keys()


def mlflow_server() -> Path:
    spec = find_spec("mlflow")
    assert spec and spec.origin
    return Path(spec.origin).parent / "server"


def test_mlflows_application_has_a_list_of_routes() -> None:
    assert "\napp = " in (mlflow_server() / "fastapi_app.py").read_text()
    assert isinstance(APIRouter().routes, list)


@pytest.mark.parametrize(
    "word",
    [
        '"MLflowLocalStorage"',
        'version="1.1"',
        '"ReactComponentState"',
        '"mlflow.assistant.fab.autoOpenedOnFirstLoad"',
        '"ExperimentPage"',
        '"mlflow.workflowType"',
    ],
)
def test_mlflows_page_has_the_keys_of_its_storage(word: str) -> None:
    scripts = sorted(
        (mlflow_server() / "js/build/static/js").glob("*.js"),
        key=lambda file: not file.name.startswith("main"),
    )
    assert any(word in script.read_text("utf-8") for script in scripts)
