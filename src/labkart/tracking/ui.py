"""MLflow's page for this project, on this machine only, with the columns that a person compares.

One process, which has no children. Writes nothing to the store.
"""

import json
import os
import signal
import socket
import urllib.request
from contextlib import redirect_stderr, suppress
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from labkart import _compat, console, project
from labkart.errors import LabkartError
from labkart.records import record
from labkart.records import sweep as sweep_record
from labkart.tracking import publish, store

if TYPE_CHECKING:
    from starlette.requests import Request

HOST = "127.0.0.1"
_PATH = "/labkart"
_RUNS = "/#/experiments/{}/runs?workflowType=machine_learning"
_RECENT = 20  # experiments whose metrics and settings become columns


def serve(port: int | None = None, sweep: str | None = None) -> int:
    """Print the link that opens the runs, and serve them until the person stops it.

    If this project's page is open already, or runs go to a server that has a page, only the link is
    printed. Whatever ends this process leaves nothing behind: it has no children.

    Args:
        port: where to listen; None takes the first free port from 5000 on.
        sweep: how the id of a sweep begins, to show its runs alone.

    Raises:
        LabkartError: there is no such sweep, the port is taken, or MLflow cannot read its store.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    query = f"?sweep={sweep_record.find_sweep(sweep).id}" if sweep is not None else ""
    with suppress(KeyboardInterrupt):
        if store.uri().startswith(("http://", "https://")):
            console.say(f"  {store.uri().rstrip('/')}{_RUNS.format(_experiment())}{_filter(query)}")
        elif listener := _listen([port] if port is not None else range(5000, 5100), query):
            _serve(listener, query)
    return 0


def _listen(ports: list[int] | range, query: str) -> socket.socket | None:
    """A socket at the first free port; None if this project's page is at a port before it."""
    for port in ports:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen()
            return listener
        except OverflowError:  # no such port
            listener.close()
        except OSError:
            listener.close()
            if _shows_this_project(port):
                console.say(f"  {_link(port)}{query}")
                console.say("  It is open already; Ctrl-C where it was started stops it.")
                return None
    raise LabkartError(
        f"Port {ports[0]} cannot be used. Choose another one: {console.command('ui --port 6000')}"
    )


def _shows_this_project(port: int) -> bool:
    without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with without_proxy.open(_link(port), timeout=5) as answer:
            page = answer.read(100_000).decode(errors="replace")
    except (OSError, HTTPException):  # nobody answers, or another kind of server
        return False
    return _literal(str(project.current().outputs)) in page


def _link(port: int) -> str:
    return f"http://{HOST}:{port}{_PATH}"


def _serve(listener: socket.socket, query: str) -> None:
    """Be MLflow's server, for which `mlflow server` starts two further processes."""
    experiment_id, outputs = _experiment(), project.current().outputs
    with (
        (outputs / "mlflow-server.log").open("w", encoding="utf-8") as log,
        redirect_stderr(log),
    ):
        import uvicorn
        from mlflow.server.constants import ARTIFACT_ROOT_ENV_VAR, BACKEND_STORE_URI_ENV_VAR
        from starlette.responses import HTMLResponse
        from starlette.routing import Route

        os.environ[BACKEND_STORE_URI_ENV_VAR] = store.uri()
        os.environ[ARTIFACT_ROOT_ENV_VAR] = (outputs / "artifacts").as_uri()
        os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"

        def first_page(request: "Request") -> HTMLResponse:
            return HTMLResponse(_first_page(experiment_id, request.url.query))

        app = _compat.mlflow_app(Route(_PATH, first_page))
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        # Whoever connects before the server runs waits in the socket's queue.
        console.say(f"  {_link(listener.getsockname()[1])}{query}\n  Ctrl-C stops it.")
        uvicorn.Server(config).run(sockets=[listener])


def _experiment() -> str:
    """The id of the project's experiment in MLflow."""
    try:
        return publish.open_store()[1]
    except LabkartError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise LabkartError(f"MLflow cannot open {store.uri()} ({reason}).") from error


# The first page


def _filter(query: str) -> str:
    """The part of an address of MLflow's page that shows only the runs of a sweep."""
    sweep = parse_qs(query.lstrip("?")).get("sweep", [""])[0]
    if not sweep.isalnum():
        return ""
    return "&searchFilter=" + quote(f"tags.`labkart.sweeps` LIKE '%{sweep}%'")


def _first_page(experiment_id: str, query: str) -> str:
    """A page that sets which columns MLflow's page shows, and goes on to it.

    MLflow's page keeps a person's choice in the browser, apart for every address, and takes none
    from a link for good. Columns that a person chose stay.
    """
    widths = _columns()
    view: dict[str, Any] = {
        "selectedColumns": [name for name in widths if name != "duration"],  # it is always shown
        "columnOrder": list(widths),
        "columnWidths": widths,
    }
    key, first_visit = _compat.mlflow_page_keys(experiment_id)
    values = {
        "project": str(project.current().outputs),
        "key": key,
        "view": view,
        "first": first_visit,
        "runs": _RUNS.format(experiment_id) + _filter(query),
    }
    return _PAGE.replace("VALUES", _literal(values))


def _columns() -> dict[str, int]:
    """The columns by MLflow's names, with their widths: metrics, settings, duration, dirty code."""
    ended = [experiment for experiment in record.read_experiments() if experiment.ended]
    ended.sort(key=lambda experiment: experiment.ended or "")
    newest = ended[: -_RECENT - 1 : -1]
    metrics = {name: len(name) for experiment in newest for name in experiment.metrics}
    settings = {name: len(name) for experiment in newest for name in experiment.settings}
    for experiment in newest:
        for name, value in experiment.settings.items():
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
const values = VALUES;
const read = (key) => JSON.parse(localStorage.getItem(key) || "{}");
const write = (key, value) => localStorage.setItem(key, JSON.stringify(value));
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// What this page set last time may be replaced; what the person has changed since stays.
const state = read(values.key), before = read("labkart");
const now = {project: values.project, columns: values.view.selectedColumns};
const untouched = before.project !== now.project || same(before.columns, state.selectedColumns);
if (untouched && !same(before, now)) {
  write(values.key, {...state, ...values.view});
  write("labkart", now);
}
for (const [key, value] of Object.entries(values.first))
  if (localStorage.getItem(key) === null) write(key, value);
location.replace(values.runs);
</script>
"""
