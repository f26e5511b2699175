"""`labkart ui` in a browser: what its link opens, how long that stays, and what is left when it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from labkart import _compat
from labkart.tracking import ui
from tests.conftest import Ready
from tests.support.bake import Project
from tests.support.commands import Command, Commands
from tests.support.tiny import free_port, soon

if TYPE_CHECKING:  # every process that collects the tests would import it
    from playwright.sync_api import BrowserContext, Locator, Page

# They take the first free port from 5000 on, and see which one becomes free: no two at a time.
pytestmark = pytest.mark.xdist_group("ui")

METRICS = ["accuracy", "balanced_accuracy", "macro_f1", "roc_auc"]
SETTINGS = ["model", "data", "seed"]
COLUMNS = ["Run Name", "Created", "labkart.id", *SETTINGS, *METRICS, "Duration"]


def expect(what: Page | Locator) -> Any:
    """What Playwright waits for."""
    from playwright import sync_api

    sync_api.expect.set_options(timeout=120_000)
    return sync_api.expect(what)


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    """It keeps MLflow's page, which takes seconds to load."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    # Chromium would call its maker at once; nothing of a test leaves this machine.
    quiet = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=quiet)
        context = started.new_context(viewport={"width": 1700, "height": 800})
        context.set_default_timeout(120_000)
        yield context
        started.close()


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    """A page of a person who has not been there before: of what pages keep, nothing is left."""
    page = browser.new_page()
    session = browser.new_cdp_session(page)
    kept = {"origin": "*", "storageTypes": "cookies,indexeddb,local_storage"}
    session.send("Storage.clearDataForOrigin", kept)
    yield page
    page.close()


@contextmanager
def serving(project: Project, *words: str) -> Iterator[tuple[Command, str]]:
    """`labkart ui`, and the link that it prints."""
    assert project.warm
    server = project.warm.start(project, "ui", *words)
    try:
        soon(lambda: "\n" in server.printed)
        yield server, server.printed.splitlines()[0].strip()
    finally:
        if not server.has_ended:
            server.kill()


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, _ran: tuple[Project, str], warm: Commands
) -> Iterator[tuple[Project, Command, str]]:
    """A project in which the default pipeline has run once, its server and the link; no test changes it."""
    folder = tmp_path_factory.mktemp("served")
    root = Path(shutil.copytree(_ran[0].root, folder / _ran[0].root.name))
    project = replace(_ran[0], root=root, warm=warm)
    with serving(project) as (server, address):
        yield project, server, address


@pytest.fixture
def link(served: tuple[Project, Command, str]) -> str:
    return served[2]


def port_of(link: str) -> int:
    return int(link.split(":")[2].partition("/")[0])


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


# The runs


def headers(page: Page) -> list[str]:
    """The columns from left to right."""
    cells = page.locator(".ag-header-cell")
    script = "cells => cells.map(cell => [cell.getBoundingClientRect().x, cell.innerText.trim()])"
    return [name for _, name in sorted(cells.evaluate_all(script)) if name]


def shows(page: Page, wanted: Callable[[list[str]], bool]) -> bool:
    """Whether the table comes to have such columns; it draws them one after the other."""
    expect(page.locator(".ag-row").first).to_be_visible()
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        if wanted(headers(page)):
            return True
        page.wait_for_timeout(100)
    return False


def cell(page: Page, column: str) -> Locator:
    """The value of a column in the only row."""
    return page.locator(f'.ag-row [col-id="{column}"]')


@pytest.mark.thorough
def test_the_link_opens_the_runs_with_what_a_person_compares(
    link: str, page: Page, first_run: str
) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(link)
    assert shows(page, COLUMNS.__eq__)
    for metric in METRICS:
        shown = re.findall(rf" {metric} ([\d.]+)", first_run)[0]
        assert f"{float(cell(page, f'metrics.`{metric}`').inner_text()):.3f}" == shown
    assert cell(page, "params.`model`").inner_text() == "logistic"
    assert cell(page, "params.`data`").inner_text() == "breast_cancer"
    assert cell(page, "params.`seed`").inner_text() == "0"
    assert re.fullmatch(r"[\d.]+(ms|s|min)", cell(page, "duration").inner_text())
    short_id = re.findall(r"experiment (\w{6})", first_run)[0]
    assert cell(page, "tags.`labkart.id`").inner_text().startswith(short_id)
    assert page.get_by_placeholder("Ask a question").count() == 0  # no chat beside the runs
    assert {url.split("/")[2] for url in requests if url.startswith("http")} == {link.split("/")[2]}


