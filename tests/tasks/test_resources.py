"""What work cost is measured: its seconds, the processor's, and its memory."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from labkart.tasks.resources import Resources

pytestmark = pytest.mark.integration

BURN = "import time\nwhile time.process_time() < 0.2: pass"


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_work_costs_processor_time_and_at_least_as_much_of_the_clock() -> None:
    usage = Resources()
    with usage.measured():
        burn(0.1)
    assert 0.05 < usage.cpu_seconds < 5
    assert usage.wall_seconds > 0.09


def test_waiting_costs_no_processor_time() -> None:
    usage = Resources()
    with usage.measured():
        time.sleep(0.2)
    assert usage.wall_seconds >= 0.2
    assert usage.cpu_seconds < usage.wall_seconds / 2


def test_processor_time_of_ended_children_counts() -> None:
    usage = Resources()
    with usage.measured():
        subprocess.run([sys.executable, "-c", BURN], check=True)
    assert usage.cpu_seconds >= 0.15


def test_the_peak_holds_memory_that_was_given_back() -> None:
    usage = Resources()
    with usage.measured():
        len(bytearray(b"x") * (100 * 2**20))
    assert 100 < usage.peak_memory_mb < 100_000


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="only Linux starts the peak again"
)
def test_the_peak_of_earlier_work_is_forgotten() -> None:
    large, small = Resources(), Resources()
    with large.measured():
        len(bytearray(b"x") * (100 * 2**20))
    with small.measured():
        pass
    assert small.peak_memory_mb < large.peak_memory_mb - 50


def test_work_that_fails_is_measured() -> None:
    usage = Resources()
    with pytest.raises(ZeroDivisionError), usage.measured():
        raise ZeroDivisionError
    assert usage.wall_seconds > 0 < usage.peak_memory_mb


def torch(number: int | None, cuda: str | None = "12.4") -> SimpleNamespace:
    cudnn = SimpleNamespace(version=lambda: number)
    return SimpleNamespace(
        version=SimpleNamespace(cuda=cuda), backends=SimpleNamespace(cudnn=cudnn)
    )


TENSORFLOW = {"cuda_version": "12.3", "cudnn_version": "9"}


@pytest.mark.parametrize(
    ("name", "library", "versions"),
    [
        ("torch", torch(90100), {"cuda": "12.4", "cudnn": "9.1.0"}),
        ("torch", torch(8902), {"cuda": "12.4", "cudnn": "8.9.2"}),
        ("torch", torch(None), {"cuda": "12.4"}),
        ("torch", torch(None, None), {}),
        ("torch", SimpleNamespace(), {}),
        (
            "tensorflow",
            SimpleNamespace(sysconfig=SimpleNamespace(get_build_info=lambda: TENSORFLOW)),
            {"cuda": "12.3", "cudnn": "9"},
        ),
    ],
)
def test_the_versions_of_cuda_are_those_that_the_process_has(
    monkeypatch: pytest.MonkeyPatch, name: str, library: SimpleNamespace, versions: dict[str, str]
) -> None:
    monkeypatch.setitem(sys.modules, name, library)
    usage = Resources()
    with usage.measured():
        pass
    assert usage.gpu_libraries == versions
