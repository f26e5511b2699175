"""What experiments leave on the disk."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.bench import Bench, Row, checked

_COUNT = 150
_LOCK = 540_000  # bytes of `uv.lock` in a new project


def disk(bench: Bench) -> Iterator[Row]:
    """Experiments with a model of 480 kB, two figures and a table each, as the sample has them."""
    pair = bench.pair("disk")
    (pair.project / "uv.lock").write_text("#" * _LOCK)
    checked(pair.run_labkart("run", "-m", "shape=scored", f"n=range({_COUNT})"))
    outputs = pair.project / "outputs"
    everything, cache = _sizes(outputs), _sizes(outputs / "cache")
    size, cached = sum(everything), sum(cache)
    yield Row(
        f"{_COUNT} experiments: outputs/, beside its cache",
        f"{cached / 1e6:.0f} MB",
        f"{size / 1e6:.0f} MB",
        f"{size / cached:.2f}",
        "1.3",
    )
    added = (size - cached) / _COUNT
    yield Row("... per experiment, without the cache", labkart=f"{added / 1e3:.0f} kB")
    files = (len(everything) - len(cache)) / _COUNT
    yield Row("... files of them, each content once", labkart=f"{files:.1f}")


def _sizes(folder: Path) -> list[int]:
    """The bytes that each file and folder takes on the disk; one with two names counts once."""
    states = {status.st_ino: status for status in (path.lstat() for path in _below(folder))}
    return [512 * status.st_blocks for status in states.values()]


def _below(folder: Path) -> Iterable[Path]:
    return [folder, *folder.rglob("*")]
