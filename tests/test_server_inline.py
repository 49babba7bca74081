"""Ghost text: ``textDocument/inlineCompletion`` over a real subprocess with a scripted model."""

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from lsp_client import (
    CAPABILITIES,
    REQUEST_CANCELLED,
    Client,
    changed,
    fill_span,
    ghost,
    inline,
    place,
    script,
    serving,
    span,
    typed,
    wait_for,
)

numbers = count()


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serving(capabilities={**CAPABILITIES, "experimental": {"dgls": {"frames": True}}}) as client:
        client.ready()
        yield client


@pytest.fixture
def uri() -> str:
    return f"file:///project/inline{next(numbers)}.py"


def texts(items: list[Any]) -> list[str]:
    return [item["insertText"] for item in items]


def asked(items: list[Any]) -> Any:
    """What the model was asked, from the answer of a script with ``echo``."""
    return json.loads(items[0]["insertText"])


def test_an_item_inserts_the_fill_at_the_cursor(client: Client, uri: str) -> None:
    client.open(uri, script(fills=["a + b", "second"]) + "x = \n")
    [item] = client.result(client.request(*inline(uri, 1, 4)))
    assert item == ghost("a + b", span((1, 4), (1, 4)), item["data"]["id"])


def test_who_asks_by_hand_gets_every_distinct_fill(client: Client, uri: str) -> None:
    client.open(uri, script(fills=["one", "two", "one", ""]))
    assert texts(client.result(client.request(*inline(uri, 1, 0, invoked=True)))) == ["one", "two"]
    assert texts(client.result(client.request(*inline(uri, 1, 0)))) == ["one"]


@pytest.mark.parametrize("fills", [[], [""]])
def test_nothing_is_an_empty_list(client: Client, uri: str, fills: list[str]) -> None:
    client.open(uri, script(fills=fills))
    assert client.result(client.request(*inline(uri, 1, 0))) == []


def test_a_fill_without_a_verdict_is_marked(client: Client, uri: str) -> None:
    client.open(uri, script(validated=False), language="klingon")
    [item] = client.result(client.request(*inline(uri, 1, 0)))
    assert item["data"]["validated"] is False


def instead(modules: Path) -> dict[str, str]:
    """An environment in which ``modules`` come before those that are installed."""
    return {"PYTHONPATH": os.pathsep.join([str(modules), str(Path(__file__).parents[1])])}


def test_a_missing_grammar_is_named_once_with_what_installs_it(uri: str, tmp_path: Path) -> None:
    (tmp_path / "tree_sitter_rust.py").write_text("raise ModuleNotFoundError(name=__name__)")
    with serving(environment=instead(tmp_path)) as client:
        client.ready()
        for name in (f"{uri}.rs", f"{uri}2.rs"):
            client.open(name, script(validated=False), language="rust")
            assert client.result(client.request(*inline(name, 1, 0)))
        assert "Rust needs the package tree-sitter-rust" in (shown := client.shown())
        assert shown.endswith('pip install "dgls[rust]"')
        assert client.untaken("window/showMessage") == []


def test_a_language_without_a_grammar_is_named_once_and_plain_text_is_none(client: Client, uri: str) -> None:
    for name, language in ((uri, "plaintext"), (f"{uri}2", "klingon"), (f"{uri}3", "klingon")):
        client.open(name, script(validated=False), language=language)
        assert client.result(client.request(*inline(name, 1, 0)))
    assert (
        client.shown() == "dgls has no grammar for klingon: what is filled there is not checked, so read it"
    )
    assert client.untaken("window/showMessage") == []


def test_a_missing_grammar_of_a_language_inside_another_is_named_too(uri: str, tmp_path: Path) -> None:
    (tmp_path / "tree_sitter_css.py").write_text("raise ModuleNotFoundError(name=__name__)")
    page = "<p></p>\n<style>\na { }\n</style>\n"
    with serving(environment=instead(tmp_path)) as client:
        client.ready()
        client.open(uri, script(validated=False) + page, language="html")
        assert client.result(client.request(*inline(uri, 1, 3)))
        assert client.result(client.request(*inline(uri, 3, 4)))
        assert 'pip install "dgls[css]"' in client.shown()
        assert client.untaken("window/showMessage") == []


def test_the_engine_is_asked_for_a_completion_at_the_cursor(client: Client, uri: str) -> None:
    client.open(uri, script(echo=True) + "x = ")
    question = asked(client.result(client.request(*inline(uri, 1, 4))))
    end = len(question["text"])
    assert (question["find"], question["gap"], question["begins"]) == ("completion", [end, end], "")


