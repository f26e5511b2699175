"""Baking a project, and what runs its commands."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cookiecutter.main import cookiecutter

if TYPE_CHECKING:
    from tests.support.commands import Commands

TEMPLATE = Path(__file__).parents[2]
SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}"
SAMPLES = TEMPLATE / "samples"
LIBRARY = TEMPLATE / "src" / "labkart"

# Without bytecode each start takes three times as long.
sys.dont_write_bytecode = False

# What would lead a baked project to this test run's own environment, store or settings.
_STRANGE = {
    "CI",
    "GIT_DIR",
    "LABKART_OUTPUTS",
    "MLFLOW_TRACKING_URI",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPATH",
}
_STRANGE |= {"UV", "UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV"}
UV = os.environ.get("UV", "uv")


def clean_environment(**variables: str) -> dict[str, str]:
    """The environment of a student's terminal: nothing of this test run's is active, and git knows who they are."""
    kept = {name: value for name, value in os.environ.items() if name not in _STRANGE}
    ours = str(Path(sys.executable).parent)
    kept["PATH"] = os.pathsep.join(
        folder for folder in kept["PATH"].split(os.pathsep) if folder != ours
    )
    for role in ("AUTHOR", "COMMITTER"):
        kept |= {f"GIT_{role}_NAME": "Ann", f"GIT_{role}_EMAIL": "ann@example.org"}
    return {**kept, **variables}


@dataclass(frozen=True)
class Project:
    """A baked project, the environment that its commands run in, and what starts `labkart` there in no time."""

    root: Path
    environment: Path | None = None
    warm: Commands | None = None

    def has(self, path: str) -> bool:
        return (self.root / path).exists()

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert old in text, f"{path} has no {old!r}"
        (self.root / path).write_text(text.replace(old, new), encoding="utf-8")

    def files(self) -> set[str]:
        """All files but git's own and Python's bytecode, as paths below the root."""
        inside = {
            file.relative_to(self.root).as_posix()
            for file in self.root.rglob("*")
            if file.is_file() and file.parent.name != "__pycache__"
        }
        return {file for file in inside if not file.startswith(".git/")}

    def command(self, *words: str) -> list[str]:
        """The words with the first one taken from the environment that all baked projects share."""
        assert self.environment, "this project was baked to be looked at, not to be run"
        return [str(self.environment / "bin" / words[0]), *words[1:]]

    def variables(self, **variables: str) -> dict[str, str]:
        return clean_environment(PYTHONPATH=str(self.root / "src"), **variables)

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment here, this project's code first in the way."""
        if self.warm and words[0] in ("labkart", "pytest"):
            return self.warm.execute(self, *words, **variables)
        if self.warm and words[:2] == ("python", "-c"):
            return self.warm.execute(self, "python -c", *words[2:], **variables)
        return subprocess.run(
            self.command(*words),
            cwd=self.root,
            env=self.variables(**variables),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def labkart(self, *words: str, **variables: str) -> str:
        """What a `labkart` command that succeeds prints."""
        done = self.run("labkart", *words, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def bake_into(folder: Path, **answers: str) -> Project:
    """Bake without questions; `folder` is where the project's own folder goes."""
    return Project(
        Path(
            cookiecutter(
                str(TEMPLATE), no_input=True, output_dir=str(folder), extra_context=answers
            )
        )
    )


def published(folder: Path) -> Path:
    """The template as it is now, in a repository of its own."""

    def git(cwd: Path, *words: str) -> str:
        environment = clean_environment()
        return subprocess.run(
            ["git", *words], cwd=cwd, env=environment, capture_output=True, text=True, check=True
        ).stdout

    names = git(TEMPLATE, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, names.split("\0")):
        if (TEMPLATE / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((TEMPLATE / name).read_bytes())
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Publish")
    return folder
