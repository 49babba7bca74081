"""Clients without ghost text get fills as items of their list; others are asked to register what they can."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from lsp_client import CAPABILITIES, Client, Json, inline, place, script, serving, span, typed

numbers = count()
KNOWN = {"documentationFormat": ["markdown"], "insertTextModeSupport": {"valueSet": [1]}}


def plain(**item: Any) -> Json:
    """The capabilities of a client that has no ghost text."""
    return {**CAPABILITIES, "textDocument": {"completion": {"completionItem": item}}}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serving(capabilities=plain(**KNOWN)) as client:
        client.ready()
        yield client


@pytest.fixture
def uri() -> str:
    return f"file:///project/list{next(numbers)}.py"


def listed(uri: str, line: int, character: int, kind: int = 1) -> tuple[str, Json]:
    return "textDocument/completion", {
        "textDocument": {"uri": uri},
        "position": place(line, character),
        "context": {"triggerKind": kind},
    }


def test_an_item_replaces_the_word_before_the_cursor(client: Client, uri: str) -> None:
    client.open(uri, script(fills=["nt(a)\n    print(b)", "nt(c)"]) + "    pri")
    answer = client.result(client.request(*listed(uri, 1, 7)))
    assert answer["isIncomplete"] is True
    [item, other] = answer["items"]
    known = item["data"]["id"]
    assert item == {
        "label": "print(a)…",
        "kind": 1,
        "detail": "dgls, 90% sure, 2 lines",
        "documentation": {"kind": "markdown", "value": "```python\nprint(a)\n    print(b)\n```"},
        "sortText": "~00",
        "filterText": "print(a)",
        "insertTextMode": 1,
        "textEdit": {"range": span((1, 4), (1, 7)), "newText": "print(a)\n    print(b)"},
        "command": {"title": "dgls: accepted", "command": "dgls.accepted", "arguments": [{"id": known}]},
        "data": {"validated": True, "id": known},
    }
    assert (other["label"], other["sortText"]) == ("print(c)", "~01")
    assert client.result(client.request("workspace/executeCommand", item["command"])) is None


def test_while_typing_only_the_best_is_listed(client: Client, uri: str) -> None:
    client.open(uri, script(fills=["ab", "ac"]))
    client.change(uri, 2, typed(1, 0, "a"))
    assert [item["label"] for item in client.result(client.request(*listed(uri, 1, 1)))["items"]] == ["aab"]


def test_a_list_that_is_asked_for_again_while_typing_goes_on(client: Client, uri: str) -> None:
    client.open(uri, script(fills=["foo()"]))
    client.result(client.request(*listed(uri, 1, 0)))
    client.change(uri, 2, typed(1, 0, "fo"))
    [item] = client.result(client.request(*listed(uri, 1, 2, kind=3)))["items"]
    assert item["textEdit"] == {"range": span((1, 0), (1, 2)), "newText": "foo()"}


def test_nothing_is_an_empty_list_that_may_fill(client: Client, uri: str) -> None:
    client.open(uri, script(fills=[]))
    assert client.result(client.request(*listed(uri, 1, 0))) == {"isIncomplete": True, "items": []}


def test_a_client_that_knows_less_gets_less(uri: str) -> None:
    with serving(capabilities=plain()) as client:
        client.ready()
        client.open(uri, script(fills=["a `b` ```c"]))
        [item] = client.result(client.request(*listed(uri, 1, 0)))["items"]
        assert item["documentation"] == "a `b` ```c"
        assert "insertTextMode" not in item


def test_lists_are_for_clients_without_ghost_text_alone() -> None:
    with serving(capabilities=plain()) as client:
        assert client.answers["capabilities"]["completionProvider"]["triggerCharacters"]
    with serving() as client:
        assert "completionProvider" not in client.answers["capabilities"]
        assert client.error(client.request(*listed("file:///a.py", 0, 0)))["code"] == -32601


def test_a_client_that_registers_is_asked_to_do_so_for_all_its_documents(uri: str) -> None:
    dynamic = {**CAPABILITIES, "textDocument": {"inlineCompletion": {"dynamicRegistration": True}}}
    with serving(capabilities=dynamic) as client:
        assert "inlineCompletionProvider" not in client.answers["capabilities"]
        asked = client.incoming("client/registerCapability")
        [registration] = asked["params"]["registrations"]
        assert registration["method"] == "textDocument/inlineCompletion"
        assert registration["registerOptions"].get("documentSelector") is None, "those of the client itself"
        client.reply(asked, None)
        client.ready()
        client.open(uri, script())
        assert client.result(client.request(*inline(uri, 1, 0)))


def test_a_client_that_refuses_to_register_is_served_all_the_same(uri: str) -> None:
    dynamic = {**CAPABILITIES, "textDocument": {"inlineCompletion": {"dynamicRegistration": True}}}
    with serving(capabilities=dynamic) as client:
        asked = client.incoming("client/registerCapability")
        client.send({"id": asked["id"], "error": {"code": -32601, "message": "no"}})
        client.ready()
        client.open(uri, script())
        assert client.result(client.request(*inline(uri, 1, 0)))
        client.end()
    assert b"refuses to register textDocument/inlineCompletion: no" in client.log