def selecting(
    uri: str, start: tuple[int, int], end: tuple[int, int], text: str, *, invoked: bool = False
) -> Any:
    """The method and parameters of a request while ``text`` is selected in the editor's list."""
    method, params = inline(uri, *end, invoked=invoked)
    selected = {"range": span(start, end), "text": text}
    return method, {**params, "context": {**params["context"], "selectedCompletionInfo": selected}}


def test_what_is_selected_is_what_items_begin_with(client: Client, uri: str) -> None:
    fills = ["print(a)", "print", "prune()", "print(b)"]
    client.open(uri, script(fills=fills) + "x = pr")
    request = client.request(*selecting(uri, (1, 4), (1, 6), "print", invoked=True))
    items = client.result(request)
    assert texts(items) == ["print(a)", "print(b)"]
    assert {json.dumps(item["range"]) for item in items} == {json.dumps(span((1, 4), (1, 6)))}
    assert texts(client.result(client.request(*selecting(uri, (1, 4), (1, 6), "print")))) == ["print(a)"]
    assert client.result(client.request(*selecting(uri, (1, 4), (1, 6), "prefix"))) == []


def test_what_is_selected_is_pinned_before_the_gap(client: Client, uri: str) -> None:
    client.open(uri, script(echo=True) + "x = pr()")
    # The answer begins with a brace, so that a selected brace is extended by it.
    [item] = client.result(client.request(*selecting(uri, (1, 4), (1, 6), "{")))
    question = json.loads(item["insertText"])
    assert (question["begins"], question["gap"]) == (
        "{",
        [len(question["text"]) - 4, len(question["text"]) - 2],
    )


def test_ghost_text_that_is_shown_goes_on_behind_what_is_selected(
    client: Client, uri: str, tmp_path: Path
) -> None:
    client.open(uri, script(journal=str(tmp_path / "journal"), fills=["print(a)"]) + "x = ")
    client.result(client.request(*inline(uri, 1, 4)))
    client.change(uri, 2, typed(1, 4, "pr"))
    assert texts(client.result(client.request(*selecting(uri, (1, 4), (1, 6), "print")))) == ["print(a)"]
    assert len((tmp_path / "journal").read_text().splitlines()) == 1
    assert client.result(client.request(*selecting(uri, (1, 4), (1, 6), "process"))) == []


def test_the_model_is_told_the_path_in_the_workspace() -> None:
    paths = {
        "file:///project/pkg/a%20b.py": "pkg/a b.py",
        "file:///elsewhere/c.py": "c.py",
        "untitled:Untitled-1": "Untitled-1",
        "file://[": "[",
        "": "",
    }
    with serving(workspaceFolders=[{"uri": "file:///project", "name": "project"}]) as client:
        client.ready()
        for uri, path in paths.items():
            client.open(uri, script(echo=True))
            assert asked(client.result(client.request(*inline(uri, 1, 0))))["path"] == path


# Documents


@pytest.mark.parametrize(
    ("text", "line", "character", "offset"),
    [
        ("", 0, 0, 0),
        ("\ufeffx", 0, 1, 1),
        ("a\r\nb", 1, 1, 4),
        ("a\r\nb", 0, 99, 1),
        ("a\rb", 1, 0, 2),
        ("a\fb\u2028c\x85d", 0, 99, 7),  # no line ends: pygls cuts here
        ("\t\tx", 0, 2, 2),
        ("😀😀", 0, 2, 1),
        ("😀", 0, 1, 0),
        ("\ud83dx", 0, 1, 1),  # a lone surrogate
        ("ab", 0, 99, 2),  # pygls stops one short at the end of a text without newline
    ],
)
def test_positions_are_the_protocols(
    client: Client, uri: str, text: str, line: int, character: int, offset: int
) -> None:
    first = script(echo=True)
    client.open(uri, first + text)
    question = asked(client.result(client.request(*inline(uri, line + 1, character))))
    assert question["text"] == first + text
    assert question["gap"] == [len(first) + offset, len(first) + offset]


def test_an_empty_document_is_answered(client: Client, uri: str) -> None:
    client.open(uri, "")
    assert texts(client.result(client.request(*inline(uri, 0, 0)))) == ["FILL"]


def test_changes_are_incremental_and_in_order(client: Client, uri: str) -> None:
    client.open(uri, script(echo=True) + "one\f\r\ntwo")
    client.change(uri, 2, typed(1, 4, "!"), {"range": span((1, 0), (1, 3)), "text": "1"})
    client.change(uri, 3, {"range": span((1, 2), (2, 1)), "text": "😀"}, typed(1, 4, "?"))
    question = asked(client.result(client.request(*inline(uri, 1, 0))))
    assert question["text"] == script(echo=True) + "1\f😀?wo"


