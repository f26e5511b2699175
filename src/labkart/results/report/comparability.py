"""What the runs of one table must have in common, and what speaks against them. Reads records."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from labkart.records import last_used
from labkart.records.query import sort_key
from labkart.records.record import ExperimentRecord, TaskRun, digest_of, read_task
from labkart.records.seeds import Group, Ranking


class Problem(NamedTuple):
    """One thing that the runs have not in common.

    Attributes:
        kind: as a definition's `allow` names it: `code`, `data`, `packages`, `dirty`, `missing` or `failed`.
        said: what it is, in a line.
        remedy: what to do about it.
    """

    kind: str
    said: str
    remedy: str


def newest(records: Sequence[ExperimentRecord], ranking: Ranking) -> list[ExperimentRecord]:
    """Of the runs of one configuration and seed, for example on earlier code, the last that somebody asked for.

    Runs of the same words are one, too: `conf/` was edited between them, and the last of them is what is meant today.
    """
    last = list(records)
    for name in (ranking.command_key, ranking.config_key):
        found: dict[Any, list[ExperimentRecord]] = {}
        for each in last:
            found.setdefault((name(each), ranking.seed_key(each)), []).append(each)
        last = [
            max(same, key=last_used.last_used) if len(same) > 1 else same[0]
            for same in found.values()
        ]
    return last


def problems(groups: Sequence[Group], ranking: Ranking) -> list[Problem]:
    """All that speaks against putting these groups into one table."""
    records = [each for group in groups for each in group.records]
    ended = [each for each in records if each.status == "finished"]
    found = [*_failed(records), *_missing(groups, ranking), *_dirty(ended)]
    uses = [use for each in ended for use in each.tasks]
    found += _differing(
        "code", uses, _code_of, "Run them again on the code of today: the same command does it"
    )
    found += _differing("packages", uses, _packages_of, "Run them again with the packages of today")
    return [*found, *_data(uses)]


def _failed(records: Sequence[ExperimentRecord]) -> Iterator[Problem]:
    for each in (each for each in records if each.status != "finished"):
        yield Problem("failed", f"{_name(each)}: {each.status}", f"Run it again: {each.command}")


def _missing(groups: Sequence[Group], ranking: Ranking) -> Iterator[Problem]:
    groups = [group for group in groups if any(each.status == "finished" for each in group.records)]
    seeds = {ranking.seed_key(each) for group in groups for each in group.records}
    every = sorted(seeds, key=lambda seed: [sort_key(each) for each in seed])
    for group in groups:
        gone = [
            seed for seed in every if seed not in {ranking.seed_key(each) for each in group.records}
        ]
        if gone:
            words = [
                " ".join(f"{n}={v}" for n, v in zip(ranking.seeds, seed, strict=True))
                for seed in gone
            ]
            others = [
                word
                for word in group.records[0].overrides
                if word.partition("=")[0] not in ranking.seeds
            ]
            told = " ".join(f"{n}={v}" for n, v in group.settings.items() if v) or "the only group"
            more = f" and {len(words) - 3} more" if len(words) > 3 else ""
            command = " ".join(["labkart run", *others, words[0]])
            yield Problem(
                "missing",
                f"{told} has no run with {', '.join(words[:3])}{more}",
                f"Make it: {command}",
            )


def _dirty(records: Sequence[ExperimentRecord]) -> Iterator[Problem]:
    dirty = [each for each in records if each.code.get("dirty")]
    if dirty:
        more = f" and {len(dirty) - 1} more" if len(dirty) > 1 else ""
        yield Problem(
            "dirty",
            f"{_name(dirty[0])}{more} ran on code that was not committed",
            "Commit, and run them again: the same words, which compute nothing",
        )


def _differing(
    kind: str, uses: Sequence[TaskRun], parts: Callable[[TaskRun], dict[str, str]], remedy: str
) -> Iterator[Problem]:
    """Tasks of one class whose code, or packages, are not the same in all runs."""
    by_class: dict[str, dict[str, TaskRun]] = {}
    for use in {(use.name, use.id): use for use in uses}.values():
        if digest := use.result.get(kind) or _digest(kind, use):
            by_class.setdefault(use.name, {}).setdefault(digest, use)
    for name, different in by_class.items():
        if len(different) > 1:
            one, other, *_ = map(parts, different.values())
            names = [each for each in sorted({*one, *other}) if one.get(each) != other.get(each)]
            told = ", ".join(
                _told(each, one, other) if kind == "packages" else each for each in names[:3]
            )
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            yield Problem(
                kind,
                f"{name} ran with {len(different)} kinds of {kind}: {told or 'unknown'}{more}",
                remedy,
            )


def _digest(kind: str, use: TaskRun) -> str:
    read = read_task(use.name, use.id)
    return digest_of(getattr(read, kind)) if read else ""


def _told(name: str, one: dict[str, str], other: dict[str, str]) -> str:
    return f"{name} {one.get(name, 'none')} and {other.get(name, 'none')}"


def _code_of(use: TaskRun) -> dict[str, str]:
    read = read_task(use.name, use.id)
    every = read.code.items() if read else ()
    return {
        f"{file}: {name}" if name else file: digest
        for file, parts in every
        for name, digest in parts.items()
    }


def _packages_of(use: TaskRun) -> dict[str, str]:
    read = read_task(use.name, use.id)
    return read.packages if read else {}


def _data(uses: Sequence[TaskRun]) -> Iterator[Problem]:
    for path, digests in data(uses).items():
        if len(digests) > 1:
            told = ", ".join(each[:8] for each in sorted(digests))
            yield Problem(
                "data",
                f"{path} had {len(digests)} contents ({told})",
                "Run them again on the data of today",
            )


def data(uses: Sequence[TaskRun]) -> dict[str, set[str]]:
    """The digests of each file of data that these tasks read."""
    found: dict[str, set[str]] = {}
    for use in uses:
        read = [*use.result.get("data", {}).values(), *use.result.get("undeclared", ())]
        for each in read:
            found.setdefault(each["path"], set()).add(each["sha256"])
    return found


def _name(record: ExperimentRecord) -> str:
    return f"{record.id[:8]} ({' '.join(record.overrides) or 'no words'})"
