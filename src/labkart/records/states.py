"""The states of tasks, experiments, searches, trials and verdicts, as a person reads them."""

from labkart.language import translate

STATES = (
    *("planned", "running", "finished", "complete", "failed", "killed", "stopped", "pruned"),
    *("cached", "ran", "not run", "done", "missing", "changed"),
    *("identical", "equal", "different", "impossible"),
)

# What an experiment's status can be.
_STATUSES = ("planned", "running", "finished", "failed", "killed", "stopped", "pruned")


def describe_state(state: str) -> str:
    """A state, as records have it, in the project's language."""
    return translate(state) if state in STATES else state


def parse_status(text: str) -> str:
    """The status of an experiment that a person calls so, in the project's language or English."""
    return {describe_state(status): status for status in _STATUSES}.get(text, text)
