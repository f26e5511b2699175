"""The lab's server is started for real: PostgreSQL, accounts and artifacts, and a student who sets one thing."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.support.bake import TEMPLATE, Project, clean_environment
from tests.support.bytecode import keep_bytecode
from tests.support.store_contents import contents, differences
from tests.support.tiny import free_port

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.xdist_group("server"),
]  # most of them share one that runs

SERVER = TEMPLATE / "server"
ROOT = os.geteuid() == 0
OWNER = "postgres"  # who runs the server where root runs the tests
# What the owner needs of Python, kept from one test run to the next.
KEPT = TEMPLATE / ".pytest_cache" / "server"

# Publishes as a lab's student does: MLflow's client, the address in the environment, the account in a file.
STUDENT = """
import json, os, sys
from pathlib import Path
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

other, password, artifact = sys.argv[1:]
client = MlflowClient()
experiment = client.create_experiment("thesis")
run = client.create_run(experiment).info.run_id
client.log_metric(run, "accuracy", 0.75)
client.log_param(run, "model", "forest")
client.log_artifact(run, artifact)
client.set_terminated(run)
[file] = client.list_artifacts(run)
text = Path(client.download_artifacts(run, file.path)).read_text(encoding="utf-8")
params = client.get_run(run).data.params

def told(action):
    try:
        action()
    except MlflowException as problem:
        return str(problem)

os.environ.update(MLFLOW_TRACKING_USERNAME=other, MLFLOW_TRACKING_PASSWORD=password)
seen = client.get_run(run).data.metrics
writes = told(lambda: client.log_metric(run, "accuracy", 1.0))
os.environ.update(MLFLOW_TRACKING_PASSWORD="not the password")
wrong = told(lambda: client.get_run(run))
os.environ.update(MLFLOW_TRACKING_PASSWORD=password)
places = ["file:///", "/srv", "mlflow-artifacts:/1", "mlflow-artifacts:/../..", "s3://bucket"]
placed = [told(lambda: client.create_experiment(f"elsewhere {place}", place)) for place in places]
told_all = dict(writes=writes, wrong=wrong, placed=placed)
print(json.dumps(dict(run=run, text=text, params=params, seen=seen, **told_all)))
"""

READ_BACK = """
import json, sys
from pathlib import Path
from mlflow import MlflowClient

client = MlflowClient()
run = client.get_run(sys.argv[1])
[file] = client.list_artifacts(run.info.run_id)
text = Path(client.download_artifacts(run.info.run_id, file.path)).read_text(encoding="utf-8")
print(json.dumps(dict(metrics=run.data.metrics, params=run.data.params, text=text)))
"""


def until(holds: Callable[[], bool], what: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"after {seconds} s still not so: {what}"
        time.sleep(0.05)


def as_owner(*words: str) -> list[str]:
    """The command, as the user that runs the server."""
    if not ROOT:
        return list(words)
    return ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--init-groups", *words]


@pytest.fixture(scope="module")
def programs() -> Path:
    """The folder of PostgreSQL's programs."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: float(file.parts[-3])
    )
    if not found:
        pytest.skip("PostgreSQL is missing: apt-get install postgresql")
    return found[-1].parent


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the server's owner can reach: pytest's own is closed to all but the one who runs the tests."""
    with tempfile.TemporaryDirectory(prefix="labkart-server-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def python(folder: Path) -> str:
    """A Python with MLflow that the server's owner can start: this one, or a copy of it where its folder is closed."""
    if not ROOT or _starts(sys.executable):
        return sys.executable
    here, name = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
    copy = KEPT / f"python-{sys.version.split()[0]}"
    if not copy.exists():
        new = Path(tempfile.mkdtemp(dir=KEPT))
        new.chmod(0o755)
        (new / "bin").mkdir()
        shutil.copy(here / "bin" / name, new / "bin" / name)
        leave = shutil.ignore_patterns(
            "__pycache__", "config-*", "ensurepip", "idlelib", "site-packages", "test", "tests"
        )
        shutil.copytree(here / "lib" / name, new / "lib" / name, ignore=leave)
        for library in (here / "lib").glob("libpython*"):
            shutil.copy(library, new / "lib")
        new.rename(copy)
    door = folder / "python"
    paths = f"LD_LIBRARY_PATH='{copy / 'lib'}' PYTHONPATH='{sysconfig.get_path('purelib')}'"
    door.write_text(f"#!/bin/sh\n{paths} exec '{copy / 'bin' / name}' \"$@\"\n", encoding="utf-8")
    door.chmod(0o755)
    if not _starts(str(door)):
        pytest.skip(
            f"the user {OWNER} can start no Python with MLflow: {TEMPLATE} or {sys.base_prefix} is closed to them"
        )
    return str(door)


