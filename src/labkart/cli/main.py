"""The entry of `labkart`: finds the verb's module and imports nothing that another verb needs.

What a verb does and prints is in the module of its name. What every verb shares is here: help,
version, exit codes, and errors in a sentence.
"""

import gc
import os
import sys
from importlib import import_module
from pathlib import Path

from labkart import __version__, language, signals
from labkart.cli import answers
from labkart.errors import LabkartError
from labkart.language import translate
from labkart.wording import nearest

VERBS = (
    *("run", "search", "status", "graph", "output", "log", "runs", "compare", "accept", "report"),
    *("reproduce", "archive", "check", "clean", "sync", "ui", "update", "docs"),
)

# These keep what they have finished when they are stopped.
_RESUMABLE = ("run", "search", "reproduce", "sync")


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
        from labkart import write_errors

        if not (reason := write_errors.describe_failure(error)):
            raise
        print(reason, file=sys.stderr)
        return 1
    except SystemExit as stop:  # of argparse, Hydra and us, after a message
        return int(bool(stop.code))
    except KeyboardInterrupt:
        stopped = translate("Stopped.")
        if verb in _RESUMABLE:
            stopped = translate("Stopped. Finished work is kept; the same command continues.")
        print(f"\n{stopped}", file=sys.stderr)
        return signals.exit_code()
    finally:
        gc.enable()


def _run(verb: str, arguments: list[str]) -> int:
    if verb in ("-h", "--help", "help"):
        print(language.read_text(Path(__file__).with_name("help.txt")), end="")
        return 0
    if verb == "--version":
        print(f"labkart {__version__}")
        return 0
    if verb not in VERBS:
        known = translate("Choose one of {verbs}.", verbs=", ".join(VERBS))
        hint = nearest(verb, VERBS) or known
        sentence = translate(
            'labkart has no verb "{verb}". {hint} See labkart --help.', verb=verb, hint=hint
        )
        raise LabkartError(sentence)

    def compute(arguments: list[str]) -> int:
        if language.current() != "en":
            from labkart.cli.argparse_texts import translate_argparse

            translate_argparse()
        return import_module(f"labkart.cli.{verb}").main(arguments)

    return answers.answer(verb, arguments, compute)


if __name__ == "__main__":  # `python -m labkart.cli.main`, as a debugger starts it
    sys.exit(main())
