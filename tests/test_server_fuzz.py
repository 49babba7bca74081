"""Messages that no good client sends, to the real server over a pipe: every request is answered once, and it lives.

``FUZZ_MESSAGES=100000 pytest tests/test_server_fuzz.py`` sends that many; by default about two thousand are.
"""

import itertools
import json
import os
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lsp_client import CAPABILITIES, Client, Json, script, serving, span

MESSAGES = int(os.environ.get("FUZZ_MESSAGES", "2000"))
PER_EXAMPLE = 20
SECRET = "swordfish"
EVERYTHING: Json = {
    **CAPABILITIES,
    "textDocument": {
        "inlineCompletion": {},
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}},
    },
    "notebookDocument": {"synchronization": {}},
    "window": {"workDoneProgress": True},
    "experimental": {"dgls": {"frames": True, "status": True}},
}

INTERNAL_ERROR = -32603
LEAK = 100 * 2**20
"""Bytes; what the server keeps is bounded, however many messages come."""
ids = itertools.count(1_000_000)

COMMON = ["file:///a.py", "cell:1"]
URIS = st.sampled_from([*COMMON * 6, "file:///b.py", "untitled:c", "cell:2", "", "%", "file://["])
NUMBERS = st.sampled_from([*[0, 1, 2, 3, 7] * 5, 40, 2**31 - 1, 2**31, 2**63, -1])
JUNK = st.sampled_from([None, True, -1, 0.5, "", "x", [], [[]], {}, {"uri": 1}, "\ud800", 10**30])
TEXTS = st.sampled_from(
    [
        "",
        f"{SECRET} = ...\n",
        f"def {SECRET}(:\r\n  pass\r",
        "\ufeff\u2028😀 x\f\n",
        "\ud83d",
        "((((" * 50,
        script(fills=[SECRET, "x"], steps=2) + f"{SECRET} = 1\n",
        script(fails=f"no {SECRET}"),
        script(breaks="no room"),
        script(fills=[], left=3),
        script(validated=False, prints="on stdout"),
    ]
)
POSITIONS = st.fixed_dictionaries({"line": NUMBERS, "character": NUMBERS})
RANGES = st.fixed_dictionaries({"start": POSITIONS, "end": POSITIONS})
DOCUMENT = st.fixed_dictionaries({"uri": URIS})
VERSIONED = st.fixed_dictionaries({"uri": URIS, "version": NUMBERS})
ITEM = st.fixed_dictionaries(
    {
        "uri": URIS,
        "languageId": st.sampled_from(["python", "javascript", "klingon", ""]),
        "version": NUMBERS,
        "text": TEXTS,
    }
)
CHANGES = st.lists(
    st.fixed_dictionaries({"text": TEXTS}, optional={"range": RANGES, "rangeLength": NUMBERS}), max_size=3
)
CELL = st.fixed_dictionaries({"kind": st.sampled_from([1, 2, 9]), "document": URIS})
NOTEBOOK = st.fixed_dictionaries(
    {
        "uri": URIS,
        "notebookType": st.just("jupyter"),
        "version": NUMBERS,
        "cells": st.lists(CELL, max_size=3),
    }
)
CELL_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "structure": st.fixed_dictionaries(
            {
                "array": st.fixed_dictionaries(
                    {"start": NUMBERS, "deleteCount": NUMBERS}, optional={"cells": st.lists(CELL, max_size=2)}
                )
            },
            optional={"didOpen": st.lists(ITEM, max_size=2), "didClose": st.lists(DOCUMENT, max_size=2)},
        ),
        "data": st.lists(CELL, max_size=2),
        "textContent": st.lists(
            st.fixed_dictionaries({"document": VERSIONED, "changes": CHANGES}), max_size=2
        ),
    },
)
ARGUMENTS = st.fixed_dictionaries(
    {"uri": URIS},
    optional={
        "range": RANGES,
        "ranges": st.lists(RANGES, max_size=3),
        "pins": st.lists(RANGES, max_size=2),
        "strength": st.sampled_from([0, 0.5, 1, 2]),
        "candidates": NUMBERS,
        "apply": st.booleans(),
    },
)
COMMAND = st.fixed_dictionaries(
    {
        "command": st.sampled_from(
            ["fill", "fillHoles", "repair", "redenoise", "rewrite", "accepted", "pause", "resume", "rm"]
        ).map("dgls.{}".format),
        "arguments": st.lists(ARGUMENTS, max_size=2),
    },
    optional={"workDoneToken": st.sampled_from(["mine", 7])},
)
ACTION = st.fixed_dictionaries(
    {"title": st.just("an action")},
    optional={
        "data": st.fixed_dictionaries(
            {"command": st.just("dgls.fill"), "argument": ARGUMENTS, "version": NUMBERS}
        )
    },
)
AT = {"textDocument": DOCUMENT, "position": POSITIONS}
REQUESTS: dict[str, st.SearchStrategy[Any]] = {
    "textDocument/inlineCompletion": st.fixed_dictionaries(
        {**AT, "context": st.fixed_dictionaries({"triggerKind": st.sampled_from([1, 2, 3])})}
    ),
    "textDocument/completion": st.fixed_dictionaries(AT),
    "textDocument/codeAction": st.fixed_dictionaries(
        {"textDocument": DOCUMENT, "range": RANGES, "context": st.just({"diagnostics": []})}
    ),
    "codeAction/resolve": ACTION,
    "workspace/executeCommand": COMMAND,
    "dgls/status": st.fixed_dictionaries({}, optional={"uri": URIS}),
    "initialize": st.just({"capabilities": {}}),
    "textDocument/hover": st.fixed_dictionaries(AT),
    "no/such": JUNK,
}
NOTIFICATIONS: dict[str, st.SearchStrategy[Any]] = {
    "textDocument/didOpen": st.fixed_dictionaries({"textDocument": ITEM}),
    "textDocument/didChange": st.fixed_dictionaries({"textDocument": VERSIONED, "contentChanges": CHANGES}),
    "textDocument/didSave": st.fixed_dictionaries({"textDocument": DOCUMENT}),
    "textDocument/didClose": st.fixed_dictionaries({"textDocument": DOCUMENT}),
    "notebookDocument/didOpen": st.fixed_dictionaries(
        {"notebookDocument": NOTEBOOK, "cellTextDocuments": st.lists(ITEM, max_size=2)}
    ),
    "notebookDocument/didChange": st.fixed_dictionaries(
        {
            "notebookDocument": VERSIONED,
            "change": st.fixed_dictionaries({}, optional={"cells": CELL_CHANGES}),
        }
    ),
    "notebookDocument/didSave": st.fixed_dictionaries({"notebookDocument": DOCUMENT}),
    "notebookDocument/didClose": st.fixed_dictionaries(
        {"notebookDocument": DOCUMENT, "cellTextDocuments": st.lists(DOCUMENT, max_size=2)}
    ),
    "workspace/didChangeConfiguration": st.fixed_dictionaries({"settings": JUNK}),
    "workspace/didChangeWorkspaceFolders": st.just({"event": {"added": [], "removed": []}}),
    "workspace/didChangeWatchedFiles": st.just({"changes": []}),
    "window/workDoneProgress/cancel": st.fixed_dictionaries({"token": st.sampled_from(["mine", 7, "no"])}),
    "$/setTrace": st.fixed_dictionaries({"value": st.sampled_from(["off", "messages", "verbose", "loud"])}),
    "$/cancelRequest": st.fixed_dictionaries({"id": st.sampled_from([1, "a", None])}),
    "dgls/accepted": st.fixed_dictionaries({"id": NUMBERS}),
    "dgls/partiallyAccepted": st.fixed_dictionaries({"id": st.text(max_size=3), "length": NUMBERS}),
    "dgls/rejected": st.fixed_dictionaries({"ids": st.lists(JUNK, max_size=2)}),
    "initialized": JUNK,
    "no/such": JUNK,
}
BODIES = st.sampled_from(
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"jsonrpc": "2.0"}',
        b'{"jsonrpc": "1.0", "id": 1, "method": "initialize"}',
        b'{"jsonrpc": "2.0", "id": {}, "method": "textDocument/hover"}',
        b'{"jsonrpc": "2.0", "id": null, "method": 3}',
        b'{"jsonrpc": "2.0", "id": "nobody asked", "result": 1}',
        b'{"jsonrpc": "2.0", "id": 5, "error": {"code": "x"}}',
        b"[" * 100_000,
    ]
)


