"""The command `labkart`: looks at the verb, and imports what that verb needs and nothing more."""

import gc
import os
import re
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from labkart import __version__, signals
from labkart.errors import LabkartError

if TYPE_CHECKING:
    from labkart.experiments.plan import Experiment

# What takes long and keeps what it has done.
_GOES_ON = ("run", "search", "reproduce", "sync")

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
  graph [name=value ...]    the pipeline as a tree: what is done, missing or changed, and how long it took
      --mermaid             ... for a README or a slide; --svg FILE draws it
  runs [name=value ...]     list experiments, newest first; also 'accuracy>0.9'
      --sort -accuracy      ... best first; --json and --csv for programs
      --sweep ID            ... of one sweep; --study, --tag, --commit, --since and --until, too
  compare A B               what differs between two experiments: settings, code, data, packages, metrics, times
  accept [name=value ...]   keep results of earlier code: the change does not matter
      -m seed=0,1,2         ... of every combination
  report NAME [name=value]  a table and figures for the thesis: means, intervals, tests
      --all                 ... all of reports/*.yaml again
      --check               ... say which are not current
  reproduce RUN             run an experiment or a table again from its record, apart; is it the same?
      --tolerance 1e-6      ... how far a metric may be off
      --from-cache          ... run nothing: is all there that it needs?
  check [RULE ...]          do the rules hold? where not, what to do
      --list                ... what they are, and why; --json for programs
      --lock-data           ... write down what is in data/raw/ now, to notice when it changes
  clean                     remove outputs that nothing needs any more; asks first
      --keep EXPERIMENT     ... and never those of this experiment
  sync                      write to MLflow what is not there yet
  ui [--port 5000]          look at the results in MLflow's page
      --sweep ID            ... at those of one sweep
  update [--to v0.2.0]      take a newer version of the template; your own folders stay as they are
      --check               ... say whether there is one

Names and values are Hydra's: the files in conf/ list them.
"""


def main(words: list[str] | None = None) -> int:
    """Run one verb.

    Returns:
        The exit code: 0, 1 for what a message explains, 130 for Ctrl-C, 143 for SIGTERM and so on.
    """
    verb, *rest = (sys.argv[1:] if words is None else words) or ["--help"]
    verbs = {
        "run": _of("experiments.run", "run"),
        "search": _of("experiments.search.search", "search"),
        "status": _status,
        "accept": _accept,
    }
    verbs |= {
        "graph": _graph,
        "runs": _of("results.runs"),
        "compare": _of("results.compare"),
        "report": _report,
    }
    verbs |= {
        "reproduce": _reproduce,
        "check": _of("check.report"),
        "clean": _of("cli.clean"),
        "sync": _sync,
        "ui": _ui,
    }
    verbs |= {"update": _of("cli.update")}
    gc.disable()  # imports leave nothing to collect, and looking for it takes a fifth of their time
    try:
        if verb in ("-h", "--help", "help"):
            print(HELP, end="")
            return 0
        if verb == "--version":
            print(f"labkart {__version__}")
            return 0
        if verb in ("status", "graph", "accept") and {"-h", "--help"}.intersection(rest):
            print(_help(verb))
            return 0
        if verb not in verbs:
            raise LabkartError(
                f'No verb "{verb}". Choose one of {", ".join(verbs)}; labkart --help explains them.'
            )
        code = verbs[verb](rest)
        sys.stdout.flush()
        return code
    except LabkartError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # `labkart runs --csv | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except SystemExit as stop:  # argparse, Hydra's and ours, after it said what is wrong
        return int(bool(stop.code))
    except KeyboardInterrupt:
        goes_on = (
            " What was finished is kept; the same command goes on from there."
            if verb in _GOES_ON
            else ""
        )
        print(f"\nStopped.{goes_on}", file=sys.stderr)
        return signals.exit_code()
    finally:
        gc.enable()


def _help(verb: str) -> str:
    """What the help says of one verb."""
    *verbs, _ = re.split(r"\n(?=  \w|\n)", HELP)
    (own,) = [each for each in verbs if each.startswith(f"  {verb} ")]
    return f"usage: labkart {own.strip()}"


def _of(module: str, function: str = "show") -> Callable[[list[str]], int]:
    """A verb that a module of the runtime is all about; the module is imported when the verb is wanted."""
    return lambda words: getattr(import_module(f"labkart.{module}"), function)(words)


def _planned(words: list[str]) -> "Experiment":
    """The experiment that `labkart run` would run with these words."""
    from labkart import console, project
    from labkart.experiments import config, plan

    os.chdir(project.current().root)
    for word in words:
        if word.startswith("-"):
            raise LabkartError(
                f"{word}: there is no such option. Names and values of one experiment are wanted; see labkart --help."
            )
    composed = config.compose_overrides(*words)
    config.check_additions(words)
    console.show_logging()
    return plan.plan(composed)


def _status(words: list[str]) -> int:
    planned = _planned([word for word in words if word != "--json"])

    from labkart import console
    from labkart.experiments import status

    standings = status.statuses(planned)
    if "--json" in words:
        print(status.as_json(planned, standings))
    else:
        console.show_statuses(standings)
    return 0


def _accept(words: list[str]) -> int:
    if {"-m", "--multirun"}.intersection(words):
        from labkart import project
        from labkart.experiments import accept

        os.chdir(project.current().root)
        accept.accept_sweep(words)
        return 0
    planned = _planned(words)

    from labkart import console
    from labkart.experiments import accept

    console.show_statuses(accept.accept_changes([planned]))
    return 0


def _reproduce(words: list[str]) -> int:
    import argparse

    from labkart.records.verdict import TOLERANCE

    parser = argparse.ArgumentParser(
        "labkart reproduce", description="Run an experiment again from its record."
    )
    parser.add_argument(
        "run", help="the id of an experiment, of its run in MLflow, or a table that labkart made"
    )
    parser.add_argument(
        "settings", nargs="*", metavar="name=value", help="settings that the record masks"
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=TOLERANCE,
        help="for metrics, relative (default: %(default)s)",
    )
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="METRIC",
        help='do not compare it; "*seconds" too',
    )
    parser.add_argument(
        "--from-cache", action="store_true", help="run nothing, say what is not there any more"
    )
    chosen = parser.parse_intermixed_args(words)

    from labkart import console, project
    from labkart.results.reproduce import reproduce

    os.chdir(project.current().root)
    asked = reproduce.Options(chosen.tolerance, chosen.ignore, chosen.settings)
    meant = reproduce.find_experiments(chosen.run, project.STARTED)
    if chosen.from_cache:
        lacking = [reproduce.missing_parts(each, asked) for each in meant]
        for each, words in zip(meant, lacking, strict=True):
            console.show_parts(each, words)
        return int(any(lacking))
    signals.install_handlers()
    return int(not reproduce.reproduce_all(meant, asked))


def _sync(words: list[str]) -> int:
    import argparse

    argparse.ArgumentParser(
        "labkart sync", description="Write to MLflow what is not there yet."
    ).parse_args(words)

    from labkart import console, project
    from labkart.experiments import session
    from labkart.tracking import store
    from labkart.tracking.publisher import NullPublisher

    os.chdir(project.current().root)
    session.close_abandoned(NullPublisher())
    count, new, failures = 0, 0, list[str]()
    try:
        with console.busy("writing to MLflow"):
            from labkart.tracking import publish

            for record, is_new, why in publish.sync():
                count, new = count + 1, new + is_new
                failures += [f"{record.id[:6]}: {why}"] if why else []
    except Exception as error:
        raise LabkartError(
            f"Stopped: {store.describe_error(error)}. {new} experiments went there; run it again."
        ) from error
    if failures:
        raise LabkartError(
            "\n".join([*failures, f"{new} of {count} experiments written; these were not."])
        )
    console.say(f"  {new} of {count} experiments written; all are in {store.describe_location()}")
    return 0


def _ui(words: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        "labkart ui", description="Serve MLflow's page for this project, to you alone."
    )
    parser.add_argument(
        "--port", type=int, help="where to listen; without it, the first free port from 5000 on"
    )
    parser.add_argument("--sweep", metavar="ID", help="show the runs of this sweep alone")
    asked = parser.parse_args(words)

    from labkart.tracking import ui

    return ui.serve(asked.port, asked.sweep)


def _report(words: list[str]) -> int:
    from labkart import project
    from labkart.results.report.report import ReportOptions, parser, report

    os.chdir(project.current().root)
    report(ReportOptions.of(parser().parse_args(words)))
    return 0


def _graph(words: list[str]) -> int:
    from labkart.results import pipeline

    return pipeline.show(words, _planned)


if __name__ == "__main__":  # `python -m labkart.cli.main`, as a debugger starts it
    sys.exit(main())
