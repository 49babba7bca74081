"""The command ``dgls.fill`` over a real subprocess with a scripted model: one versioned edit, or a clear reason."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lsp_client import (
    CAPABILITIES,
    INVALID_PARAMS,
    REQUEST_CANCELLED,
    REQUEST_FAILED,
    Client,
    changed,
    fill_span,
    inline,
    script,
    serving,
    span,
    typed,
    wait_for,
)

from dgls.text import Document, Edit, Encoding, Position

numbers = count()
NOTHING = {"applied": False, "validated": False, "version": None, "fills": [], "left": 0}


@pytest.fixture
def uri() -> str:
    return f"file:///project/fill{next(numbers)}.py"


def test_a_fill_is_one_versioned_edit(client: Client, uri: str) -> None:
    client.open(uri, script(fills=["b + c", "other"]) + "a = (None)\n")
    client.change(uri, 5, typed(1, 0, "_"))
    request = client.request(*fill_span(uri, (1, 6), (1, 10)))
    edit = client.incoming("workspace/applyEdit")
    assert edit["params"] == {
        "label": "dgls: fill",
        "edit": {
            "documentChanges": [
                {
                    "textDocument": {"uri": uri, "version": 5},
                    "edits": [{"range": span((1, 6), (1, 10)), "newText": "b + c"}],
                }
            ]
        },
    }
    client.reply(edit, {"applied": True})
    assert client.result(request) == {
        "applied": True,
        "validated": True,
        "reason": None,
        "version": 5,
        "fills": [
            {
                "edits": [{"range": span((1, 6), (1, 10)), "newText": text}],
                "validated": True,
                "confidence": 0.9,
            }
            for text in ("b + c", "other")
        ],
        "left": 0,
    }
    assert client.untaken("workspace/applyEdit") == []


def test_the_result_says_that_a_fill_was_not_validated(client: Client, uri: str) -> None:
    client.open(uri, script(validated=False), language="klingon")
    request = client.request(*fill_span(uri, (1, 0), (1, 0)))
    client.reply(client.incoming("workspace/applyEdit"), {"applied": True})
    result = client.result(request)
    assert (result["applied"], result["validated"], result["reason"]) == (True, False, None)


@pytest.mark.parametrize(
    ("start", "end", "single"),
    [((1, 2), (1, 3), True), ((1, 2), (1, 5), False), ((1, 2), (2, 1), False)],
)
def test_a_span_within_a_line_that_goes_on_stays_on_it(
    client: Client, uri: str, start: tuple[int, int], end: tuple[int, int], single: bool
) -> None:
    client.open(uri, script(echo=True) + "f(x) \nyz")
    request = client.request(*fill_span(uri, start, end))
    edit = client.incoming("workspace/applyEdit")
    client.reply(edit, {"applied": True})
    assert client.result(request)["applied"]
    text = edit["params"]["edit"]["documentChanges"][0]["edits"][0]["newText"]
    assert f'"single_line": {str(single).lower()}' in text


texts = st.text(st.sampled_from("ab \t\r\n\f\u2028\ufeffé中😀\ud83d"), max_size=30)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_every_character_outside_the_span_is_unchanged(encoding: Encoding) -> None:
    capabilities = {**CAPABILITIES, "general": {"positionEncodings": [encoding]}}
    with serving(capabilities=capabilities) as client:
        client.ready()

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(text=texts, data=st.data())
        def check(text: str, data: st.DataObject) -> None:
            uri = f"file:///project/fill{next(numbers)}.py"
            whole = script(fills=["<\n>"]) + text
            before = Document.of(uri, "python", 1, whole)
            ends = st.integers(len(whole) - len(text), len(whole))
            places = sorted(before.position(data.draw(ends), encoding) for _ in "12")
            client.open(uri, whole)
            request = client.request(*fill_span(uri, *places))
            edit = client.incoming("workspace/applyEdit")
            client.reply(edit, {"applied": True})
            assert client.result(request)["applied"]
            [change] = edit["params"]["edit"]["documentChanges"]
            [sent] = change["edits"]
            where = [Position(**sent["range"][name]) for name in ("start", "end")]
            after = before.edited(2, [Edit(sent["newText"], *where)], encoding).text
            start, end = (before.offset(place, encoding) for place in places)
            assert after == whole[:start] + "<\n>" + whole[end:]

        check()


# What may go wrong


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "takes one argument, {uri, candidates?, apply?, range?, ranges?, pins?}; got 0"),
        (None, "takes one argument, {uri, candidates?, apply?, range?, ranges?, pins?}; got 0"),
        ([{}, {}], "got 2"),
        (["file:///a.py"], "Expected `object`, got `str`"),
        ([{}], "Object missing required field `uri`"),
        ([{"uri": 1, "range": span((0, 0), (0, 0))}], "Expected `str`, got `int` - at `$.uri`"),
        ([{"uri": "u", "range": span((0, 0), (0, -1))}], "`$.range.end.character`"),
        ([{"uri": "u", "range": span((0, 0), (0, 0)), "speed": 1}], "unknown field `speed`"),
        ([{"uri": "file:///closed.py", "range": span((0, 0), (0, 0))}], "file:///closed.py is not open"),
    ],
)
def test_wrong_arguments_are_answered_and_shown(client: Client, arguments: Any, reason: str) -> None:
    params = {"command": "dgls.fill", "arguments": arguments}
    error = client.error(client.request("workspace/executeCommand", params))
    assert error["code"] == INVALID_PARAMS and reason in error["message"]
    assert client.shown() == error["message"]


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [((0, 0), (9, 0), "line 9 is outside the document"), ((0, 2), (0, 1), "the range ends before it starts")],
)
def test_a_range_that_is_none_is_answered_and_shown(
    client: Client, uri: str, start: tuple[int, int], end: tuple[int, int], reason: str
) -> None:
    client.open(uri, "abc")
    error = client.error(client.request(*fill_span(uri, start, end)))
    assert error["code"] == INVALID_PARAMS and reason in error["message"]
    assert client.shown() == error["message"]


def test_an_unknown_command_is_an_error(client: Client) -> None:
    error = client.error(client.request("workspace/executeCommand", {"command": "dgls.fly"}))
    commands = client.answers["capabilities"]["executeCommandProvider"]["commands"]
    assert error == {
        "code": INVALID_PARAMS,
        "message": f"'dgls.fly' is no command; there are: {', '.join(commands)}",
    }


def test_no_fill_is_no_edit_and_a_word(client: Client, uri: str) -> None:
    client.open(uri, script(fills=[]))
    result = client.result(client.request(*fill_span(uri, (1, 0), (1, 0))))
    assert result == {**NOTHING, "reason": "no new text was found that is valid here"}
    assert client.shown() == "dgls.fill: no new text was found that is valid here"
    assert client.untaken("workspace/applyEdit") == []


def test_a_model_that_raises_fails_the_command_with_one_message(client: Client, uri: str) -> None:
    client.open(uri, script(fails="out of luck"))
    for _ in range(2):
        error = client.error(client.request(*fill_span(uri, (1, 0), (1, 0))))
        assert error == {"code": REQUEST_FAILED, "message": "the fill failed: RuntimeError: out of luck"}
    assert client.shown() == error["message"]
    assert client.untaken("window/showMessage") == []


def test_a_document_changed_meanwhile_is_left_alone(client: Client, uri: str, tmp_path: Path) -> None:
    client.open(uri, script(gate=str(tmp_path)))
    request = client.request(*fill_span(uri, (1, 0), (1, 0)))
    wait_for(tmp_path / "begun")
    client.change(uri, 2, typed(1, 0, "x"))
    client.catch_up()
    (tmp_path / "step1").touch()
    reason = "the document was changed meanwhile; nothing was changed by dgls"
    assert client.result(request) == {**NOTHING, "reason": reason}
    assert client.shown() == f"dgls.fill: {reason}"
    assert client.untaken("workspace/applyEdit") == []


def test_a_document_changed_and_changed_back_takes_the_edit_as_it_is_now(
    client: Client, uri: str, tmp_path: Path
) -> None:
    client.open(uri, script(gate=str(tmp_path)))
    request = client.request(*fill_span(uri, (1, 0), (1, 0)))
    wait_for(tmp_path / "begun")
    client.send(
        changed(uri, 2, typed(1, 0, "x")),
        changed(uri, 3, {"range": span((1, 0), (1, 1)), "text": ""}),
    )
    client.catch_up()
    (tmp_path / "step1").touch()
    edit = client.incoming("workspace/applyEdit")
    assert edit["params"]["edit"]["documentChanges"][0]["textDocument"]["version"] == 3
    client.reply(edit, {"applied": True})
    assert client.result(request)["applied"]


def test_a_command_ends_where_its_user_types_on_and_is_to_be_completed(
    client: Client, uri: str, tmp_path: Path
) -> None:
    client.open(uri, script(gate=str(tmp_path)))
    request = client.request(*fill_span(uri, (1, 0), (1, 0)))
    wait_for(tmp_path / "begun")
    client.change(uri, 2, typed(1, 0, "x"))
    completion = client.request(*inline(uri, 1, 1))
    assert "changed meanwhile" in client.result(request)["reason"]  # before its step has ended
    assert "changed meanwhile" in client.shown()
    (tmp_path / "step1").touch()
    assert client.result(completion)


def test_a_document_closed_meanwhile_is_left_alone(client: Client, uri: str, tmp_path: Path) -> None:
    client.open(uri, script(gate=str(tmp_path)))
    request = client.request(*fill_span(uri, (1, 0), (1, 0)))
    wait_for(tmp_path / "begun")
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    client.catch_up()
    (tmp_path / "step1").touch()
    assert "closed meanwhile" in client.result(request)["reason"]
    assert "closed meanwhile" in client.shown()


def test_an_edit_that_the_editor_does_not_apply_is_said(client: Client, uri: str) -> None:
    client.open(uri, "")
    request = client.request(*fill_span(uri, (0, 0), (0, 0)))
    client.reply(client.incoming("workspace/applyEdit"), {"applied": False, "failureReason": "read-only"})
    reason = "the editor did not apply the edit: read-only"
    result = client.result(request)
    assert (result["applied"], result["reason"]) == (False, reason)
    assert client.shown() == f"dgls.fill: {reason}"


@pytest.mark.parametrize("answer", [{"error": {"code": -32601, "message": "no edits here"}}, {"result": 7}])
def test_an_edit_that_the_editor_refuses_is_said(client: Client, uri: str, answer: Any) -> None:
    client.open(uri, "")
    request = client.request(*fill_span(uri, (0, 0), (0, 0)))
    client.send({"id": client.incoming("workspace/applyEdit")["id"], **answer})
    assert client.result(request)["reason"].startswith("the editor refused the edit: ")
    client.shown()


# Who wins


def test_no_keystroke_drops_a_command(client: Client, uri: str, tmp_path: Path) -> None:
    client.open(uri, script(gate=str(tmp_path)))
    other = f"{uri}x"
    client.open(other, "")
    command = client.request(*fill_span(uri, (1, 0), (1, 0)))
    wait_for(tmp_path / "begun")
    keystrokes = [client.request(*inline(other, 0, 0)) for _ in range(5)]
    for superseded in keystrokes[:-1]:
        assert client.error(superseded)["code"] == REQUEST_CANCELLED
    (tmp_path / "step1").touch()
    client.reply(client.incoming("workspace/applyEdit"), {"applied": True})
    assert client.result(command)["applied"]
    assert client.result(keystrokes[-1])[0]["insertText"] == "FILL"


def test_a_cancelled_command_stops_the_model(client: Client, uri: str, tmp_path: Path) -> None:
    # pygls answers such a request, but its command runs on.
    client.open(uri, script(gate=str(tmp_path), steps=99))
    command = client.request(*fill_span(uri, (1, 0), (1, 0)))
    wait_for(tmp_path / "begun")
    client.cancel(command)
    assert client.error(command)["code"] == REQUEST_CANCELLED
    (tmp_path / "step1").touch()
    wait_for(tmp_path / "closed")
    assert client.untaken("workspace/applyEdit") == []


def test_a_command_cancelled_while_the_editor_applies_its_edit_harms_nothing(uri: str) -> None:
    # pygls raises InvalidStateError when the response comes after all (pygls#621).
    with serving() as client:
        client.ready()
        client.open(uri, "")
        command = client.request(*fill_span(uri, (0, 0), (0, 0)))
        edit = client.incoming("workspace/applyEdit")
        client.cancel(command)
        assert client.error(command)["code"] == REQUEST_CANCELLED
        client.reply(edit, {"applied": True})
        again = client.request(*fill_span(uri, (0, 0), (0, 0)))
        client.reply(client.incoming("workspace/applyEdit"), {"applied": True})
        assert client.result(again)["applied"]
        assert client.untaken("window/showMessage") == []
        client.end()
        assert client.log == b""