def _starts(python: str) -> bool:
    # By way of another program: what setpriv itself starts was seen to keep root's right to look into closed folders.
    words = as_owner("env", python, "-c", "import flask_wtf, psycopg2")
    return subprocess.run(words, cwd="/", capture_output=True, timeout=120).returncode == 0


@pytest.fixture(scope="module", autouse=True)
def _bytecode() -> None:
    """A place where the server's owner may keep bytecode, without which each start takes half a minute."""
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / "bytecode").mkdir(exist_ok=True)
    keep_bytecode(Path(sys.prefix), KEPT / "bytecode")
    if ROOT:
        try:
            for place, _, _ in os.walk(KEPT / "bytecode"):
                shutil.chown(place, OWNER)
        except LookupError:
            pytest.skip(
                f"root runs no server, and there is no user {OWNER}: apt-get install postgresql"
            )


@dataclass
class Lab:
    """A lab's server: its data folder, and the commands that a person would give."""

    data: Path
    programs: Path
    python: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def variables(self, **variables: str) -> dict[str, str]:
        bytecode = str(KEPT / "bytecode")
        ours = {
            "LABKART_PYTHON": self.python,
            "LABKART_PORT": str(self.port),
            "LABKART_WORKERS": "1",
        }
        return clean_environment(**ours, PYTHONPYCACHEPREFIX=bytecode) | variables

    def call(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """One of the folder's scripts, from its start to its end."""
        return subprocess.run(
            [str(SERVER / words[0]), *words[1:]],
            env=self.variables(**variables),
            capture_output=True,
            text=True,
            timeout=150,
        )

    def begin(self) -> None:
        """What a person does in a terminal: the script in the foreground."""
        with self.printed.open("wb") as out:
            self.process = subprocess.Popen(
                [str(SERVER / "start"), str(self.data)],
                env=self.variables(LABKART_URL=f"http://localhost:{self.port}"),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start(self) -> None:
        self.begin()
        until(lambda: "server runs" in self.says() or self.ended(), "the server runs")
        assert not self.ended(), self.says()

    @property
    def printed(self) -> Path:
        return self.data.with_suffix(".out")

    def says(self) -> str:
        return self.printed.read_text(encoding="utf-8")

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def sql(self, query: str) -> str:
        """What PostgreSQL answers, without MLflow in between."""
        words = as_owner(
            str(self.programs / "psql"), *self.connection, "--no-psqlrc", "-tAc", query
        )
        return subprocess.run(
            words, cwd="/", capture_output=True, text=True, check=True, timeout=120
        ).stdout.strip()

    @property
    def connection(self) -> list[str]:
        return [f"--host={self.data / 'socket'}", "--username=labkart", "--dbname=labkart"]

    def processes(self) -> dict[int, str]:
        """All processes that have to do with the data folder, and their command lines."""
        return {pid: line for pid, line in _command_lines().items() if self._is_mine(pid, line)}

    def _is_mine(self, pid: int, line: str) -> bool:
        try:
            where = Path(f"/proc/{pid}/cwd").readlink()
            environment = Path(f"/proc/{pid}/environ").read_text(errors="replace")
        except OSError:
            return False  # another user's, or over by now
        return str(self.data) in f"{line} {where} {environment}"


def _command_lines() -> dict[int, str]:
    found = {}
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[int(file.parts[2])] = file.read_text(errors="replace")
        except OSError:
            continue  # it ended
    return found


def student(home: Path, script: str, *words: str, lines: str) -> dict[str, object]:
    """What a script prints that is run by a student who did what `server/account` said."""
    account, setting = re.split(r"\n\nand sets\n\nexport ", lines.strip())
    (home / ".mlflow").mkdir(parents=True, exist_ok=True)
    (home / ".mlflow" / "credentials").write_text(
        account[account.index("[mlflow]") :], encoding="utf-8"
    )
    name, _, value = setting.partition("=")
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=home,
        env=clean_environment(HOME=str(home), MLFLOW_DISABLE_TELEMETRY="true", **{name: value}),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def password(lines: str) -> str:
    return re.findall(r"password = (\S+)", lines)[0]


@pytest.fixture(scope="module")
def lab(folder: Path, programs: Path, python: str) -> Iterator[Lab]:
    lab = Lab(folder / "data", programs, python)
    if not ROOT:
        lab.data.mkdir(mode=0o700)
    yield lab
    if lab.process and not lab.ended():
        lab.process.terminate()
        lab.process.wait(60)


@pytest.fixture(scope="module")
def running(lab: Lab) -> Lab:
    lab.start()
    return lab


@pytest.fixture(scope="module")
def ann(running: Lab) -> str:
    """What `server/account` prints for a student."""
    done = running.call("account", str(running.data), "add", "ann")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def published(running: Lab, ann: str, folder: Path) -> dict[str, object]:
    """What Ann published, and what another student was told."""
    (folder / "table.csv").write_text("seed,accuracy\n0,0.75\n", encoding="utf-8")
    bob = running.call("account", str(running.data), "add", "bob").stdout
    return student(
        folder / "ann", STUDENT, "bob", password(bob), str(folder / "table.csv"), lines=ann
    )


def test_a_student_publishes_with_one_setting_and_an_account(
    running: Lab, published: dict[str, object]
) -> None:
    """Parameters and artifacts come back; the rows are in PostgreSQL, the files in the server's own folder."""
    assert (published["params"], published["text"]) == (
        {"model": "forest"},
        "seed,accuracy\n0,0.75\n",
    )
    assert running.sql("SELECT key, value FROM latest_metrics") == "accuracy|0.75"
    assert running.sql("SELECT username FROM users ORDER BY username") == "admin\nann\nbob"
    assert len(list((running.data / "artifacts").rglob("table.csv"))) == 1


def test_others_read_but_do_not_write_and_a_wrong_password_is_refused(
    published: dict[str, object],
) -> None:
    """A lab sees all of its results, and each student's runs stay as that student left them."""
    assert published["seen"] == {"accuracy": 0.75}
    assert "Permission denied" in str(published["writes"])
    assert "You are not authenticated" in str(published["wrong"])


def test_nobody_names_another_place_for_artifacts(running: Lab, published: dict) -> None:
    """The server would read and write there with its own rights."""
    for sentence in published["placed"]:
        assert "an artifact_location of your own is refused: leave it out" in str(sentence)
    assert running.sql("SELECT count(*) FROM experiments WHERE name LIKE 'elsewhere%'") == "0"


def test_passwords_are_in_files_that_only_the_owner_reads(running: Lab, ann: str) -> None:
    """Neither a file nor the list of processes tells them to anybody else."""
    secret = re.findall(
        r"admin_password = (\S+)", (running.data / "auth.ini").read_text(encoding="utf-8")
    )
    secret += [(running.data / "secret-key").read_text(encoding="utf-8").strip(), password(ann)]
    assert len(secret) == 3 and min(map(len, secret)) >= 20
    for file in ("auth.ini", "secret-key"):
        assert (running.data / file).stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o077 for path in running.data.iterdir()} == {0}
    lines = _command_lines()
    assert any("mlflow" in line for line in lines.values())
    assert not [line for line in lines.values() if any(word in line for word in secret)]
    assert not [word for word in secret if word in running.says()]


def test_postgresql_is_reached_by_nobody_else(running: Lab) -> None:
    """It has no port, and its socket lets in the server's own user alone."""
    assert running.sql("SHOW listen_addresses") == ""
    owner = Path(running.data).stat().st_uid
    assert owner != 0
    if ROOT:
        words = [str(running.programs / "psql"), *running.connection, "-tAc", "SELECT 1"]
        refused = subprocess.run(words, capture_output=True, text=True, timeout=120)
        assert refused.returncode != 0 and "Peer authentication failed" in refused.stderr


@pytest.mark.parametrize(("name", "status"), [("localhost:{port}", 401), ("evil.example", 403)])
def test_only_the_lab_s_own_address_is_answered(running: Lab, name: str, status: int) -> None:
    """The address in LABKART_URL is asked for a password; a page that points its own name here is turned away."""
    host = {"Host": name.format(port=running.port)}
    request = urllib.request.Request(f"http://127.0.0.1:{running.port}/", headers=host)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=120)
    refused.value.close()
    assert refused.value.code == status


