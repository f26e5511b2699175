"""What a person is told when the outputs cannot be written. Knows nothing about their content."""

import errno

from labkart import project


def describe_failure(error: BaseException) -> str:
    """Why something below the outputs cannot be written, and what to do; empty for other errors."""
    if not isinstance(error, OSError) or isinstance(error, FileNotFoundError):
        return ""
    current = project.current()
    path = current.root / str(error.filename or "")
    if error.errno == errno.ENOSPC:
        return f"{current.short(current.outputs)}: the disk is full. Free some space on it."
    if not path.is_relative_to(current.outputs):
        return ""
    for folder in (path, *path.parents):
        if folder.is_file() and folder.is_relative_to(current.outputs):
            problem = "is a file, and results go into a folder of that name"
            return f"{current.short(folder)} {problem}. Move it away."
    remedy = "Make it writable, or let LABKART_OUTPUTS name another folder for outputs."
    return f"{current.short(path.parent)}: {error.strerror}. {remedy}"


def describe_end(error: OSError) -> str:
    """What a person is told of an error that ended a command."""
    place = f"{error.filename}: " if error.filename else ""
    reason = describe_failure(error) or f"{place}{error.strerror or error}."
    return f"{reason} What was finished is kept."
