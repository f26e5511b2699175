"""`labkart sync`: write to MLflow what is not there yet."""

import os
from argparse import ArgumentParser

from labkart import console, project
from labkart.cli import overrides
from labkart.errors import LabkartError
from labkart.language import mistake, translate


def main(argv: list[str]) -> int:
    """Publish all records.

    Raises:
        LabkartError: MLflow did not take all of them.
    """
    parser = ArgumentParser(
        "labkart sync", description=translate("Write to MLflow what is not there yet.")
    )
    overrides.parse(parser, argv)

    from labkart.records import leftovers
    from labkart.tracking import store, sync

    os.chdir(project.current().root)
    leftovers.close_abandoned()
    results = list[sync.SyncResult]()
    try:
        with console.busy(translate("writing to MLflow")):
            results.extend(sync.sync())  # keeps what was written before an error
    except Exception as error:  # whatever MLflow, its database or the network raise
        count = sum(result.is_new for result in results)
        raise mistake(
            "Stopped: {error}. {count} experiments were written; run it again for the others.",
            error=store.describe_error(error),
            count=count,
        ) from error
    counts = {"written": sum(result.is_new for result in results), "all": len(results)}
    failures = [f"{result.label}: {result.error}" for result in results if result.error]
    if failures:
        summary = translate("{written} of {all} experiments written; these were not.", **counts)
        raise LabkartError("\n".join([*failures, summary]))
    location = store.describe_location()
    console.say(
        translate(
            "  {written} of {all} experiments written; all are in {location}",
            **counts,
            location=location,
        )
    )
    return 0
