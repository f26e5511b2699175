"""MLflow's page for this project: one process, on this machine only, with the columns that a person compares."""

import json
import os
import signal
import socket
import urllib.request
from contextlib import redirect_stderr, suppress
from http.client import HTTPException
from typing import Any
from urllib.parse import parse_qs, quote

from labkart import console, project
from labkart.errors import LabkartError
from labkart.records import record
from labkart.records import sweep as sweep_record
from labkart.tracking import publish, store

HOST = "127.0.0.1"
_PATH = "/labkart"
_RUNS = "/#/experiments/{}/runs?workflowType=machine_learning"
_RECENT = 20  # experiments whose metrics and settings become columns


def serve(port: int | None = None, sweep: str | None = None) -> int:
    """Print the link that opens the runs, and serve them until the person stops it.

    Where this project's page is open already, or runs are written to a server that has one, the link is all there is
    to do. Nothing is left behind by whatever ends this process: it has no children.

    Args:
        port: where to listen; None takes the first free port from 5000 on.
        sweep: how the id of a sweep begins, to show its runs alone.

    Raises:
        LabkartError: there is no such sweep, the port is taken, or MLflow cannot read its store.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    shown = f"?sweep={sweep_record.find_sweep(sweep).id}" if sweep is not None else ""
    with suppress(KeyboardInterrupt):
        if store.uri().startswith(("http://", "https://")):
            console.say(f"  {store.uri().rstrip('/')}{_RUNS.format(_experiment())}{_filter(shown)}")
        elif listening := _listen([port] if port is not None else range(5000, 5100), shown):
            _serve(listening, shown)
    return 0


def _listen(ports: list[int] | range, shown: str) -> socket.socket | None:
    """A socket at the first port that is free; none where this project's page is at one that comes before it."""
    for port in ports:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
            listening.listen()
            return listening
        except OverflowError:  # no such port
            listening.close()
        except OSError:
            listening.close()
            if _shows_this_project(port):
                console.say(
                    f"  {_link(port)}{shown}\n  It is open already; Ctrl-C where it was started stops it."
                )
                return None
    raise LabkartError(
        f"Port {ports[0]} cannot be used. Choose another one: {console.command('ui --port 6000')}"
    )


def _shows_this_project(port: int) -> bool:
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with straight.open(_link(port), timeout=5) as answer:
            return _literal(str(project.current().outputs)) in answer.read(100_000).decode(
                errors="replace"
            )
    except (OSError, HTTPException):  # nobody answers, or somebody who speaks otherwise
        return False


def _link(port: int) -> str:
    return f"http://{HOST}:{port}{_PATH}"


def _serve(listening: socket.socket, shown: str) -> None:
    """Be MLflow's server: what `mlflow server` starts two further processes for."""
    experiment, outputs = _experiment(), project.current().outputs
    with (
        (outputs / "mlflow-server.log").open("w", encoding="utf-8") as chatter,
        redirect_stderr(chatter),
    ):
        import uvicorn
        from mlflow.server.constants import ARTIFACT_ROOT_ENV_VAR, BACKEND_STORE_URI_ENV_VAR
        from starlette.responses import HTMLResponse
        from starlette.routing import Route

        os.environ[BACKEND_STORE_URI_ENV_VAR] = store.uri()
        os.environ[ARTIFACT_ROOT_ENV_VAR] = (outputs / "artifacts").as_uri()
        os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
        from mlflow.server.fastapi_app import app

        # In front, since MLflow's own last route takes all that is left.
        app.router.routes.insert(
            0, Route(_PATH, lambda asked: HTMLResponse(_opening(experiment, asked.url.query)))
        )
        server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        )
        # Whoever connects before the server runs waits in the socket's queue.
        console.say(f"  {_link(listening.getsockname()[1])}{shown}\n  Ctrl-C stops it.")
        server.run(sockets=[listening])


def _experiment() -> str:
    """The id of the project's experiment in MLflow."""
    try:
        return publish.open_store()[1]
    except LabkartError:
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise LabkartError(f"MLflow cannot open {store.uri()} ({what}).") from error


# The first page


def _filter(query: str) -> str:
    """What MLflow's page shows alone, in the words of its own addresses: the runs of a sweep."""
    asked = parse_qs(query.lstrip("?")).get("sweep", [""])[0]
    return (
        "&searchFilter=" + quote(f"tags.`labkart.sweeps` LIKE '%{asked}%'")
        if asked.isalnum()
        else ""
    )


def _opening(experiment: str, query: str) -> str:
    """A page that sets which columns MLflow's page shows, unless this person chose others, and goes on to it.

    MLflow's page keeps its choice in the browser, apart for every address, and takes none from the link for good.
    """
    widths = _columns()
    shown: dict[str, Any] = {
        "selectedColumns": [
            name for name in widths if name != "duration"
        ],  # that one cannot be hidden
        "columnOrder": list(widths),
        "columnWidths": widths,
    }
    said = {
        "project": str(project.current().outputs),
        "key": f'MLflowLocalStorage-1.1-ExperimentPage-["{experiment}"]-ReactComponentState',
        "shown": shown,
        "runs": _RUNS.format(experiment) + _filter(query),
    }
    return _PAGE.replace("SAID", _literal(said))


def _columns() -> dict[str, int]:
    """The columns by MLflow's names, with their widths: metrics, settings, duration, and whether the code was dirty."""
    ended = sorted(
        (each for each in record.read_experiments() if each.ended),
        key=lambda each: each.ended or "",
    )
    newest = ended[: -_RECENT - 1 : -1]
    metrics = {name: len(name) for each in newest for name in each.metrics}
    settings = {name: len(name) for each in newest for name in each.settings}
    for each in newest:
        for name, value in each.settings.items():
            settings[name] = max(settings[name], len(str(value)))
    letters = {f"metrics.`{name}`": count for name, count in metrics.items()}
    letters |= {f"params.`{name}`": count for name, count in settings.items()}
    letters |= {"duration": len("duration"), "tags.`labkart.dirty`": len("labkart.dirty")}
    return {name: min(max(80, 24 + 8 * count), 250) for name, count in letters.items()}


def _literal(value: Any) -> str:
    """A value as JavaScript in a page of HTML writes it."""
    return json.dumps(value).replace("<", "\\u003c")


_PAGE = """\
<!doctype html>
<meta charset="utf-8">
<title>Labkart</title>
<noscript>MLflow's page needs JavaScript.</noscript>
<script>
const said = SAID;
const read = (key) => JSON.parse(localStorage.getItem(key) || "{}");
const write = (key, value) => localStorage.setItem(key, JSON.stringify(value));
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// What this page set last time may be replaced; what the person has changed since stays.
const state = read(said.key), before = read("labkart");
const now = {project: said.project, columns: said.shown.selectedColumns};
const untouched = before.project !== now.project || same(before.columns, state.selectedColumns);
if (untouched && !same(before, now)) {
  write(said.key, {...state, ...said.shown});
  write("labkart", now);
}
// At the first visit MLflow takes the project for one of language models and opens a chat beside it.
for (const [key, value] of [["workflowType_v1", "machine_learning"], ["assistant.fab.autoOpenedOnFirstLoad_v1", true]])
  if (localStorage.getItem("mlflow." + key) === null) write("mlflow." + key, value);
location.replace(said.runs);
</script>
"""