@pytest.mark.thorough
def test_the_columns_stay_after_a_reload_and_on_the_way_back_from_a_run(
    link: str, page: Page
) -> None:
    page.goto(link)
    assert shows(page, COLUMNS.__eq__)
    page.reload()
    assert shows(page, COLUMNS.__eq__)
    page.get_by_role("link", name="defaults").click()
    page.get_by_text("model.params.max_iter").first.wait_for()
    page.go_back()
    assert shows(page, COLUMNS.__eq__)


@pytest.mark.thorough
def test_a_new_metric_appears_unless_the_person_chose_columns(page: Page, project: Project) -> None:
    def log(metric: str) -> None:
        old = 'self.log_metric("accuracy"'
        module = "src/my_thesis/tasks/evaluate.py"
        project.edit(module, old, f'self.log_metric("{metric}", 0.5)\n        {old}')
        project.labkart("run")

    with serving(project) as (_, link):
        page.goto(link)
        assert shows(page, COLUMNS.__eq__)
        log("brier")
        page.goto(link)
        assert shows(page, lambda names: "brier" in names)

        page.get_by_role("button", name="Columns").click()
        page.get_by_placeholder("Search columns").fill("macro_f1")
        page.get_by_text("macro_f1", exact=True).last.click()
        page.keyboard.press("Escape")
        expect(page.locator(".ag-header-cell", has_text="macro_f1")).to_have_count(0)
        log("log_loss")
        page.goto(link)
        assert shows(
            page, lambda names: "brier" in names and names[-1] == "labkart.dirty"
        )  # the code is edited
        assert not {"macro_f1", "log_loss"} & set(headers(page))


@pytest.mark.thorough
def test_a_run_opened_by_its_address_shows_its_results_and_figures(
    served: tuple[Project, Command, str], page: Page, first_run: str
) -> None:
    project, _, link = served
    (folder,) = (project.root / "outputs/artifacts").iterdir()
    page.goto(f"{link}/#/experiments/1/runs/{folder.name}")
    page.get_by_text("model.params.max_iter").first.wait_for()
    expect(page.get_by_role("link", name="Runs").first).to_be_visible()  # GenAI has no such page
    assert page.get_by_placeholder("Ask a question").count() == 0
    assert page.get_by_text("LoadTable.name").count() == 0  # it is the setting `data`
    accuracy = re.findall(r"accuracy ([\d.]+)", first_run)[0]
    assert page.get_by_text(re.compile(rf"^{accuracy}")).first.is_visible()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="EvaluateModel/roc_curve.png").click()
    picture = opened.value.locator("img[src^='blob:']").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 100


@pytest.mark.thorough
def test_a_project_without_runs_opens_too(fresh: Project, page: Page) -> None:
    with serving(fresh) as (_, link):
        page.goto(link)
        expect(page.get_by_text("No runs logged")).to_be_visible()


# The server


def test_it_is_one_process_that_listens_on_this_machine_only(
    served: tuple[Project, Command, str],
) -> None:
    _, server, link = served
    assert link.startswith("http://127.0.0.1:")
    assert not Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
    ours = {str(file.readlink()) for file in Path(f"/proc/{server.pid}/fd").iterdir()}
    tables = [
        Path(f"/proc/{server.pid}/net/{name}").read_text().splitlines()[1:]
        for name in ("tcp", "tcp6")
    ]
    sockets = [line.split() for table in tables for line in table]
    listening = [row[1] for row in sockets if row[3] == "0A" and f"socket:[{row[9]}]" in ours]
    assert listening == [f"0100007F:{port_of(link):04X}"]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_nothing_is_left_whatever_ends_it(project: Project, name: str) -> None:
    number = signal.Signals[name]
    port = free_port()  # not one from 5000 on, which anybody may take as soon as it is free
    with serving(project, "--port", str(port)) as (server, link):
        assert port_of(link) == port and not is_free(port)
        os.kill(server.pid, number)
        assert server.wait().returncode == (0 if name in ("SIGINT", "SIGTERM") else -number)
        assert is_free(port)


@pytest.fixture
def another(tmp_path: Path, ready: Ready) -> Project:
    return ready(tmp_path / "another")


def test_two_projects_are_open_at_once(link: str, another: Project) -> None:
    with serving(another) as (_, second):
        assert port_of(second) != port_of(link)


