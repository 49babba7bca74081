"""Edits that the editor is asked to apply: from fills to text in spans, for one version of one document."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from dgls.infill.request import Gap
from dgls.server.messages import Change
from dgls.text import LINE_END, Document

if TYPE_CHECKING:
    from dgls.server.session import Session


def changes(
    session: "Session", document: Document, gaps: Sequence[Gap], texts: Sequence[str]
) -> tuple[Change, ...]:
    """The edits that put ``texts`` into ``gaps``; a gap that keeps its text has none."""
    return tuple(
        Change(session.range(document, gap), text)
        for gap, text in zip(gaps, texts, strict=True)
        if text != document.text[gap.start : gap.end]
    )


def workspace_edit(session: "Session", document: Document, edits: Sequence[Change]) -> lsp.WorkspaceEdit:
    """``edits`` of this version of ``document``, as far as the client takes versions."""
    own = [_text_edit(edit) for edit in edits]
    if not takes_versions(session):
        return lsp.WorkspaceEdit(changes={document.uri: own})
    identity = lsp.OptionalVersionedTextDocumentIdentifier(document.uri, document.version)
    return lsp.WorkspaceEdit(document_changes=[lsp.TextDocumentEdit(identity, own)])


def takes_versions(session: "Session") -> bool:
    """Whether the client can be told what version of a document an edit is for."""
    workspace: lsp.WorkspaceClientCapabilities | None = session.client_capabilities.workspace
    return bool(workspace and workspace.workspace_edit and workspace.workspace_edit.document_changes)


def _text_edit(edit: Change) -> lsp.TextEdit:
    start, end = (lsp.Position(place.line, place.character) for place in (edit.range.start, edit.range.end))
    return lsp.TextEdit(lsp.Range(start, end), edit.new_text)


async def apply_edits(
    session: "Session", label: str, document: Document, edits: Sequence[Change]
) -> str | None:
    """Have the editor apply ``edits`` to this version of ``document``; answers why it did not, if it did not."""
    edit = workspace_edit(session, document, edits)
    try:
        response = await session.workspace_apply_edit_async(lsp.ApplyWorkspaceEditParams(edit, label))
    except JsonRpcException as error:
        return f"the editor refused the edit: {error.message}"
    if not response.applied:
        why = response.failure_reason or "the document may have changed meanwhile"
        return f"the editor did not apply the edit: {why}"
    return None


def in_line_ends_of(document: Document, text: str) -> str:
    """``text`` with the line ends of ``document``."""
    return LINE_END.sub(lambda _: document.line_end, text)
