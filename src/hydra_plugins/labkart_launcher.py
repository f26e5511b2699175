"""What Hydra must find here: its settings in a project, and Labkart's sweeper and launchers.

Hydra imports what is in this package before it composes anything. Knows nothing of experiments: it
hands a sweep over to the task function, a `labkart.experiments.run.HydraTask`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.conf import HydraConf, JobConf, RunDir, SweepDir
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class LabkartSweeper(Sweeper):
    """Hands a sweep over to Labkart, which plans it before any launcher runs anything."""

    def __init__(self, params: Mapping[str, str] | None = None, **_: Any) -> None:
        self._params = params or {}

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Keep what Hydra gives to every sweeper."""
        self.hydra_context = hydra_context
        self.config = config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )
        self._hydra_task: Any = task_function

    def sweep(self, arguments: list[str]) -> None:
        """Plan and run all combinations of `hydra.sweeper.params`, sweep files and arguments.

        Of two values for one setting the later one counts: that of the command.
        """
        params = [f"{name}={text}" for name, text in self._params.items()]
        self._hydra_task.sweep(self, [*params, *self._hydra_task.sweep_files, *arguments])


class LabkartLauncher(Launcher):
    """All experiments of a sweep as one build on this machine."""

    def setup(self, *, task_function: TaskFunction, **_: Any) -> None:
        """Keep the task function, which has the plan."""
        self._hydra_task: Any = task_function

    def launch(self, *_: Any, **__: Any) -> Sequence[JobReturn]:
        """Build what the sweeper has planned. The records are the results, so none is returned."""
        self._hydra_task.planned_sweep.build()
        return []


class SlurmLauncher(LabkartLauncher):
    """Each experiment of a sweep as a job on a SLURM cluster; `slurm.yaml` sets limits."""

    def __init__(self, **settings: Any) -> None:
        self._settings = settings

    def launch(self, *_: Any, **__: Any) -> Sequence[JobReturn]:
        """Submit what the sweeper has planned, and wait for it."""
        from labkart.experiments import slurm

        self._hydra_task.planned_sweep.submit(slurm.submit, self._settings, slurm.place())
        return []


class DaskLauncher(SlurmLauncher):
    """Each experiment of a sweep as a job on machines that Dask's workers were started on."""

    def launch(self, *_: Any, **__: Any) -> Sequence[JobReturn]:
        """Hand out what the sweeper has planned, and wait for it."""
        from labkart.experiments import dask_jobs

        sweep = self._hydra_task.planned_sweep
        sweep.submit(dask_jobs.submit, self._settings, dask_jobs.place())
        return []


_HYDRA = HydraConf(
    # The records are what stays of a run: Hydra keeps no folders and no logs beside them.
    run=RunDir("outputs/records"),
    sweep=SweepDir("outputs/records/sweeps", "."),
    output_subdir=None,
    job=JobConf(name="labkart", chdir=False),
)
_DEFAULTS = dict.fromkeys(("hydra_logging", "job_logging"), "none")
_DEFAULTS |= dict.fromkeys(("launcher", "sweeper"), "labkart")
for _default in _HYDRA.defaults:
    _default.update({group: option for group, option in _DEFAULTS.items() if group in _default})

_launcher = {"_target_": "hydra_plugins.labkart_launcher.LabkartLauncher"}
_sweeper = {"_target_": "hydra_plugins.labkart_launcher.LabkartSweeper", "params": None}
_store = ConfigStore.instance()
_store.store(group="hydra", name="config", node=_HYDRA, provider="labkart")
_store.store(group="hydra/launcher", name="labkart", node=_launcher, provider="labkart")
_store.store(group="hydra/sweeper", name="labkart", node=_sweeper, provider="labkart")
