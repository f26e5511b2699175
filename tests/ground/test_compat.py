"""The private names of other libraries that `labkart._compat` uses are there."""

import argparse
import inspect
import signal
import subprocess
import sys
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gokart.worker
import luigi.parameter
import luigi.worker
import mlflow
import pytest
from fastapi import APIRouter
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn
from joblib import Parallel, delayed
from joblib.externals.loky import reusable_executor
from joblib.externals.loky.process_executor import ShutdownExecutorError
from luigi.scheduler import Scheduler
from luigi.task_register import Register
from luigi.task_status import DONE
from mlflow.tracking import fluent
from mlflow.utils import autologging_utils, import_hooks
from omegaconf import Container, OmegaConf, _utils
from omegaconf.nodes import IntegerNode, ValueNode
from sklearn.linear_model import LinearRegression

from labkart import _compat


class Missing(gokart.TaskOnKart[int]):
    def complete(self) -> bool:
        return False


def test_omegaconf_keeps_the_nodes_of_a_container() -> None:
    assert list(vars(OmegaConf.create({"a": "${b}"}))["_content"]) == ["a"]
    assert len(vars(OmegaConf.create(["${b}"]))["_content"]) == 1


def test_omegaconf_asks_a_resolver_in_a_method_of_the_container() -> None:
    assert callable(Container._evaluate_custom_resolver)


def test_omegaconf_has_a_dumper_for_yaml() -> None:
    assert callable(_utils.get_omega_conf_dumper)


def test_omegaconf_has_a_loader_for_yaml() -> None:
    assert callable(_utils.get_yaml_loader)


def test_omegaconf_takes_the_value_of_a_node_in_a_method_and_copies_it_in_another() -> None:
    assert callable(ValueNode._value)
    assert callable(IntegerNode.__deepcopy__)


def test_omegaconf_knows_the_key_of_a_node_and_gives_it_unresolved() -> None:
    config = OmegaConf.create({"model": {"params": {"trees": "${seed}"}}, "seed": 1})
    assert _compat.config_key(config.model.params) == "model.params"
    assert _compat.config_key(config.model.params, "trees") == "model.params.trees"
    assert not OmegaConf.is_config(_compat.config_node(config.model.params, "trees"))


def test_argparse_translates_by_two_functions() -> None:
    for name in ("_", "ngettext"):
        assert callable(vars(argparse)[name])


def test_argparse_knows_the_names_of_all_options() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-m", "--multirun")
    assert _compat.option_names(parser) == ["-h", "--help", "-m", "--multirun"]


def test_hydra_has_its_parser_applies_overrides_and_keeps_a_jobs_error() -> None:
    assert _compat.hydra_arguments().parse_args(["-m", "seed=1"]).overrides == ["seed=1"]
    assert callable(ConfigLoaderImpl._apply_overrides_to_config)
    config = OmegaConf.create({"seed": 0})
    _compat.apply_overrides(OverridesParser.create().parse_overrides(["seed=3"]), config)
    assert config == {"seed": 3}
    job = JobReturn()
    job.return_value = ValueError("no such luck")
    assert _compat.job_error(job) == "no such luck"


@pytest.mark.usefixtures("root")
def test_luigi_makes_a_process_for_each_task_and_reads_the_results_from_a_queue() -> None:
    events: list[str] = []

    class Results:
        def get(self, **_: float) -> tuple[Any, ...]:
            events.append("get")
            return (task.task_id, DONE, "", [], [])

        def close(self) -> None:
            events.append("close")

    class Process:
        use_multiprocessing = True

        def start(self) -> None:
            events.append("start")

        def is_alive(self) -> bool:
            return False

    task = Missing()
    with gokart.WorkerSchedulerFactory().create_worker(Scheduler(), 1) as worker:
        create, tasks = _compat.replace_processes(
            worker, lambda _: Process(), Results(), lambda: events.append("beat")
        )
        assert isinstance(create(task), gokart.worker.TaskProcess)
        worker.add(task)
        assert tasks == {task.task_id: task}
        worker.run()
    assert events == ["start", "beat", "get", "close"]


def test_python_keeps_what_to_do_at_the_end_of_a_process() -> None:
    code = "import atexit; from labkart import _compat; atexit.register(print, 'old'); _compat.clear_exit_functions(); "
    code += "atexit.register(print, 'new'); _compat.run_exit_functions()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "new\n"


def test_luigi_keeps_classes_in_a_list() -> None:
    classes = _compat.registered_classes()
    assert classes == Register._reg
    _compat.set_registered_classes(classes)
    assert classes == Register._reg