@st.composite
def spoilt(draw: st.DrawFn, params: Any) -> Any:
    """``params`` with one value anywhere in it replaced by another or taken away."""
    if not params or not isinstance(params, dict | list) or draw(st.integers(0, 3)) == 0:
        return draw(JUNK)
    if isinstance(params, list):
        place = draw(st.integers(0, len(params) - 1))
        return [*params[:place], draw(spoilt(params[place])), *params[place + 1 :]]
    name = draw(st.sampled_from(sorted(params)))
    if draw(st.booleans()):
        return {**params, name: draw(spoilt(params[name]))}
    return {own: value for own, value in params.items() if own != name}


SPANS = st.sampled_from(
    [span((0, 0), (0, 0)), span((1, 0), (1, 3)), span((1, 2), (1, 2)), span((0, 9), (1, 1))]
)
HERE = st.sampled_from(COMMON)
SOUND: dict[str, st.SearchStrategy[Any]] = {
    name: st.fixed_dictionaries(
        {
            "command": st.just(f"dgls.{name}"),
            "arguments": st.tuples(
                st.fixed_dictionaries({"uri": HERE, **fields}, optional={"apply": st.booleans()})
            ),
        }
    )
    for name, fields in {
        "fill": {"range": SPANS},
        "rewrite": {"range": SPANS, "strength": st.just(0.5)},
        "fillHoles": {},
        "repair": {"range": SPANS},
        "redenoise": {},
    }.items()
}


