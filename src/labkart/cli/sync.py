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

    from labkart.records import leftovers
    from labkart.tracking import store, writer

    os.chdir(project.current().root)
    leftovers.close_abandoned()
    results = list[writer.SyncResult]()
    try:
        with console.busy("writing to MLflow"):
            results.extend(writer.sync())  # keeps what was written before an error
    except Exception as error:  # whatever MLflow, its database or the network raise
        count = sum(result.is_new for result in results)
        raise LabkartError(
            f"Stopped: {store.describe_error(error)}. "
            f"{count} experiments were written; run it again for the others."
        ) from error
    written = f"{sum(result.is_new for result in results)} of {len(results)} experiments written"
    failures = [f"{result.label}: {result.error}" for result in results if result.error]
    if failures:
        raise LabkartError("\n".join([*failures, f"{written}; these were not."]))
    console.say(f"  {written}; all are in {store.describe_location()}")
    return 0