def test_mlflow_starts_runs_by_one_function_that_knows_whether_they_are_nested() -> None:
    assert "nested" in inspect.signature(fluent.start_run).parameters
    assert "start_run()" in inspect.getsource(fluent._get_or_start_run)
    assert _compat.mlflow_run_origin() == ""


@pytest.mark.thorough
def test_joblib_keeps_processes_that_can_be_ended() -> None:
    Parallel(n_jobs=2)(delayed(abs)(number) for number in (1, 2))
    executor = reusable_executor._executor
    _compat.end_joblib_workers()
    with pytest.raises(ShutdownExecutorError):
        executor.submit(abs, 1)


def test_mlflow_keeps_the_active_runs_of_all_threads_and_can_forget_them() -> None:
    fluent._active_run_stack.set(["run"])
    _compat.forget_mlflow_runs()
    assert mlflow.active_run() is None and fluent._active_experiment_id is None


@pytest.mark.thorough
def test_what_autologging_patches_is_undone() -> None:
    original, before = LinearRegression.fit, dict(autologging_utils.AUTOLOGGING_INTEGRATIONS)
    with _compat.mlflow_autologging_kept():
        mlflow.autolog(log_models=False, silent=True)
        assert LinearRegression.fit is not original
        assert import_hooks.get_post_import_hooks("xgboost")
    assert LinearRegression.fit is original
    assert before == autologging_utils.AUTOLOGGING_INTEGRATIONS
    assert not import_hooks.get_post_import_hooks("xgboost")


def test_submitit_lists_its_parameters_and_knows_its_signal() -> None:
    assert "timeout_min" in _compat.submitit_parameters()
    assert "partition" in _compat.submitit_slurm_parameters()
    assert _compat.submitit_signal() in set(signal.Signals)


@pytest.mark.parametrize("worker", [gokart.worker.Worker, luigi.worker.Worker])
def test_a_worker_is_a_context(worker: type) -> None:
    assert {"__enter__", "__exit__"} <= vars(worker).keys()


def mlflow_server() -> Path:
    spec = find_spec("mlflow")
    assert spec and spec.origin
    return Path(spec.origin).parent / "server"


def test_mlflows_application_has_a_list_of_routes() -> None:
    assert "\napp = " in (mlflow_server() / "fastapi_app.py").read_text()
    assert isinstance(APIRouter().routes, list)


@pytest.mark.parametrize(
    "word",
    [
        '"MLflowLocalStorage"',
        'version="1.1"',
        '"ReactComponentState"',
        '"mlflow.assistant.fab.autoOpenedOnFirstLoad"',
        '"ExperimentPage"',
        '"mlflow.workflowType"',
        '"selectedColumns","columnOrder","columnWidths"',
        '"viewStateShareKey"',
        '"mlflow.sharedViewState."',
        'RUN_NAME:"Run Name"',
    ],
)
def test_mlflows_page_has_the_names_of_what_it_keeps(word: str) -> None:
    scripts = sorted(
        (mlflow_server() / "js/build/static/js").glob("*.js"),
        key=lambda file: not file.name.startswith("main"),
    )
    assert any(word in script.read_text("utf-8") for script in scripts)


def test_mlflows_page_has_a_head_for_a_script_that_runs_first() -> None:
    head = _compat.mlflow_page().partition("<head>")[2]
    assert "<script defer" in head and "<script>" not in head


def test_luigi_keeps_the_type_of_choices() -> None:
    choice = luigi.parameter.ChoiceParameter(choices=[0.1], var_type=float)
    assert _compat.choice_type(choice) is float
    assert _compat.choice_type(luigi.parameter.DateParameter()) is None


def test_luigi_keeps_the_choices_and_the_range_of_a_parameter() -> None:
    choice = luigi.parameter.ChoiceParameter(choices=["b", "a"])
    kernel = luigi.parameter.EnumListParameter(enum=Enum("Kernel", ["LINEAR", "RADIAL"]))
    assert _compat.parameter_choices(choice) == ["a", "b"]
    assert _compat.parameter_choices(kernel) == ["LINEAR", "RADIAL"]
    assert _compat.parameter_choices(luigi.parameter.DateParameter()) == []
    depth = luigi.parameter.NumericalParameter(var_type=int, min_value=1, max_value=9)
    assert _compat.parameter_range(depth) == "an integer in [1, 9)"
    assert _compat.parameter_range(choice) == ""


def test_omegaconf_keeps_a_value_as_it_is_written() -> None:
    config = OmegaConf.create({"a": {"b": ["${c}"]}, "c": 1})
    assert _compat.config_text(config, "a.b") == "['${c}']"
    assert _compat.config_text(config.a.b, 0) == "${c}"
    assert _compat.config_root(config.a.b) is config
