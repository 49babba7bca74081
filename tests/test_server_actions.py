"""Code actions over a real subprocess: offered where they fit, and each command does what its title says."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from lsp_client import CAPABILITIES, INVALID_PARAMS, Client, Json, script, serving, span

numbers = count()
LITERAL = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}, "tagSupport": {"valueSet": [1]}}
EDITOR = {**CAPABILITIES, "textDocument": {"inlineCompletion": {}, "codeAction": LITERAL}}
HOLES = script(fills=["return 1"]) + "def f():\n    ...\n\n\ndef g():\n    pass\n"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serving(capabilities=EDITOR) as client:
        client.ready()
        yield client


@pytest.fixture
def uri() -> str:
    return f"file:///project/action{next(numbers)}.py"


def actions(
    client: Client, uri: str, start: tuple[int, int], end: tuple[int, int], **context: Any
) -> list[Json]:
    params = {
        "textDocument": {"uri": uri},
        "range": span(start, end),
        "context": {"diagnostics": [], **context},
    }
    found: list[Json] = client.result(client.request("textDocument/codeAction", params))
    return found


def titles(found: list[Json]) -> list[str]:
    return [action["title"] for action in found]


def chosen(client: Client, action: Json) -> list[Json]:
    """What the editor is asked to apply when the action is chosen."""
    command = action["command"]
    params = {"command": command["command"], "arguments": command["arguments"]}
    request = client.request("workspace/executeCommand", params)
    edit = client.incoming("workspace/applyEdit")
    client.reply(edit, {"applied": True})
    assert client.result(request)["applied"]
    [change] = edit["params"]["edit"]["documentChanges"]
    assert change["textDocument"]["uri"] == command["arguments"][0]["uri"]
    edits: list[Json] = change["edits"]
    return edits


def test_a_cursor_in_plain_code_is_offered_nothing(client: Client, uri: str) -> None:
    client.open(uri, "x = 1\n")
    assert actions(client, uri, (0, 2), (0, 2)) == []


def test_a_cursor_in_a_hole_may_fill_it_or_all(client: Client, uri: str) -> None:
    client.open(uri, HOLES)
    found = actions(client, uri, (2, 5), (2, 5))
    assert titles(found) == ["dgls: Fill this hole", "dgls: Fill all 2 holes of the file"]
    assert {action["kind"] for action in found} == {"refactor.rewrite"}
    assert all(action["tags"] == [1] for action in found), "LlmGenerated"
    assert chosen(client, found[0]) == [{"range": span((2, 4), (2, 7)), "newText": "return 1"}]


def test_a_selection_may_be_filled_or_rewritten(client: Client, uri: str) -> None:
    client.open(uri, HOLES)
    found = actions(client, uri, (1, 0), (2, 7))
    assert titles(found) == [
        "dgls: Fill the hole selected",
        "dgls: Fill the selection",
        "dgls: Rewrite the selection a little",
        "dgls: Rewrite the selection",
    ]
    arguments = [action["command"]["arguments"][0] for action in found]
    assert all(argument["range"] == span((1, 0), (2, 7)) for argument in arguments)
    assert 0 < arguments[2]["strength"] < arguments[3]["strength"] < 1
    assert chosen(client, found[2]) == [{"range": span((1, 0), (2, 7)), "newText": "return 1"}]


def test_a_fault_has_a_quick_fix_without_any_diagnostics(client: Client, uri: str) -> None:
    client.open(uri, script() + "def f(:\n    return 1\n\n\nx = 1\n")
    [found] = actions(client, uri, (1, 6), (1, 6))
    assert (found["title"], found["kind"]) == ("dgls: Repair (')' is missing)", "quickfix")
    assert found["command"]["command"] == "dgls.repair"
    assert actions(client, uri, (5, 2), (5, 2)) == []


def test_a_fault_in_a_language_inside_the_text_has_a_quick_fix(client: Client, uri: str) -> None:
    client.open(uri, "<p>x</p>\n<script>\nlet a = [1;\n</script>\n", "html")
    [found] = actions(client, uri, (2, 10), (2, 10))
    assert (found["title"], found["kind"]) == ("dgls: Repair (']' is missing)", "quickfix")
    assert actions(client, uri, (0, 3), (0, 3)) == []


@pytest.mark.parametrize(
    ("only", "kinds"),
    [
        (["quickfix"], {"quickfix"}),
        (["refactor"], {"refactor.rewrite"}),
        (["refactor.rewrite"], {"refactor.rewrite"}),
        (["refactor.rew"], set()),
        (["source"], set()),
    ],
)
def test_an_editor_gets_only_the_kinds_that_it_asks_for(
    client: Client, uri: str, only: list[str], kinds: set[str]
) -> None:
    client.open(uri, "f(:\n")
    found = actions(client, uri, (0, 0), (0, 3), only=only)
    assert {action["kind"] for action in found} == kinds


def test_the_last_fill_may_be_drawn_again_where_it_stands(client: Client, uri: str) -> None:
    text = script(fills=["y"])
    client.open(uri, text + "a = x\nb = x\n")
    edits = chosen(client, actions(client, uri, (1, 4), (1, 5))[0])
    client.change(uri, 2, *({"range": edit["range"], "text": edit["newText"]} for edit in edits))
    assert titles(actions(client, uri, (1, 5), (1, 5))) == ["dgls: Draw the last fill again"]
    assert actions(client, uri, (2, 5), (2, 5)) == []


def test_a_language_without_a_grammar_offers_what_needs_none(client: Client) -> None:
    uri = "file:///project/a.klingon"
    client.open(uri, "tlh ...", language="klingon")
    assert titles(actions(client, uri, (0, 0), (0, 3)))[0] == "dgls: Fill the selection"
    assert actions(client, uri, (0, 5), (0, 5)) == []


def test_an_editor_that_knows_commands_alone_gets_commands() -> None:
    with serving() as client:
        client.ready()
        client.open("file:///a.py", "x = ...\n")
        found = actions(client, "file:///a.py", (0, 0), (0, 1))
        assert found[0]["command"] == "dgls.fill"
        assert set(found[0]) == {"title", "command", "arguments"}


def test_a_document_that_is_not_open_is_an_error_and_a_large_one_has_no_actions(client: Client) -> None:
    params = {
        "textDocument": {"uri": "file:///no.py"},
        "range": span((0, 0), (0, 0)),
        "context": {"diagnostics": []},
    }
    assert client.error(client.request("textDocument/codeAction", params))["code"] == INVALID_PARAMS
    client.open("file:///large.py", "x = ...\n" * 300_000)
    assert actions(client, "file:///large.py", (0, 0), (0, 1)) == []
    client.notify("textDocument/didClose", {"textDocument": {"uri": "file:///large.py"}})


@pytest.mark.parametrize("text", ["(" * 100_000, "x = ... ; " * 49_000])
def test_a_pathological_document_is_answered(client: Client, uri: str, text: str) -> None:
    client.open(uri, text)
    assert titles(actions(client, uri, (0, 0), (0, 1)))[-1] == "dgls: Rewrite the selection"


# Lazy actions


LAZY: Json = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "codeAction": {**LITERAL, "dataSupport": True, "resolveSupport": {"properties": ["edit"]}}
    },
    "workspace": {"workspaceEdit": {"documentChanges": True}},
}
URI = "file:///project/lazy.py"


def resolved(client: Client, action: Json) -> int:
    return client.request("codeAction/resolve", action)


@pytest.mark.parametrize("versioned", [True, False])
def test_a_client_that_applies_no_edits_gets_them_when_it_resolves(versioned: bool) -> None:
    capabilities = LAZY if versioned else {**LAZY, "workspace": {}}
    with serving(capabilities=capabilities) as client:
        client.open(URI, HOLES)
        [found, _] = actions(client, URI, (2, 5), (2, 5))
        assert "command" not in found and "edit" not in found, "nothing is computed before it is chosen"
        action = client.result(resolved(client, found))
        edits = [{"range": span((2, 4), (2, 7)), "newText": "return 1"}]
        if versioned:
            [change] = action["edit"]["documentChanges"]
            assert change == {"textDocument": {"uri": URI, "version": 1}, "edits": edits}
        else:
            assert action["edit"] == {"changes": {URI: edits}}
        assert {field: action[field] for field in ("title", "kind", "tags")} == {
            field: found[field] for field in ("title", "kind", "tags")
        }
        client.change(URI, 2, {"range": edits[0]["range"], "text": edits[0]["newText"]})
        assert "dgls: Draw the last fill again" in titles(actions(client, URI, (2, 6), (2, 6)))
        assert client.untaken("workspace/applyEdit") == []


def test_an_edit_that_was_resolved_and_not_applied_is_no_last_fill() -> None:
    with serving(capabilities=LAZY) as client:
        client.open(URI, HOLES)
        client.result(resolved(client, actions(client, URI, (2, 5), (2, 5))[0]))
        client.change(URI, 2, {"range": span((2, 4), (2, 7)), "text": "return 2"})
        assert actions(client, URI, (2, 6), (2, 6)) == []


def test_an_action_for_another_version_and_one_without_a_fill_are_errors() -> None:
    with serving(capabilities=LAZY) as client:
        client.open(URI, script(fills=[]) + "x = 1\n")
        action = actions(client, URI, (1, 0), (1, 5))[0]
        error = client.error(resolved(client, action))
        assert error == {
            "code": -32803,
            "message": "dgls.fill: no new text was found that is valid here",
        }
        client.change(URI, 2, {"range": span((1, 0), (1, 1)), "text": "y"})
        error = client.error(resolved(client, action))
        assert error["code"] == -32801 and "changed since the action was offered" in error["message"]
        error = client.error(resolved(client, {**action, "data": {"command": "rm"}}))
        assert error["code"] == INVALID_PARAMS and "data is wrong" in error["message"]


def test_a_client_that_applies_edits_has_a_command_and_resolving_changes_nothing(
    client: Client, uri: str
) -> None:
    client.open(uri, HOLES)
    found = actions(client, uri, (2, 5), (2, 5))[0]
    assert client.result(resolved(client, found)) == found


def test_a_client_that_can_do_neither_is_offered_nothing() -> None:
    with serving(capabilities={"textDocument": {"codeAction": LITERAL}}) as client:
        client.open(URI, HOLES)
        assert actions(client, URI, (2, 5), (2, 5)) == []


def test_a_parser_that_fails_is_said_once_and_what_needs_none_is_offered() -> None:
    with serving(load={"parser": "broken"}, capabilities=EDITOR) as client:
        client.open(URI, "swordfish = ...\n")
        found = actions(client, URI, (0, 0), (0, 3))
        assert titles(found)[0] == "dgls: Fill the selection"
        assert client.shown() == "holes and faults cannot be found: the parser failed with SystemError"
        client.change(URI, 2, {"range": span((0, 0), (0, 1)), "text": "S"})
        assert titles(actions(client, URI, (0, 0), (0, 3))) == titles(found)
        assert client.untaken("window/showMessage") == []
        client.end()
        assert b"SystemError" in client.log and b"word" not in client.log
