"""Which request of the protocol reaches which feature.

A feature is a plain function: it takes its snapshot at once, before any later change is looked at, and returns the
task that will reply. What editors ask for unasked stands in ``inline.py``, what users ask for in ``commands.py``.
"""

from collections.abc import Sequence
from typing import Any

from lsprotocol import types as lsp

from dgls.server.actions import REWRITE_KIND, code_actions, resolve
from dgls.server.commands import COMMANDS
from dgls.server.inline import inline_completion
from dgls.server.messages import (
    ACCEPTED_COMMAND,
    ACCEPTED_METHOD,
    PARTIALLY_ACCEPTED_METHOD,
    REJECTED_METHOD,
    Accepted,
    PartiallyAccepted,
    Rejected,
    read_arguments,
    read_params,
)
from dgls.server.session import Session


def register(session: Session) -> None:
    """Put the features into the session."""
    session.feature(lsp.INITIALIZE)(initialize)
    session.feature(lsp.INITIALIZED)(initialized)
    # Without options of their own, inline completions are never advertised.
    session.feature(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, lsp.InlineCompletionOptions())(inline_completion)
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


def initialize(session: Session, params: lsp.InitializeParams) -> None:
    """Take what the client says of itself."""
    session.initialize(params)


def initialized(session: Session, params: lsp.InitializedParams) -> None:
    """Begin: load the model."""
    session.initialized()


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
