"""pygls' protocol with its traps taken out; each method says which.

What a client sends is answered or refused here, and nowhere is it logged: pygls' own loggers quote documents.
"""

import asyncio
import inspect
import json
import logging
from collections.abc import Callable, Generator
from concurrent.futures import Future
from functools import cache
from typing import TYPE_CHECKING, Any

from cattrs import Converter, transform_error
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcInternalError, JsonRpcMethodNotFound
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method
from pygls.protocol.json_rpc import JsonRPCNotification, JsonRPCRequestMessage

from dgls.failures import log_failure
from dgls.server.documents import Documents
from dgls.server.messages import OWN_METHODS, Refused
from dgls.server.notebooks import Notebooks
from dgls.server.trace import Trace

if TYPE_CHECKING:
    from dgls.server.session import Session

PARSE_ERROR = lsp.ErrorCodes.ParseError
INVALID_REQUEST = lsp.ErrorCodes.InvalidRequest
NOT_INITIALIZED = lsp.ErrorCodes.ServerNotInitialized

MessageId = int | str


@cache
def converter() -> Converter:
    """pygls' own, but that it takes only what can be an id or a token for one; they are keys to look up.

    One for all sessions: it compiles how each kind of message is read when the first one comes.
    """
    made: Converter = default_converter()  # type: ignore[no-untyped-call]
    made.register_structure_hook(int | str, _id)
    return made


def _id(given: Any, kind: object) -> MessageId:
    if isinstance(given, str) or type(given) is int:
        return given
    raise ValueError("neither an integer nor a string")


