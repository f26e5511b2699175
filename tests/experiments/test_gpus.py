"""Which graphics cards there are, on machines whose `nvidia-smi` is made up."""

from pathlib import Path

import pytest

from labkart.experiments import gpus
from labkart.experiments.gpus import Card

LISTED = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa-0)
GPU 1: NVIDIA GeForce RTX 3090 (UUID: GPU-bbbb-1)
GPU 2: NVIDIA GeForce RTX 3090 (UUID: GPU-cccc-2)"""
DIVIDED = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa-0)
  MIG 3g.20gb     Device  0: (UUID: MIG-1111)
  MIG 1g.5gb      Device  1: (UUID: MIG-2222)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-bbbb-1)"""


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in gpus.VARIABLES:
        monkeypatch.delenv(name, raising=False)


def nvidia_smi(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, option: str = "-L"
) -> None:
    """Let this program be found, which prints a text if it gets an option."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncase \"$*\" in *{option}*) cat <<'END'\n{text}\nEND\nesac\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def names() -> list[str]:
    return [card.name for card in gpus.visible().cards]


def test_cards_are_those_that_nvidias_program_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvidia_smi(tmp_path, monkeypatch, LISTED)
    found = gpus.visible()
    assert found.cards[1] == Card("1", "GPU-bbbb-1", "NVIDIA GeForce RTX 3090")
    assert (len(found.cards), found.reason) == (3, "nvidia-smi lists 3")


def test_the_table_of_an_older_program_is_read_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvidia_smi(tmp_path, monkeypatch, "0, GPU-aaaa-0, Tesla K80\n1, GPU-bbbb-1, Tesla K80", "query")
    assert gpus.visible().cards[1] == Card("1", "GPU-bbbb-1", "Tesla K80")


def test_a_divided_card_counts_as_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvidia_smi(tmp_path, monkeypatch, DIVIDED)
    first, *rest = gpus.visible().cards
    assert first == Card("MIG-1111", "MIG-1111", "NVIDIA A100-SXM4-40GB MIG 3g.20gb")
    assert [card.name for card in rest] == ["MIG-2222", "1"]
    assert gpus.variables([first]) == {"CUDA_VISIBLE_DEVICES": "MIG-1111"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2,0", ["2", "0"]),
        (" 1 ", ["1"]),
        ("GPU-bbbb", ["GPU-bbbb"]),
        ("GPU-cccc-2,GPU-aaaa-0", ["GPU-cccc-2", "GPU-aaaa-0"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("0,-1,1", ["0"]),  # CUDA ignores what follows
        ("1,7,0", ["1"]),
    ],
)
def test_the_variable_of_cuda_counts(
    text: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvidia_smi(tmp_path, monkeypatch, LISTED)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", text)
    assert names() == expected
    ids = {"GPU-aaaa-0", "GPU-bbbb-1", "GPU-cccc-2"}
    assert {card.id for card in gpus.visible().cards} <= ids


@pytest.mark.parametrize("text", ["0,3", "MIG-GPU-aaaa/1/0", "GPU-aaaa"])
def test_without_nvidias_program_the_variable_is_believed(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus.visible().cards == () and not gpus.visible().is_known
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", text)
    assert names() == text.split(",") and gpus.visible().is_known


def test_numbers_are_those_of_nvidias_program_unless_the_person_wants_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = [Card("1", "GPU-bbbb-1"), Card("2", "GPU-cccc-2")]
    variables = {"CUDA_VISIBLE_DEVICES": "1,2", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    assert gpus.variables(chosen) == variables
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "FASTEST_FIRST")
    assert gpus.variables(chosen)["CUDA_DEVICE_ORDER"] == "FASTEST_FIRST"
    assert gpus.variables([]) == {"CUDA_VISIBLE_DEVICES": ""}
