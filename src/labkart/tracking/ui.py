"""MLflow's page for this project, on this machine only, with the columns that a person compares.

One process, which has no children. Of a server that others run it names the page, and gives it
the same columns as a view that everybody can choose.
"""

import json
import os
import signal
import socket
from collections.abc import Mapping
from contextlib import redirect_stderr, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from labkart import _compat, console, project
from labkart.errors import LabkartError
from labkart.language import mistake, translate
from labkart.records.sweep import find_sweep
from labkart.tracking import connection, store
from labkart.tracking import view as columns
from labkart.tracking.store import OpenStore

if TYPE_CHECKING:
    from starlette.requests import Request

HOST = "127.0.0.1"
_RUNS = "/#/experiments/{}/runs?workflowType=machine_learning"


def serve(varying: columns.Varying, port: int | None = None, sweep: str | None = None) -> int:
    """Print the link that opens the runs, and serve them until the person stops it.

    If runs go to a server that has a page, only the link is printed. Whatever ends this process
    leaves nothing behind: it has no children.

    Args:
        varying: finds what tells experiments apart.
        port: where to listen; None takes the first free port from 5000 on.
        sweep: how the id of a sweep begins, to show its runs alone.

    Raises:
        LabkartError: there is no such sweep, the port is taken, or MLflow cannot read its store.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sweep_id = find_sweep(sweep).id if sweep is not None else None
    with suppress(KeyboardInterrupt):
        try:
            opened = connection.open_store()
        except Exception as error:  # whatever MLflow, its database or the network raise
            raise LabkartError(store.describe_error(error)) from error
        if store.uri().startswith(("http://", "https://")):
            console.say(f"  {_remote_link(opened, varying, sweep_id)}")
        else:
            _serve(_listen(port), opened.experiment_id, varying, sweep_id)
    return 0


def _listen(port: int | None) -> socket.socket:
    for candidate in range(5000, 5100) if port is None else [port]:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
            listener.listen()
            return listener
        except (OSError, OverflowError):  # it is taken; there is no such port
            listener.close()
    raise mistake(
        "Port {port} cannot be used. Choose another one: {command}",
        port=port or 5000,
        command=console.command("ui --port 6000"),
    )


def _serve(
    listener: socket.socket, experiment_id: str, varying: columns.Varying, sweep: str | None
) -> None:
    """Be MLflow's server, for which `mlflow server` starts two further processes."""
    outputs = project.current().outputs
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

        def page(request: "Request") -> HTMLResponse:
            script = _page_script(experiment_id, varying, request.query_params.get("sweep"))
            return HTMLResponse(_compat.mlflow_page().replace("<head>", f"<head>{script}", 1))

        app = _compat.mlflow_app(Route("/", page))
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        # Whoever connects before the server runs waits in the socket's queue.
        link = f"http://{HOST}:{listener.getsockname()[1]}"
        console.say(f"  {link}/?sweep={sweep}" if sweep else f"  {link}")
        console.say(translate("  Ctrl-C stops it."))
        uvicorn.Server(config).run(sockets=[listener])


def _remote_link(opened: OpenStore, varying: columns.Varying, sweep: str | None) -> str:
    """The runs in the page of a server, with our columns if this person may save a view there."""
    link = f"{store.key()}{_RUNS.format(opened.experiment_id)}"
    name = f"labkart sweep {sweep[:6]}" if sweep else "labkart"
    key, tag = _compat.mlflow_shared_view(name.replace(" ", "-"))
    state = {**columns.view(varying, sweep), "searchFilter": columns.filter_text(sweep)}
    try:
        opened.client.set_experiment_tag(
            opened.experiment_id, tag, columns.shared_view(name, state)
        )
    except Exception:  # the experiment belongs to another person
        filter_text = columns.filter_text(sweep)
        return f"{link}&searchFilter={quote(filter_text)}" if filter_text else link
    return f"{link}&{key}"


# What the page of this machine does before MLflow's own program begins


def _page_script(experiment_id: str, varying: columns.Varying, sweep: str | None) -> str:
    sweep = sweep if sweep and sweep.isalnum() else None
    runs = _RUNS.format(experiment_id)
    runs += f"&searchFilter={quote(columns.filter_text(sweep))}" if sweep else ""
    view = columns.view(varying, sweep)
    return script(str(project.current().outputs), _compat.mlflow_columns(experiment_id), view, runs)


def script(project: str, key: str, view: Mapping[str, Any], runs: str) -> str:
    """A script that sets which columns MLflow's page shows, and opens the runs.

    MLflow's page keeps a person's choice in the browser, apart for every address. Columns that a
    person chose stay.

    Args:
        project: what tells this project from others.
        key: where MLflow's page keeps its columns.
        view: the columns, by MLflow's names.
        runs: the address to open, unless a person asks for another one.
    """
    first = _compat.mlflow_first_visit()
    values = {"project": project, "key": key, "view": view, "first": first, "runs": runs}
    return _SCRIPT.replace("VALUES", json.dumps(values).replace("<", "\\u003c"))  # it is in HTML


_SCRIPT = """<script>
const labkart = VALUES;
const read = (key) => JSON.parse(localStorage.getItem(key) || "{}");
const write = (key, value) => localStorage.setItem(key, JSON.stringify(value));
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

const showColumns = ({project, key, view, first}) => {
  for (const [name, value] of Object.entries(first))
    if (localStorage.getItem(name) === null) write(name, value);

  // Several projects may use this port one after the other: each has its own view.
  const memory = {views: {}, ...read("labkart")};
  if (memory.project && memory.project !== project) {
    memory.views[memory.project].state = read(key);
    write(key, memory.views[project]?.state ?? {});
  }
  memory.project = project;
  const own = (memory.views[project] ??= {});

  // What this page set last time may be replaced; what the person has changed since stays.
  const state = read(key), columns = view.selectedColumns;
  const isUntouched = !own.columns || same(own.columns, state.selectedColumns);
  if (isUntouched && !same(own.columns, columns)) {
    write(key, {...state, ...view});
    own.columns = columns;
  }
  write("labkart", memory);
};

try {
  showColumns(labkart);
} catch (error) {
  console.warn("Labkart: these are MLflow's own columns.", error);
}
if (!location.hash) history.replaceState(null, "", labkart.runs);
</script>"""
