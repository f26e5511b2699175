"""Runs what Hydra composes of a command: one experiment, or many of a sweep.

Knows Hydra's entry point and when records are published. Results are shown by a `RunOutput`.
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

from labkart import console, project, trace, write_errors
from labkart._compat import hydra_arguments, option_names
from labkart.errors import LabkartError
from labkart.experiments import composer, ranks, repetition, sweep_file
from labkart.experiments.config import Composed, InvalidOverride
from labkart.experiments.config_errors import explain_error
from labkart.experiments.experiment import run_experiments
from labkart.experiments.plan import Experiment, plan
from labkart.experiments.progress import ExperimentProgress
from labkart.experiments.recording import reuse_record
from labkart.experiments.run_output import (
    RunOutput,
    describe_failure,
    describe_failures,
    warn_of_metrics,
)
from labkart.experiments.session import session
from labkart.experiments.sweep import Sweep, plan_sweep
from labkart.language import join_sentences, mistake, translate, translate_count
from labkart.records import leftovers
from labkart.records.names import MetricNames
from labkart.tasks.context import context
from labkart.tracking.publisher import Publisher
from labkart.wording import no_such_option

_MULTIRUN = ("-m", "--multirun")
_OWN_OPTIONS = ("--debug", "--fail-fast")  # of `labkart run`, beside Hydra's


def run(
    overrides: list[str],
    output: RunOutput,
    *,
    is_debugging: bool = False,
    fail_fast: bool = False,
) -> int:
    """Run what Hydra composes of the arguments of a command; return 0.

    Args:
        overrides: the arguments.
        output: shows the results.
        is_debugging: run the tasks in this process, with a debugger where one fails.
        fail_fast: stop the other tasks, and experiments, when a task fails.

    Raises:
        LabkartError: an experiment failed, or cannot be planned.
    """
    context.is_debugging = is_debugging
    publisher = Publisher()
    task = HydraTask(output, publisher, fail_fast=fail_fast)
    with session(publisher):
        run_hydra(task, overrides)
    if task.failures:
        raise LabkartError("\n".join(task.failures))
    return 0


def run_on_node(overrides: list[str]) -> None:
    """Run one experiment in a job of its own; whoever submitted it publishes the record.

    Raises:
        LabkartError: the experiment failed, or cannot be planned.
    """
    task = HydraTask(RunOutput())
    console.show_logging()
    with _collect_failures(task.failures):
        ranks.run(plan(composer.compose_overrides(*overrides)), task.run_experiment)
    if task.failures:
        raise LabkartError("\n".join(task.failures))


def plan_all(arguments: Sequence[str]) -> list[Experiment]:
    """The experiments that `labkart run -m` would run with the same arguments.

    Raises:
        LabkartError: an argument is wrong, or an experiment cannot be planned.
    """
    task = HydraTask(RunOutput(), plans_only=True)
    run_hydra(task, arguments)
    return task.planned_sweep.experiments


def run_hydra(task: "HydraTask", arguments: Sequence[str]) -> None:
    """Let Hydra call the task with one composed configuration, or our sweeper with many.

    Raises:
        LabkartError: an argument is wrong.
    """
    # Else Hydra prints errors in its own way and ends the process.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    # `-m` may stand between overrides, but argparse needs it in front.
    options_first = sorted(arguments, key=lambda argument: argument not in _MULTIRUN)
    if options_first[:1] and options_first[0] in _MULTIRUN:
        task.sweep_files, options_first = sweep_file.split(options_first)
    sys.argv = ["labkart", *options_first]
    parser = hydra_arguments()
    _, unknown = parser.parse_known_args(sys.argv[1:])
    if unknown:
        problem = no_such_option(unknown[0], [*option_names(parser), *_OWN_OPTIONS])
        settings = translate(
            "Settings are names and values, as model=forest or labkart.workers=4;"
            " --help lists them."
        )
        raise LabkartError(join_sentences(problem, settings))
    conf = str(project.current().root / "conf")
    try:
        hydra.main(config_path=conf, config_name="config", version_base="1.3")(task)()
    except InvalidOverride as error:
        raise explain_error(error, arguments) from None
    except Exception as error:
        names_hydra = any("hydra" in argument for argument in arguments)
        if task.was_called or isinstance(error, LabkartError) or not names_hydra:
            raise
        message = " ".join(str(error).split())
        raise mistake(
            "hydra: {message}. Check the overrides that name it.", message=message
        ) from None


class HydraTask:
    """What Hydra calls: with one configuration, or, by our sweeper and launchers, for a sweep.

    A launcher may pickle it and call it in another process, and whoever leads publishes then.

    Attributes:
        failures: the messages to show when Hydra has ended.
        was_called: whether Hydra has called it.
        sweep_files: the overrides that name files in `conf/sweep/`, which Hydra cannot read.
    """

    def __init__(
        self,
        output: RunOutput,
        publisher: Publisher | None = None,
        *,
        fail_fast: bool = False,
        plans_only: bool = False,
    ) -> None:
        self.output = output
        self.publisher = publisher
        self._fail_fast = fail_fast
        self._plans_only = plans_only
        self.failures: list[str] = []
        self.was_called = False
        self.sweep_files: list[str] = []
        self._sweep: Sweep | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return HydraTask, (self.output,)

    def __call__(self, cfg: DictConfig) -> None:
        """Run the experiment that Hydra composed."""
        self.was_called = True
        # The failures of a sweep are shown together when it ends.
        with _collect_failures([] if self._sweep else self.failures):
            composed = Composed.of_job(cfg, HydraConfig.instance().cfg)
            composer.check_additions(composed.overrides)
            console.show_logging()
            experiment = plan(composed)
            self._introduce(composed)
            self.run_experiment(experiment)

    def run_experiment(self, experiment: Experiment) -> None:
        """Run what is missing of one experiment, publish it, show it.

        Raises:
            LabkartError: a task failed.
        """
        record = experiment.record
        if record.status == "finished":
            _say_cached(experiment)
            if reuse_record(record):
                repetition.confirm(experiment)
        else:
            with trace.untraced():
                self._build(experiment)
            if record.status == "finished" and trace.is_answer():
                with trace.unseen():
                    _say_cached(experiment)
                repetition.foresee(experiment)
        # A task that failed has no result, whatever it logged before.
        self.output.show_result(MetricNames(record).results(("cached", "ran")), record.id)
        warn_of_metrics([record])
        if record.status == "failed":
            raise LabkartError(describe_failure(record))

    def sweep(self, sweeper: Sweeper, overrides: list[str]) -> None:
        """Plan many experiments, run what is missing, show them beside each other."""
        self.was_called = True
        console.show_logging()
        self._sweep = sweep = plan_sweep(sweeper, overrides, self.publisher)
        if self._plans_only:
            return
        sweep.fail_fast = self._fail_fast
        with _collect_failures(self.failures):
            assert sweeper.launcher
            sweep.run(sweeper.launcher)
        records = [experiment.record for experiment in sweep.experiments]
        self.output.show_groups(records, sweep.ranking)
        warn_of_metrics(records, sweep.ranking)
        id = sweep.record.id[:6]
        sentence = translate("  sweep {id}", id=id)
        console.say(f"{sentence}  ·  {console.command(f'ui --sweep {id}')}")
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
            raise mistake(
                "hydra/sweeper: only Labkart's own works with Labkart's launcher."
                " Leave it out, or add hydra/launcher=basic."
            )
        return self._sweep

    def _introduce(self, composed: Composed) -> None:
        """Say what kind of run it is, where that is not obvious."""
        if HydraConfig.get().mode == RunMode.MULTIRUN:  # by one of Hydra's own launchers
            console.say(" ".join(composed.overrides))
        elif params := HydraConfig.get().sweeper.get("params"):
            values = " ".join(f"{name}={text}" for name, text in params.items())
            console.warn(
                translate("  one run of a set ({values}); -m runs all of them", values=values)
            )

    def _build(self, experiment: Experiment) -> None:
        workers = experiment.workers(1)
        # Before the experiment is marked as running: the publishing process must not hold the mark.
        if self.publisher:
            self.publisher.start()
        leftovers.remove_leftovers()
        with ExperimentProgress() as progress:
            try:
                run_experiments([experiment], workers, progress, fail_fast=self._fail_fast)
            finally:
                progress.show_rest(experiment.record.tasks)


def _say_cached(experiment: Experiment) -> None:
    console.say(
        translate_count(
            "  {count} task cached, nothing to do",
            "  {count} tasks cached, nothing to do",
            len(experiment.tasks),
        )
    )


@contextmanager
def _collect_failures(failures: list[str]) -> Iterator[None]:
    """Keep failures from Hydra, which would stop at them."""
    try:
        yield
    except LabkartError as error:
        failures.append(str(error))
    except OSError as error:
        failures.append(write_errors.describe_end(error))
    except Exception as error:
        problem = translate("This is a mistake in Labkart, not yours. Please report it.")
        raise RuntimeError(problem) from error