@pytest.mark.parametrize(("end", "expected"), [("\n", "a\nb\nc"), ("\r\n", "a\r\nb\r\nc"), ("\r", "a\rb\rc")])
def test_a_fill_takes_the_line_ends_of_its_document(
    client: Client, uri: str, end: str, expected: str
) -> None:
    client.open(uri, script(fills=["a\nb\r\nc"]).replace("\n", end))
    assert texts(client.result(client.request(*inline(uri, 1, 0, invoked=True)))) == [expected]


def test_a_position_past_the_last_line_is_an_error(client: Client, uri: str) -> None:
    client.open(uri, "x")
    error = client.error(client.request(*inline(uri, 7, 0)))
    assert error["code"] == -32602
    assert error["message"] == f"{uri}: line 7 is outside the document, whose last line is 0 (counted from 0)"


def test_a_document_that_is_not_open_is_an_error(client: Client, uri: str) -> None:
    message = f"{uri} is not open; the client has to send textDocument/didOpen first"
    assert client.error(client.request(*inline(uri, 0, 0)))["message"] == message
    client.open(uri, "x")
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    client.change(uri, 2, {"text": "y"})
    assert client.error(client.request(*inline(uri, 0, 0)))["message"] == message


def test_a_document_of_ten_megabytes_is_refused_once_until_it_is_smaller(client: Client, uri: str) -> None:
    client.open(uri, "x = 1\n" * 1_700_000)
    for version in (2, 3):
        client.change(uri, version, typed(0, 0, "y"))
        assert client.result(client.request(*inline(uri, 0, 0))) == []
    assert client.shown() == f"{uri} is too large: documents of up to 2,000,000 characters are filled"
    assert client.untaken("window/showMessage") == []
    assert "too large" in client.error(client.request(*fill_span(uri, (0, 0), (0, 1))))["message"]
    assert "too large" in client.shown()
    client.change(uri, 4, {"text": "x = "})
    assert texts(client.result(client.request(*inline(uri, 0, 4)))) == ["FILL"]


# Who wins, and what is stale


def test_a_newer_request_supersedes_an_older_one(client: Client, uri: str, tmp_path: Path) -> None:
    client.open(uri, script(gate=str(tmp_path)))
    older = client.request(*inline(uri, 1, 0))
    wait_for(tmp_path / "begun")
    newer = client.request(*inline(uri, 1, 0))
    assert client.error(older) == {"code": REQUEST_CANCELLED, "message": "superseded by a newer request"}
    (tmp_path / "step1").touch()
    assert texts(client.result(newer)) == ["FILL"]


def test_a_cancelled_request_stops_the_model_within_one_step(
    client: Client, uri: str, tmp_path: Path
) -> None:
    client.open(uri, script(gate=str(tmp_path), steps=99))
    request = client.request(*inline(uri, 1, 0))
    wait_for(tmp_path / "begun")
    client.cancel(request)
    assert client.error(request)["code"] == REQUEST_CANCELLED
    (tmp_path / "step1").touch()  # the step that was running; there is no other
    wait_for(tmp_path / "closed")
    # The answer is the only one: what the model did later has been dropped.
    assert not [message for message in client._read if message.get("id") == request]


def test_a_request_cancelled_in_the_same_breath_stops_too(client: Client, uri: str, tmp_path: Path) -> None:
    client.open(uri, script(gate=str(tmp_path), steps=99))
    client.open(f"{uri}x", "")
    command = client.call(*fill_span(uri, (1, 0), (1, 0)))  # nothing supersedes a command
    client.send(command, {"method": "$/cancelRequest", "params": {"id": command["id"]}})
    assert client.error(command["id"])["code"] == REQUEST_CANCELLED
    (tmp_path / "step1").touch()
    assert texts(client.result(client.request(*inline(f"{uri}x", 0, 0)))) == ["FILL"]


def test_a_request_sees_the_document_as_it_was_when_it_came(client: Client, uri: str) -> None:
    first = script(echo=True)
    client.open(uri, first)
    request = client.call(*inline(uri, 1, 0))
    # pygls runs an async feature after the change that was sent behind the request. The change agrees with the
    # answer, which begins with a brace; so the answer shows what text was asked for.
    client.send(request, changed(uri, 2, typed(1, 0, "{")))
    [item] = client.result(request["id"])
    assert json.loads("{" + item["insertText"])["text"] == first
    assert item["range"] == span((1, 1), (1, 1))


