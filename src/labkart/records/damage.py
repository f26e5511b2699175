"""What a person reads of files that are not as a run left or read them."""

from collections.abc import Iterable
from pathlib import Path

from labkart import digests, project
from labkart.digests import FileState
from labkart.language import translate


def first_change(outputs: Iterable[FileState], inputs: Iterable[FileState]) -> str:
    """The first file that is not in its state, in words; empty if there is none."""
    current = project.current()
    for root, states in ((current.outputs, outputs), (current.root, inputs)):
        for state in states:
            if not digests.unchanged(state, root):
                return _describe_change(root / state.path)
    return ""


def describe_edit(file: Path) -> str:
    """That something else than Labkart has changed a record."""
    return translate("{file} was edited", file=project.current().short(file))


def describe_no_outputs() -> str:
    """That a record lacks what each task has."""
    return translate("its record names no output")


def _describe_change(path: Path) -> str:
    file = project.current().short(path)
    if path.exists():
        return translate("{file} changed", file=file)
    return translate("{file} is gone", file=file)
