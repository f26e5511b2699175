"""`labkart sync`: write to MLflow what is not there yet."""

import argparse
import os

from labkart import console, project
from labkart.errors import LabkartError


def main(argv: list[str]) -> int:
    """Publish all records.

    Raises:
        LabkartError: MLflow did not take all of them.
    """
    parser = argparse.ArgumentParser(
        "labkart sync", description="Write to MLflow what is not there yet."
    )
    parser.parse_args(argv)

    from labkart.experiments import session
    from labkart.tracking import store
    from labkart.tracking.publisher import NullPublisher

    os.chdir(project.current().root)
    session.close_abandoned(NullPublisher())
    with console.busy("writing to MLflow"):
        count, written = _publish_all()
    console.say(
        f"  {written} of {count} experiments written; all are in {store.describe_location()}"
    )
    return 0


def _publish_all() -> tuple[int, int]:
    """How many records there are, and how many of them were written now."""
    from labkart.tracking import publish, store

    count = written = 0
    failures = list[str]()
    try:
        for record, is_new, problem in publish.sync():
            count += 1
            written += is_new
            if problem:
                failures.append(f"{record.id[:6]}: {problem}")
    except Exception as error:  # whatever MLflow, its database or the network raise
        raise LabkartError(
            f"Stopped: {store.describe_error(error)}. "
            f"{written} experiments were written; run it again for the others."
        ) from error
    if failures:
        summary = f"{written} of {count} experiments written; these were not."
        raise LabkartError("\n".join([*failures, summary]))
    return count, written
