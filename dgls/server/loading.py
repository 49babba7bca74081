"""The progress bar of loading, for clients that have one."""

import asyncio
import logging
from itertools import count
from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from dgls.engine import Loading, Ready, State, Unloaded

if TYPE_CHECKING:
    from dgls.server.session import Session

log = logging.getLogger(__name__)

TOKENS = count(1)
"""A client may refuse a token that it has seen before."""


class LoadingBar:
    """Shows each loading of the model: the first, and those after the model was unloaded."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._states: asyncio.Queue[State] | None = None

    def begin(self) -> None:
        """Begin to show, unless it is shown already or the client has no place for it."""
        window = self._session.client_capabilities.window
        if self._states is None and window and window.work_done_progress:
            self._states = asyncio.Queue()
            self._session.keep(asyncio.create_task(_show(self._session, self._states)))

    def follow(self, state: State) -> None:
        """Show what the engine says; that the model was unloaded may be heard when it is called for again."""
        if isinstance(state, Unloaded):
            return
        if isinstance(state, Loading):
            self.begin()
        if self._states is not None:
            self._states.put_nowait(state)
        if not isinstance(state, Loading):
            self._states = None


async def _show(session: "Session", states: "asyncio.Queue[State]") -> None:
    """Show each state of the engine until the model is loaded, or loading has failed."""
    token = f"dgls/load/{next(TOKENS)}"
    try:
        await session.window_work_done_progress_create_async(lsp.WorkDoneProgressCreateParams(token))
    except JsonRpcException as error:
        log.info("the client wants no progress: %s", error.message)
        return
    progress = session.work_done_progress
    begin = lsp.WorkDoneProgressBegin("dgls", message="loading the model", percentage=0, cancellable=False)
    progress.begin(token, begin)
    percentage = 0
    while isinstance(state := await states.get(), Loading):
        percentage = max(percentage, min(100, int(state.fraction * 100)))  # a client may refuse to go back
        progress.report(token, lsp.WorkDoneProgressReport(message=state.step, percentage=percentage))
    done = "ready" if isinstance(state, Ready) else "the model could not be loaded"
    progress.tokens.pop(token, None)  # pygls would keep every one of them
    progress.end(token, lsp.WorkDoneProgressEnd(message=done))
