"""The states of tasks, experiments, searches, trials and verdicts, as a person reads them."""

from labkart.language import translate

STATES = (
    *("planned", "running", "finished", "complete", "failed", "killed", "stopped", "pruned"),
    *("cached", "ran", "not run", "done", "missing", "changed"),
    *("identical", "equal", "different", "impossible"),
)


def describe_state(state: str) -> str:
    """A state, as records have it, in the project's language."""
    return translate(state) if state in STATES else state
