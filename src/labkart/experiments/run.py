"""Runs what Hydra composes of a command: one experiment, or many of a sweep.

Knows Hydra's entry point and when records are published. What a person sees goes to a `RunOutput`.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.plugins.sweeper import Sweeper
from hydra.types import RunMode
from omegaconf import DictConfig

from labkart import console, project
from labkart._compat import hydra_arguments
from labkart.errors import LabkartError, did_you_mean
from labkart.experiments import config
from labkart.experiments.config import Composed
from labkart.experiments.experiment import run_experiments
from labkart.experiments.failures import describe_failure, describe_failures
from labkart.experiments.output import LineOutput, RunOutput
from labkart.experiments.plan import Experiment, plan
from labkart.experiments.progress import ExperimentProgress
from labkart.experiments.recording import reuse_record
from labkart.experiments.session import freeze_imports, session
from labkart.experiments.sweep import Sweep, plan_sweep
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Ranking
from labkart.tracking.publisher import NullPublisher, Publisher


def run(overrides: list[str], output: RunOutput) -> int:
    """Run what Hydra composes of the arguments of a command; return 0.

    Raises:
        LabkartError: an experiment failed, or cannot be planned.
    """
    task = HydraTask(output)
    with session(task.publisher):
        run_hydra(task, overrides)
    if task.failures:
        raise LabkartError("\n".join(task.failures))
    return 0


def run_on_node(overrides: list[str]) -> None:
    """Run one experiment in a process of its own; whoever started it publishes the record.

    Raises:
        LabkartError: the experiment failed, or cannot be planned.
    """
    task = HydraTask(LineOutput(), NullPublisher())
    console.show_logging()
    with _collect_failures(task.failures):
        task.run_experiment(plan(config.compose_overrides(*overrides)))
    if task.failures:
        raise LabkartError("\n".join(task.failures))


def run_hydra(task: "HydraTask", arguments: Sequence[str]) -> None:
    """Let Hydra call the task with one composed configuration, or our sweeper with many.

    Raises:
        LabkartError: an argument is wrong.
    """
    # Else Hydra prints errors in its own way and ends the process.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    # `-m` may stand between overrides, but argparse needs it in front.
    options_first = sorted(arguments, key=lambda argument: argument not in ("-m", "--multirun"))
    sys.argv = ["labkart", *options_first]
    _, unknown = hydra_arguments().parse_known_args(sys.argv[1:])
    if unknown:
        remedy = "Settings are names and values, as model=forest or labkart.workers=4"
        raise LabkartError(f"{unknown[0]}: there is no such option. {remedy}; --help lists them.")
    conf = str(project.current().root / "conf")
    try:
        hydra.main(config_path=conf, config_name="config", version_base="1.3")(task)()
    except config.InvalidOverride as error:
        raise config.explain_error(error, arguments) from None
    except Exception as error:
        names_hydra = any("hydra" in argument for argument in arguments)
        if task.was_called or isinstance(error, LabkartError) or not names_hydra:
            raise
        message = " ".join(str(error).split())
        raise LabkartError(f"hydra: {message}. Check the overrides that name it.") from None


class HydraTask:
    """What Hydra calls: with one configuration, or, by our sweeper and launchers, for a sweep.

    A launcher may pickle it and call it in another process, and whoever leads publishes then.

    Attributes:
        failures: the messages to show when Hydra has ended.
        was_called: whether Hydra has called it.
    """

    def __init__(self, output: RunOutput, publisher: Publisher | None = None) -> None:
        self.output = output
        self.publisher = publisher or Publisher()
        self.failures: list[str] = []
        self.was_called = False
        self._sweep: Sweep | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return HydraTask, (self.output, NullPublisher())

    def __call__(self, cfg: DictConfig) -> None:
        """Run the experiment that Hydra composed."""
        self.was_called = True
        # The failures of a sweep are shown together when it ends.
        with _collect_failures([] if self._sweep else self.failures):
            composed = Composed.of_job(cfg, HydraConfig.instance().cfg)
            config.check_additions(composed.overrides)
            console.show_logging()
            experiment = plan(composed)
            self._introduce(composed)
            self.run_experiment(experiment)

    def run_experiment(self, experiment: Experiment) -> None:
        """Run what is missing of one experiment, publish it, show it.

        Raises:
            LabkartError: a task failed.
        """
        freeze_imports()
        record = experiment.record
        if record.status == "finished":
            self._reuse(experiment)
        else:
            self._build(experiment)
        self.output.show_result(record.metrics, record.id)
        if record.status == "failed":
            raise LabkartError(describe_failure(record))

    def sweep(self, sweeper: Sweeper, overrides: list[str]) -> None:
        """Plan many experiments, run what is missing, show them beside each other."""
        self.was_called = True
        console.show_logging()
        self._sweep = sweep = plan_sweep(sweeper, overrides, self.publisher)
        freeze_imports()
        with _collect_failures(self.failures):
            assert sweeper.launcher
            sweep.run(sweeper.launcher)
        records = [experiment.record for experiment in sweep.experiments]
        self._show_sweep(records, sweep.ranking, sweep.record.id[:6])
        failed = [record for record in records if record.status != "finished"]
        if failed:
            self.failures.append(describe_failures(failed, len(records)))

    @property
    def planned_sweep(self) -> Sweep:
        """What our sweeper has planned, for our launchers to run.

        Raises:
            LabkartError: another sweeper has planned it.
        """
        if not self._sweep:
            problem = "hydra/sweeper: only Labkart's own works with Labkart's launcher"
            raise LabkartError(f"{problem}. Leave it out, or add hydra/launcher=basic.")
        return self._sweep

    def _introduce(self, composed: Composed) -> None:
        """Say what kind of run it is, where that is not obvious."""
        if HydraConfig.get().mode == RunMode.MULTIRUN:  # by one of Hydra's own launchers
            self.output.say(" ".join(composed.overrides))
        elif params := HydraConfig.get().sweeper.get("params"):
            values = " ".join(f"{name}={text}" for name, text in params.items())
            self.output.warn(f"  one run of a set ({values}); -m runs all of them")

    def _reuse(self, experiment: Experiment) -> None:
        """Take the result of an earlier run."""
        record, count = experiment.record, len(experiment.tasks)
        self.output.say(f"  {count} task{'s' if count > 1 else ''} cached, nothing to do")
        reuse_record(record, self.publisher)

    def _build(self, experiment: Experiment) -> None:
        workers = experiment.workers(1)
        publisher = self.publisher
        # Before the experiment is marked as running: the publishing process must not hold the mark.
        publisher.start()
        with ExperimentProgress(workers) as progress:
            try:
                run_experiments([experiment], workers, progress, publisher.begin, publisher.end)
            finally:
                progress.show_rest(experiment.record.tasks)

    def _show_sweep(self, records: list[ExperimentRecord], ranking: Ranking, id: str) -> None:
        self.output.show_groups(records, ranking)
        names = {name for record in records for name in record.metrics}
        if ranking.metric and names and ranking.metric not in names:
            hint = did_you_mean(ranking.metric, names)
            self.output.warn(f"  labkart.rank_by={ranking.metric}: nothing logs it. {hint}")
        self.output.say(f"  sweep {id}  ·  {console.command(f'ui --sweep {id}')}")


@contextmanager
def _collect_failures(failures: list[str]) -> Iterator[None]:
    """Keep failures from Hydra, which would stop at them."""
    try:
        yield
    except LabkartError as error:
        failures.append(str(error))
    except OSError as error:  # a full disk, a folder that may not be written
        place = error.filename or "outputs/"
        failures.append(f"{place}: {error.strerror or error}. What was finished is kept.")
    except Exception as error:
        raise RuntimeError("This is a mistake in Labkart, not yours. Please report it.") from error
