"""What there is on a machine for tasks that ask for graphics cards and other things, and what is said if it is too little."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from hydra.core.hydra_config import HydraConfig

from labkart.errors import LabkartError
from labkart.experiments.composer import compose_overrides
from labkart.experiments.plan import plan
from labkart.experiments.supply import Supply
from tests.support.tiny import write
from tests.support.variants import variants

CODE = """\
from labkart import Task, make
from luigi import DictParameter

class Train(Task):
    needs = DictParameter()

    @property
    def resources(self):
        return dict(self.needs)

    def run(self):
        self.dump(1)

def pipeline(cfg):
    tasks = [make(Train, needs=dict(needs)) for needs in cfg.needs]
    return tasks if len(tasks) > 1 else tasks[0]
"""
TABLE = '[project]\nname = "tiny"\n\n[tool.labkart]\npipeline = "{module}:pipeline"\n'
CONFIG = "needs: [{gpu: 1}]\ntask: null\nlabkart: {resources: {gpu: auto, tasks_per_gpu: 1}}\n"
CARDS = "\n".join(f"GPU {number}: NVIDIA A100 (UUID: GPU-{number}{number})" for number in range(4))
ONE = "{gpu:1}"


@pytest.fixture(autouse=True)
def _project(
    root: Path, student: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, **{"pyproject.toml": TABLE.format(module=student(CODE).__name__)})
    write(root, **{"conf/config.yaml": CONFIG})
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    HydraConfig.instance().cfg = None


def nvidia_smi(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    write(folder, **{"nvidia-smi": f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n"})
    (folder / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with four cards."""
    nvidia_smi(tmp_path / "bin", monkeypatch, CARDS)


def needs(*amounts: str) -> str:
    return f"needs=[{','.join(amounts)}]"


def check(*overrides: str) -> tuple[list[str], str]:
    """The cards that there are, and what is said about the tasks of a configuration."""
    planned = plan(compose_overrides(*overrides))
    supply = Supply.of(planned.composed.cfg)
    said = supply.check(planned.tasks.values())
    return [card.name for card in supply.cards], said


