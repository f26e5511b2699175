"""What the runs of one table must have in common, and the problems that forbid a table.

Knows records, no report's numbers.
"""

import shlex
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, starmap
from math import prod
from typing import Any, NamedTuple

from labkart import console
from labkart.language import translate
from labkart.records import last_used, sweep
from labkart.records.record import ExperimentRecord, TaskRun, digest_of, read_experiment, read_task
from labkart.records.seeds import Group, Ranking, Settings
from labkart.records.states import describe_state
from labkart.records.values import sort_key, text_of
from labkart.results.report.config import ReportConfig
from labkart.wording import and_more


class Problem(NamedTuple):
    """One thing that the runs do not have in common."""

    # Its name in a report's `allow`: `code`, `data`, `packages`, `dirty`, `missing` or `failed`;
    # or `edited`, which cannot be allowed.
    kind: str
    text: str  # what it is, in a line
    remedy: str  # what to do about it


def latest_runs(records: Sequence[ExperimentRecord], ranking: Ranking) -> list[ExperimentRecord]:
    """The last used run of each configuration and seed; earlier ones may have other code.

    Runs of one command count as one configuration, too: if `conf/` was edited between them, the
    last of them has what is meant today.
    """
    latest = list(records)
    for key in (ranking.command_key, ranking.config_key):
        runs: dict[Any, list[ExperimentRecord]] = {}
        for record in latest:
            runs.setdefault((key(record), ranking.seed_key(record)), []).append(record)
        latest = [
            max(same, key=last_used.last_used) if len(same) > 1 else same[0]
            for same in runs.values()
        ]
    return latest


def problems(
    groups: Sequence[Group], ranking: Ranking, unseeded: Collection[str] = ()
) -> list[Problem]:
    """All problems of putting these groups into one table.

    Args:
        groups: the groups.
        ranking: how they were made.
        unseeded: the ids of experiments that were run once, beside others with seeds.
    """
    records = [record for group in groups for record in group.records]
    finished = [record for record in records if record.status == "finished"]
    return [
        *_edited(records),
        *_failed(records),
        *_missing([group for group in groups if not group.is_any_of(unseeded)], ranking),
        *_dirty(finished),
        *_different_versions(finished),
        *_different_data(finished),
    ]


def lost_experiments(config: ReportConfig) -> list[Problem]:
    """The experiments of a report's sweep that never began."""
    if not config.sweep:
        return []
    record = sweep.find_sweep(config.sweep)
    lost = [id for id in record.experiments if not read_experiment(id)]
    text = translate(
        "{lost} of {all} experiments of the sweep never began",
        lost=len(lost),
        all=len(record.experiments),
    )
    remedy = translate("Run them: {command}", command=_typed(record.command))
    return [Problem("missing", text, remedy)] if lost else []


def _edited(records: Sequence[ExperimentRecord]) -> Iterator[Problem]:
    """The records that something else than Labkart changed."""
    for record in records:
        edited = [task.label for task in record.tasks if _is_edited(task)]
        if record.edited or edited:
            text = translate(
                "{name}: a record was edited ({record}): its metrics may not be what was logged",
                name=_name(record),
                record=edited[0] if edited else translate("its own"),
            )
            yield Problem("edited", text, _describe_repetition(record))


def _is_edited(task: TaskRun) -> bool:
    record = read_task(task.name, task.id)
    return bool(record and record.edited)


def _failed(records: Sequence[ExperimentRecord]) -> Iterator[Problem]:
    for record in records:
        if record.status != "finished":
            text = f"{_name(record)}: {describe_state(record.status)}"
            yield Problem("failed", text, _describe_repetition(record))


def _describe_repetition(record: ExperimentRecord) -> str:
    return translate("Run it again: {command}", command=_typed(record.command))


def _typed(command: str) -> str:
    """A recorded command as this person can type it."""
    return console.command(command.removeprefix("labkart "))


def _missing(groups: Sequence[Group], ranking: Ranking) -> Iterator[Problem]:
    """The groups that have no run with a seed of another group."""
    groups = [group for group in groups if any(run.status == "finished" for run in group.records)]
    runs = [record for group in groups for record in group.records]
    seeds = {ranking.seed_key(record) for record in runs if record.status == "finished"}
    ordered = sorted(seeds, key=lambda seed: [sort_key(number) for _, number in seed])
    for group in groups:
        missing = _missing_seeds([dict(ranking.seed_key(run)) for run in group.records], ordered)
        if missing:
            text = translate(
                "{group} has no run with {settings}",
                group=describe_group(group.settings),
                settings=and_more(map(" ".join, missing[:3]), len(missing) - 3),
            )
            overrides = [
                override
                for override in group.records[0].overrides
                if override.partition("=")[0] not in ranking.seeds
            ]
            remedy = how_to_run([*overrides, *seed] for seed in missing)
            yield Problem("missing", text, remedy)


