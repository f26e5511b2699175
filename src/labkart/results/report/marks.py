"""The marks of significance in a compact table: which p-value gets which one."""

_LEVELS = (("‡", 0.01), ("†", 0.05))  # the strictest first


def mark(p: float | None) -> str:
    """The mark of a p-value, as it is printed in a legend; empty if it is not significant."""
    return next((sign for sign, level in _LEVELS if p is not None and p < level), "")


def legend() -> str:
    """What the marks mean."""
    return ", ".join(f"{sign} p < {level:g}" for sign, level in reversed(_LEVELS))
