"""A study of Optuna on its journal file, which several processes share, on this or other hosts.

What is tried depends on the study alone: on its seed, the number of the trial and the trials before
it. So a study that was killed and goes on tries what it would have tried, and a trial whose process
died is tried again, as it was.
"""

import os
import shutil
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock, Timeout
from optuna.samplers import RandomSampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from labkart.errors import LabkartError
from labkart.experiments.search.config import SearchConfig
from labkart.language import translate
from labkart.project import current
from labkart.records.file_lock import file_lock
from labkart.records.study import study_folder

_LONGEST_LINE = 2**16  # bytes

optuna.logging.set_verbosity(optuna.logging.ERROR)


class TrialJournal:
    """The study of a search; it is created if it does not exist.

    Attributes:
        study: Optuna's.

    Raises:
        LabkartError: the journal is damaged.
    """

    def __init__(self, config: SearchConfig) -> None:
        self._config, self._folder = config, study_folder(config.name)
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / "journal.log"
        self._lock = file_lock(self._folder / ".lock")
        try:
            with self._lock:
                backend = JournalFileBackend(str(file), _Lock(self._lock, file))
                self._storage = JournalStorage(backend)
                self.study = optuna.create_study(
                    storage=self._storage,
                    sampler=RandomSampler(),  # it proposes nothing: see `_propose`
                    pruner=config.pruner,
                    study_name=config.name,
                    directions=config.directions,
                    load_if_exists=True,
                )
        except (AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise LabkartError(
                translate(
                    "{file} is damaged ({reason}). Move it away and search again:"
                    " what its trials have computed stays cached.",
                    file=current().short(file),
                    reason=f"{type(error).__name__}: {error}",
                )
            ) from None

    def trials(self) -> list[FrozenTrial]:
        """All trials so far, of every process."""
        return self.study.get_trials(deepcopy=False)

    def is_complete(self, n_trials: int) -> bool:
        """Whether there are so many trials, and all have ended."""
        trials = self.trials()
        return len(trials) >= n_trials and not _running(trials)

    def claim_trials(self, n_trials: int) -> Generator[FrozenTrial | None, None, None]:
        """Trials for this process, one at a time, until the study has so many and all have ended.

        A trial is this process's while the loop's body runs. Yields None while there is nothing to
        do but to wait for trials of other processes, which may die.
        """
        while True:
            with self._lock:
                claimed = self._claim(n_trials)
            if claimed:
                lock, trial = claimed
                try:
                    yield trial
                    Path(lock.lock_file).unlink(missing_ok=True)
                finally:
                    lock.release()
            elif _running(self.trials()):
                yield None
            else:
                return

    def tell(
        self, number: int, state: TrialState, values: Sequence[float] | None, outcome: Any
    ) -> None:
        """Note how a trial ended: for Optuna, and its `outcome` as an attribute of that name."""
        self._storage.set_trial_user_attr(self._trial_id(number), "outcome", outcome)
        self.study.tell(number, values if state == TrialState.COMPLETE else None, state)

    def should_prune(self, number: int, value: float, step: int) -> bool:
        """Whether a trial that reports a value is to stop."""
        self._storage.set_trial_intermediate_value(self._trial_id(number), step, value)
        trial = self.study.get_trials()[number]
        # An attempt that was killed may have come further; this one may go on from a checkpoint.
        reported = trial.intermediate_values.items()
        trial.intermediate_values = {at: value for at, value in reported if at <= step}
        return self.study.pruner.prune(self.study, trial)

    def remove_if_empty(self) -> None:
        """Remove the study if no trial has ended, and no other process runs one."""
        with self._lock, suppress(Timeout):
            trials = self.trials()
            if trials == _running(trials):
                for trial in trials:
                    self._lock_trial(trial.number).release()
                shutil.rmtree(self._folder, ignore_errors=True)

    def _claim(self, n_trials: int) -> tuple[FileLock, FrozenTrial] | None:
        """A trial whose process died, or else a new one if there are to be more."""
        trials = self.trials()
        numbers = [trial.number for trial in _running(trials)]
        if len(trials) < n_trials:
            numbers.append(len(trials))
        for number in numbers:
            with suppress(Timeout):
                return self._lock_trial(number), self._propose(number)
        return None

    def _propose(self, number: int) -> FrozenTrial:
        """The trial of a number, with all its values; a process may have died as it chose them."""
        study = optuna.load_study(
            study_name=self._config.name,
            storage=self._storage,
            sampler=self._config.sampler(number),
        )
        if number == len(self.trials()):
            trial = study.ask()
        else:
            trial = optuna.Trial(study, self._trial_id(number))
        self._config.space.choose(lambda parameter: parameter.suggest(trial))
        return self.trials()[number]

    def _lock_trial(self, number: int) -> FileLock:
        lock = file_lock(self._folder / f".trial-{number}.lock")
        lock.acquire(timeout=0)
        return lock

    def _trial_id(self, number: int) -> int:
        study_id = self._storage.get_study_id_from_name(self._config.name)
        return self._storage.get_trial_id_from_study_id_trial_number(study_id, number)


def _running(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    return [trial for trial in trials if trial.state == TrialState.RUNNING]


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
        start = max(0, journal.seek(0, os.SEEK_END) - _LONGEST_LINE)
        journal.seek(start)
        journal.truncate(start + journal.read().rfind(b"\n") + 1)
