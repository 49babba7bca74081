"""How dgls does, as its client is told: ``dgls/status``, whenever it changes and whenever it is asked for."""

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from dgls.engine import Loading, Unloaded
from dgls.job import Failed
from dgls.server.documents import TooLarge
from dgls.server.messages import STATUS_METHOD, Refused, StatusParams
from dgls.text import Document

if TYPE_CHECKING:
    from dgls.server.session import Session

BUSY_AFTER = 0.15
"""Seconds. An answer that comes sooner leaves no time to see that dgls was busy."""


class Status:
    """What a client was told last."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._told: StatusParams | None = None
        self._disabled: dict[str, str] = {}
        """URI -> why, of the open documents that the client was told are left alone."""

    def now(self, document: "Document | None" = None) -> StatusParams:
        """How dgls does, for one document or in general."""
        session = self._session
        uri = None if document is None else document.uri
        state = session.state
        if isinstance(state, Failed):
            return self._params("error", state.message, uri)
        if document is not None and (reason := session.refusal(document)) is not None:
            return self._params("disabled", reason, uri)
        if session.paused:
            return self._params("paused", "nothing is filled unasked; commands still work", uri)
        if isinstance(state, Loading):
            return self._params("loading", state.step, uri, min(100, int(state.fraction * 100)))
        if isinstance(state, Unloaded):
            return self._params("unloaded", "the next request loads the model again", uri)
        if session.work.is_awaited:
            return self._params("busy", "", uri)
        return self._params("ready", "", uri)

    async def answer(self, uri: str | None) -> Any:
        """What is answered to a client that asks how dgls does, in general or for a document."""
        documents = self._session.documents
        try:
            document = None if uri is None else documents.get(uri)
        except TooLarge as refused:
            return msgspec.to_builtins(self._params("disabled", refused.message, uri))
        except Refused:  # an editor may ask before it opens it; what its path says holds already
            document = Document.of(uri or "", "", 0, "")
        if document is not None and (looking := self._session.look(document)) is not None:
            await asyncio.wait({looking})
        now = self.now(document)
        if uri is not None and documents.find(uri) is None:
            self._session.rules.forget(uri)
        return msgspec.to_builtins(msgspec.structs.replace(now, uri=uri))

    def tell(self) -> None:
        """Tell the client how dgls does, if that is not what it was told last."""
        now = self.now()
        if now != self._told:
            self._told = now
            self._send(now)

    def tell_later(self) -> None:
        """Tell the client how dgls does then, if it is still at work after a moment."""
        asyncio.get_running_loop().call_later(BUSY_AFTER, self.tell)

    def tell_of(self, document: "Document") -> None:
        """Tell the client of a document that is left alone from now on, or no longer."""
        reason = self._session.refusal(document)
        if reason == self._disabled.get(document.uri):
            return
        if reason is None:
            del self._disabled[document.uri]
        else:
            self._disabled[document.uri] = reason
        self._send(self.now(document))

    def forget(self, uri: str) -> None:
        """Drop what was told of a document that was closed."""
        self._disabled.pop(uri, None)

    def _params(
        self, state: Any, message: str, uri: str | None, percentage: int | None = None
    ) -> StatusParams:
        return StatusParams(state, message, percentage, uri, self._session.model_name)

    def _send(self, status: StatusParams) -> None:
        if self._session.wants_status:
            self._session.protocol.notify(STATUS_METHOD, msgspec.to_builtins(status))
