"""The process that writes to MLflow: whoever runs tasks never waits for it, and one refusal is not the others' affair."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.tiny import python

WRITE = """
from dataclasses import replace
from pathlib import Path
from labkart.records import provenance
from labkart.tracking import store
from labkart.tracking.publisher import Publisher
from labkart.records.record import ExperimentRecord, TaskRun, read_experiment

def experiment(number, status="finished"):
    started = "2026-11-21T09:00:00.000+00:00"
    one = ExperimentRecord(f"e{number:04}", "tiny", "labkart run", [f"seed={number}"], {"seed": number}, [],
        status=status, started=started, ended=started if status == "finished" else None,
        metrics={"score": 1.0}, code=provenance.code_state(Path.cwd())[0], environment=provenance.environment())
    one.write()
    return one

"""


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


# A pipe holds some hundreds of messages: if nobody took them, this would never end.
MANY = """
records = [experiment(number) for number in range(3)]
publisher = Publisher()
publisher.start()
for each in [*records, *[replace(records[0], id="gone")] * 5000]:
    publisher.begin(each)
    publisher.end(each)
print(any(map(store.is_published, records)), end=" ")  # so soon nothing is
"""


def test_ten_thousand_messages_block_nobody_while_mlflow_is_imported(root: Path) -> None:
    said = python(
        WRITE + MANY + "print(repr(publisher.close()), all(map(store.is_published, records)))",
        root,
        seconds=200,
    )
    assert said == "False '' True"


def test_ten_thousand_messages_block_nobody_while_a_server_is_silent(
    root: Path, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", silent)
    said = python(WRITE + MANY + "print(publisher.close())", root, seconds=200)
    assert said == f"False {silent} did not take all of it in time"


def test_what_mlflow_refuses_keeps_no_other_out(root: Path) -> None:
    said = python(
        WRITE
        + """
records = [experiment(number) for number in range(3)]
records[1].started = "no time at all"
records[1].write()
publisher = Publisher()
for each in records:
    publisher.end(each)
print("no time at all" in publisher.close(), [store.is_published(each) for each in records])
""",
        root,
        seconds=200,
    )
    assert said == "True [True, False, True]"


def test_a_publisher_that_was_told_nothing_is_not_waited_for(root: Path) -> None:
    assert (
        python(
            WRITE + "publisher = Publisher(); publisher.start(); print(repr(publisher.close()))",
            root,
        )
        == "''"
    )
    assert not (root / "outputs").exists()


def test_a_publisher_that_died_is_told_and_loses_no_record(root: Path) -> None:
    said = python(
        WRITE
        + """
record = experiment(1)
publisher = Publisher()
publisher.start()
publisher._process.kill()
publisher._process.join()
publisher.end(record)
print(publisher.close(), "-", read_experiment(record.id) == record)
""",
        root,
        seconds=200,
    )
    assert said == "the process that writes to it has died - True"
