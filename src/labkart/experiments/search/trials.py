"""A study of Optuna on its journal file, which several processes share.

Proposes trials, and hands each to one process. What is tried depends on the study alone: on its
seed, the number of the trial and the trials before it. So a study that was killed and goes on
tries what it would have tried, and a trial whose process died is tried again, as it was.
"""

import copy
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import optuna
from filelock import FileLock, Timeout
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState, create_trial

from labkart.errors import LabkartError
from labkart.project import current

optuna.logging.set_verbosity(optuna.logging.ERROR)

Direction = Literal["maximize", "minimize"]

# From the number that fixes all randomness of one trial to what proposes its values.
Sampler = Callable[[int], BaseSampler]


@dataclass(frozen=True)
class StudyPlan:
    """What fixes a study beside its name.

    Attributes:
        directions: `maximize` or `minimize` for each objective.
        most: how many trials there can be; of a grid, its points.
    """

    directions: Sequence[Direction]
    distributions: Mapping[str, BaseDistribution]
    sampler: Sampler
    pruner: BasePruner | None
    seed: int
    most: int | None = None


class TrialJournal:
    """A study in a folder; it is created if it does not exist.

    Raises:
        LabkartError: the journal is damaged.
    """

    def __init__(self, folder: Path, plan: StudyPlan) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._plan, self._file = folder, plan, folder / "journal.log"
        self._lock = FileLock(folder / ".lock")
        try:
            with self._lock:
                _cut_half_line(self._file)
                self._storage = JournalStorage(
                    JournalFileBackend(str(self._file), _Lock(self._lock, self._file))
                )
                # What proposes sits in the copy; here nothing may depend on which process it is.
                self.study = optuna.create_study(
                    storage=self._storage,
                    sampler=optuna.samplers.RandomSampler(0),
                    pruner=plan.pruner or optuna.pruners.NopPruner(),
                    study_name=folder.name,
                    directions=list(plan.directions),
                    load_if_exists=True,
                )
                self._id = self._storage.get_study_id_from_name(folder.name)
                self._copy = _Copy(self.study, plan)
                self._copy.update()
        except (AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
            file = current().short(self._file)
            remedy = "Move it away and search again: what its trials have computed stays cached"
            raise LabkartError(
                f"{file} is damaged ({type(error).__name__}: {error}). {remedy}."
            ) from None

    def trials(self) -> list[FrozenTrial]:
        """All trials so far, of every process."""
        return self.study.get_trials(deepcopy=False)

    def claim_trials(self, most: int) -> Generator[FrozenTrial | None, None, None]:
        """Trials for this process, one at a time, until the study has so many and all have ended.

        A trial is this process's while the loop's body runs. Yields None while there is nothing to
        do but to wait for trials of other processes, which may die.
        """
        most = min(most, self._plan.most or most)
        while True:
            with self._lock:
                lock, trial = self._claim_abandoned() or self._claim_new(most) or (None, None)
            if lock and trial:
                try:
                    yield trial
                    Path(lock.lock_file).unlink(missing_ok=True)
                finally:
                    lock.release()
            elif any(trial.state == TrialState.RUNNING for trial in self.trials()):
                yield None
            else:
                return

    def _claim_abandoned(self) -> tuple[FileLock, FrozenTrial] | None:
        """A trial whose process died."""
        for trial in self.trials():
            if trial.state == TrialState.RUNNING:
                with suppress(Timeout):
                    return self._lock_trial(trial.number), trial
        return None

    def _claim_new(self, most: int) -> tuple[FileLock, FrozenTrial] | None:
        number = len(self.trials())
        if number >= most:
            return None
        # In one line of the journal, so that there is never half a trial.
        params, distributions = self._copy.propose(number), dict(self._plan.distributions)
        lock = self._lock_trial(number)
        self.study.add_trial(
            create_trial(state=TrialState.RUNNING, params=params, distributions=distributions)
        )
        return lock, self.trials()[number]

    def _lock_trial(self, number: int) -> FileLock:
        lock = FileLock(self._folder / f".trial-{number}.lock")
        lock.acquire(timeout=0)
        return lock

    def tell(
        self, number: int, state: TrialState, values: Sequence[float] | None = None, **notes: Any
    ) -> None:
        """A trial has ended."""
        for name, value in notes.items():
            self._storage.set_trial_user_attr(self._trial_id(number), name, value)
        self.study.tell(number, values if state == TrialState.COMPLETE else None, state)

    def should_prune(self, number: int) -> Callable[[float, int], bool] | None:
        """What decides by a trial's values whether to stop it; None if the study does not prune."""
        if self._plan.pruner is None or len(self._plan.directions) > 1:
            return None
        # Of this attempt: an earlier one that was killed may have got further.
        values: dict[int, float] = {}
        rungs: dict[str, Any] = {}
        process, journal = os.getpid(), self

        def should_stop(value: float, step: int) -> bool:
            nonlocal process, journal
            if process != os.getpid():  # a lock must not be used on both sides of a fork
                process, journal = os.getpid(), TrialJournal(self._folder, self._plan)
            id = journal._trial_id(number)
            values[step] = value
            journal._storage.set_trial_intermediate_value(id, step, value)
            trials = journal.trials()
            current = copy.copy(trials[number])
            current.intermediate_values = dict(values)
            current.system_attrs = dict(rungs)
            trials = [current if trial.number == number else trial for trial in trials]
            view = _View(self._folder.name, journal._storage, trials)
            stop = journal.study.pruner.prune(view, current)
            rungs.update(journal._storage.get_trial_system_attrs(id))
            return stop

        return should_stop

    def _trial_id(self, number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._id, number)


class _View(optuna.Study):
    """The study as a trial's present attempt sees it."""

    def __init__(self, name: str, storage: JournalStorage, trials: Sequence[FrozenTrial]) -> None:
        super().__init__(name, storage)
        self._trials = trials

    def get_trials(
        self,
        deepcopy: bool = True,  # noqa: ARG002 (Optuna's interface)
        states: Any = None,
    ) -> list[FrozenTrial]:
        """The trials with the present one in place of its earlier attempt."""
        return [trial for trial in self._trials if states is None or trial.state in states]


class _Copy:
    """The study again, in memory, where a proposal is made before anything is in the journal."""

    def __init__(self, study: optuna.Study, plan: StudyPlan) -> None:
        self._original, self._plan = study, plan
        self._storage = InMemoryStorage()
        self._study = optuna.create_study(storage=self._storage, directions=list(plan.directions))
        self._running: set[int] = set()
        self._count = 0

    def propose(self, number: int) -> dict[str, Any]:
        """The values that a trial is to try."""
        self.update()
        sequence = np.random.SeedSequence([self._plan.seed, number])
        self._study.sampler = self._plan.sampler(int(sequence.generate_state(1)[0]))
        trial = self._study.ask(dict(self._plan.distributions))
        self._running.add(number)
        self._count += 1
        return trial.params

    def update(self) -> None:
        """Take over what has happened since the last update."""
        trials = self._original.get_trials(deepcopy=False)
        for trial in trials[self._count :]:
            self._study.add_trial(trial)
            self._running |= {trial.number} if trial.state == TrialState.RUNNING else set()
        self._count = len(trials)
        ended = [number for number in self._running if trials[number].state != TrialState.RUNNING]
        for number in ended:
            self._running.remove(number)
            # Ids are numbers, for it is the only study.
            for step, value in trials[number].intermediate_values.items():
                self._storage.set_trial_intermediate_value(number, step, value)
            self._storage.set_trial_state_values(
                number, trials[number].state, trials[number].values
            )


class _Lock(JournalFileOpenLock):
    """Our lock in place of Optuna's, which a killed process leaves behind for half a minute."""

    def __init__(self, lock: FileLock, file: Path) -> None:
        super().__init__(str(file))
        self._lock, self._file = lock, file

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._lock.acquire()
        _cut_half_line(self._file)
        return True

    def release(self) -> None:
        """Let others have it."""
        self._lock.release()


def _cut_half_line(file: Path) -> None:
    """Remove what a process wrote as it was killed: it would spoil the next line."""
    with suppress(FileNotFoundError), file.open("rb+") as journal:
        end = journal.seek(0, os.SEEK_END)
        while end and not _ends_line(journal, end):
            end -= 1
        journal.truncate(end)


def _ends_line(journal: BinaryIO, end: int) -> bool:
    journal.seek(end - 1)
    return journal.read(1) == b"\n"
