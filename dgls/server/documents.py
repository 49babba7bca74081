"""The open documents of one client: the protocol's notifications in, snapshots out."""

import logging
import time
from collections.abc import Iterator

from lsprotocol import types as lsp

from dgls.server.messages import Refused
from dgls.server.restraint import Typing, strokes_of
from dgls.text import Document, Edit, Encoding, OutsideDocument, Position

log = logging.getLogger(__name__)

LARGEST_DOCUMENT = 2_000_000
"""Characters. Keeping a larger one in step would stall the event loop, and its verdicts would come late."""


class TooLarge(Refused):
    """A document that is open, but whose text is not kept."""


class Documents:
    """What the client has open, as it stands now. Positions are in ``encoding``."""

    def __init__(self) -> None:
        self.encoding: Encoding = "utf-16"
        self.typing = Typing()
        self._open: dict[str, Document] = {}
        self._too_large: dict[str, str] = {}
        """URI -> language id of open documents whose text is not kept."""

    def __iter__(self) -> Iterator[Document]:
        """All that are open and kept, as they stand now."""
        return iter(list(self._open.values()))

    def find(self, uri: str) -> Document | None:
        """The document as it stands now, or None where it is not open or not kept."""
        return self._open.get(uri)

    def get(self, uri: str) -> Document:
        """The document as it stands now; raises :class:`Refused` with the reason where there is none."""
        if uri in self._too_large:
            raise TooLarge(
                f"{uri} is too large: documents of up to {LARGEST_DOCUMENT:,} characters are filled"
            )
        if uri not in self._open:
            raise Refused(f"{uri} is not open; the client has to send textDocument/didOpen first")
        return self._open[uri]

    def offset(self, document: Document, position: lsp.Position) -> int:
        """The character offset of ``position``; raises :class:`Refused` outside the document."""
        try:
            return document.offset(Position(position.line, position.character), self.encoding)
        except OutsideDocument as error:
            raise Refused(f"{document.uri}: {error}") from error

    def open(self, item: lsp.TextDocumentItem) -> None:
        """Keep a document that the client has opened."""
        self.close(item.uri)
        if len(item.text) > LARGEST_DOCUMENT:
            self._drop(item.uri, item.language_id)
        else:
            self._open[item.uri] = Document.of(item.uri, item.language_id, item.version, item.text)

    def change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        """Bring a document to its next version; one that is not open stays so."""
        uri, version = params.text_document.uri, params.text_document.version
        edits = [_edit(change) for change in params.content_changes]
        if uri in self._open:
            before = self._open[uri]
            changed = before.edited(version, edits, self.encoding)
            self.typing.note(before, changed, strokes_of(before, edits, self.encoding), time.monotonic())
            if changed.length > LARGEST_DOCUMENT:
                self._drop(uri, changed.language_id)
            else:
                self._open[uri] = changed
        elif uri in self._too_large and edits and edits[-1].start is None:  # its text is known again
            self.open(lsp.TextDocumentItem(uri, self._too_large[uri], version, edits[-1].text))
        elif uri not in self._too_large:
            log.warning("a change to a document that is not open is ignored")

    def close(self, uri: str) -> None:
        """Forget a document that the client has closed."""
        self._open.pop(uri, None)
        self._too_large.pop(uri, None)
        self.typing.forget(uri)

    def _drop(self, uri: str, language_id: str) -> None:
        self._open.pop(uri, None)
        self._too_large[uri] = language_id
        log.warning("a document of more than %d characters is not kept", LARGEST_DOCUMENT)


def _edit(change: lsp.TextDocumentContentChangeEvent) -> Edit:
    if isinstance(change, lsp.TextDocumentContentChangePartial):
        start, end = change.range.start, change.range.end
        return Edit(change.text, Position(start.line, start.character), Position(end.line, end.character))
    return Edit(change.text)