def test_a_port_that_another_program_has_is_named(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = project.run("labkart", "ui", "--port", str(port))
    assert (
        done.returncode == 1 and f"Port {port} cannot be used. Choose another one: " in done.stderr
    )


@pytest.mark.thorough
def test_where_runs_go_to_a_server_its_own_page_has_the_columns_as_a_view(
    served: tuple[Project, Command, str], page: Page
) -> None:
    project, _, server = served
    address = project.labkart("ui", MLFLOW_TRACKING_URI=f"{server}/").strip()
    assert address.startswith(f"{server}/#/experiments/1/runs?workflowType=machine_learning&")
    # The page of this server sets columns by itself; that of a lab's server does not, and opens a chat.
    page.set_viewport_size({"width": 2200, "height": 800})
    page.route(f"{server}/", lambda route: route.fulfill(body=_compat.mlflow_page()))
    page.goto(address)
    assert shows(page, COLUMNS.__eq__)
    page.get_by_role("button", name="Override saved view").click()
    page.reload()
    assert shows(page, COLUMNS.__eq__)


# What the page remembers


@pytest.fixture
def visit(page: Page) -> Callable[[str, list[str]], list[str] | None]:
    """Opens a project's page with some columns; returns those that MLflow will show."""

    def visit(project: str, columns: list[str]) -> list[str] | None:
        html = f"<!doctype html><head>{ui.script(project, 'key', {'selectedColumns': columns}, '/#runs')}"
        page.route("**/*", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto("http://127.0.0.1:9/")
        assert page.url.endswith("/#runs")
        kept = page.evaluate("localStorage.getItem('key')")
        page.goto("about:blank")
        return json.loads(kept)["selectedColumns"] if kept else None

    return visit


def choose(page: Page, state: str) -> None:
    page.goto("http://127.0.0.1:9/")
    page.evaluate("state => localStorage.setItem('key', state)", state)


@pytest.mark.thorough
def test_projects_that_use_a_port_one_after_the_other_keep_their_columns(
    page: Page, visit: Callable[[str, list[str]], list[str] | None]
) -> None:
    assert visit("/a", ["accuracy"]) == ["accuracy"]
    assert visit("/a", ["accuracy", "loss"]) == ["accuracy", "loss"]
    choose(page, '{"selectedColumns": ["chosen"]}')
    assert visit("/a", ["new"]) == ["chosen"]
    assert visit("/b", ["rmse"]) == ["rmse"]
    assert visit("/a", ["new"]) == ["chosen"]
    assert visit("/b", ["rmse", "mae"]) == ["rmse", "mae"]


@pytest.mark.thorough
def test_what_the_page_cannot_read_does_not_keep_it_from_opening(
    page: Page, visit: Callable[[str, list[str]], list[str] | None]
) -> None:
    visit("/a", [])
    choose(page, '{"selectedColumns": []')
    page.evaluate("localStorage.setItem('labkart', '{')")
    with pytest.raises(json.JSONDecodeError):  # MLflow says so and shows its own columns
        visit("/a", ["accuracy"])


# One run, and two beside each other


@pytest.fixture
def studied(fresh: Project) -> Project:
    """A project with a declared data file and two experiments, of two models."""
    (fresh.root / "data/raw/notes.csv").write_text("x\n1\n")
    load = "src/my_thesis/tasks/load.py"
    fresh.edit(
        load,
        "from labkart import Task",
        "from pathlib import Path\nfrom labkart import DataFile, Task",
    )
    declared = (
        '    notes: DataFile = DataFile(default=Path("data/raw/notes.csv"))\n    name: StrParameter'
    )
    fresh.edit(load, "    name: StrParameter", declared)
    fresh.labkart("run", "-m", "model=logistic,boosting")
    return fresh


@pytest.mark.thorough
def test_a_run_shows_what_made_it_and_two_runs_their_difference(
    studied: Project, page: Page
) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    with serving(studied) as (_, link):
        page.goto(link)
        page.get_by_role("link", name="model=boosting").click()
        for shown in (
            "model.params.trees",
            "EvaluateModel",
            "split.test_size",
            "data/raw/notes.csv",
        ):
            expect(page.get_by_text(shown).first).to_be_visible()
        page.get_by_role("tab", name="Artifacts").click()
        page.get_by_text("pipeline.svg").click()
        drawing = page.locator("img[src*='blob:']").first
        expect(drawing).to_be_visible()
        assert drawing.evaluate("image => image.naturalWidth") > 300
        page.get_by_text("tasks.csv").click()
        expect(page.get_by_text("peak_memory_mb").first).to_be_visible()
        page.goto(link)
        expect(page.locator(".ag-row").nth(1)).to_be_visible()
        page.locator(".ag-header input[type=checkbox]").first.check()
        page.get_by_role("button", name="Compare").click()
        for shown in ("model.params.trees", "model.params.max_iter", "roc_auc"):
            expect(page.get_by_text(shown).first).to_be_visible()
        assert {"logistic", "boosting"} <= set(
            page.get_by_text(re.compile("^(logistic|boosting)$")).all_inner_texts()
        )
    assert {url.split("/")[2] for url in requests if url.startswith("http")} == {link.split("/")[2]}
