"""The private names of other libraries that Labkart uses, and nothing else.

Each function names the version that it was tried on. `tests/ground/test_compat.py` asserts that the
names exist, so that an upgrade that removes one is noticed there. The libraries are imported inside
the functions, because a command must start at once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from hydra.core.override_parser.types import Override
    from hydra.core.utils import JobReturn
    from omegaconf import DictConfig


# Hydra


def hydra_arguments() -> argparse.ArgumentParser:
    """The parser of Hydra's own command line. Tried on Hydra 1.3.8."""
    from hydra._internal.utils import get_args_parser

    return get_args_parser()


def apply_overrides(overrides: list[Override], config: DictConfig) -> None:
    """Apply parsed overrides of values to a composed configuration. Tried on Hydra 1.3.8."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl

    ConfigLoaderImpl._apply_overrides_to_config(overrides, config)


def job_error(job: JobReturn) -> str:
    """The error of a failed job; the public property would raise it. Tried on Hydra 1.3.8."""
    return str(job._return_value)


# OmegaConf


def config_key(node: DictConfig, key: Any = None) -> str:
    """The full key of a node, or of a key in it: `model.params.trees`. Tried on OmegaConf 2.3.1."""
    return str(node._get_full_key(key))


def config_node(config: DictConfig, key: Any) -> Any:
    """The node below a key, with its interpolation unresolved. Tried on OmegaConf 2.3.1."""
    return config._get_node(key)


# luigi


def before_purge(worker: Any, callback: Callable[[], None]) -> None:
    """Call back whenever a worker looks after its processes: every second. Tried on luigi 3.8.1."""
    purge_children = worker._purge_children

    def purge() -> None:
        callback()
        purge_children()

    worker._purge_children = purge


def registered_classes() -> list[type]:
    """The task classes that luigi can find by name. Tried on luigi 3.8.1."""
    from luigi.task_register import Register

    return list(Register._reg)


def set_registered_classes(classes: Sequence[type]) -> None:
    """Replace the task classes that luigi can find by name. Tried on luigi 3.8.1."""
    from luigi.task_register import Register

    Register._reg = list(classes)


# MLflow


@contextmanager
def mlflow_run_resumed(run_id: str) -> Iterator[None]:
    """Make `mlflow.start_run()` resume a run, unless it is nested or uses another store.

    Autologging calls the function of `mlflow.tracking.fluent`, hence both names. MLflow's own
    variable MLFLOW_RUN_ID counts for the first call only. Tried on MLflow 3.17.2.
    """
    import mlflow
    from mlflow.tracking import fluent

    original: Callable[..., Any] = fluent.start_run
    store = mlflow.get_tracking_uri()

    @functools.wraps(original)
    def start_run(run_id: str | None = None, *args: Any, nested: bool = False, **kwargs: Any) -> Any:
        if run_id is None and not nested and mlflow.get_tracking_uri() == store:
            run_id = resumed_id
        return original(run_id, *args, nested=nested, **kwargs)

    resumed_id = run_id
    fluent.start_run = mlflow.start_run = start_run
    try:
        yield
    finally:
        fluent.start_run = mlflow.start_run = original


# submitit


def submitit_parameters() -> set[str]:
    """The parameters that every executor of submitit has. Tried on submitit 1.5.4."""
    from submitit import AutoExecutor

    return set(AutoExecutor._typed_parameters())


def submitit_slurm_parameters() -> set[str]:
    """The further parameters of submitit's executor for SLURM. Tried on submitit 1.5.4."""
    from submitit import SlurmExecutor

    return set(SlurmExecutor._valid_parameters())


def submitit_signal() -> Any:
    """The signal by which SLURM announces a time limit or a preemption. Tried on submitit 1.5.4."""
    from submitit.core.job_environment import JobEnvironment

    return JobEnvironment._usr_sig()
