"""What ten thousand experiments of one sweep cost: to plan, to run, to look at, and on the disk."""

import json
import shutil
import signal
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.bench import LABKART, Bench, Pair, Row, peak_memory, shown, started

_PLANNED = (250, 1000)
_RUN = (100, 1000)
_RECORDS = (2_500, 10_000)
_PLAN = "run.plan_all(['-m', 'shape=one', 'n=range({count})'])"


def plan(bench: Bench) -> Iterator[Row]:
    """What planning one more experiment costs, for two sizes of a sweep."""
    pair = bench.pair("plan")
    imports = "from labkart.experiments import run; run.plan_all(['-m', 'shape=one', 'n=range(2)'])"
    for count in _PLANNED:
        call = _PLAN.format(count=count)
        seconds = median(pair.call(imports, call) for _ in range(bench.rounds))
        yield Row(
            f"planning {count} experiments, each", labkart=shown(seconds / count), goal="5 ms"
        )


def run(bench: Bench) -> Iterator[Row]:
    """What one more experiment costs to run, for two sizes of a sweep, and what it leaves."""
    pair = bench.pair("many")
    for count in _RUN:
        pair.forget()
        seconds = pair.on_labkart("run", "-m", "shape=one", f"n=range({count})")
        yield Row(f"running {count} experiments, each", labkart=shown(seconds / count))
        files, size = _sizes(pair.project / "outputs")
        left = f"{files / count:.1f}, {size / count / 1e3:.1f} kB"
        yield Row("... files and bytes that each leaves", labkart=left)


def publish(bench: Bench) -> Iterator[Row]:
    """What `labkart sync` costs for each experiment, what MLflow keeps, and when `ui` shows it."""
    for count in (bench.published // 4, bench.published):
        pair = bench.pair(f"publish-{count}")
        pair.on_labkart("run", "-m", "shape=one", "n=range(2)")
        outputs = pair.project / "outputs"
        copy_records(outputs / "records", count)
        before, seconds = _sizes(outputs), pair.on_labkart("sync")
        yield Row(f"sync of {count} experiments, each", labkart=shown(seconds / count))
        left = [after - size for after, size in zip(_sizes(outputs), before, strict=True)]
        numbers = f"{left[0] / count:.1f}, {left[1] / count / 1e3:.1f} kB"
        yield Row("... files and bytes that MLflow keeps of each", labkart=numbers)
        again, memory = _measured(bench, pair, ("sync",))
        yield Row("... again, nothing to do", labkart=shown(again), ratio=f"{memory:.0f} MB")
        pages = [_page(pair) for _ in range(bench.rounds)]
        seconds, megabytes = map(median, zip(*pages, strict=True))
        yield Row(
            "... ui, until it has the first 100, wall",
            labkart=shown(seconds),
            ratio=f"{megabytes:.0f} MB",
        )
        shutil.rmtree(pair.project)


def _page(pair: Pair) -> tuple[float, float]:
    """The seconds until `labkart ui` has sent its first runs, and its most memory in 10^6 bytes."""
    start = time.perf_counter()
    arguments = ("-c", LABKART, "ui", "--port", "0")
    with started(pair.project, [pair.project / "src"], *arguments) as process:
        assert process.stdout
        link = process.stdout.readline().strip()
        _answer(link, {})
        found = _answer(f"{link}/api/2.0/mlflow/experiments/search", {"max_results": 10})
        ids = [experiment["experiment_id"] for experiment in json.loads(found)["experiments"]]
        query = {"experiment_ids": ids, "max_results": 100}
        assert len(json.loads(_answer(f"{link}/api/2.0/mlflow/runs/search", query))["runs"])
        seconds = time.perf_counter() - start
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.send_signal(signal.SIGINT)
    return seconds, int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def _answer(address: str, query: Mapping[str, Any]) -> bytes:
    """What a server answers; a query is sent as MLflow's page does."""
    request = urllib.request.Request(address, headers={"Content-Type": "application/json"})
    request.data = json.dumps(query).encode() if query else None
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return answer.read()


def _sizes(folder: Path) -> tuple[int, int]:
    """How many files are in a folder, and how many bytes."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return len(files), sum(file.stat().st_size for file in files)


def look(bench: Bench) -> Iterator[Row]:
    """What commands cost that look at many experiments, for two numbers of them, with memory."""
    for count in _RECORDS:
        pair = bench.pair(f"look-{count}")
        pair.on_labkart("run", "-m", "shape=one", "n=range(2)")
        copy_records(pair.project / "outputs/records", count)
        for title, arguments in _LOOKS.items():
            seconds, memory = _measured(bench, pair, arguments)
            case = f"{title}, of {count:,} experiments"
            yield Row(case, labkart=f"{shown(seconds)}", ratio=f"{memory:.0f} MB", goal="3 s")
        shutil.rmtree(pair.project)


_LOOKS = {
    "runs": ("runs", "n>5", "--sort", "-n"),
    "runs of one sweep": ("runs", "--sweep", "a"),
    "report of a tenth": ("report", "tenth", "part=0", "--allow", "dirty", "--figures", "none"),
}


def _measured(bench: Bench, pair: Pair, arguments: tuple[str, ...]) -> tuple[float, float]:
    """CPU seconds when the summaries are known, and the most memory in 10^6 bytes."""
    pair.on_labkart(*arguments)
    seconds = median(pair.on_labkart(*arguments) for _ in range(bench.rounds))
    return seconds, peak_memory(pair, *arguments)


def copy_records(records: Path, count: int) -> None:
    """Make as many experiments of one, each with settings, metrics and a start of its own."""
    original = min((records / "experiments").iterdir())
    content = json.loads((original / "record.json").read_text())
    del content["digest"]  # it would not fit the copies
    sweep = min((records / "sweeps").iterdir())
    ids = [f"{number:016x}" for number in range(count)]
    for number, id in enumerate(ids):
        content |= {
            "id": id,
            "overrides": ["shape=one", f"n={number}"],
            "started": f"2026-11-{1 + number % 28:02}T09:{number % 60:02}:00.000+00:00",
            "settings": {"shape": "one", "n": number, "part": number % 10},
            "metrics": {"n": float(number)},
        }
        content["config"] |= {"n": number, "part": number % 10}
        folder = records / "experiments" / id
        folder.mkdir()
        (folder / "record.json").write_text(json.dumps(content, indent=1))
    shutil.rmtree(original)
    record = json.loads((sweep / "record.json").read_text()) | {"id": "a" * 16, "experiments": ids}
    sweep.rename(sweep.with_name("a" * 16))
    (sweep.with_name("a" * 16) / "record.json").write_text(json.dumps(record))
