"""What work cost is measured: its seconds, the processor's, and its memory."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from labkart.tasks.resources import Resources

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
    assert usage.cpu_seconds < 0.1


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
