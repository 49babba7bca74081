"""What this process logs: as much as any of its clients wants, and never the text of a document.

pygls and asyncio log messages and exceptions as they come, and these quote what the user writes.
"""

import asyncio
import logging
from typing import Any
from weakref import WeakKeyDictionary

from dgls.failures import log_failure

log = logging.getLogger(__name__)

_levels: WeakKeyDictionary[object, int] = WeakKeyDictionary()
"""What each client of this process wants."""


def log_no_text(loop: asyncio.AbstractEventLoop) -> None:
    """Keep pygls silent, which logs whole messages at every level; log of a failure in ``loop`` but kind and place."""
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    loop.set_exception_handler(_log_failure)


def want_level(client: object, level: str) -> None:
    """Log what is at ``level`` or above for as long as ``client`` is there."""
    _levels[client] = logging.getLevelNamesMapping()[level.upper()]
    _follow()


def want_none(client: object) -> None:
    """Log no more for ``client``, which leaves; the last level stays where it was the only one."""
    _levels.pop(client, None)
    _follow()


def _follow() -> None:
    if _levels:
        logging.getLogger("dgls").setLevel(min(_levels.values()))


def _log_failure(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if isinstance(error := context.get("exception"), BaseException):
        log_failure("the event loop", error)
    else:
        log.error("the event loop: %s", context.get("message"))
