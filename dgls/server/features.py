"""Which request of the protocol reaches which feature.

A feature is a plain function: it takes its snapshot at once, before any later change is looked at, and returns the
task that will reply. What editors ask for unasked stands in ``inline.py``, what users ask for in ``commands.py``.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from dgls.server.actions import REWRITE_KIND, code_actions, resolve
from dgls.server.commands import COMMANDS
from dgls.server.completion import OPTIONS, completion
from dgls.server.configuration import pull, take
from dgls.server.inline import inline_completion
from dgls.server.messages import (
    ACCEPTED_COMMAND,
    ACCEPTED_METHOD,
    PARTIALLY_ACCEPTED_METHOD,
    PAUSE_COMMAND,
    REJECTED_METHOD,
    RESUME_COMMAND,
    STATUS_METHOD,
    Accepted,
    PartiallyAccepted,
    Rejected,
    StatusOf,
    read_arguments,
    read_params,
)
from dgls.server.session import Session

log = logging.getLogger(__name__)


def register(session: Session) -> None:
    """Put the features into the session."""
    session.feature(lsp.INITIALIZE)(initialize)
    session.feature(lsp.INITIALIZED)(initialized)
    session.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION,
        lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix, REWRITE_KIND], resolve_provider=True),
    )(code_actions)
    session.feature(lsp.CODE_ACTION_RESOLVE)(resolve)
    for name, command in COMMANDS.items():
        session.command(name)(command)
    session.command(ACCEPTED_COMMAND)(accepted_command)
    session.feature(ACCEPTED_METHOD)(accepted)
    session.feature(PARTIALLY_ACCEPTED_METHOD)(partially_accepted)
    session.feature(REJECTED_METHOD)(rejected)
    session.command(PAUSE_COMMAND)(pause)
    session.command(RESUME_COMMAND)(resume)
    session.feature(STATUS_METHOD)(status)
    session.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)(did_change_configuration)
    session.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)(did_change_watched_files)
    session.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(did_change_workspace_folders)


def initialize(session: Session, params: lsp.InitializeParams) -> None:
    """Take what the client says of itself, and offer what is written at the cursor in the way that it has for that."""
    session.initialize(params)
    known = params.capabilities.text_document and params.capabilities.text_document.inline_completion
    # pygls advertises inline completions only where there are options.
    options = None if known and known.dynamic_registration else lsp.InlineCompletionOptions()
    session.feature(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, options)(inline_completion)
    if known is None:
        session.feature(lsp.TEXT_DOCUMENT_COMPLETION, OPTIONS)(completion)


def initialized(session: Session, params: lsp.InitializedParams) -> None:
    """Begin: load the model."""
    session.initialized()
    known = session.client_capabilities.text_document
    if known and known.inline_completion and known.inline_completion.dynamic_registration:
        session.keep(asyncio.create_task(register_inline_completion(session)))


async def register_inline_completion(session: Session) -> None:
    """Ask a client that lets servers choose for inline completions in all documents that it tells dgls of."""
    options = lsp.InlineCompletionRegistrationOptions(document_selector=None)
    method = lsp.TEXT_DOCUMENT_INLINE_COMPLETION
    try:
        await session.client_register_capability_async(
            lsp.RegistrationParams([lsp.Registration(method, method, options)])
        )
    except JsonRpcException as error:
        log.error("the client refuses to register %s: %s", method, error.message)


def accepted(session: Session, params: Any) -> None:
    """``dgls/accepted``: the editor has put an item into the document."""
    session.offers.accept(read_params(ACCEPTED_METHOD, params, Accepted).id)


def partially_accepted(session: Session, params: Any) -> None:
    """``dgls/partiallyAccepted``: the editor has put the beginning of an item into the document."""
    session.offers.accept_part(read_params(PARTIALLY_ACCEPTED_METHOD, params, PartiallyAccepted).id)


def rejected(session: Session, params: Any) -> None:
    """``dgls/rejected``: the user has dismissed what was shown, or typed something else."""
    session.offers.reject(read_params(REJECTED_METHOD, params, Rejected).ids)


def accepted_command(session: Session, arguments: Sequence[Any], token: object) -> None:
    """``dgls.accepted``, the command of every item: an editor runs it once the item is in the document."""
    session.offers.accept(read_arguments(ACCEPTED_COMMAND, arguments, Accepted).id)


def status(session: Session, params: Any) -> "asyncio.Task[Any]":
    """``dgls/status``: the client asks how dgls does."""
    uri = read_params(STATUS_METHOD, {} if params is None else params, StatusOf).uri
    return asyncio.ensure_future(session.status.answer(uri))


def pause(session: Session, arguments: Sequence[Any], token: Any) -> None:
    """``dgls.pause``: fill nothing unasked from now on."""
    session.paused = True
    session.work.supersede()
    session.status.tell()


def resume(session: Session, arguments: Sequence[Any], token: Any) -> None:
    """``dgls.resume``: fill unasked again."""
    session.paused = False
    session.status.tell()


def did_change_configuration(session: Session, params: lsp.DidChangeConfigurationParams) -> None:
    """Take the settings that the client has now."""
    take(session, params.settings)


def did_change_watched_files(session: Session, params: lsp.DidChangeWatchedFilesParams) -> None:
    """Look again at what stands around the open documents."""
    session.look_again()


def did_change_workspace_folders(session: Session, params: lsp.DidChangeWorkspaceFoldersParams) -> None:
    """Take the folders that the workspace has now, with the client's settings for them."""
    session.find_roots()
    session.look_again()
    session.keep(asyncio.create_task(pull(session)))
