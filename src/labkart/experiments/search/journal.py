"""A study of Optuna on its journal file, which several processes share, on this or other hosts.

What is tried depends on the study alone: on its seed, the number of the trial and the trials before
it. So a study that was killed and goes on tries what it would have tried, and a trial whose process
died is tried again, as it was.
"""

import math
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
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from labkart.experiments.search.config import SearchConfig
from labkart.language import mistake
from labkart.project import current
from labkart.records.file_lock import file_lock
from labkart.records.study import study_folder

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
        # Optuna's own lock stays for half a minute when a process is killed.
        self._lock: Any = file_lock(self._folder / ".lock")
        directions: list[Any] = list(config.objectives.values())
        try:
            with self._lock:
                _cut_half_line(file)
                self._storage = JournalStorage(JournalFileBackend(str(file), self._lock))
                self.study = optuna.create_study(
                    storage=self._storage,
                    pruner=config.pruner,
                    study_name=config.name,
                    directions=directions,
                    load_if_exists=True,
                )
        except (AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise mistake(
                "{file} is damaged ({reason}). Move it away and search again:"
                " what its trials have computed stays cached.",
                file=current().short(file),
                reason=f"{type(error).__name__}: {error}",
            ) from None

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """All trials so far, of every process, or those in some states."""
        return self.study.get_trials(deepcopy=False, states=states or None)

    def is_complete(self, n_trials: int) -> bool:
        """Whether there are so many trials, and all have ended."""
        return len(self.trials()) >= n_trials and not self.trials(TrialState.RUNNING)

    def best(self) -> list[int]:
        """The numbers of the best trials, best first.

        With several objectives, those that no other one beats in everything.
        """
        complete = self.trials(TrialState.COMPLETE)
        if complete and len(self.study.directions) > 1:
            complete = self.study.best_trials
        sign = -1 if self.study.directions[0] == StudyDirection.MAXIMIZE else 1
        ranked = sorted(complete, key=lambda trial: sign * (trial.values or [math.inf])[0])
        return [trial.number for trial in ranked]

    def claim_trials(self, n_trials: int) -> Generator[FrozenTrial | None, None, None]:
        """Trials for this process, one at a time, until the study has so many and all have ended.

        A trial is this process's while the loop's body runs. Yields None while there is nothing to
        do but to wait for trials of other processes, which may die.
        """
        while not self.is_complete(n_trials):
            with self._lock:
                claimed = self._claim(n_trials)
            if not claimed:
                yield None
                continue
            lock, trial = claimed
            try:
                yield trial
                Path(lock.lock_file).unlink(missing_ok=True)
            finally:
                lock.release()

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
            running = self.trials(TrialState.RUNNING)
            if len(running) == len(self.trials()):
                for trial in running:
                    self._lock_trial(trial.number).release()
                shutil.rmtree(self._folder, ignore_errors=True)

    def _claim(self, n_trials: int) -> tuple[FileLock, FrozenTrial] | None:
        """A trial whose process died, or else a new one if there are to be more."""
        count = len(self.trials())
        numbers = [trial.number for trial in self.trials(TrialState.RUNNING)]
        for number in [*numbers, count] if count < n_trials else numbers:
            with suppress(Timeout):
                return self._lock_trial(number), self._propose(number)
        return None

    def _propose(self, number: int) -> FrozenTrial:
        """The trial of a number, with all its values; a process may have died as it chose them."""
        self.study.sampler = self._config.sampler(number)
        is_new = number == len(self.trials())
        trial = self.study.ask() if is_new else optuna.Trial(self.study, self._trial_id(number))
        self._config.space.suggest(trial)
        self.study.sampler = RandomSampler()  # others may ask Optuna to stop when a trial has ended
        return self.trials()[number]

    def _lock_trial(self, number: int) -> FileLock:
        lock = file_lock(self._folder / f".trial-{number}.lock")
        lock.acquire(timeout=0)
        return lock

    def _trial_id(self, number: int) -> int:
        study_id = self._storage.get_study_id_from_name(self._config.name)
        return self._storage.get_trial_id_from_study_id_trial_number(study_id, number)


def _cut_half_line(file: Path) -> None:
    """Remove what was written last if the disk was full then: it would spoil the next line."""
    with suppress(FileNotFoundError):
        os.truncate(file, file.read_bytes().rfind(b"\n") + 1)