def test_a_second_start_says_that_a_server_runs(running: Lab) -> None:
    done = running.call("start", str(running.data), LABKART_PORT=str(free_port()))
    assert done.returncode == 1 and not done.stdout
    assert f"A server runs on {running.data} already" in done.stderr
    assert f"{SERVER}/stop {running.data}" in done.stderr


@pytest.mark.parametrize(
    ("verb", "name", "sentence"),
    [
        ("add", "ann", "The server refused: User (username=ann) already exists"),
        ("remove", "eve", "The server refused: User with username=eve not found"),
        ("add", "a b", "'a b' is no name for an account"),
    ],
)
def test_a_mistake_with_an_account_gets_a_sentence(
    running: Lab, ann: str, verb: str, name: str, sentence: str
) -> None:
    done = running.call("account", str(running.data), verb, name)
    assert done.returncode == 1 and not done.stdout
    assert sentence in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_student_gets_a_new_password_and_leaves(running: Lab) -> None:
    """The old password is refused from then on, and so is whoever left."""
    data = str(running.data)
    old = password(running.call("account", data, "add", "carl").stdout)
    new = password(running.call("account", data, "password", "carl").stdout)
    assert [login(running, "carl", word) for word in (old, new)] == [401, 200]
    assert "carl is removed" in running.call("account", data, "remove", "carl").stdout
    assert login(running, "carl", new) == 401


