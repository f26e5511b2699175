"""What Labkart costs beside plain gokart: measures, prints a table, judges nothing."""

import argparse
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path

from benchmarks.bench import Bench, Row
from benchmarks.cases import (
    answers,
    disk,
    identity,
    logs,
    many,
    precision,
    records,
    search,
    sweeps,
    tasks,
    tracking,
)

_CASES = [
    *(answers.nothing, answers.answers),
    *(tasks.flat, tasks.layered, tasks.first, tasks.sample, tasks.chain),
    *(identity.fingerprint, identity.data, precision.precision),
    tracking.tracked,
    *(logs.watched, logs.printed),
    *(records.status, records.runs, records.report),
    *(sweeps.jobs, sweeps.sweep),
    *(many.plan, many.run, many.publish, many.look),
    search.search,
    disk.disk,
]
CASES = {case.__name__: case for case in _CASES}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure Labkart beside plain gokart.")
    rounds_help = "how often each pair is measured (5)"
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help=rounds_help)
    parser.add_argument("--only", choices=CASES, metavar="CASE", help=f"one of {', '.join(CASES)}")
    chain_help = "how many tasks the chain has (1000)"
    parser.add_argument("--chain", type=int, default=1000, metavar="N", help=chain_help)
    published_help = "how many experiments MLflow gets (400)"
    parser.add_argument("--published", type=int, default=400, metavar="N", help=published_help)
    args = parser.parse_args()
    versions = ", ".join(f"{name} {version(name)}" for name in ("gokart", "luigi", "mlflow"))
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"CPU seconds, medians of {args.rounds}; {machine}, {versions}\n")
    show(Row("", "plain gokart", "labkart", "ratio", "goal"))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), args.rounds, args.chain, args.published)
        for name, case in CASES.items():
            if args.only in (None, name):
                for row in case(bench):
                    show(row)


def show(row: Row) -> None:
    """Print a line of the table."""
    numbers = f"{row.plain:>24}{row.labkart:>10}{row.ratio:>8}{row.goal:>8}"
    print(f"{row.case:<52}{numbers}", flush=True)


if __name__ == "__main__":
    main()
