"""The private names of other libraries that `labkart._compat` uses are there."""

import signal
from importlib.util import find_spec
from pathlib import Path

import gokart.worker
import luigi.worker
import mlflow
import pytest
from fastapi import APIRouter
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn
from luigi.scheduler import Scheduler
from luigi.task_register import Register
from mlflow.tracking import fluent
from omegaconf import Container, OmegaConf, _utils
from omegaconf.nodes import IntegerNode, ValueNode

from labkart import _compat


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


def test_hydra_has_its_parser_applies_overrides_and_keeps_a_jobs_error() -> None:
    assert _compat.hydra_arguments().parse_args(["-m", "seed=1"]).overrides == ["seed=1"]
    assert callable(ConfigLoaderImpl._apply_overrides_to_config)
    config = OmegaConf.create({"seed": 0})
    _compat.apply_overrides(OverridesParser.create().parse_overrides(["seed=3"]), config)
    assert config == {"seed": 3}
    job = JobReturn()
    job.return_value = ValueError("no such luck")
    assert _compat.job_error(job) == "no such luck"


def test_luigi_looks_after_its_processes_in_a_method_and_keeps_classes_in_a_list() -> None:
    calls: list[str] = []
    with gokart.WorkerSchedulerFactory().create_worker(Scheduler(), 1) as worker:
        _compat.before_purge(worker, lambda: calls.append("beat"))
        worker._purge_children()
    assert calls == ["beat"]
    classes = _compat.registered_classes()
    assert classes == Register._reg
    _compat.set_registered_classes(classes)
    assert classes == Register._reg


def test_mlflow_starts_runs_by_one_function_that_can_be_replaced() -> None:
    original = fluent.start_run
    with _compat.mlflow_run_resumed("0123"):
        assert fluent.start_run is mlflow.start_run is not original
    assert fluent.start_run is mlflow.start_run is original


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
    ],
)
def test_mlflows_page_has_the_keys_of_its_storage(word: str) -> None:
    scripts = sorted(
        (mlflow_server() / "js/build/static/js").glob("*.js"),
        key=lambda file: not file.name.startswith("main"),
    )
    assert any(word in script.read_text("utf-8") for script in scripts)
