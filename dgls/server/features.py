"""Which request of the protocol reaches which feature.

A feature is a plain function: it takes its snapshot at once, before any later change is looked at, and returns the
task that will reply. What editors ask for unasked stands in ``inline.py``, what users ask for in ``commands.py``.
"""

from lsprotocol import types as lsp

from dgls.server.actions import REWRITE_KIND, code_actions
from dgls.server.commands import COMMANDS
from dgls.server.inline import inline_completion
from dgls.server.session import Session


def register(session: Session) -> None:
    """Put the features into the session."""
    session.feature(lsp.INITIALIZE)(initialize)
    session.feature(lsp.INITIALIZED)(initialized)
    # Without options of their own, inline completions are never advertised.
    session.feature(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, lsp.InlineCompletionOptions())(inline_completion)
    session.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix, REWRITE_KIND])
    )(code_actions)
    for name, command in COMMANDS.items():
        session.command(name)(command)


def initialize(session: Session, params: lsp.InitializeParams) -> None:
    """Take what the client says of itself."""
    session.initialize(params)


def initialized(session: Session, params: lsp.InitializedParams) -> None:
    """Begin: load the model."""
    session.initialized()
