"""`labkart sync`: write to MLflow what is not there yet."""

import os
from argparse import ArgumentParser

from labkart import console, project
from labkart.errors import LabkartError


def main(argv: list[str]) -> int:
    """Publish all records.

    Raises:
        LabkartError: MLflow did not take all of them.
    """
    parser = ArgumentParser("labkart sync", description="Write to MLflow what is not there yet.")
    parser.parse_args(argv)

    from labkart.experiments import session
    from labkart.tracking import publish, store
    from labkart.tracking.publisher import NullPublisher

    os.chdir(project.current().root)
    session.close_abandoned(NullPublisher())
    results = list[publish.SyncResult]()
    try:
        with console.busy("writing to MLflow"):
            results.extend(publish.sync())  # keeps what was written before an error
    except Exception as error:  # whatever MLflow, its database or the network raise
        count = sum(result.is_new for result in results)
        raise LabkartError(
            f"Stopped: {store.describe_error(error)}. "
            f"{count} experiments were written; run it again for the others."
        ) from error
    written = f"{sum(result.is_new for result in results)} of {len(results)} experiments written"
    failures = [f"{item.experiment.id[:6]}: {item.error}" for item in results if item.error]
    if failures:
        raise LabkartError("\n".join([*failures, f"{written}; these were not."]))
    console.say(f"  {written}; all are in {store.describe_location()}")
    return 0
