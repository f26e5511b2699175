"""What a sweep keeps of jobs on other hosts."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from hydra.core.hydra_config import HydraConfig

from labkart.experiments.combinations import Job
from labkart.experiments.composer import compose_overrides
from labkart.experiments.plan import plan
from labkart.experiments.sweep import Sweep
from labkart.records.record import read_experiment
from labkart.tracking import entities
from tests.support.tiny import write

CODE = """\
from labkart import Task, make

class Answer(Task):
    def run(self):
        self.dump(42)

def pipeline(cfg):
    return make(Answer)
"""


def test_a_job_that_died_before_it_began_has_a_whole_record_which_mlflow_takes(
    root: Path, student: Callable[[str], ModuleType]
) -> None:
    table = f'[project]\nname = "tiny"\n\n[tool.labkart]\npipeline = "{student(CODE).__name__}:pipeline"\n'
    write(root, **{"pyproject.toml": table, "conf/config.yaml": "seed: 0\ntask: null\n"})
    HydraConfig.instance().cfg = None
    experiment = plan(compose_overrides("seed=3"))
    sweep = Sweep(["seed=3"], [Job(["seed=3"])], [experiment], None)
    sweep._take(experiment, "its node died")
    record = read_experiment(experiment.record.id)
    assert record and record.config["seed"] == 3 and record.sweeps == [sweep.record.id]
    assert (record.status, record.error) == ("killed", "its node died") and record.ended
    tags = {tag.key: tag.value for tag in entities.tags(record, [])}
    assert tags["labkart.error"] == "its node died" and tags["mlflow.user"]

    again = plan(compose_overrides("seed=3"))
    Sweep(["seed=3"], [Job(["seed=3"])], [again], None)._take(again, "it was cancelled")
    record = read_experiment(experiment.record.id)
    assert record and record.error == "it was cancelled"
