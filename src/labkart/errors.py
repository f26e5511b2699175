"""The error that a person is meant to read: a sentence or two, never a traceback."""


class LabkartError(Exception):
    """A mistake that a person can fix. Its text says what is wrong, where, and what to do."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows of it: IPython calls this."""
        return [str(self)]
