"""What every command that runs tasks does when it begins and when it ends.

Knows the outputs' folder and the process that publishes. Knows nothing of what the command runs.
"""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

from labkart import console, project, signals
from labkart.errors import LabkartError
from labkart.records import leftovers
from labkart.tracking.publisher import Publisher


@contextmanager
def session(publisher: Publisher) -> Iterator[None]:
    """Run the block in the project's root, where it may be stopped and publishes its records.

    Raises:
        LabkartError: nothing can be kept in this place.
    """
    os.chdir(project.current().root)
    outputs = project.current().outputs
    if outputs.exists() and not outputs.is_dir():
        name = project.current().short(outputs)
        problem = "is a file, and results go into a folder of that name"
        raise LabkartError(f"{name} {problem}. Move it away.")
    signals.install_handlers()
    try:
        close_abandoned(publisher)
        yield
    finally:
        _close(publisher)


def close_abandoned(publisher: Publisher) -> None:
    """Mark experiments and studies whose processes died as killed."""
    for record in leftovers.close_abandoned_experiments():
        publisher.end(record)
    for study in leftovers.close_abandoned_studies():
        publisher.searched(study)


def freeze_imports() -> None:
    """Take what was imported out of garbage collection, which costs more than most tasks."""
    gc.freeze()
    gc.enable()


def _close(publisher: Publisher) -> None:
    """Let the publisher finish. What MLflow does not take waits in the records."""
    with console.busy("writing to MLflow"):
        problem = publisher.close()
    if problem:
        remedy = f"The records have it all; {console.command('sync')} publishes it."
        console.warn(f"  Not in MLflow yet ({problem}). {remedy}")
