"""The command `labkart`: looks at the verb, and imports what that verb needs and nothing more."""

import gc
import os
import signal
import sys
from typing import TYPE_CHECKING

from .errors import LabkartError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from .experiment import Experiment
    from .publisher import Publisher

HELP = """\
usage: labkart <verb> ...

  run [name=value ...]      run the pipeline, or what of it is missing
      task=SplitTable       ... up to one task
      -m seed=0,1,2         ... once for every combination
      --cfg job             show the composed configuration instead
  search search=forest      run trials of a search in conf/search/, or those that are missing; show the best
      -n 30                 ... until there are so many in all
      --workers 4           ... so many at once
  status [name=value ...]   what is done, missing or changed; why, and what it costs
      --json                ... for programs
  accept [name=value ...]   keep results of earlier code: the change does not matter
  clean                     remove outputs that nothing needs any more; asks first
      --keep EXPERIMENT     ... and never those of this experiment
  sync                      write to MLflow what is not there yet
  ui [--port 5000]          look at the results in MLflow's page

Names and values are Hydra's: the files in conf/ list them.
"""


def main(words: list[str] | None = None) -> int:
    """Run one verb.

    Returns:
        The exit code: 0, 1 for what a message explains, 130 for Ctrl-C, 143 for SIGTERM and so on.
    """
    verb, *rest = (sys.argv[1:] if words is None else words) or ["--help"]
    verbs = {
        "run": _run,
        "search": _search,
        "status": _status,
        "accept": _accept,
        "clean": _clean,
        "sync": _sync,
        "ui": _ui,
    }
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
        return 128 + (_terminated[1:] or [signal.SIGINT])[0]
    finally:
        gc.enable()


def _listen() -> None:
    """Let this process end in order when it is asked to."""
    _terminated[:] = [os.getpid()]
    for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(asked) != signal.SIG_IGN:  # as under nohup
            signal.signal(asked, _terminate)


def _terminate(number: int, _: object) -> None:
    """Ctrl-C, a cluster or a closed terminal asks this process to end; its workers do so in silence."""
    _terminated.append(number)
    raise KeyboardInterrupt if os.getpid() == _terminated[0] else SystemExit(128 + number)


_terminated: list[int] = []


def _run(words: list[str]) -> int:
    """Hand the words to Hydra; it calls `job` with every composed configuration."""
    import hydra

    from . import config, experiment, project
    from .publisher import Publisher

    root = project.current().root
    os.chdir(root)
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # else Hydra prints errors in its own way and leaves
    many = [word for word in words if word in ("-m", "--multirun")]
    # argparse takes the names and values only in one piece, so what may stand between them goes to the front.
    sys.argv = ["labkart", *many, *(word for word in words if word not in many)]
    failures: list[str] = []
    publisher = Publisher()
    _listen()

    def job(cfg: "DictConfig") -> None:
        try:
            _job(cfg, publisher)
        except LabkartError as error:  # kept from Hydra, which would go no further
            failures.append(str(error))
        except OSError as error:  # a full disk, a folder that may not be written
            failures.append(f"{error.filename or 'outputs/'}: {error.strerror or error}. What was finished is kept.")
        except Exception as error:
            raise RuntimeError("This is a mistake in Labkart and not yours. Please report it.") from error

    try:
        for left in experiment.close_abandoned():
            publisher.end(left)
        hydra.main(config_path=str(root / "conf"), config_name="config", version_base="1.3")(job)()
    except config.Miswritten as error:
        raise config.explained(error, words) from None
    finally:
        _close(publisher)
    if failures:
        raise LabkartError("\n".join(failures))
    return 0


def _job(cfg: "DictConfig", publisher: "Publisher") -> None:
    """One composed configuration: plan it, run what is missing, record it, publish it, show it."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from . import config, experiment, store, terminal

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
        publisher.start()  # before the mark that the experiment runs, which that process must not hold
        with terminal.Progressing(planned.workers) as progress:
            experiment.run(planned, progress, lambda: publisher.begin(record))
            progress.left(record.tasks)
    if not store.is_published(record):
        publisher.end(record)
    if record.status == "killed":
        raise KeyboardInterrupt
    terminal.show_result(record.metrics, record.id)
    if record.status == "failed":
        raise LabkartError(terminal.what_failed(record))


def _search(words: list[str]) -> int:
    from . import experiment, project, terminal
    from .publisher import Publisher

    os.chdir(project.current().root)
    terminal.show_logging()
    publisher = Publisher()
    _listen()
    try:
        for left in experiment.close_abandoned():
            publisher.end(left)

        from . import search

        search.run(words, publisher, _listen)
    except OSError as error:
        raise LabkartError(
            f"{error.filename or 'outputs/'}: {error.strerror or error}. What was finished is kept."
        ) from error
    finally:
        _close(publisher)
    return 0


def _close(publisher: "Publisher") -> None:
    """Tracking never fails a computation: what MLflow does not take waits in the records."""
    from . import terminal

    with terminal.busy("writing to MLflow"):
        why = publisher.close()
    if why:
        terminal.warn(f"  Not in MLflow yet ({why}). The records have it all; {terminal.command('sync')} publishes it.")


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


def _sync(words: list[str]) -> int:
    import argparse

    argparse.ArgumentParser("labkart sync", description="Write to MLflow what is not there yet.").parse_args(words)

    from . import experiment, project, store, terminal

    os.chdir(project.current().root)
    experiment.close_abandoned()
    count, new, failures = 0, 0, list[str]()
    try:
        with terminal.busy("writing to MLflow"):
            from . import tracking

            for record, is_new, why in tracking.sync():
                count, new = count + 1, new + is_new
                failures += [f"{record.id[:6]}: {why}"] if why else []
    except Exception as error:
        raise LabkartError(f"Stopped: {store.why(error)}. {new} experiments went there; run it again.") from error
    if failures:
        raise LabkartError("\n".join([*failures, f"{new} of {count} experiments written; these were not."]))
    terminal.say(f"  {new} of {count} experiments written; all are in {store.where()}")
    return 0


def _ui(words: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser("labkart ui", description="Serve MLflow's page for this project, to you alone.")
    parser.add_argument("--port", type=int, help="where to listen; without it, the first free port from 5000 on")
    port = parser.parse_args(words).port

    from . import ui

    return ui.serve(port)
