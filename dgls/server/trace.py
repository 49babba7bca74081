"""What passes between client and server, told to a client that asked for it (``$/setTrace``): method, id, time, size.

Never a word of a document: sizes and names alone say how the server is used and where its time goes.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from lsprotocol import types as lsp

Log = Callable[[lsp.LogTraceParams], None]


class Trace:
    """One client's trace, told through ``log``; silent while ``value`` is ``off``."""

    def __init__(self, log: Log) -> None:
        self.value: str = lsp.TraceValue.Off.value
        self._log = log
        self._began: dict[int | str, tuple[str, float]] = {}
        """Method and time of each request that was received while tracing and is not answered yet."""

    def received(self, message: Mapping[str, Any], size: int) -> None:
        """Tell of a message of the client that took ``size`` bytes."""
        if self.value == lsp.TraceValue.Off.value:
            return
        method, msg_id = message.get("method"), message.get("id")
        if isinstance(method, str) and isinstance(msg_id, int | str):
            self._began[msg_id] = method, time.monotonic()
            self.tell(f"received request {method} ({msg_id})", f"{size} bytes")
        elif isinstance(method, str):
            self.tell(f"received notification {method}", f"{size} bytes")
        else:
            self.tell(f"received response ({msg_id})", f"{size} bytes")

    def sent(self, message: Any) -> None:
        """Tell of a message to the client: an object of the protocol, or a plain refusal."""
        if self.value == lsp.TraceValue.Off.value:
            return
        fields = message if isinstance(message, Mapping) else vars_of(message)
        method, msg_id = fields.get("method"), fields.get("id")
        if method is not None:
            if method != lsp.LOG_TRACE:
                what = "notification" if msg_id is None else "request"
                self.tell(f"sent {what} {method}" + ("" if msg_id is None else f" ({msg_id})"))
            return
        asked, began = self._began.pop(msg_id, ("request", None)) if msg_id is not None else ("request", None)
        took = "" if began is None else f" in {(time.monotonic() - began) * 1000:.0f} ms"
        failed = fields.get("error")
        code = failed.get("code") if isinstance(failed, Mapping) else getattr(failed, "code", None)
        self.tell(f"answered {asked} ({msg_id}){took}" + ("" if code is None else f" with error {int(code)}"))

    def tell(self, message: str, verbose: str = "") -> None:
        """Send a line of the trace, with ``verbose`` beside it where the client wants that."""
        if self.value == lsp.TraceValue.Off.value:
            return
        wants_more = self.value == lsp.TraceValue.Verbose.value and verbose
        self._log(lsp.LogTraceParams(message, verbose if wants_more else None))


def vars_of(message: Any) -> Mapping[str, Any]:
    """The envelope of a message: what it is, never what it carries."""
    return {name: getattr(message, name, None) for name in ("id", "method", "error")}
