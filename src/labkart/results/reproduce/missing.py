"""What a reproduction of a record needs and does not have, in words. Runs nothing."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from labkart import project
from labkart.errors import LabkartError
from labkart.language import bilingual, translate
from labkart.records.record import ExperimentRecord
from labkart.records.states import describe_state
from labkart.records.texts import text_file
from labkart.results.reproduce import checkout, data, environment
from labkart.results.reproduce.environment import RecordedEnvironment
from labkart.results.reproduce.overrides import RecordedOverrides
from labkart.secrets.names import MASK


def missing_parts(experiment: ExperimentRecord, given: Sequence[str]) -> list[str]:
    """All that is missing for a reproduction.

    Args:
        experiment: the record.
        given: the overrides that the record masks and a person has given.
    """
    missing = missing_facts(experiment, given)
    try:
        with checkout_of(experiment) as folder:
            missing += missing_data(experiment, folder)
    except LabkartError as error:
        missing += [str(error), *missing_data(experiment, None)]
    try:
        missing += environment.missing(RecordedEnvironment.of(experiment))
    except LabkartError as error:
        missing.append(str(error))
    missing += masked_code(experiment)
    variables = RecordedOverrides.of(experiment).unset_variables()
    missing += [
        translate("the settings read the variable {name}, which is not set", name=name)
        for name in variables
    ]
    return missing


def missing_facts(experiment: ExperimentRecord, given: Sequence[str]) -> list[str]:
    """What the record does not tell."""
    missing = []
    if experiment.status != "finished":
        missing.append(
            translate(
                "It is {status}, so there is no result to reproduce.",
                status=describe_state(experiment.status),
            )
        )
    if not experiment.code.get("commit"):
        missing.append(translate("It ran without a commit in git, so its code is unknown."))
    for name in RecordedOverrides.of(experiment).masked(given):
        command = f"labkart reproduce {experiment.id[:6]} {name}=..."
        missing.append(
            translate(
                "{name} is masked in the record, because it may be a secret. Give it: {command}",
                name=name,
                command=command,
            )
        )
    return [*missing, *_masked_addresses(experiment)]


def masked_code(experiment: ExperimentRecord) -> list[str]:
    """Where the recorded uncommitted changes lack a secret, in words."""
    return [
        bilingual(
            "{place} had a secret, of which the record has only {mask}", place=place, mask=MASK
        )
        for place in experiment.code.get("masked") or ()
    ]


def _masked_addresses(experiment: ExperimentRecord) -> list[str]:
    """The packages whose recorded addresses lack a secret, in words."""
    return [
        translate(
            "{name} has an address without its secret: {line}. Copy {text} to {file} and write it"
            " there",
            name=name,
            line=line.strip()[:80],
            text=project.current().short(text_file(experiment.texts[name])),
            file=project.current().short(experiment.folder / name),
        )
        for name in ("uv.lock", "packages.txt")
        for line in experiment.text(name).splitlines()
        if MASK in line and name in experiment.texts
    ]


def checkout_of(experiment: ExperimentRecord) -> AbstractContextManager[Path]:
    """The project as it was when the experiment ran, in a temporary checkout."""
    diff = experiment.text("uncommitted.patch.txt")
    commit = str(experiment.code.get("commit"))
    return checkout.checked_out(project.current().root, commit, diff)


def missing_data(experiment: ExperimentRecord, folder: Path | None) -> list[str]:
    """The data without which it cannot run as it did, neither in the checkout nor elsewhere."""
    needed = [source for source in data.data_sources(experiment) if source.needed]
    problems = [source.problem() for source in needed if not (folder and source.is_in(folder))]
    return [problem for problem in problems if problem]