def test_text_typed_along_the_answer_moves_it_forward(client: Client, uri: str, tmp_path: Path) -> None:
    client.open(uri, script(gate=str(tmp_path), fills=["é = 😀!", "other"]))
    request = client.request(*inline(uri, 1, 0, invoked=True))
    wait_for(tmp_path / "begun")
    client.change(uri, 2, typed(1, 0, "é = "))
    client.change(uri, 3, typed(1, 4, "😀"))
    client.catch_up()
    (tmp_path / "step1").touch()
    [item] = client.result(request)
    assert item == ghost("!", span((1, 6), (1, 6)), item["data"]["id"])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(typed(1, 0, "z"), id="typed something else"),
        pytest.param(typed(1, 0, "FILL!"), id="typed past the answer"),
        pytest.param(typed(1, 2, "FI"), id="typed elsewhere"),
        pytest.param({"range": span((1, 0), (1, 1)), "text": ""}, id="deleted"),
        pytest.param({"text": "new"}, id="replaced everything"),
    ],
)
def test_a_stale_answer_is_never_shown(client: Client, uri: str, tmp_path: Path, change: Any) -> None:
    client.open(uri, script(gate=str(tmp_path)) + "abc")
    request = client.request(*inline(uri, 1, 0))
    wait_for(tmp_path / "begun")
    client.change(uri, 2, change)
    client.catch_up()
    (tmp_path / "step1").touch()
    assert client.error(request)["code"] == REQUEST_CANCELLED


def test_work_for_a_closed_document_ends(client: Client, uri: str, tmp_path: Path) -> None:
    client.open(uri, script(gate=str(tmp_path), steps=99))
    request = client.request(*inline(uri, 1, 0))
    wait_for(tmp_path / "begun")
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert client.error(request)["code"] == REQUEST_CANCELLED
    (tmp_path / "step1").touch()
    wait_for(tmp_path / "closed")


def test_the_loop_answers_while_the_model_is_in_a_step(client: Client, uri: str, tmp_path: Path) -> None:
    client.open(uri, script(gate=str(tmp_path)))
    stuck = client.request(*inline(uri, 1, 0))
    wait_for(tmp_path / "begun")
    assert client.error(client.request("test/now"))["code"] == -32601
    (tmp_path / "step1").touch()
    client.result(stuck)


def test_a_model_that_raises_is_said_once_and_the_server_lives(client: Client, uri: str) -> None:
    client.open(uri, script(fails="out of memory"))
    assert client.result(client.request(*inline(uri, 1, 0))) == []
    assert client.result(client.request(*inline(uri, 1, 0))) == []
    assert client.shown() == "the fill failed: RuntimeError: out of memory"
    assert client.untaken("window/showMessage") == []
    client.change(uri, 2, {"text": "x = 1\ny = 2\n"})
    assert texts(client.result(client.request(*inline(uri, 2, 0)))) == ["FILL"]


# Frames


def test_frames_come_before_the_answer(client: Client, uri: str, tmp_path: Path) -> None:
    client.untaken("dgls/frame")
    client._read.clear()
    client.open(uri, script(steps=2) + "x = ")
    request = client.request(*inline(uri, 1, 4))
    response = client.response(request)
    assert response["result"]
    frames = [message["params"] for message in client._read if message.get("method") == "dgls/frame"]
    draft = {
        "range": {"start": place(1, 4), "end": place(1, 4)},
        "runs": [{"text": "half", "confidence": 0.5}, {"text": "", "confidence": None}],
    }
    assert frames == [
        {"uri": uri, "version": 1, "id": request, "state": "denoising", "step": step, "drafts": [draft]}
        for step in (1, 2)
    ]
    client._read.clear()
    assert client.untaken("dgls/frame") == []


def test_no_frame_is_sent_for_a_document_that_has_moved_on(client: Client, uri: str, tmp_path: Path) -> None:
    client.untaken("dgls/frame")
    client._read.clear()
    client.open(uri, script(gate=str(tmp_path)))
    request = client.request(*inline(uri, 1, 0))
    wait_for(tmp_path / "begun")
    client.change(uri, 2, typed(1, 0, "F"))
    client.catch_up()
    (tmp_path / "step1").touch()
    assert texts(client.result(request)) == ["ILL"]
    assert client.untaken("dgls/frame") == []


def test_a_client_that_declares_no_frames_gets_none(uri: str) -> None:
    with serving() as client:
        client.ready()
        client.open(uri, script(steps=3))
        assert texts(client.result(client.request(*inline(uri, 1, 0)))) == ["FILL"]
        assert client.untaken("dgls/frame") == []
