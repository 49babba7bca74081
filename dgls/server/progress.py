"""The progress of one command: begun, reported per step, ended, and the button that cancels it.

A client that brings a token sees progress at once. Else, where the client has progress bars, the server makes a token
for work that takes a while: what is done in a moment needs no bar.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from dgls.infill.request import Frame

if TYPE_CHECKING:
    from dgls.server.session import Session

log = logging.getLogger(__name__)

Token = int | str

QUIET_SECONDS = 0.3
TOKENS = count(1)


class Progress:
    """A progress bar, shown once there is a token for it. ``on_cancel`` is called when its button is pressed."""

    def __init__(self, session: "Session", title: str, on_cancel: Callable[[], None]) -> None:
        self._session = session
        self._title = title
        self._on_cancel = on_cancel
        self._token: Token | None = None
        self._doing = "waiting for the model"
        self._over = False

    def begin(self, token: Token) -> None:
        """Show the bar under ``token``."""
        self._token = token
        bars = self._session.work_done_progress
        bars.begin(token, lsp.WorkDoneProgressBegin(self._title, cancellable=True, message=self._doing))
        bars.tokens[token].add_done_callback(self._pressed)

    async def create(self) -> None:
        """Have the client make a bar, if the work is not done in a moment."""
        await asyncio.sleep(QUIET_SECONDS)
        if self._over:
            return
        token = f"dgls/command/{next(TOKENS)}"
        try:
            await self._session.window_work_done_progress_create_async(
                lsp.WorkDoneProgressCreateParams(token)
            )
        except JsonRpcException as error:
            log.info("the client wants no progress: %s", error.message)
            return
        self.begin(token)
        if self._over:
            self.end()

    def show(self, frame: Frame) -> None:
        """Report a step."""
        self._doing = f"{frame.state}, step {frame.step}"
        if self._token is not None:
            report = lsp.WorkDoneProgressReport(message=self._doing, cancellable=True)
            self._session.work_done_progress.report(self._token, report)

    def end(self) -> None:
        """Take the bar away."""
        self._over = True
        if self._token is not None:
            bars = self._session.work_done_progress
            bars.tokens.pop(self._token, None)  # pygls would keep every one of them
            bars.end(self._token, lsp.WorkDoneProgressEnd())
            self._token = None

    def _pressed(self, button: object) -> None:
        self._on_cancel()


@contextmanager
def shown(
    session: "Session", title: str, token: Token | None, on_cancel: Callable[[], None]
) -> Iterator[Progress]:
    """The progress of what is done inside, in a client that can show any."""
    progress = Progress(session, title, on_cancel)
    window = session.client_capabilities.window
    if token is not None:
        progress.begin(token)
    elif window and window.work_done_progress:
        session.keep(asyncio.create_task(progress.create()))
    try:
        yield progress
    finally:
        progress.end()
