"""Arguments that several verbs have: overrides, the experiments that they plan, ids, counts."""

import os
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkart import console, project
from labkart._compat import option_names
from labkart.errors import LabkartError
from labkart.language import join_sentences, mistake, translate
from labkart.wording import no_such_option

if TYPE_CHECKING:
    from labkart.experiments.plan import Experiment


_ID = re.compile(r"[0-9a-f]+")


def is_id(words: Sequence[str]) -> bool:
    """Whether the first word is an experiment's id, and not a task's name."""
    is_long = len(words[0]) >= 6 and not words[0].isalpha()
    return bool(_ID.fullmatch(words[0])) and (len(words) > 1 or is_long)


def read_count(option: str, text: str) -> int:
    """The number that an option has.

    Raises:
        LabkartError: it is none, or less than 1.
    """
    if not text.isdecimal() or not int(text):
        raise mistake("{option} must be a positive integer, got {text}.", option=option, text=text)
    return int(text)


def parser(verb: str, description: str) -> ArgumentParser:
    """A parser of Hydra's overrides, to which a verb adds its options."""
    result = ArgumentParser(f"labkart {verb}", description=description)
    settings = translate("settings, as for labkart run")
    result.add_argument("overrides", nargs="*", metavar="name=value", help=settings)
    return result


def add_multirun(parser: ArgumentParser) -> None:
    """Add `-m`, for which `plan_sweep` is."""
    text = translate("for every combination, as in labkart run -m")
    parser.add_argument("-m", "--multirun", action="store_true", help=text)


def parse(parser: ArgumentParser, argv: Sequence[str]) -> Namespace:
    """Read the arguments of a verb: options may stand before, between and after the others.

    Raises:
        LabkartError: an option does not exist, or there is a word too many.
    """
    parser.allow_abbrev = False  # else a new option could change what an old command means
    args, unknown = parser.parse_known_intermixed_args(argv)
    if not unknown:
        return args
    problem = translate("{word}: one word too many.", word=unknown[0])
    options = [word.partition("=")[0] for word in unknown if word.startswith("-")]
    if options:
        problem = no_such_option(options[0], option_names(parser))
    hint = translate("See {command} --help.", command=parser.prog)
    raise LabkartError(join_sentences(problem, hint))


def plan_experiment(overrides: list[str]) -> "Experiment":
    """Plan the experiment that `labkart run` would run with these overrides, in the project's root.

    Raises:
        LabkartError: an override or the pipeline is wrong.
    """
    from labkart.experiments import composer, plan

    os.chdir(project.current().root)
    composed = composer.compose_overrides(*overrides)
    composer.check_additions(overrides)
    console.show_logging()
    return plan.plan(composed)


def plan_sweep(overrides: list[str]) -> list["Experiment"]:
    """Plan the experiments that `labkart run -m` would run, in the project's root.

    Raises:
        LabkartError: an override or the pipeline is wrong.
    """
    from labkart.experiments import run

    os.chdir(project.current().root)
    return run.plan_all(["-m", *overrides])
