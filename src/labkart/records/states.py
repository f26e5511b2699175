"""The states of tasks, experiments, searches, trials and verdicts, as a person reads them."""

from labkart.language import translate


def describe_state(state: str) -> str:
    """A state, as records have it, in the project's language."""
    texts = {
        "planned": translate("planned"),
        "running": translate("running"),
        "finished": translate("finished"),
        "complete": translate("complete"),
        "failed": translate("failed"),
        "killed": translate("killed"),
        "stopped": translate("stopped"),
        "pruned": translate("pruned"),
        "cached": translate("cached"),
        "ran": translate("ran"),
        "not run": translate("not run"),
        "done": translate("done"),
        "missing": translate("missing"),
        "changed": translate("changed"),
        "identical": translate("identical"),
        "equal": translate("equal"),
        "different": translate("different"),
        "impossible": translate("impossible"),
    }
    return texts.get(state, state)
