"""What went wrong, as its user is told and as it is logged: never in the words of a document."""

import logging
import traceback

log = logging.getLogger(__name__)

LONGEST_MESSAGE = 500
OF_THE_MACHINE = (MemoryError, OSError, ImportError, RuntimeError)
"""Kinds of errors that speak of memory, files and devices (torch's are of the last kind), and quote no document."""


def explain(error: BaseException) -> str:
    """What went wrong, on one line, for the user it happened to."""
    message = " ".join(str(error).split())[:LONGEST_MESSAGE]
    if type(error).__module__.startswith("dgls.") and message:  # our own errors are written for users
        return message
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def explain_fill(error: BaseException) -> str:
    """What went wrong in a fill, for its user, whose client logs it: a parser's error may quote the document."""
    own = type(error).__module__.startswith("dgls.")
    return explain(error) if own or isinstance(error, OF_THE_MACHINE) else type(error).__name__


def log_failure(what: str, error: BaseException) -> None:
    """Log a failure by its kind and place alone: its message may quote the document."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error("%s failed: %s at %s", what, type(error).__name__, " < ".join(reversed(places)))
