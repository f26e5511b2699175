"""What the refusals of a store mean for a person, by MLflow's messages."""

from labkart import console, project
from labkart.language import translate

# What SQLite, or MLflow, says of a file that it cannot read.
_UNREADABLE = (
    "malformed",
    "not a database",
    "no such table",
    "no such column",
    "database schema",
    "Can't locate revision",
)


def describe(message: str, location: str, *, is_own: bool) -> str:
    """Why a store refuses to work, in a line.

    Args:
        message: what MLflow says.
        location: of the store, as a person knows it.
        is_own: whether it is the project's own.
    """
    if is_own and any(text in message for text in _UNREADABLE):
        return translate(
            "{store} is damaged, or of another version of MLflow. The records have all of it:"
            " move the file away, and {command} makes a new one",
            store=location,
            command=console.command("sync"),
        )
    if "error code 401" in message:
        return translate(
            "{store} requires a login: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
            store=location,
        )
    if "error code 403" in message:
        return translate(
            "{project} belongs to another person at {store}:"
            " give the project another name in pyproject.toml",
            project=project.current().name,
            store=location,
        )
    return message[:300]
