"""Why a run may differ from the recorded one although nothing that was recorded differs.

Knows two causes: an environment variable that the code reads, and tasks that give another result
each time.
"""

from collections.abc import Iterator, Mapping

from labkart.language import bilingual
from labkart.records import provenance
from labkart.records.record import ExperimentRecord
from labkart.results.reproduce.agreement import RunRecords, compare_records


def changed_variables(then: ExperimentRecord, environment: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each variable that the code reads and that has another value now.

    Args:
        then: the recorded run.
        environment: the variables of the new one.
    """
    recorded: Mapping[str, str | None] = then.environment.get("variables") or {}
    now = provenance.variable_values(recorded, environment)
    for name, value in recorded.items():
        if value != now[name]:
            yield bilingual(
                "the code reads the environment variable {name}, which was {then} then "
                "and is {now} now",
                name=name,
                then=_state(value),
                now=_state(now[name]),
            )


def unsteady_tasks(first: RunRecords, second: RunRecords) -> Iterator[str]:
    """A sentence if two runs of the same code on this machine differ, too.

    Args:
        first: one of them.
        second: the other one.
    """
    verdict = compare_records(first, second, tolerance=0.0)
    if verdict.kind == "different" and verdict.first:
        numbers = "; ".join(map(str, verdict.deviations[:2]))
        yield bilingual(
            "{task} gives another result each time, also twice here{numbers}: "
            "something random in it does not follow the seed",
            task=verdict.first,
            numbers=f" ({numbers})" if numbers else "",
        )


def _state(value: str | None) -> str:
    return bilingual("not set") if value is None else f'"{value}"'
