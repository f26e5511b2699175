"""Every private name of other libraries that Labkart uses, and nothing else.

One function per use. Its docstring names the library and the version that it was tried on, and a
test in tests/ground/test_compat.py asserts that the private name is there. Heavy imports are inside
the functions.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from hydra.core.override_parser.types import Override
    from hydra.core.utils import JobReturn
    from omegaconf import Container, DictConfig
    from omegaconf.nodes import ValueNode
    from starlette.routing import Route

# Is called with the name of a resolver, such as `oc.env`, and a function that calls it.
Evaluate = Callable[[str, Callable[[], Any]], Any]


def config_content(container: "Container") -> Any:
    """The nodes in a section or list: a dict, a list, None or a text. Tried on OmegaConf 2.3.1."""
    return vars(container)["_content"]


def replace_resolvers(container: "Container", evaluate: Evaluate) -> None:
    """Let `evaluate` answer for the interpolations of one section or list, not for those below it.

    Resolvers are global otherwise. Tried on OmegaConf 2.3.1.
    """
    original = container._evaluate_custom_resolver

    def replacement(inter_type: str, **arguments: Any) -> Any:
        return evaluate(inter_type, lambda: original(inter_type=inter_type, **arguments))

    vars(container)["_evaluate_custom_resolver"] = replacement


def config_dumper() -> Any:
    """The YAML dumper of `OmegaConf.to_yaml`, which knows what to quote. On OmegaConf 2.3.1."""
    from omegaconf._utils import get_omega_conf_dumper

    return get_omega_conf_dumper()


def config_loader() -> Any:
    """The YAML loader of Hydra, which refuses a key that is there twice. On OmegaConf 2.3.1."""
    from omegaconf._utils import get_yaml_loader

    return get_yaml_loader()


def watch_value(node: "ValueNode", on_read: Callable[[], object]) -> None:
    """Call a function whenever a node or a copy of it is read. Tried on OmegaConf 2.3.1."""
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

    @wraps(original)
    def start_run(run_id: Any = None, *args: Any, nested: bool = False, **kwargs: Any) -> Any:
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


def wrap_workers(before: Callable[[], None], after: Callable[[], None]) -> None:
    """Call functions whenever a worker begins to build, and when it ends.

    Both libraries run a worker as a context. Tried on luigi 3.8.1 and gokart 1.12.2.
    """
    import gokart.worker
    import luigi.worker

    for worker in (gokart.worker.Worker, luigi.worker.Worker):
        _wrap_context(worker, before, after)


def _wrap_context(context: Any, before: Callable[[], None], after: Callable[[], None]) -> None:
    enter, leave = context.__enter__, context.__exit__

    def begin(self: Any) -> Any:
        before()
        return enter(self)

    def end(self: Any, *error: Any) -> Any:
        after()
        return leave(self, *error)

    context.__enter__, context.__exit__ = begin, end


def mlflow_app(route: "Route") -> Any:
    """MLflow's web application, with a route of ours in front of its own.

    Its last route takes all addresses that are left, so `add_route` would come too late. Tried on
    MLflow 3.17.2.
    """
    from mlflow.server.fastapi_app import app

    app.router.routes.insert(0, route)
    return app


def mlflow_page_keys(experiment_id: str) -> tuple[str, dict[str, Any]]:
    """Where MLflow's page keeps what a person chose, in the browser's local storage.

    Returns the key of the columns of an experiment's table of runs, and what to set at a first
    visit: MLflow takes a project for one of language models then, and opens a chat beside it.
    Tried on MLflow 3.17.2.
    """
    columns = f'MLflowLocalStorage-1.1-ExperimentPage-["{experiment_id}"]-ReactComponentState'
    first_visit = {
        "mlflow.workflowType_v1": "machine_learning",
        "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": True,
    }
    return columns, first_visit
