"""What a long task used of the machine, as its table and as its means and peaks."""

from pathlib import Path

from labkart.records import machine_use


def test_a_table_is_read_as_it_was_written_also_where_a_card_was_used_later(tmp_path: Path) -> None:
    points = [
        {"seconds": 1.0, "cpu_percent": 50.0, "disk_read_mb": 1.0},
        {"seconds": 2.0, "cpu_percent": 150.0, "disk_read_mb": 7.0, "gpu_percent": 30.0},
    ]
    machine_use.write(tmp_path, points)
    assert machine_use.read(tmp_path) == points
    assert machine_use.summary(tmp_path) == {
        "cpu_percent_mean": 100.0,
        "cpu_percent_peak": 150.0,
        "disk_read_mb": 7.0,
        "gpu_percent_mean": 30.0,
        "gpu_percent_peak": 30.0,
    }


def test_a_task_without_a_table_used_nothing_that_is_known(tmp_path: Path) -> None:
    assert machine_use.read(tmp_path) == [] and machine_use.summary(tmp_path) == {}