class Protocol(LanguageServerProtocol):
    """One client's end of the protocol; :meth:`receive` takes its messages in the order they came."""

    _server: "Session"

    def __init__(self, server: "Session", converter: Any) -> None:
        self.documents = Documents()
        self.notebooks = Notebooks(self.documents)
        self._initialized = False
        super().__init__(server, converter)
        self.tracing = Trace(lambda params: self.notify(lsp.LOG_TRACE, params))

    def receive(self, body: bytes) -> None:
        """Handle one message.

        pygls drops a request that it cannot read, so that the client waits for ever; it runs its reading hook
        on every object inside a message; and it works on requests before `initialize` and ignores those after
        `shutdown`.
        """
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            self._refuse(None, PARSE_ERROR, "a message that is not JSON")
            return
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            self._refuse(None, INVALID_REQUEST, 'expected one object with "jsonrpc": "2.0"')
            return
        self.tracing.received(message, len(body))
        method, has_id = message.get("method"), "id" in message
        msg_id = message.get("id")
        if has_id and not (isinstance(msg_id, str) or type(msg_id) is int):
            self._refuse(None, INVALID_REQUEST, "the id of a request is a string or an integer")
        elif method is None:
            self._receive_response(message)
        elif not isinstance(method, str):
            self._refuse(msg_id, INVALID_REQUEST, "the method of a request is a string")
        elif has_id:
            self._receive_request(message, msg_id, method)
        else:
            self._receive_notification(message, method)

    def _receive_request(self, message: dict[str, Any], msg_id: Any, method: str) -> None:
        if self._shutdown:
            self._refuse(msg_id, INVALID_REQUEST, "the server is shutting down")
        elif not self._initialized and method != lsp.INITIALIZE:
            self._refuse(msg_id, NOT_INITIALIZED, f"{method} came before initialize")
        elif self._initialized and method == lsp.INITIALIZE:
            self._refuse(msg_id, INVALID_REQUEST, "initialize may be sent only once")
        elif not self._knows(method):
            self._refuse(msg_id, JsonRpcMethodNotFound.CODE, f"{method} is not supported")
        else:
            try:
                structured = self.structure_message(message)
            except JsonRpcException as error:
                self._refuse(msg_id, lsp.ErrorCodes.InvalidParams, f"{method}: {_reasons(error)}")
            else:
                self._initialized = True
                self.handle_message(structured)

    def _receive_notification(self, message: dict[str, Any], method: str) -> None:
        if method != lsp.EXIT and (self._shutdown or not self._initialized):
            return
        if method != lsp.CANCEL_REQUEST and not self._knows(method):
            return
        try:
            self.handle_message(self.structure_message(message))
        except JsonRpcException as error:
            logging.getLogger(__name__).error("%s is ignored: %s", method, _reasons(error))

    def _receive_response(self, message: dict[str, Any]) -> None:
        msg_id = message.get("id")
        if msg_id not in self._result_types:  # nothing that was asked
            return
        if "error" not in message:
            message.setdefault("result", None)  # some clients leave out a null
        try:
            self.handle_message(self.structure_message(message))
        except JsonRpcException as error:
            reason = lsp.ResponseError(
                lsp.ErrorCodes.InvalidRequest, f"a malformed response: {_reasons(error)}"
            )
            self._handle_response(msg_id, error=reason)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Leave the parameters of our own methods as they are: pygls makes named tuples of what it does not know."""
        method, version = str(data.get("method")), data["jsonrpc"]
        if not method.startswith(OWN_METHODS):
            return super().structure_message(data)
        if "id" in data:
            return JsonRPCRequestMessage(
                id=data["id"], method=method, jsonrpc=version, params=data.get("params")
            )
        return JsonRPCNotification(method=method, jsonrpc=version, params=data.get("params"))

    # pygls remembers these per protocol, and so keeps every protocol, its session and the documents for ever.

    def get_message_type(self, method: str) -> Any:  # type: ignore[override]  # not remembered
        """What a request or a notification is read as; None for one that the protocol does not have."""
        return lsp.METHOD_TO_TYPES.get(method, (None,))[0]

    def get_result_type(self, method: str) -> Any:  # type: ignore[override]
        """What a response is read as; None where the protocol does not say."""
        return lsp.METHOD_TO_TYPES.get(method, (None, None))[1]

    def _knows(self, method: str) -> bool:
        return method in self.fm.builtin_features or method in self.fm.features

    def _refuse(self, msg_id: MessageId | None, code: int, message: str) -> None:
        # Not pygls' own type: it has no null id, which is what an unreadable request is answered with.
        self._send_data({"jsonrpc": "2.0", "id": msg_id, "error": {"code": int(code), "message": message}})

    def _send_data(self, data: Any) -> None:
        super()._send_data(data)
        self.tracing.sent(data)

    def _execute_handler(
        self,
        msg_id: MessageId,
        handler: Callable[..., Any],
        callback: Callable[[Any], None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Call a feature here and now, and wait for the future that it may return.

        pygls starts an async feature in the loop's next turn, when changes that the client sent later may
        have been made; so features are plain functions that take their snapshot and return a future.
        """
        if inspect.isgeneratorfunction(handler):  # pygls' own handlers
            super()._execute_handler(msg_id, handler, callback, args, kwargs)
            self._request_futures.pop(msg_id, None)  # they are done, and pygls would keep every one of them
            return
        outcome: Future[Any] | asyncio.Future[Any] = Future()
        try:
            result = handler(*(args or ()), **(kwargs or {}))
            if isinstance(result, asyncio.Future):
                outcome = result
                self._request_futures[msg_id] = result  # type: ignore[assignment]  # it has the methods pygls uses
            else:
                outcome.set_result(result)
        except Exception as error:
            outcome.set_exception(error)
        outcome.add_done_callback(callback)

    def _check_handler_result(self, future: "Future[Any]") -> None:
        """Log what is wrong with a notification, which nobody waits for; pygls takes it for an error of ours."""
        error = future.exception()
        if isinstance(error, Refused):
            logging.getLogger(__name__).error("a notification is ignored: %s", error.message)
        else:
            super()._check_handler_result(future)

    def _handle_response(
        self, msg_id: MessageId, result: Any = None, error: lsp.ResponseError | None = None
    ) -> None:
        """Give a response to whoever waits for it; pygls raises InvalidStateError if nobody does any more."""
        future = self._request_futures.get(msg_id)
        if future is not None and future.done():
            del self._request_futures[msg_id]
        else:
            super()._handle_response(msg_id, result, error)

    @lsp_method(lsp.INITIALIZE)
    def lsp_initialize(self, params: lsp.InitializeParams) -> Generator[Any, Any, lsp.InitializeResult]:
        """Say that commands tell of their progress, too: a client sends them a token only then."""
        result = yield from super().lsp_initialize(params)
        result.capabilities.execute_command_provider = lsp.ExecuteCommandOptions(
            list(self.fm.commands), work_done_progress=True
        )
        return result

    @lsp_method(lsp.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Generator[Any, Any, None]:
        """End all work, and answer without waiting for it. pygls' exit joins the threads that still work."""
        self._shutdown = True
        self._server.seat.leave()
        yield from ()

    @lsp_method(lsp.EXIT)
    def lsp_exit(self, *args: Any) -> Generator[Any, Any, None]:
        """Leave, whatever the model thread is doing."""
        self._server.leave()
        yield from ()

    @lsp_method(lsp.SET_TRACE)
    def lsp_set_trace(self, params: lsp.SetTraceParams) -> Generator[Any, Any, None]:
        """Begin, change or end the trace."""
        self.tracing.value = params.value.value
        yield from ()

    @lsp_method(lsp.WORKSPACE_EXECUTE_COMMAND)
    def lsp_workspace__execute_command(self, params: lsp.ExecuteCommandParams) -> Any:
        """Run a command with its arguments as they are.

        A cancel of pygls' own handler answers the client, but does not reach the command, which runs on.
        """
        command = self.fm.commands.get(params.command)
        if command is None:
            raise Refused(f"{params.command!r} is no command; there are: {', '.join(self.fm.commands)}")
        return command(params.arguments or (), params.work_done_token)

    # pygls' documents split lines where the protocol does not, and are slow: these keep our own.

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        """Keep the document."""
        self.documents.open(params.text_document)
        self._server.drop_stale(params.text_document.uri)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        """Bring the document to its next version."""
        self.documents.change(params)
        self._server.drop_stale(params.text_document.uri)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        """Forget the document."""
        self.documents.close(params.text_document.uri)
        self._server.drop_stale(params.text_document.uri)

    @lsp_method(lsp.NOTEBOOK_DOCUMENT_DID_OPEN)
    def lsp_notebook_document__did_open(self, params: lsp.DidOpenNotebookDocumentParams) -> None:
        """Keep the notebook and its cells."""
        self._drop_stale(params.notebook_document.uri, self.notebooks.open(params))

    @lsp_method(lsp.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def lsp_notebook_document__did_change(self, params: lsp.DidChangeNotebookDocumentParams) -> None:
        """Bring the notebook to its next version."""
        self._drop_stale(params.notebook_document.uri, self.notebooks.change(params))

    @lsp_method(lsp.NOTEBOOK_DOCUMENT_DID_SAVE)
    def lsp_notebook_document__did_save(self, params: lsp.DidSaveNotebookDocumentParams) -> None:
        """Nothing is done about it: what is saved is what is open."""

    @lsp_method(lsp.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def lsp_notebook_document__did_close(self, params: lsp.DidCloseNotebookDocumentParams) -> None:
        """Forget the notebook and its cells."""
        self._drop_stale(params.notebook_document.uri, self.notebooks.close(params))

    def _drop_stale(self, notebook: str, changed: list[str]) -> None:
        for uri in changed:
            self._server.drop_stale(uri)
        for uri in self.notebooks.cells(notebook):
            if uri not in changed:
                self._server.answers.forget(uri)  # they were given with other cells around


def _reasons(error: JsonRpcException) -> str:
    """What of a message is wrong, and where; never what it says there."""
    cause = error.__cause__
    if cause is None:
        return str(error)
    try:
        return "; ".join(transform_error(cause))
    except TypeError:
        log_failure("reading a message", cause)
        return JsonRpcInternalError.MESSAGE
