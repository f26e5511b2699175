"""The verb `run`: Hydra composes, `Job` runs what it composed; what ends is published and shown."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import hydra
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from labkart import console, project, signals
from labkart.errors import LabkartError, did_you_mean
from labkart.experiments import config, experiment
from labkart.experiments.config import Composed
from labkart.experiments.failures import describe_failure, describe_failures
from labkart.experiments.plan import Experiment, plan
from labkart.experiments.progress import ExperimentProgress
from labkart.experiments.session import check_place, close, close_abandoned, make_ready
from labkart.experiments.sweep import Sweep
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Ranking
from labkart.tracking import store
from labkart.tracking.publisher import NullPublisher, Publisher

MANY = ("-m", "--multirun")


class RunOutput(Protocol):
    """Where a run says what happens."""

    def say(self, text: str) -> None:
        """Print a sentence."""

    def warn(self, text: str) -> None:
        """Print a warning."""

    def show_result(self, metrics: Mapping[str, float], experiment_id: str) -> None:
        """Show what came of an experiment."""

    def show_groups(self, records: Sequence[ExperimentRecord], ranking: Ranking) -> None:
        """Show what came of a sweep."""


class LineOutput:
    """The output of a run in another process: lines that the one who leads may read."""

    def say(self, text: str) -> None:
        """Print a sentence."""
        console.say(text)

    def warn(self, text: str) -> None:
        """Print a warning."""
        console.warn(text)

    def show_result(self, metrics: Mapping[str, float], experiment_id: str) -> None:
        """Print the metrics."""
        if metrics:
            pairs = (f"{name} {console.format_number(value)}" for name, value in metrics.items())
            console.say(f"  {'   '.join(pairs)}")

    def show_groups(self, records: Sequence[ExperimentRecord], ranking: Ranking) -> None:
        """Never called: a sweep is shown by the process that leads it."""


def run(words: list[str], output: RunOutput) -> int:
    """Run what Hydra makes of the words."""
    os.chdir(project.current().root)
    check_place()
    job = HydraTask(words, output)
    signals.install_handlers()
    try:
        close_abandoned(job.publisher)
        run_hydra(job, words)
    finally:
        close(job.publisher)
    if job.failures:
        raise LabkartError("\n".join(job.failures))
    return 0


def run_hydra(job: "HydraTask", words: Sequence[str]) -> None:
    """Hand the words to Hydra; it calls the job with a composed configuration, or our launcher with many."""
    os.environ.setdefault(
        "HYDRA_FULL_ERROR", "1"
    )  # else Hydra prints errors in its own way and leaves
    many = [word for word in words if word in MANY]
    # argparse takes the names and values only in one piece, so what may stand between them goes to the front.
    sys.argv = ["labkart", *many, *(word for word in words if word not in many)]
    _, unknown = get_args_parser().parse_known_args(sys.argv[1:])
    if unknown:
        remedy = (
            "Settings are names and values, as model=forest or labkart.workers=4; --help lists them"
        )
        raise LabkartError(f"{unknown[0]}: there is no such option. {remedy}.")
    conf = str(project.current().root / "conf")
    try:
        hydra.main(config_path=conf, config_name="config", version_base="1.3")(job)()
    except config.InvalidOverride as error:
        raise config.explain_error(error, words) from None
    except Exception as error:
        if (
            job.called
            or isinstance(error, LabkartError)
            or not any("hydra" in word for word in words)
        ):
            raise
        raise LabkartError(
            f"hydra: {' '.join(str(error).split())}. Look at the words that name it."
        ) from None


class HydraTask:
    """What Hydra calls: with one configuration, perhaps in a process that a launcher has started, or for a sweep."""

    def __init__(self, words: list[str], output: RunOutput) -> None:
        self.output = output
        self.words, self.failures, self.publisher = words, list[str](), Publisher()
        self.planned: Sweep | None = None
        self.called = False

    def __getstate__(self) -> dict[str, Any]:
        return {"words": self.words, "output": self.output}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """In another process, where the one who leads publishes what comes of it."""
        self.output = state["output"]
        self.words, self.failures, self.publisher = state["words"], list[str](), NullPublisher()
        self.planned, self.called = None, False

    def __call__(self, cfg: DictConfig) -> None:
        self.called = True
        # Of a sweep they are told together, at its end.
        with _collect_failures([] if self.planned else self.failures):
            composed = Composed.now(cfg)
            config.check_additions(composed.overrides)
            console.show_logging()
            self._run(plan(composed))

    def _run(self, planned: Experiment) -> None:
        """One experiment: run what is missing, publish it, show it."""
        if HydraConfig.get().mode == RunMode.MULTIRUN:  # by one of Hydra's own launchers
            self.output.say(" ".join(planned.composed.overrides))
        elif swept := HydraConfig.get().sweeper.get("params"):
            values = " ".join(f"{name}={text}" for name, text in swept.items())
            self.output.warn(f"  one run of a set ({values}); -m runs all of them")
        make_ready()
        record = planned.record
        if record.status == "finished":
            count = len(planned.tasks)
            self.output.say(f"  {count} task{'s' if count > 1 else ''} cached, nothing to do")
            experiment.settle(record)
            if not store.is_published(record):
                record.write()  # a new tag
                self.publisher.end(record)
        else:
            workers = planned.workers(1)
            self.publisher.start()  # before the mark that the experiment runs, which that process must not hold
            with ExperimentProgress(workers) as progress:
                try:
                    experiment.run_experiments(
                        [planned], workers, progress, self.publisher.begin, self.publisher.end
                    )
                finally:
                    progress.left(record.tasks)
        self.output.show_result(record.metrics, record.id)
        if record.status == "failed":
            raise LabkartError(describe_failure(record))

    def sweep(self, sweeper: BasicSweeper, words: list[str]) -> None:
        """Many experiments: plan all, run what is missing, show them beside each other."""
        self.called = True
        console.show_logging()
        self.planned = sweep = Sweep(sweeper, words, self.publisher)
        make_ready()
        with _collect_failures(self.failures):
            assert sweeper.launcher
            sweep.run(sweeper.launcher)
        records = [each.record for each in sweep.experiments]
        self.output.show_groups(records, sweep.ranking)
        known = {name for each in records for name in each.metrics}
        if sweep.ranking.metric and known and sweep.ranking.metric not in known:
            hint = did_you_mean(sweep.ranking.metric, known)
            self.output.warn(f"  labkart.rank_by={sweep.ranking.metric}: nothing logs it. {hint}")
        short = sweep.record.id[:6]
        self.output.say(f"  sweep {short}  ·  {console.command(f'ui --sweep {short}')}")
        if failed := [each for each in records if each.status != "finished"]:
            self.failures.append(describe_failures(failed, len(records)))

    def build(self) -> None:
        """What our launcher calls: what our sweeper has planned."""
        if not self.planned:
            remedy = "Leave it out, or add hydra/launcher=basic"
            raise LabkartError(
                f"hydra/sweeper: only Labkart's own works with Labkart's launcher. {remedy}."
            )
        self.planned.build()


def run_on_node(words: list[str]) -> None:
    """One experiment of a sweep, in a job of a cluster; the one who leads publishes its record."""
    job = HydraTask(words, LineOutput())
    job.publisher = NullPublisher()
    console.show_logging()
    with _collect_failures(job.failures):
        job._run(plan(config.compose_overrides(*words)))
    if job.failures:
        raise LabkartError("\n".join(job.failures))


@contextmanager
def _collect_failures(failures: list[str]) -> Iterator[None]:
    """Keep failures from Hydra, which would go no further."""
    try:
        yield
    except LabkartError as error:
        failures.append(str(error))
    except OSError as error:  # a full disk, a folder that may not be written
        where = error.filename or "outputs/"
        failures.append(f"{where}: {error.strerror or error}. What was finished is kept.")
    except Exception as error:
        raise RuntimeError(
            "This is a mistake in Labkart and not yours. Please report it."
        ) from error
