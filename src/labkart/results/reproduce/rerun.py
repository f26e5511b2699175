"""Runs an experiment in another checkout and environment, and publishes it nowhere.

Asks the recorded version of Labkart only through `python -m labkart.replay`, and reads the records
that it wrote.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from labkart import console, signals, threads
from labkart.language import mistake, translate
from labkart.records.record import ExperimentRecord, TaskRecord
from labkart.records.record_file import read_record
from labkart.secrets import redact

_COMPOSE = """\
import sys
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
with initialize_config_dir(sys.argv[1], version_base="1.3"):
    print(OmegaConf.to_yaml(compose("config", overrides=sys.argv[2:])))
"""

# These would lead it to other code or another store. In CI, an undeclared file would fail the task.
_IGNORED_PREFIXES = ("GIT_", "LABKART_", "MLFLOW_", "PYTHON")
_IGNORED_VARIABLES = ("CI", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Rerun:
    """Where the experiment runs again.

    Attributes:
        python: the Python of the environment.
        root: the project in the checkout; its outputs are there, too.
        threads: the number of threads of numeric libraries; None leaves it to them.
    """

    python: Path
    root: Path
    threads: int | None

    @property
    def outputs(self) -> Path:
        """The folder for its records and its cache."""
        return self.root / "outputs"

    def compose(self, overrides: Sequence[str]) -> str:
        """The configuration that overrides compose in the checkout, as YAML.

        Raises:
            LabkartError: they do not compose one.
        """
        command = ("-c", _COMPOSE, str(self.root / "conf"), *overrides)
        with self._process(*command) as (process, errors):
            config, _ = process.communicate()
            if process.returncode:
                raise mistake(
                    "The recorded settings do not fit the code: {error}",
                    error=_last_error(errors),
                )
        return config

    def run(self, overrides: Sequence[str]) -> ExperimentRecord:
        """Run with an empty cache, show the tasks as they end, and return the record.

        Raises:
            LabkartError: the run ended before it wrote a record.
        """
        shutil.rmtree(self.outputs, ignore_errors=True)
        command = ("-m", "labkart.replay", "--outputs", str(self.outputs), "--", *overrides)
        with self._process(*command) as (process, errors):
            for line in process.stdout or ():
                console.say(line.rstrip("\n"))
            process.wait()
            folder = next((self.outputs / "records" / "experiments").glob("*"), None)
            record = read_record(folder, ExperimentRecord) if folder else None
            if not record:
                raise mistake("The run did not begin: {error}", error=_last_error(errors))
        return record

    def task_records(self, record: ExperimentRecord) -> dict[str, TaskRecord | None]:
        """The records of its tasks, by their labels."""
        folder = self.outputs / "records" / "tasks"
        return {
            task.label: read_record(folder / f"{task.name}_{task.id}", TaskRecord)
            for task in record.tasks
        }

    def copy_tables(self, record: ExperimentRecord, folder: Path) -> None:
        """Copy the tables that its tasks logged; the checkout does not stay."""
        for task in record.tasks:
            key = f"{task.name}_{task.id}"
            for name in task.result.get("tables", ()):
                copy = folder / key / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.outputs / "records" / "tasks" / key / name, copy)

    @contextmanager
    def _process(self, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
        """A process of that Python with its error stream; it ends with the block at the latest."""
        with (
            tempfile.TemporaryFile("w+", errors="replace") as errors,
            signals.child_process(
                [str(self.python), *arguments],
                cwd=self.root,
                env=self.variables(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                errors="replace",
            ) as process,
        ):
            yield process, errors

    def variables(self) -> dict[str, str]:
        """The environment variables of the run: this process's, but for those that mislead it."""
        variables = {
            name: value
            for name, value in os.environ.items()
            if name == "PYTHONHASHSEED"
            or not (name.startswith(_IGNORED_PREFIXES) or name in _IGNORED_VARIABLES)
        }
        variables |= threads.variables(self.threads) if self.threads else {}
        variables |= {"LABKART_OUTPUTS": str(self.outputs), "PYTHONPATH": str(self.root / "src")}
        return variables


def _last_error(errors: IO[str]) -> str:
    """The last sentence of an error stream; of a traceback the last line."""
    errors.seek(0)
    lines = [line.rstrip() for line in errors.read().splitlines() if line.strip()]
    if any(line.startswith("Traceback ") for line in lines):
        lines = lines[-1:]
    return redact.redact_text(" ".join(lines[-3:])) or translate("it gives no reason")
