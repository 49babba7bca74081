"""What a parser says of open documents, asked in threads: parsing would stall the event loop."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from dgls.failures import log_failure
from dgls.infill.request import Gap
from dgls.text import Document

if TYPE_CHECKING:
    from dgls.infill.found import Glance
    from dgls.server.session import Session


class Glances:
    """The holes and faults of one client's documents; those of the document that was looked at last are kept."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._last: tuple[Document, asyncio.Future[Glance]] | None = None

    async def of(self, snapshot: Document) -> "Glance":
        """The holes and faults of ``snapshot``: none where the parser fails, which is said once."""
        if self._last is None or self._last[0] is not snapshot:
            self._last = snapshot, asyncio.ensure_future(self._look(snapshot))
        return await asyncio.shield(self._last[1])

    async def say_what_is_missing(self, snapshot: Document, gaps: Sequence[Gap]) -> None:
        """Say, once, for want of which grammar fills of ``gaps`` in ``snapshot`` are not validated."""
        session = self._session
        view, path = session.notebooks.alone(snapshot, gaps), session.path(snapshot.uri)

        def missing() -> str:
            from dgls.infill.found import missing_grammar  # not at the top: it brings the parser

            return missing_grammar(view.text, gaps, view.language_id, path)

        message = await asyncio.to_thread(missing)
        if message and session.settings_for(snapshot).infill.validate:
            session.show_once(message, lsp.MessageType.Warning)

    async def _look(self, snapshot: Document) -> "Glance":
        session = self._session
        view, path = session.notebooks.alone(snapshot), session.path(snapshot.uri)

        def look() -> "Glance":
            from dgls.infill.found import glance  # not at the top: no keystroke needs a parser

            return glance(view.text, view.language_id, path)

        try:
            return await asyncio.to_thread(look)
        except Exception as error:  # what needs no parser is offered all the same
            from dgls.infill.found import Glance

            log_failure("looking for holes and faults", error)
            session.show_once(
                f"holes and faults cannot be found: the parser failed with {type(error).__name__}"
            )
            return Glance()
