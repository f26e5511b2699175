"""Runs before a process forks `labkart` commands: imports all that they import, and computes what is the same for all.

That is what MLflow compiles at its first store and the tables of an empty one, the tables of Hydra's parsers, and what the installed packages are.
"""

import gc
import logging
import sqlite3
import sys
import tempfile
from pathlib import Path

import hydra
from hydra.core.plugins import Plugins
from mlflow.store.db import utils
from mlflow.store.model_registry import sqlalchemy_store as model_registry
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import Engine

import labkart.check.report
import labkart.cli.accept
import labkart.cli.clean
import labkart.cli.main
import labkart.cli.run
import labkart.cli.status
import labkart.experiments.run
import labkart.tracking.sync  # noqa: F401 (imported for the commands)
from labkart import packages
from labkart.secrets import redact

CONFIG = """\
defaults:
  - _self_
  - model: forest
  - experiment: null
seed: 0
text: ${seed}-${hydra:job.num}
"""
WORDS = ["seed=1", "+more.of=[a,{b:'c d'}]", "model=linear", "~model.trees"]


def compose(folder: Path) -> None:
    for name, text in {
        "config": CONFIG,
        "model/forest": "a: 1",
        "model/linear": "trees: 1",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).with_suffix(".yaml").write_text(text)
    with hydra.initialize_config_dir(str(folder), version_base="1.3"):
        hydra.compose("config", overrides=WORDS, return_hydra_config=True)


def inspect_packages() -> None:
    """Inspect them once for all processes that see the same ones; each of them still writes its memo."""
    inspect, state = packages._inspect, packages._state()
    installed = inspect()
    packages._inspect = lambda: installed if packages._state() == state else inspect()


def copy_tables() -> None:
    """Let MLflow make its tables once: it takes a second. Each new store of a command is a copy of them."""
    make, empty = utils._initialize_tables, sqlite3.connect(":memory:", check_same_thread=False)

    def initialize(engine: Engine) -> None:
        connection = engine.raw_connection()
        if not empty.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            make(engine)
            connection.driver_connection.backup(empty)
        empty.backup(connection.driver_connection)
        connection.close()

    utils._initialize_tables = model_registry._initialize_tables = initialize


Plugins.instance()
redact.redact_text("a" * 19 + "0")
with tempfile.TemporaryDirectory() as name:
    compose(Path(name))
    copy_tables()
    logging.disable()  # of the tables that it makes
    SqlAlchemyStore(f"sqlite:///{name}/mlflow.db", name).engine.dispose()
    logging.disable(logging.NOTSET)
tempfile.tempdir = None  # a command looks where its own variables say
inspect_packages()
sys.argv[1:] = []
gc.freeze()  # else each child would copy all that it holds
gc.enable()
