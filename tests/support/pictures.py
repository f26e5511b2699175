"""Make the README's pictures from a real run: `make pictures`, with Chromium installed."""

import io
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.text import Text

from tests.support.bake import TEMPLATE, UV, Project, bake_into, clean_environment

PICTURES = TEMPLATE / ".github" / "pictures"
RUNS = [
    "labkart run",
    "labkart run",
    "labkart run model=forest",
    "labkart run model=forest model.params.tree=10",
]


def draw_terminal(project: Project, page: Page) -> None:
    screen = Console(record=True, width=100, file=io.StringIO())
    for line in RUNS:
        words = [UV, "run", *line.split()]
        done = subprocess.run(
            words, cwd=project.root, env=clean_environment(), capture_output=True, text=True
        )
        screen.print(Text(f"$ uv run {line}", style="bold"))
        screen.print(Text((done.stdout + done.stderr).rstrip()), highlight=False)
    drawing = screen.export_svg(title="my-thesis").replace("https://cdnjs", "none:")
    page.set_content(drawing)
    page.locator("svg").screenshot(path=PICTURES / "terminal.png")


def photograph_mlflow(project: Project, page: Page) -> None:
    project.labkart("run", "-m", "model=logistic,forest,boosting", "seed=0,1,2")
    words, variables = project.command("labkart", "ui"), project.variables()
    server = subprocess.Popen(
        words, cwd=project.root, env=variables, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout
        page.goto(server.stdout.readline().strip())
        page.get_by_text("matching runs").wait_for()
        page.wait_for_timeout(1000)
        page.screenshot(path=PICTURES / "mlflow.png")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        baked = bake_into(Path(folder))
        subprocess.run(
            [UV, "sync", "--quiet", "--python", sys.executable],
            cwd=baked.root,
            env=clean_environment(),
            check=True,
        )
        project = Project(baked.root, baked.root / ".venv")
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        PICTURES.mkdir(exist_ok=True)
        draw_terminal(project, browser.new_page(viewport={"width": 1300, "height": 700}))
        photograph_mlflow(project, browser.new_page(viewport={"width": 1200, "height": 640}))
        browser.close()


if __name__ == "__main__":
    main()
