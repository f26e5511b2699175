"""An experiment in another checkout and environment, run by the Labkart that is there; it publishes nowhere."""

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
from labkart.errors import LabkartError
from labkart.records import redact
from labkart.records.record import ExperimentRecord, TaskRecord, read_record

_COMPOSE = """\
import sys
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
with initialize_config_dir(sys.argv[1], version_base="1.3"):
    print(OmegaConf.to_yaml(compose("config", overrides=sys.argv[2:])))
"""

# What would lead it to other code or another store; in CI, an undeclared file would fail a task that ran elsewhere.
_STRANGE = ("GIT_", "LABKART_", "MLFLOW_", "PYTHON")
_STRANGE_TOO = ("CI", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Rerun:
    """Where it runs.

    Attributes:
        python: that of the environment.
        root: the project in the checkout; its outputs are there, too.
        threads: how many the numeric libraries use; nothing lets them decide.
    """

    python: Path
    root: Path
    threads: int | None

    @property
    def outputs(self) -> Path:
        return self.root / "outputs"

    def composed(self, words: Sequence[str]) -> str:
        """The configuration that these words compose there, as YAML. Raises LabkartError where they compose none."""
        with self._started("-c", _COMPOSE, str(self.root / "conf"), *words) as (process, errors):
            said, _ = process.communicate()
            if process.returncode:
                raise LabkartError(f"The recorded settings do not fit the code: {_told(errors)}")
        return said

    def run(self, words: Sequence[str]) -> ExperimentRecord:
        """The record of the run, with an empty cache; its tasks are shown as they end.

        Raises:
            LabkartError: it did not come so far that there is a record.
        """
        shutil.rmtree(self.outputs, ignore_errors=True)
        with self._started(
            "-m", "labkart.replay", "--outputs", str(self.outputs), "--", *words
        ) as (process, errors):
            assert process.stdout
            for line in process.stdout:
                if not line.startswith(
                    "  experiment "
                ):  # that is of no use when the checkout is gone
                    console.say(line.rstrip("\n"))
            process.wait()
            folders = list((self.outputs / "records" / "experiments").glob("*"))
            record = read_record(folders[0], ExperimentRecord) if folders else None
            if not record:
                raise LabkartError(f"The run did not begin: {_told(errors)}")
        return record

    def tasks(self, record: ExperimentRecord) -> dict[str, TaskRecord | None]:
        """The records of its tasks, by their labels."""
        folder = self.outputs / "records" / "tasks"
        return {
            use.label: read_record(folder / f"{use.name}_{use.id}", TaskRecord)
            for use in record.tasks
        }

    @contextmanager
    def _started(self, *words: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
        """A process that is gone when the block is left, and what it says of errors."""
        command = [str(self.python), *words]
        with (
            tempfile.TemporaryFile("w+", errors="replace") as errors,
            signals.child_process(
                command,
                cwd=self.root,
                env=self._variables(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                errors="replace",
            ) as process,
        ):
            yield process, errors

    def _variables(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_STRANGE)}
        kept = {name: value for name, value in kept.items() if name not in _STRANGE_TOO}
        kept |= {name: os.environ[name] for name in ("PYTHONHASHSEED",) if name in os.environ}
        kept |= threads.variables(self.threads) if self.threads else {}
        return kept | {"LABKART_OUTPUTS": str(self.outputs), "PYTHONPATH": str(self.root / "src")}


def _told(errors: IO[str]) -> str:
    """The sentence that it ended with; of a traceback the last line."""
    errors.seek(0)
    lines = [line.rstrip() for line in errors.read().splitlines() if line.strip()]
    if any(line.startswith("Traceback ") for line in lines):
        lines = lines[-1:]
    return redact.redact_text(" ".join(lines[-3:])) or "it does not say why"