@st.composite
def sound(draw: st.DrawFn) -> Json:
    """A message that may well be right, about one of two documents."""
    uri = draw(HERE)
    kind = draw(st.integers(0, 9))
    if kind < 2:
        item = {"uri": uri, "languageId": "python", "version": 1, "text": draw(TEXTS)}
        return {"method": "textDocument/didOpen", "params": {"textDocument": item}}
    if kind < 4:
        change = {"range": draw(SPANS), "text": draw(st.sampled_from(["", "x", "(", "\n"]))}
        params = {"textDocument": {"uri": uri, "version": draw(NUMBERS)}, "contentChanges": [change]}
        return {"method": "textDocument/didChange", "params": params}
    if kind < 6:
        context = {"triggerKind": draw(st.integers(1, 2))}
        params = {"textDocument": {"uri": uri}, "position": draw(SPANS)["end"], "context": context}
        return {"id": 0, "method": "textDocument/inlineCompletion", "params": params}
    if kind < 7:
        params = {"textDocument": {"uri": uri}, "range": draw(SPANS), "context": {"diagnostics": []}}
        return {"id": 0, "method": "textDocument/codeAction", "params": params}
    command = draw(SOUND[draw(st.sampled_from(sorted(SOUND)))])
    return {"id": 0, "method": "workspace/executeCommand", "params": command}


@st.composite
def odd(draw: st.DrawFn) -> Json | bytes:
    """A message of any feature whose parts need not fit, or are of the wrong kind, or no message at all."""
    kind = draw(st.sampled_from(["notification"] * 5 + ["request"] * 4 + ["body"]))
    if kind == "body":
        return draw(BODIES)
    table = REQUESTS if kind == "request" else NOTIFICATIONS
    method = draw(st.sampled_from(sorted(table)))
    params = draw(table[method])
    if draw(st.integers(0, 4)) == 0:
        params = draw(spoilt(params))
    message: Json = {"method": method, "params": params}
    return {"id": 0, **message} if kind == "request" else message


ANSWERS = st.sampled_from(
    [
        {"result": {"applied": True}},
        {"result": {"applied": False, "failureReason": "read-only"}},
        {"result": "no"},
        {"result": None},
        {},
        {"error": {"code": -32603, "message": "the editor failed"}},
        {"error": "no"},
    ]
)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serving(capabilities=EVERYTHING) as client:
        before = psutil.Process(client.process.pid).memory_info().rss
        yield client
        grown = psutil.Process(client.process.pid).memory_info().rss - before
        print(f"{MESSAGES} messages; the server grew by {grown / 2**20:.0f} MiB")
        assert grown < LEAK
        client.end()
        assert SECRET.encode() not in client.log, "no text of a document is logged"
        for trouble in (b"Traceback", b"the event loop", b"a request or a notification failed"):
            assert trouble not in client.log


@settings(
    max_examples=max(1, MESSAGES // PER_EXAMPLE),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    batch=st.lists(sound() | odd(), min_size=PER_EXAMPLE, max_size=PER_EXAMPLE),
    answers=st.lists(ANSWERS, min_size=1, max_size=3),
)
def test_every_request_is_answered_once_and_the_server_lives(
    client: Client, batch: list[Json | bytes], answers: list[Json]
) -> None:
    open_requests: set[int] = set()
    for message in batch:
        if isinstance(message, dict) and "id" in message:
            message = {**message, "id": next(ids)}
            open_requests.add(message["id"])
        client.send(message if isinstance(message, bytes) else as_sent(message))
    last = next(ids)
    client.send({"id": last, "method": "test/now"})
    open_requests.add(last)
    replies = itertools.cycle(answers)
    while open_requests:
        message = client.message(lambda message: True)
        if "method" in message:
            if "id" in message:
                client.send({"id": message["id"], **next(replies)})
        elif message["id"] is not None:
            assert ("result" in message) != ("error" in message)
            assert message["id"] in open_requests, "answered twice, or never asked"
            open_requests.discard(message["id"])
            assert message.get("error", {}).get("code") != INTERNAL_ERROR, message


def as_sent(message: Json) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **message}).encode()