def _missing_seeds(
    own: Sequence[dict[str, Any]], seeds: Iterable[Iterable[tuple[str, Any]]]
) -> list[tuple[str, ...]]:
    """The seeds of other groups that none of a group's own is equal to, as overrides.

    What counts are the settings that the group has: a model without randomness has no own seed.
    """
    names = {name for seed in own for name in seed}
    shared = [{name: number for name, number in seed if name in names} for seed in seeds]
    missing = [seed for seed in shared if not any(seed.items() <= it.items() for it in own)]
    overrides = (tuple(f"{name}={text_of(it)}" for name, it in seed.items()) for seed in missing)
    return list(dict.fromkeys(overrides))


def describe_group(settings: Settings) -> str:
    """A group in a sentence about its runs."""
    label = " ".join(f"{name}={text}" for name, text in settings.items() if text)
    return label or translate("the only group")


def how_to_run(runs: Iterable[Sequence[str]]) -> str:
    """The remedy for runs that are missing, by their overrides; a grid is one command."""
    grids: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for overrides in runs:
        parts = [override.partition("=") for override in overrides]
        names = tuple(name + sign for name, sign, _ in parts)
        grids.setdefault(names, []).append(tuple(text for *_, text in parts))
    commands = chain.from_iterable(starmap(_commands, grids.items()))
    return translate("Run it: {commands}", commands="; ".join(commands))


def _commands(names: Sequence[str], runs: Sequence[Sequence[str]]) -> list[str]:
    """The commands that give each run its values of these settings; none of them makes others."""
    values = [sorted(set(column), key=sort_key) for column in zip(*runs, strict=True)]
    if prod(map(len, values)) != len(set(map(tuple, runs))):
        return list(chain.from_iterable(_commands(names, [run]) for run in runs))
    multirun = ["-m"] if len(runs) > 1 else []
    words = [name + ",".join(texts) for name, texts in zip(names, values, strict=True)]
    return [console.command(shlex.join(["run", *multirun, *words]))]


def _dirty(records: Sequence[ExperimentRecord]) -> Iterator[Problem]:
    dirty = [record for record in records if record.code.get("dirty")]
    if dirty:
        names = and_more([_name(dirty[0])], len(dirty) - 1)
        text = translate("{names} ran on code that was not committed", names=names)
        remedy = translate("Commit, and run the same commands again, which computes nothing")
        yield Problem("dirty", text, remedy)


def _different_versions(records: Sequence[ExperimentRecord]) -> Iterator[Problem]:
    kinds = {
        "code": translate("versions of its code"),
        "packages": translate("sets of packages"),
    }
    for kind, versions in kinds.items():
        for name, different in _by_digest(kind, records):
            first, second, *_ = (record.id[:8] for record in different)
            text = translate(
                "{name} ran with {count} {versions}: {command}",
                name=name,
                count=len(different),
                versions=versions,
                command=console.command(f"compare {first} {second}"),
            )
            remedy = translate("The same commands run it again with those of today")
            yield Problem(kind, text, remedy)


def _by_digest(
    kind: str, records: Sequence[ExperimentRecord]
) -> Iterator[tuple[str, list[ExperimentRecord]]]:
    """The task classes with several digests of their code or packages, and a run for each."""
    runs = [(task, record) for record in records for task in record.tasks]
    classes: dict[str, dict[str, ExperimentRecord]] = {}
    for task, record in runs:
        if digest := task.result.get(kind) or _recorded_digest(kind, task):
            classes.setdefault(task.name, {}).setdefault(digest, record)
    return ((name, list(it.values())) for name, it in classes.items() if len(it) > 1)


def _recorded_digest(kind: str, task: TaskRun) -> str:
    record = read_task(task.name, task.id)
    return digest_of(getattr(record, kind)) if record else ""


def _different_data(records: Sequence[ExperimentRecord]) -> Iterator[Problem]:
    digests: dict[str, set[str]] = {}
    for task in (task for record in records for task in record.tasks):
        declared, undeclared = task.result.get("data", {}), task.result.get("undeclared", ())
        for state in (*declared.values(), *undeclared):
            digests.setdefault(state["path"], set()).add(state["sha256"])
    for path, different in digests.items():
        if len(different) > 1:
            text = translate(
                "{path} had {count} contents ({digests})",
                path=path,
                count=len(different),
                digests=", ".join(digest[:8] for digest in sorted(different)),
            )
            yield Problem("data", text, translate("Run them again on today's data"))


def _name(record: ExperimentRecord) -> str:
    overrides = " ".join(record.overrides) or translate("no overrides")
    return f"{record.id[:8]} ({overrides})"
