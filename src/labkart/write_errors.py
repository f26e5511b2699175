"""What a person is told when the outputs cannot be written. Knows nothing about their content."""

import errno

from labkart import project
from labkart.language import join_sentences, translate


def describe_failure(error: BaseException) -> str:
    """Why something below the outputs cannot be written, and what to do; empty for other errors."""
    if not isinstance(error, OSError) or isinstance(error, FileNotFoundError):
        return ""
    current = project.current()
    path = current.root / str(error.filename or "")
    if error.errno == errno.ENOSPC:
        return translate(
            "{folder}: the disk is full. Free some space on it.",
            folder=current.short(current.outputs),
        )
    if not path.is_relative_to(current.outputs):
        return ""
    for folder in (path, *path.parents):
        if folder.is_file() and folder.is_relative_to(current.outputs):
            return translate(
                "{file} is a file, and results go into a folder of that name. Move it away.",
                file=current.short(folder),
            )
    return translate(
        "{folder}: {reason}."
        " Make it writable, or let LABKART_OUTPUTS name another folder for outputs.",
        folder=current.short(path.parent),
        reason=error.strerror,
    )


def describe_end(error: OSError) -> str:
    """What a person is told of an error that ended a command."""
    place = f"{error.filename}: " if error.filename else ""
    reason = describe_failure(error) or f"{place}{error.strerror or error}."
    return join_sentences(reason, translate("What was finished is kept."))
