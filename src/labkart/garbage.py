"""Python's search for garbage, which every command begins without: imports leave none."""

import gc


def collect_from_now() -> None:
    """Search for it again, but not in what was imported until now: that costs more than a task."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
