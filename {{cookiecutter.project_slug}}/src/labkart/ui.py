"""MLflow's page for this project: one light server, on this machine only."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from . import project, terminal, tracking
from .errors import LabkartError

HOST = "127.0.0.1"
_PATIENCE = 60.0  # seconds until a server that does not answer is given up


def serve(port: int | None = None) -> int:
    """Start the server, print the link that opens the runs, and wait until the person stops it.

    Args:
        port: where to listen; None takes the first free port from 5000 on.

    Raises:
        LabkartError: the port is taken, or the server does not come up.
    """
    port = _free_port([port] if port is not None else range(5000, 5100))
    _, experiment = tracking.open_store()
    words = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1"]
    artifacts = str(project.current().outputs / "artifacts")
    stores = ["--backend-store-uri", tracking.store_uri(), "--default-artifact-root", artifacts]
    chatter = project.current().outputs / "mlflow-server.log"
    with chatter.open("w") as log:
        one_process = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        server = subprocess.Popen(words + stores, env=one_process, stdout=log, stderr=log)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())  # a plain kill leaves no server behind
    try:
        if not _answers(server, port):
            raise LabkartError(f"MLflow's server did not come up on port {port}; {chatter} tells why.")
        terminal.say(f"  http://{HOST}:{port}/#/experiments/{experiment}?workflowType=machine_learning")
        terminal.say("  Ctrl-C stops it.")
        server.wait()
    except KeyboardInterrupt:
        pass
    finally:
        server.terminate()
        server.wait()
    return 0


def _free_port(candidates: list[int] | range) -> int:
    for port in candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
                return port
            except (OSError, OverflowError):
                continue
    raise LabkartError(f"Port {candidates[0]} cannot be used. Choose another one: {terminal.command('ui --port 6000')}")


def _answers(server: "subprocess.Popen[bytes]", port: int) -> bool:
    limit = time.monotonic() + _PATIENCE
    while time.monotonic() < limit and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=2).close()
            return server.poll() is None  # or else somebody else's server answered
        except OSError:
            time.sleep(0.2)
    return False
