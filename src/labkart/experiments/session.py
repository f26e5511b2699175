"""What every command that runs tasks does at its beginning and at its end. Knows nothing of what it runs."""

import gc

from labkart import console, project
from labkart.errors import LabkartError
from labkart.records import leftovers
from labkart.tracking.publisher import Publisher


def check_place() -> None:
    """Refuse a place in which nothing can be kept."""
    here = project.current()
    if here.outputs.exists() and not here.outputs.is_dir():
        name = here.short(here.outputs)
        raise LabkartError(
            f"{name} is a file, and results go into a folder of that name. Move it away."
        )


def close_abandoned(publisher: Publisher) -> None:
    """Say of experiments and studies whose processes died that they were killed."""
    for record in leftovers.close_abandoned_experiments():
        publisher.end(record)
    for search in leftovers.close_abandoned_studies():
        publisher.searched(search)


def make_ready() -> None:
    """What was imported stays; looking through it again and again would take longer than most tasks."""
    gc.freeze()
    gc.enable()


def close(publisher: Publisher) -> None:
    """Tracking never fails a computation: what MLflow does not take waits in the records."""
    with console.busy("writing to MLflow"):
        why = publisher.close()
    if why:
        console.warn(
            f"  Not in MLflow yet ({why}). The records have it all; {console.command('sync')} publishes it."
        )