def login(lab: Lab, name: str, word: str) -> int:
    """The status that the server answers with."""
    address = f"http://127.0.0.1:{lab.port}"
    manager = urllib.request.HTTPPasswordMgrWithPriorAuth()
    manager.add_password(None, address, name, word, is_authenticated=True)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(manager)
    )
    try:
        with opener.open(
            f"{address}/api/2.0/mlflow/users/get?username={name}", timeout=120
        ) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code


# Its tasks use all of MLflow's own functions that a task may use.
TELLS = """
import gokart, mlflow, labkart
from matplotlib.figure import Figure
import numpy, pandas
from sklearn.linear_model import LinearRegression

class Tell(labkart.Task[int]):
    def run(self):
        mlflow.log_param("theirs", 1)
        mlflow.log_params({"a@b": "x", "long": "y" * 7000})
        for step in range(20):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"MAP@10": 0.5, "nothing": float("nan"), "F1[macro]": float("inf")}, step=3)
        self.log_metric("acc (%)", 99.5)
        mlflow.set_tag("mine", "yes")
        mlflow.set_tags({"stage": "tell", "mlflow.note.content": "mine"})
        mlflow.log_text("hello", "texts/left.txt")
        mlflow.log_dict({"a": [1]}, "d.json")
        mlflow.log_table({"a": [1, 2]}, "table.json")
        mlflow.log_figure(Figure(), "figure.png")
        mlflow.log_image(numpy.zeros((4, 4, 3), "uint8"), "image.png")
        mlflow.log_image(numpy.zeros((4, 4, 3), "uint8"), key="steps", step=1)
        mlflow.log_artifact(__file__, "code")
        mlflow.log_artifacts("conf/data", "data")
        mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"x": [1.0]}), name="frame"), "training")
        self.dump(1)

class Fit(labkart.Task[int]):
    def run(self):
        with mlflow.start_run(nested=True, run_name="fold 0"):
            mlflow.log_param("theirs", 2)
            mlflow.log_metric("fold", 0.5, step=2)
            mlflow.log_text("f", "fold.txt")
            mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"x": [2.0]}), name="fold"), "test")
            with mlflow.start_run(nested=True, run_name="inner"):
                mlflow.set_tag("stage", "inner")
        mlflow.set_experiment("another")
        with mlflow.start_run(run_name="outer"):
            mlflow.log_param("theirs", 3)
            mlflow.set_tag("stage", "fit")
            mlflow.sklearn.autolog()
            model = LinearRegression().fit(numpy.array([[0.0], [1.0]]), [0.0, 1.0])
        mlflow.sklearn.log_model(model, name="by_hand", pip_requirements=[])
        self.log_model("mine", model)
        with mlflow.start_span("answer") as span:
            span.set_inputs({"question": "why"})
        self.dump(2)

class Sum(labkart.Task[int]):
    tell: gokart.TaskInstanceParameter = gokart.TaskInstanceParameter()
    fit: gokart.TaskInstanceParameter = gokart.TaskInstanceParameter()
    def run(self):
        mlflow.log_metric("sum", self.load(self.tell) + self.load(self.fit))
        self.dump(3)
"""
SUMS = """
from labkart import make
from .tasks.tell import Fit, Sum, Tell

def pipeline(cfg):
    return make(Sum, tell=make(Tell), fit=make(Fit))
"""


