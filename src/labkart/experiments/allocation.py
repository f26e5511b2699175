"""Gives each task of a build what it asks for by `resources`, or lets it wait.

Knows what each task of this build has, and what it then sees. What other processes have, it learns
from `claims`.
"""

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from labkart.experiments import claims, gpus
from labkart.experiments.claims import Claim
from labkart.experiments.supply import GPU, Supply, describe, read_amounts
from labkart.language import translate
from labkart.records import locks
from labkart.tasks.context import context
from labkart.tasks.task import Task
from labkart.tasks.task_id import task_key

_QUIET_WAIT = 1.0  # seconds of waiting before a message says so


@dataclass
class Allocation:
    """What a task has.

    Attributes:
        record: what its record says: the graphics cards, and the amounts of all else.
        variables: the environment in which it sees its cards, and no other.
        claim: keeps it from all other tasks; None if it has nothing that is scarce.
    """

    record: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    claim: Claim | None = None

    def apply(self) -> None:
        """Let the task that begins now in this process see it, and record it."""
        os.environ.update(self.variables)
        context.allocation = self.record


class Allocator:
    """What the tasks of a build ask for, have and wait for, each by luigi's id.

    Args:
        supply: what there is on this machine.
        tasks: of the build, those that are cached included.
        has_lock: whether a task begins only if no other process computes it.
    """

    def __init__(
        self, supply: Supply, tasks: Iterable[Task[Any]], *, has_lock: bool = True
    ) -> None:
        self._supply = supply
        self._keys = {task.task_id: task_key(task) for task in tasks if has_lock}
        self._names: dict[str, str] = {}
        self._amounts: dict[str, Mapping[str, float]] = {}
        self._given: dict[str, Allocation] = {}
        self._waiting: dict[str, Claim] = {}
        self._waits_since: float | None = None
        self._has_claimed = False
        self._environment = {name: os.environ.get(name) for name in gpus.VARIABLES}
        # As soon as one task asks for cards, those that do not ask must not disturb it there.
        self._hides_cards = any(GPU in read_amounts(task) for task in tasks)

    @property
    def totals(self) -> dict[str, float]:
        """How much there is of each name for all tasks of this build."""
        return self._supply.totals if self._hides_cards else dict(self._supply.amounts)

    def note(self, task_id: str, name: str, amounts: Mapping[str, float]) -> dict[str, float]:
        """Note what a task asks for; return what it needs of the totals."""
        self._names[task_id], self._amounts[task_id] = name, amounts
        self._hides_cards = self._hides_cards or GPU in amounts
        return {
            name: amount
            for name, amount in amounts.items()
            if name in self._supply.amounts or (name == GPU and self._supply.cards)
        }

    def allocate(self, task_id: str) -> bool:
        """Give a task all that it asks for; False if it must wait."""
        amounts = self._amounts.get(task_id, {})
        needs = self._supply.needs(amounts)
        claim = self._waiting.get(task_id) or Claim(needs)
        if needs and not self._take(task_id, claim):
            self._waiting[task_id] = claim
            self._waits_since = self._waits_since or time.monotonic()
            return False
        self._waiting.pop(task_id, None)
        if not self._waiting:
            self._waits_since = None
        self._given[task_id] = self._allocation(amounts, claim if needs else None)
        return True

    def of(self, task_id: str) -> Allocation:
        """What a task has."""
        return self._given.get(task_id, Allocation())

    def end(self, task_id: str) -> None:
        """Take back what a task had that ran in this process; of another one its end is enough."""
        allocation = self._given.pop(task_id, None)
        if allocation and allocation.claim and not allocation.claim.is_handed_over:
            allocation.claim.release()

    def withdraw(self) -> None:
        """Let others have what is waited for: no task can begin now."""
        for claim in self._waiting.values():
            claim.release()

    def leave_to_leader(self) -> None:
        """In a forked process: let what others wait for be of the first process alone."""
        for claim in self._waiting.values():
            claim.hand_over()

    def keep_fresh(self) -> None:
        """Tell the system now and then that what is held is in use."""
        for allocation in self._given.values():
            if allocation.claim:
                allocation.claim.keep_fresh()

    def describe_wait(self) -> str:
        """What is waited for, and who has it; empty if nothing is for more than a moment."""
        if self._waits_since is None or time.monotonic() - self._waits_since < _QUIET_WAIT:
            return ""
        for task_id, claim in self._waiting.items():
            name = self._names[task_id]
            if self._is_computed(task_id):
                return translate("{name} waits: another process is computing it.", name=name)
            if processes := sorted(claim.blockers - {os.getpid()}):
                return translate(
                    "{name} waits for {amounts}, in use by another command ({processes}).",
                    name=name,
                    amounts=describe(self._amounts[task_id]),
                    processes=", ".join(map(str, processes)),
                )
        return ""

    def close(self) -> None:
        """Leave nothing behind: no claim, and the environment as it was."""
        self.withdraw()
        for task_id in list(self._given):
            self.end(task_id)
        if self._has_claimed:
            claims.remove_dead()
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def _take(self, task_id: str, claim: Claim) -> bool:
        if self._is_computed(task_id):  # it would hold a card, and wait for that process
            claim.release()
            return False
        self._has_claimed = True
        return claim.take()

    def _is_computed(self, task_id: str) -> bool:
        """Whether another process computes the same task now."""
        return task_id in self._keys and locks.is_locked(self._keys[task_id])

    def _allocation(self, amounts: Mapping[str, float], claim: Claim | None) -> Allocation:
        if not self._hides_cards:
            return Allocation(dict(amounts), {}, claim)
        chosen = self._supply.cards_of(claim.pools if claim else ())
        record: dict[str, Any] = dict(amounts)
        if GPU in amounts:
            record[GPU] = [asdict(card) for card in chosen]
        return Allocation(record, gpus.variables(chosen), claim)