@pytest.mark.parametrize(
    ("setting", "variable", "expected"),
    variants(
        [
            ("auto", None, "0,1,2,3"),
            ("null", None, "0,1,2,3"),
            ("auto", "2,3", "2,3"),
            ("auto", "GPU-33", "GPU-33"),
            ("1", "2,3", "2"),
            ("8", "2,3", "2,3"),
            ("[1,3,1]", None, "1,3"),
            ("[0,3]", "2,3", "3"),
            ("[0,3]", "GPU-33", "GPU-33"),
            ("[GPU-22]", None, "2"),
            ("auto", "0,GPU-00,0,1", "0,1"),
            ("[1,GPU-11]", None, "1"),
        ],
        4,
    ),
)
def test_the_settings_and_the_environment_choose_cards(
    setting: str,
    variable: str | None,
    expected: str,
    machine: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if variable is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert check(needs(ONE), f"labkart.resources.gpu={setting}") == (expected.split(","), "")


@pytest.mark.parametrize(
    ("machine_of", "reason"),
    variants(
        [
            (("auto", None, None), "no graphics card was found (there is no nvidia-smi)"),
            (("auto", None, ""), "nvidia-smi finds no graphics card"),
            (
                ("auto", None, "Failed: no driver"),
                "nvidia-smi finds no graphics card: Failed: no driver",
            ),
            (("auto", "", CARDS), "CUDA_VISIBLE_DEVICES is empty"),
            (("auto", "-1", CARDS), "CUDA_VISIBLE_DEVICES is -1"),
            (("0", None, CARDS), "labkart.resources.gpu is 0"),
            (("[]", None, CARDS), "labkart.resources.gpu is []"),
            (("2", "", None), "labkart.resources.gpu is 2, CUDA_VISIBLE_DEVICES is empty"),
        ],
        3,
    ),
)
def test_without_a_card_a_sentence_says_why_tasks_run_on_the_cpu(
    machine_of: tuple[str, str | None, str | None],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting, variable, program = machine_of
    if program is not None:
        nvidia_smi(tmp_path / "bin", monkeypatch, program)
    if variable is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    cards, said = check(needs(ONE, "{gpu:0}"), f"labkart.resources.gpu={setting}")
    assert (cards, said) == ([], f"Train asks for a graphics card and runs on the CPU: {reason}.")


@pytest.mark.parametrize(("setting", "expected"), [("2", ["0", "1"]), ("[3]", ["3"])])
def test_the_settings_are_believed_where_nobody_can_count(
    setting: str, expected: list[str]
) -> None:
    assert check(needs(ONE), f"labkart.resources.gpu={setting}") == (expected, "")


def test_who_asks_for_nothing_needs_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvidia_smi(tmp_path / "bin", monkeypatch, "END\ntouch called\ncat <<'END'")
    plan_only = plan(compose_overrides(needs("{}")))
    assert Supply.of(plan_only.composed.cfg).check(plan_only.tasks.values()) == ""
    assert not Path("called").exists()


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    variants(
        [
            (
                [needs("{gpu:5}")],
                "Train asks for gpu: 5, but this machine has 4 (nvidia-smi lists 4).",
            ),
            (
                [needs(ONE, "{gpu:2}"), "labkart.resources.gpu=1"],
                "Train asks for gpu: 2, but this machine has 1 (labkart.resources.gpu is 1, nvidia-smi lists 4).",
            ),
            (
                [needs("{licence:1}")],
                "Train asks for licence: 1, but labkart.resources has no licence. Say in conf/config.yaml how much there is, as licence: 1.",
            ),
            (
                [needs("{licnce:1}"), "+labkart.resources.licence=1"],
                'Train asks for licnce: 1, but labkart.resources has no licnce. Did you mean "licence"? Say in conf/config.yaml how much there is, as licnce: 1.',
            ),
            (
                [needs("{memory_gb:7.5}"), "+labkart.resources.memory_gb=6"],
                "Train asks for memory_gb: 7.5, but this machine has 6 (labkart.resources.memory_gb).",
            ),
            (
                [needs("{gpu:0.5}")],
                "Train.resources: gpu must be a whole number, 0 or more, got 0.5.",
            ),
            (
                [needs("{gpu:-1}")],
                "Train.resources: gpu must be a whole number, 0 or more, got -1.",
            ),
            (
                [needs("{licence:many}")],
                "Train.resources: licence must be a number, 0 or more, got 'many'.",
            ),
            (
                [needs(ONE), "labkart.resources.gpu=[0,7]"],
                "labkart.resources.gpu: there is no card 7, nvidia-smi lists 4: 0, 1, 2, 3.",
            ),
        ],
        3,
    ),
)
def test_what_can_never_run_is_refused(
    overrides: Sequence[str], sentence: str, machine: None
) -> None:
    with pytest.raises(LabkartError) as error:
        check(*overrides)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        (
            "resources=4",
            "labkart.resources must be names and amounts, as {gpu: auto}, got 4.",
        ),
        (
            "resources.gpu=all",
            "labkart.resources.gpu must be auto, the number of graphics cards, a list of them, as [0, 2], or null, got all.",
        ),
        (
            "resources.gpu=-1",
            "labkart.resources.gpu must be auto, the number of graphics cards, a list of them, as [0, 2], or null, got -1.",
        ),
        (
            "resources.tasks_per_gpu=0",
            "labkart.resources.tasks_per_gpu must be a positive integer or null, got 0.",
        ),
        (
            "resources.licence=few",
            "labkart.resources.licence must be a number, 0 or more, or null, got few.",
        ),
    ],
)
def test_settings_that_are_no_amounts_are_refused(override: str, sentence: str) -> None:
    with pytest.raises(LabkartError) as error:
        plan(compose_overrides(f"++labkart.{override}"))
    assert str(error.value) == sentence
