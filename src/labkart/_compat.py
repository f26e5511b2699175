"""Every private name of other libraries that Labkart uses, and nothing else.

One function per use. Its docstring names the library and the version that it was tried on, and a
test in tests/ground/test_compat.py asserts that the private name is there. Heavy imports are inside
the functions.
"""

import atexit
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from inspect import unwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkart.language import translate

if TYPE_CHECKING:
    import argparse

    from hydra.core.override_parser.types import Override
    from hydra.core.utils import JobReturn
    from omegaconf import Container, DictConfig, ListConfig
    from omegaconf.nodes import ValueNode
    from starlette.routing import Route

# Is called with the name of a resolver, such as `oc.env`, its arguments, and a function that calls
# it.
Evaluate = Callable[[str, Sequence[Any], Callable[[], Any]], Any]


def config_content(container: "Container") -> Any:
    """The nodes in a section or list: a dict, a list, None or a text. Tried on OmegaConf 2.3.1."""
    return vars(container)["_content"]


def replace_resolvers(container: "Container", evaluate: Evaluate) -> None:
    """Let `evaluate` answer for the interpolations of one section or list, not for those below it.

    Resolvers are global otherwise. Tried on OmegaConf 2.3.1.
    """
    original = container._evaluate_custom_resolver

    def replacement(inter_type: str, inter_args: tuple[Any, ...], **others: Any) -> Any:
        def call() -> Any:
            return original(inter_type=inter_type, inter_args=inter_args, **others)

        return evaluate(inter_type, inter_args, call)

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


def translate_argparse(gettext: Callable[[str], str]) -> None:
    """Let a function translate what argparse prints. Tried on Python 3.11 to 3.13."""
    import argparse

    def ngettext(one: str, many: str, count: int) -> str:
        return gettext(one if count == 1 else many)

    for name, function in {"_": gettext, "ngettext": ngettext}.items():
        setattr(argparse, name, function)


def option_names(parser: "argparse.ArgumentParser") -> list[str]:
    """All names of a parser's options. Tried on Python 3.11 to 3.13."""
    return [name for action in parser._actions for name in action.option_strings]


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


def config_key(node: "DictConfig | ListConfig", key: Any = None) -> str:
    """The full key of a node, or of a key in it: `model.params.trees`. Tried on OmegaConf 2.3.1."""
    return str(node._get_full_key(key))


def config_node(config: "DictConfig | ListConfig", key: Any) -> Any:
    """The node below a key, with its interpolation unresolved. Tried on OmegaConf 2.3.1."""
    return config._get_node(key)


def config_root(node: Any) -> Any:
    """The whole configuration that a node is part of. Tried on OmegaConf 2.3.1."""
    return node._get_root()


def config_text(config: Any, key: Any) -> str:
    """A value as it is written, by its key below a node. Tried on OmegaConf 2.3.1."""
    node = config
    for part in key.split(".") if isinstance(key, str) else [key]:
        node = node._get_node(part, validate_access=False)
    return str(node._value())


def replace_processes(
    worker: Any, create: Callable[[Any], Any], results: Any, beat: Callable[[], None]
) -> tuple[Callable[[Any], Any], dict[str, Any]]:
    """Let a worker make the process of a task by a function, and read the results elsewhere.

    While it waits for results it calls `beat`, and no longer looks for processes that died.
    Returns the function that it had, and its tasks by their ids. Tried on gokart 1.12.2.
    """
    original = worker._create_task_process
    worker._task_result_queue.close()
    worker._create_task_process, worker._task_result_queue = create, results
    worker._purge_children = beat
    return original, worker._scheduled_tasks


def clear_exit_functions() -> None:
    """Forget what a forked process inherited to do at its end. Tried on Python 3.11 to 3.13."""
    atexit._clear()


def run_exit_functions() -> None:
    """Do what is to be done at the end of this process, as a forked one does not by itself.

    Tried on Python 3.11 to 3.13.
    """
    atexit._run_exitfuncs()


def import_importances() -> None:
    """Import Optuna's importances without scikit-learn, which takes a second.

    The default evaluator does not use it, and those that do cannot be used then. Tried on Optuna
    5.0.0.
    """
    modules: dict[str, Any] = sys.modules
    modules.setdefault("sklearn", None)  # Python's own way to say that a module is missing
    try:
        import optuna.importance  # noqa: F401
    finally:
        if modules["sklearn"] is None:
            del modules["sklearn"]


def registered_classes() -> list[type]:
    """The task classes that luigi can find by name. Tried on luigi 3.8.1."""
    from luigi.task_register import Register

    return list(Register._reg)


