"""The command `labkart`: looks at the verb, and imports what that verb needs and nothing more."""

import gc
import os
import sys
from typing import TYPE_CHECKING

from .errors import LabkartError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from .experiment import Experiment
    from .record import ExperimentRecord

HELP = """\
usage: labkart <verb> ...

  run [name=value ...]      run the pipeline, or what of it is missing
      task=SplitTable       ... up to one task
      -m seed=0,1,2         ... once for every combination
      --cfg job             show the composed configuration instead
  status [name=value ...]   what is done, missing or changed; why, and what it costs
      --json                ... for programs
  accept [name=value ...]   keep results of earlier code: the change does not matter
  clean                     remove outputs that nothing needs any more; asks first
      --keep EXPERIMENT     ... and never those of this experiment
  ui [--port 5000]          look at the results in MLflow's page

Names and values are Hydra's: the files in conf/ list them.
"""


def main(words: list[str] | None = None) -> int:
    """Run one verb.

    Returns:
        The exit code: 0, 1 for what a message explains, 130 for Ctrl-C.
    """
    verb, *rest = (sys.argv[1:] if words is None else words) or ["--help"]
    verbs = {"run": _run, "status": _status, "accept": _accept, "clean": _clean, "ui": _ui}
    gc.disable()  # imports leave nothing to collect, and looking for it takes a fifth of their time
    try:
        if verb in ("-h", "--help", "help"):
            print(HELP, end="")
            return 0
        if verb not in verbs:
            raise LabkartError(f'No verb "{verb}". Choose one of {", ".join(verbs)}; labkart --help explains them.')
        return verbs[verb](rest)
    except LabkartError as error:
        print(error, file=sys.stderr)
        return 1
    except SystemExit as stop:  # argparse, Hydra's and ours, after it said what is wrong
        return int(bool(stop.code))
    except KeyboardInterrupt:
        print("\nStopped. What was finished is kept; the same command goes on from there.", file=sys.stderr)
        return 130
    finally:
        gc.enable()


def _run(words: list[str]) -> int:
    """Hand the words to Hydra; it calls `job` with every composed configuration."""
    import hydra

    from . import config, project

    root = project.current().root
    os.chdir(root)
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # else Hydra prints errors in its own way and leaves
    many = [word for word in words if word in ("-m", "--multirun")]
    # argparse takes the names and values only in one piece, so what may stand between them goes to the front.
    sys.argv = ["labkart", *many, *(word for word in words if word not in many)]
    failures: list[str] = []

    def job(cfg: "DictConfig") -> None:
        try:
            _job(cfg)
        except LabkartError as error:  # kept from Hydra, which would go no further
            failures.append(str(error))
        except OSError as error:  # a full disk, a folder that may not be written
            failures.append(f"{error.filename or 'outputs/'}: {error.strerror or error}. What was finished is kept.")
        except Exception as error:
            raise RuntimeError("This is a mistake in Labkart and not yours. Please report it.") from error

    try:
        hydra.main(config_path=str(root / "conf"), config_name="config", version_base="1.3")(job)()
    except config.Miswritten as error:
        raise config.explained(error, words) from None
    if failures:
        raise LabkartError("\n".join(failures))
    return 0


def _job(cfg: "DictConfig") -> None:
    """One composed configuration: plan it, run what is missing, record it, publish it, show it."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from . import config, experiment, project, terminal

    overrides = HydraConfig.get().overrides.task
    config.check_additions(overrides)
    if HydraConfig.get().mode == RunMode.MULTIRUN:
        terminal.say(" ".join(overrides))
    terminal.show_logging()
    planned = experiment.plan(cfg)
    record = planned.record
    gc.freeze()  # what was imported stays; looking through it again and again would take longer than most tasks
    gc.enable()
    if record.status == "finished":
        count = len(planned.tasks)
        terminal.say(f"  {count} task{'s' if count > 1 else ''} cached, nothing to do")
    else:
        with terminal.Progressing(planned.workers) as progress:
            experiment.run(planned, progress)
            progress.left(record.tasks)
    here_or_there = os.environ.get("MLFLOW_TRACKING_URI") or (project.current().outputs / "mlflow.db").exists()
    if not (record.published and here_or_there):
        _publish(record)
    if record.status == "killed":
        raise KeyboardInterrupt
    terminal.show_result(record.metrics, record.id)
    if record.status == "failed":
        raise LabkartError(_what_failed(record))


def _publish(record: "ExperimentRecord") -> None:
    """Tracking never fails a computation: where MLflow cannot be written, the record waits for the next run."""
    from . import experiment, terminal

    try:
        with terminal.busy("writing to MLflow"):
            gc.disable()
            from . import tracking

            tracking.publish(record, experiment.task_records(record))
    except Exception as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        terminal.warn(f"  Not in MLflow yet ({what}). The records in outputs/ have it all; run it again to publish.")
    finally:
        gc.enable()


def _what_failed(record: "ExperimentRecord") -> str:
    from . import project

    lines = [f"{use.label}: {use.error}" for use in record.tasks if use.state == "failed"]
    folder = project.current().short(record.folder)
    return "\n".join([*lines, f"{folder}/traceback.txt says more. Mend it and run again: finished tasks stay cached."])


def _planned(words: list[str]) -> "Experiment":
    """The experiment that `labkart run` would run with these words."""
    from . import config, experiment, project, terminal

    os.chdir(project.current().root)
    for word in words:
        if word.startswith("-"):
            raise LabkartError(
                f"{word}: status and accept take names and values, of one experiment. See labkart --help."
            )
    cfg = config.compose(*words)
    config.check_additions(words)
    terminal.show_logging()
    return experiment.plan(cfg)


def _status(words: list[str]) -> int:
    planned = _planned([word for word in words if word != "--json"])

    from . import status, terminal

    standings = status.look(planned)
    if "--json" in words:
        print(status.as_json(planned, standings))
    else:
        terminal.show_standings(standings)
    return 0


def _accept(words: list[str]) -> int:
    planned = _planned(words)

    from . import accept, terminal

    terminal.show_standings(accept.accept(planned))
    return 0


def _clean(words: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser("labkart clean", description="Remove outputs that nothing needs any more.")
    parser.add_argument("--keep", action="append", default=[], metavar="EXPERIMENT", help="keep what this one used")
    parser.add_argument("--yes", action="store_true", help="remove without asking")
    chosen = parser.parse_args(words)

    from . import clean, project, terminal

    os.chdir(project.current().root)
    clean.keep(chosen.keep)
    found = clean.look()
    terminal.show_sizes(found)
    if found and (chosen.yes or terminal.agrees(f"Remove {terminal.size(found)}?")):
        terminal.say(f"  {terminal.size(clean.remove(found))} removed")
    return 0


def _ui(words: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser("labkart ui", description="Serve MLflow's page for this project, to you alone.")
    parser.add_argument("--port", type=int, help="where to listen; without it, the first free port from 5000 on")
    port = parser.parse_args(words).port

    from . import ui

    return ui.serve(port)
