"""The progress bar of loading, for clients that have one."""

import asyncio
import logging
from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from dgls.engine import Loading, Ready, State

if TYPE_CHECKING:
    from dgls.server.session import Session

log = logging.getLogger(__name__)

TOKEN = "dgls/load"


async def show_loading(session: "Session", states: "asyncio.Queue[State]") -> None:
    """Show each state of the engine until the model is loaded, or loading has failed."""
    try:
        await session.window_work_done_progress_create_async(lsp.WorkDoneProgressCreateParams(TOKEN))
    except JsonRpcException as error:
        log.info("the client wants no progress: %s", error.message)
        return
    progress = session.work_done_progress
    begin = lsp.WorkDoneProgressBegin("dgls", message="loading the model", percentage=0, cancellable=False)
    progress.begin(TOKEN, begin)
    percentage = 0
    while isinstance(state := await states.get(), Loading):
        percentage = max(percentage, min(100, int(state.fraction * 100)))  # a client may refuse to go back
        progress.report(TOKEN, lsp.WorkDoneProgressReport(message=state.step, percentage=percentage))
    done = "ready" if isinstance(state, Ready) else "the model could not be loaded"
    progress.end(TOKEN, lsp.WorkDoneProgressEnd(message=done))