def set_registered_classes(classes: Sequence[type]) -> None:
    """Replace the task classes that luigi can find by name. Tried on luigi 3.8.1."""
    from luigi.task_register import Register

    Register._reg = list(classes)


def mlflow_run_origin() -> str:
    """What makes the run that a store is asked for now, which MLflow does not tell its stores.

    Returns "nested" for `start_run(nested=True)`, "started" for other calls of `start_run`,
    "implicit" if a function that logs found no run, else "". Tried on MLflow 3.17.2.
    """
    from mlflow.tracking import fluent

    code = unwrap(fluent.start_run).__code__
    frame = sys._getframe()
    while frame and frame.f_code is not code:
        frame = frame.f_back
    if not frame:
        return ""
    if frame.f_locals["nested"]:
        return "nested"
    is_implicit = frame.f_back and frame.f_back.f_code is fluent._get_or_start_run.__code__
    return "implicit" if is_implicit else "started"


def forget_mlflow_runs() -> None:
    """Let no thread have an active run or experiment in MLflow. Tried on MLflow 3.17.2."""
    from mlflow.tracking import fluent

    fluent._active_run_stack.reset()
    fluent._last_active_run_id.reset()
    fluent._active_experiment_id = None


def end_joblib_workers() -> None:
    """End the processes that joblib keeps for later calls. Tried on joblib 1.5.3."""
    loky = sys.modules.get("joblib.externals.loky.reusable_executor")
    if loky and loky._executor:
        loky._executor.shutdown(wait=True)


@contextmanager
def mlflow_autologging_kept() -> Iterator[None]:
    """Undo what the block does by `mlflow.autolog()` and its kin. Tried on MLflow 3.17.2."""
    before, hooks = dict[str, Any](), dict[str, Any]()
    if "mlflow" in sys.modules:
        integrations, waiting = _mlflow_autologging()
        before = deepcopy(integrations)
        hooks = {module: list(functions) for module, functions in waiting.items()}
    try:
        yield
    finally:
        if "mlflow.utils.autologging_utils" in sys.modules:
            from mlflow.utils.autologging_utils.safety import revert_patches

            integrations, waiting = _mlflow_autologging()
            for name in integrations.keys() - before.keys():
                revert_patches(name)
            for current, earlier in ((integrations, before), (waiting, hooks)):
                current.clear()
                current.update(earlier)


def _mlflow_autologging() -> tuple[dict[str, Any], dict[str, Any]]:
    """The configurations of libraries that log by themselves, and what waits for their import."""
    from mlflow.utils import autologging_utils, import_hooks

    return autologging_utils.AUTOLOGGING_INTEGRATIONS, import_hooks._post_import_hooks


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


def mlflow_page() -> str:
    """The HTML of MLflow's page; all addresses with a `#` are this page. On MLflow 3.17.2."""
    import mlflow

    folder = Path(mlflow.__file__).parent / "server/js/build"
    return (folder / "index.html").read_text(encoding="utf-8")


def mlflow_shared_view(name: str) -> tuple[str, str]:
    """How a link names a view that everybody can choose, and the tag that holds it.

    Tried on MLflow 3.17.2.
    """
    return f"viewStateShareKey={name}", f"mlflow.sharedViewState.{name}"


def mlflow_columns(experiment_id: str) -> str:
    """Where a browser's local storage keeps the columns of an experiment's table of runs.

    Tried on MLflow 3.17.2.
    """
    return f'MLflowLocalStorage-1.1-ExperimentPage-["{experiment_id}"]-ReactComponentState'


def mlflow_first_visit() -> dict[str, Any]:
    """What local storage must have at a first visit. Tried on MLflow 3.17.2.

    Without it, MLflow takes a project for one of language models and opens a chat beside it.
    """
    return {
        "mlflow.workflowType_v1": "machine_learning",
        "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": True,
    }


def choice_type(parameter: Any) -> type | None:
    """The type of a parameter's choices; None if it has none. Tried on luigi 3.8.1."""
    return getattr(parameter, "_var_type", None)


def parameter_choices(parameter: Any) -> list[Any]:
    """What a parameter of choices or of an enum takes; else empty. Tried on luigi 3.8.1."""
    if names := getattr(parameter, "_enum", None):
        return [member.name for member in names]
    return sorted(getattr(parameter, "_choices", ()))


def parameter_range(parameter: Any) -> str:
    """What a numerical parameter takes, as "an integer in [1, 9)". Tried on luigi 3.8.1."""
    kind, _, limits = str(getattr(parameter, "_permitted_range", "")).partition(" in ")
    if kind == "int":
        return translate("an integer in {range}", range=limits)
    return translate("a number in {range}", range=limits) if limits else ""
