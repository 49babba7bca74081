"""LSP over stdio: thin features that translate the protocol to jobs, and fills to edits. Knows no tensor."""

import gc
import logging
import os
import sys
import threading
from contextlib import suppress
from typing import BinaryIO, NoReturn

from dgls.engine import Engine, Load
from dgls.filler import load_filler
from dgls.layers import Layer, resolve
from dgls.server.stdio import StdioWriter, read_in_thread, take_stdio

# One text is cut into tokens at a time: a pool of threads for that would only take the cores from others.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

LAST_MESSAGES_SECONDS = 0.4
INTERRUPTED = 130


def serve(layers: list[Layer], load: Load | None = None) -> NoReturn:
    """Serve one client on stdin and stdout until it ends; then this process ends.

    ``layers`` are the settings weakest first, without the editor's. ``load`` stands in for loading the
    checkpoint that they name. The exit code is 0 if the client had asked for a shutdown, else 1.
    """
    incoming, outgoing = take_stdio()
    settings = resolve(layers).settings
    logger = logging.getLogger("dgls")
    logger.addHandler(logging.StreamHandler(sys.stderr))
    logger.setLevel(settings.server.log_level.upper())
    import asyncio  # not at the top, like all that a window of the shared server has no use for

    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(layers, load or load_filler(settings.model), incoming, outgoing))
    os._exit(INTERRUPTED)  # the loop ends by itself only when it is interrupted


async def _serve(layers: list[Layer], load: Load, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    # Not at the top: the imports take half a second, and stdout has to be safe before them. They make many objects
    # that stay, which the collector need not look at, now or later.
    gc.disable()
    import asyncio

    from dgls.server.features import register
    from dgls.server.log import log_no_text
    from dgls.server.session import Session

    gc.freeze()
    gc.enable()
    loop = asyncio.get_running_loop()
    log_no_text(loop)
    writer = StdioWriter(outgoing, on_broken=lambda: os._exit(1))
    session = Session(layers, Engine(load), writer)
    register(session)

    def end() -> None:
        """Let the loop handle what came before the end, but do not rely on it: it may be stalled."""
        loop.call_soon_threadsafe(session.leave)
        threading.Event().wait(LAST_MESSAGES_SECONDS)
        os._exit(1)

    def receive(body: bytes) -> None:
        loop.call_soon_threadsafe(session.protocol.receive, body)

    read_in_thread(incoming, receive, end)
    await loop.create_future()
