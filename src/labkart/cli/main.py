"""The entry of `labkart`: finds the verb's module and imports nothing that another verb needs.

What a verb does and prints is in the module of its name. What every verb shares is here: help,
version, exit codes, and errors in a sentence.
"""

import gc
import os
import sys
from importlib import import_module

from labkart import __version__, signals
from labkart.cli import answers
from labkart.errors import LabkartError
from labkart.wording import nearest

VERBS = (
    *("run", "search", "status", "graph", "output", "log", "runs", "compare", "accept", "report"),
    *("reproduce", "archive", "check", "clean", "sync", "ui", "update", "docs"),
)

# These keep what they have finished when they are stopped.
_RESUMABLE = ("run", "search", "reproduce", "sync")

HELP = """\
usage: labkart <verb> ...

  run [name=value ...]      run the pipeline; what is done already is not computed again
      task=SplitTable       ... only up to this task
      -m seed=0,1,2         ... once for every combination; -m sweep=NAME: conf/sweep/NAME.yaml
      --fail-fast           ... and end at the first failure
      --debug               ... where breakpoint() works, and a debugger opens at an error
      --cfg job             print the composed configuration instead
  search search=forest      run the trials of a search in conf/search/, and show the best
      -n 30                 ... until there are 30 trials in all
      --workers 4           ... 4 trials at a time; --fail-fast ends at the first failure
  status [name=value ...]   which tasks are done, missing or changed; why, and what they will cost
      -m seed=0,1,2         ... for every combination
      --json                ... for programs
  graph [name=value ...]    the pipeline as a tree, with states and times
      --mermaid             ... as text for a README or a slide; --svg FILE draws it
  output TASK [name=value]  where the file is that a task wrote
      -o submission.csv     ... copy it there, with a note of its origin beside it
  log [RUN] [TASK]          what the tasks of an experiment printed; without RUN, of the last one
      --follow              ... and what they print from now on
  runs [name=value ...]     list experiments, newest first; also 'accuracy>0.9'
      --sort -accuracy      ... best first; --json and --csv for programs
      --sweep ID            ... of one sweep; also --study, --tag, --commit, --since and --until
  compare A B               what differs between two experiments, from settings to results
  accept [name=value ...]   keep the results of earlier code: the change does not matter
      -m seed=0,1,2         ... for every combination
  report NAME [name=value]  a table and figures for the thesis: means, intervals, tests
      --all                 ... make all of reports/*.yaml again
      --check               ... list those that are out of date
  reproduce RUN             run an experiment or a table (reports/models.tex) again
      --tolerance 1e-6      ... how far a metric may differ
      --from-cache          ... run nothing; list what a reproduction needs and does not have
  archive [FILE]            all that is behind reports/ in one file, to hand in and to deposit
      --wheels              ... with all packages, to install without a network
      --verify              ... check such a file, and reproduce one of its tables
  check [RULE ...]          check the rules of the project; how to fix what breaks one
      --list                ... list the rules with their reasons; --json for programs
      --lock-data           ... record what is in data/raw/ now, to notice later changes
      shared-disk           ... started on two hosts: whether each sees the other's locks
  clean                     remove outputs that nothing needs; asks first
      --keep EXPERIMENT     ... and always keep those of this experiment
  sync                      write to MLflow what is not there yet
  ui [--port 5000]          open the results in MLflow's page
      --sweep ID            ... those of one sweep
  update [--to v0.2.0]      update to a newer Labkart; your own folders stay as they are
      --check               ... only say whether there is a newer one
  docs [PAGE]               read the documentation here; without a page, list the pages

Names and values are Hydra's overrides: the files in conf/ list them.
`labkart <verb> --help` lists all options of a verb, `labkart --version` prints the version.
"""


def main(argv: list[str] | None = None) -> int:
    """Run one verb.

    Args:
        argv: the verb and its arguments; None takes those of the process.

    Returns:
        The exit code: 0; 1 after a sentence that says what is wrong; 130 for Ctrl-C, 143 for
        SIGTERM and so on.
    """
    verb, *arguments = (sys.argv[1:] if argv is None else argv) or ["--help"]
    gc.disable()  # imports leave no garbage, and searching for it takes a fifth of their time
    try:
        code = _run(verb, arguments)
        sys.stdout.flush()
        return code
    except LabkartError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # `labkart runs --csv | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        from labkart import outputs

        if not (reason := outputs.describe_failure(error)):
            raise
        print(reason, file=sys.stderr)
        return 1
    except SystemExit as stop:  # of argparse, Hydra and us, after a message
        return int(bool(stop.code))
    except KeyboardInterrupt:
        hint = " Finished work is kept; the same command continues." if verb in _RESUMABLE else ""
        print(f"\nStopped.{hint}", file=sys.stderr)
        return signals.exit_code()
    finally:
        gc.enable()


def _run(verb: str, arguments: list[str]) -> int:
    if verb in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0
    if verb == "--version":
        print(f"labkart {__version__}")
        return 0
    if verb not in VERBS:
        choices = nearest(verb, VERBS) or f"Choose one of {', '.join(VERBS)}."
        raise LabkartError(f'labkart has no verb "{verb}". {choices} See labkart --help.')

    def compute(arguments: list[str]) -> int:
        return import_module(f"labkart.cli.{verb}").main(arguments)

    return answers.answer(verb, arguments, compute)


if __name__ == "__main__":  # `python -m labkart.cli.main`, as a debugger starts it
    sys.exit(main())
