"""Every private name of other libraries that Labkart uses, and nothing else.

One function per use. Its docstring names the library and the version that it was tried on, and a
test in tests/ground/test_compat.py asserts that the private name is still there. What is heavy is
imported inside the functions.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from hydra.core.override_parser.types import Override
    from hydra.core.utils import JobReturn
    from omegaconf import Container, DictConfig
    from omegaconf.nodes import ValueNode


def config_content(container: "Container") -> Any:
    """The nodes in a section or list of a configuration: a dict, a list, or None or a text.

    OmegaConf 2.3.1: `Container._content`. Its public methods resolve a node when they return it.
    """
    return vars(container)["_content"]


def replace_resolvers(
    container: "Container", evaluate: Callable[[str, Callable[[], Any]], Any]
) -> None:
    """Let `evaluate` answer for the interpolations of one section or list, not for those below it.

    Args:
        container: the section or list.
        evaluate: is called with a resolver's name, such as `oc.env`, and a function that calls it.

    OmegaConf 2.3.1: `Container._evaluate_custom_resolver`. Resolvers are global otherwise.
    """
    original = container._evaluate_custom_resolver

    def replacement(inter_type: str, **arguments: Any) -> Any:
        return evaluate(inter_type, lambda: original(inter_type=inter_type, **arguments))

    vars(container)["_evaluate_custom_resolver"] = replacement


def config_dumper() -> Any:
    """The YAML dumper that `OmegaConf.to_yaml` uses: it quotes texts that look like other values.

    OmegaConf 2.3.1: `omegaconf._utils.get_omega_conf_dumper`.
    """
    from omegaconf._utils import get_omega_conf_dumper

    return get_omega_conf_dumper()


def config_loader() -> Any:
    """The YAML loader with which Hydra reads files: it refuses a key that is given twice.

    OmegaConf 2.3.0: `omegaconf._utils.get_yaml_loader`.
    """
    from omegaconf._utils import get_yaml_loader

    return get_yaml_loader()


def watch_value(node: "ValueNode", on_read: Callable[[], object]) -> None:
    """Call a function whenever the value of a node is read, also from copies of the node.

    OmegaConf 2.3.0: `ValueNode._value`. It has no public way to notice a read.
    """
    vars(node)["_on_read"] = on_read
    node.__class__ = _watched_kind(type(node))


@cache
def _watched_kind(kind: "type[ValueNode]") -> "type[ValueNode]":
    plain: Any = kind

    class Watched(kind):
        def _value(self) -> Any:
            vars(self)["_on_read"]()
            return super()._value()

        def __deepcopy__(self, memo: dict[int, Any]) -> "ValueNode":
            copy = plain.__deepcopy__(self, memo)
            watch_value(copy, vars(self)["_on_read"])
            return copy

    return Watched


def hydra_arguments() -> "argparse.ArgumentParser":
    """The parser of Hydra's own command line. Tried on Hydra 1.3.8."""
    from hydra._internal.utils import get_args_parser

    return get_args_parser()


def apply_overrides(overrides: "list[Override]", config: "DictConfig") -> None:
    """Apply parsed overrides of values to a composed configuration. Tried on Hydra 1.3.8."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl

    ConfigLoaderImpl._apply_overrides_to_config(overrides, config)


def job_error(job: "JobReturn") -> str:
    """The error of a failed job; the public property would raise it. Tried on Hydra 1.3.8."""
    return str(job._return_value)


def config_key(node: "DictConfig", key: Any = None) -> str:
    """The full key of a node, or of a key in it: `model.params.trees`. Tried on OmegaConf 2.3.1."""
    return str(node._get_full_key(key))


def config_node(config: "DictConfig", key: Any) -> Any:
    """The node below a key, with its interpolation unresolved. Tried on OmegaConf 2.3.1."""
    return config._get_node(key)


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


@contextmanager
def mlflow_run_resumed(resumed_id: str) -> Iterator[None]:
    """Make `mlflow.start_run()` resume a run, unless it is nested or uses another store.

    Autologging calls the function of `mlflow.tracking.fluent`, hence both names. MLflow's own
    variable MLFLOW_RUN_ID counts for the first call only. Tried on MLflow 3.17.2.
    """
    import mlflow
    from mlflow.tracking import fluent

    original: Callable[..., Any] = fluent.start_run
    store = mlflow.get_tracking_uri()

    @functools.wraps(original)
    def start_run(
        run_id: str | None = None, *args: Any, nested: bool = False, **kwargs: Any
    ) -> Any:
        if run_id is None and not nested and mlflow.get_tracking_uri() == store:
            run_id = resumed_id
        return original(run_id, *args, nested=nested, **kwargs)

    fluent.start_run = mlflow.start_run = start_run
    try:
        yield
    finally:
        fluent.start_run = mlflow.start_run = original


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