def test_three_stores_hold_the_same_whatever_a_task_tells_mlflow(
    fresh: Project, running: Lab, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project's own file, the lab's server, and a new file after the first was deleted."""
    package = fresh.root / "src" / "my_thesis"
    (package / "tasks" / "tell.py").write_text(TELLS, encoding="utf-8")
    (package / "pipeline.py").write_text(SUMS, encoding="utf-8")
    printed = fresh.run("labkart", "run")
    assert printed.returncode == 0, printed.stderr
    assert printed.stderr.count("MLflow takes no name") == 4
    fresh.labkart("run", "seed=1")  # all tasks are cached
    database = fresh.root / "outputs" / "mlflow.db"
    own = MlflowClient(f"sqlite:///{database}")
    first = contents(own, "my-thesis")

    account = {"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": password(ann)}
    for name, text in account.items():
        monkeypatch.setenv(name, text)
    address = f"http://localhost:{running.port}"
    fresh.labkart("sync", MLFLOW_TRACKING_URI=address, **account)
    assert differences(contents(MlflowClient(address), "my-thesis"), first) == []

    database.rename(database.with_suffix(".old"))
    shutil.rmtree(fresh.root / "outputs" / "artifacts")
    fresh.labkart("sync")
    again = MlflowClient(f"sqlite:///{database}?again")
    assert differences(contents(again, "my-thesis"), first) == []

    assert first.keys() == {
        f"{run}{below}"
        for run in ("defaults", "seed=1")
        for below in ("", "/fold 0", "/fold 0/inner")
    }
    run = first["seed=1"]
    assert {"theirs", "Tell.theirs", "Fit.theirs"} & run["params"].keys() == {
        "Tell.theirs",
        "Fit.theirs",
    }
    assert len(run["metrics"]["loss"]) == 20 and "nan" in run["metrics"]["nothing"][0][2]
    assert {"MAP_10", "F1_macro_", "Tell.acc _", "sum", "training_score"} <= run["metrics"].keys()
    files = {"texts/left.txt", "d.json", "table.json", "figure.png", "image.png", "code/tell.py"}
    assert files <= run["files"].keys()
    assert any(name.startswith("traces/") for name in run["files"])
    assert run["models"].keys() == {"model", "by_hand", "Fit mine"}
    assert len(run["inputs"]) >= 1 and run["tags"]["Tell.mlflow.note.content"] == "mine"
    record = fresh.root.glob("outputs/records/tasks/Tell_*/record.json")
    metrics = json.loads(next(record).read_bytes(), parse_constant=pytest.fail)["metrics"]
    assert ["F1[macro]", "Infinity"] in [metric[:2] for metric in metrics]
    shown = fresh.labkart("runs", "--json")
    assert {entry["metrics"]["sum"] for entry in json.loads(shown)} == {3}


def test_all_is_kept_and_no_process_is_left(
    lab: Lab, published: dict[str, object], ann: str, folder: Path
) -> None:
    """Ctrl-C ends everything, a new start has all of it again, `stop` ends that, and says so when nothing runs."""
    assert lab.process and len(lab.processes()) > 5
    secrets = [(lab.data / file).read_bytes() for file in ("auth.ini", "secret-key")]
    os.killpg(lab.process.pid, signal.SIGINT)
    assert lab.process.wait(60) == 0
    assert lab.processes() == {}
    assert "Start it first" in lab.call("account", str(lab.data), "add", "dora").stderr

    lab.start()
    assert secrets == [(lab.data / file).read_bytes() for file in ("auth.ini", "secret-key")]
    back = student(folder / "ann", READ_BACK, str(published["run"]), lines=ann)
    assert back["metrics"] == {"accuracy": 0.75} and back["text"] == "seed,accuracy\n0,0.75\n"

    assert f"Stopped. All of it is kept in {lab.data}." in lab.call("stop", str(lab.data)).stdout
    assert lab.process.wait(60) == 0
    assert lab.processes() == {}
    again = lab.call("stop", str(lab.data))
    assert (again.returncode, again.stdout) == (0, f"No server runs on {lab.data}.\n")


def test_a_killed_start_leaves_no_process(folder: Path, programs: Path, python: str) -> None:
    """Killed outright in the middle of its first start, it takes what it started with it."""
    lab = Lab(folder / "killed", programs, python)
    lab.begin()
    assert lab.process
    log = lab.data / "log" / "mlflow.log"
    until(lambda: log.exists() or lab.ended(), "MLflow was started")
    assert not lab.ended(), lab.says()
    lab.process.kill()
    lab.process.wait(60)
    until(lambda: not lab.processes(), "its processes are gone", seconds=120)
    with (lab.data / "running").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_stop_leaves_a_stranger_alone(lab: Lab, folder: Path) -> None:
    """A process that has a number which a server once had is not told to end."""
    data = folder / "stale"
    with subprocess.Popen(["sleep", "300"]) as stranger:
        data.mkdir(exist_ok=True)
        (data / "running").write_text(
            f"{stranger.pid} 1 http://127.0.0.1:1 http://127.0.0.1:1\n", encoding="utf-8"
        )
        if ROOT:
            shutil.chown(data, OWNER)
        assert lab.call("stop", str(data)).stdout == f"No server runs on {data}.\n"
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize(
    ("words", "variables", "sentence"),
    [
        (["start"], {}, "Usage: server/start"),
        (["start", "{folder}/a b"], {}, "use letters, digits"),
        (
            ["start", "{folder}/x"],
            {"LABKART_PORT": "http"},
            "LABKART_PORT=http: a number is needed",
        ),
        (
            ["start", "{folder}/x"],
            {"LABKART_URL": "mlflow.lab"},
            "an address such as https://mlflow.lab.example",
        ),
        (
            ["start", "{folder}/x"],
            {"LABKART_HOST": "0.0.0.0"},
            "set LABKART_URL to the address that they will use",
        ),
        (
            ["start", "{folder}/x"],
            {"LABKART_HOST": "192.0.2.1", "LABKART_URL": "http://a"},
            "cannot be listened on",
        ),
        (
            ["start", "{folder}/x"],
            {"LABKART_PYTHON": "/bin/false"},
            "/bin/false lacks the packages of",
        ),
        (["stop"], {}, "Usage: server/stop"),
        (["stop", "{folder}/none"], {}, "There is no folder"),
        (["account", "{folder}/none", "add", "ann"], {}, "is not the data folder of a server"),
    ],
)
def test_what_is_missing_gets_a_sentence(
    lab: Lab, folder: Path, words: list[str], variables: dict[str, str], sentence: str
) -> None:
    done = lab.call(*[word.format(folder=folder) for word in words], **variables)
    assert done.returncode == 1 and not done.stdout
    assert sentence in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(not ROOT, reason="it is about root")
def test_root_runs_no_server(lab: Lab, folder: Path) -> None:
    """A folder of root's own is not used, and nobody else's rights are guessed."""
    (folder / "roots").mkdir(exist_ok=True)
    done = lab.call("start", str(folder / "roots"))
    assert done.returncode == 1 and "belongs to root, and root runs no server" in done.stderr
