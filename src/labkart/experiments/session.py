"""What every command that runs tasks does when it begins and when it ends.

Knows the outputs' folder and the process that publishes. Knows nothing of what the command runs.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from labkart import project, signals, trace, write_errors
from labkart.errors import LabkartError
from labkart.records import leftovers
from labkart.tracking.publisher import Publisher


@contextmanager
def session(publisher: Publisher) -> Iterator[None]:
    """Run the block in the project's root, where it may be stopped and publishes its records.

    Raises:
        LabkartError: a file cannot be written.
    """
    os.chdir(project.current().root)
    signals.install_handlers()
    try:
        leftovers.close_abandoned()
        yield
    except OSError as error:
        raise LabkartError(write_errors.describe_end(error)) from error
    finally:
        with trace.untraced():
            is_complete = publisher.close()
        if not is_complete:  # what MLflow does not take waits in the records
            trace.doubt("MLflow does not have all of it")
