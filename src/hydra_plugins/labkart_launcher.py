"""What Hydra must find here: its settings in a Labkart project, and the door through which `labkart run -m` goes.

Hydra imports what is in this package before it composes anything.
"""

from collections.abc import Sequence
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper, BasicSweeperConf
from hydra.conf import HydraConf, JobConf, RunDir, SweepDir
from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class LabkartSweeper(BasicSweeper):
    """Hands a sweep over to Labkart, which plans all of it before anything runs."""

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        super().setup(hydra_context=hydra_context, task_function=task_function, config=config)
        self._job: Any = task_function

    def sweep(self, arguments: list[str]) -> None:
        self._job.sweep(self, [*self._parse_config(), *arguments])


class LabkartLauncher(Launcher):
    """All experiments of a sweep as one build on this machine."""

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self._job: Any = task_function

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        self._job.build()
        return []


class SlurmLauncher(LabkartLauncher):
    """Each experiment of a sweep as a job on a SLURM cluster; `slurm.yaml` in `conf/` says what a job may use."""

    def __init__(self, **settings: Any) -> None:
        self._submitted = settings

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        self._job.planned.submit(self._submitted)
        return []


_settings = HydraConf(
    # The records are what stays of a run: Hydra keeps no folders and no logs beside them.
    run=RunDir("outputs/records"),
    sweep=SweepDir("outputs/records/sweeps", "."),
    output_subdir=None,
    job=JobConf(name="labkart", chdir=False),
)
_chosen = {
    "hydra_logging": "none",
    "job_logging": "none",
    "launcher": "labkart",
    "sweeper": "labkart",
}
for _default in _settings.defaults:
    _default.update({group: option for group, option in _chosen.items() if group in _default})

_store = ConfigStore.instance()
_store.store(group="hydra", name="config", node=_settings, provider="labkart")
_store.store(
    group="hydra/launcher",
    name="labkart",
    node={"_target_": "hydra_plugins.labkart_launcher.LabkartLauncher"},
    provider="labkart",
)
_store.store(
    group="hydra/sweeper",
    name="labkart",
    node=BasicSweeperConf(_target_="hydra_plugins.labkart_launcher.LabkartSweeper"),
    provider="labkart",
)
