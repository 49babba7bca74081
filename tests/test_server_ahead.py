"""What is worked on while nobody waits: what comes next, and what there was no time for."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from lsp_client import CAPABILITIES, Client, Json, inline, script, serving, span, typed, wait_for

numbers = count()
EAGER = {**CAPABILITIES, "experimental": {"dgls": {"improvements": True}}}


@contextmanager
def eager(**more: Any) -> Iterator[Client]:
    """A client of a server that fills ahead, and says so in its trace."""
    with serving(environment={"DGLS_INLINE_SPECULATE": "true"}, trace="messages", **more) as client:
        client.ready()
        yield client


@pytest.fixture
def uri() -> str:
    return f"file:///project/ahead{next(numbers)}.py"


def ask(client: Client, uri: str, character: int, line: int = 1) -> list[Json]:
    items: list[Json] = client.result(client.request(*inline(uri, line, character)))
    return items


def filled_ahead(client: Client) -> None:
    """Wait until the server says that it has filled ahead."""
    client.message(lambda message: "filled ahead" in str(message.get("params", {}).get("message")))


def works(journal: Path) -> list[Json]:
    """What the model was asked."""
    return [json.loads(line) for line in journal.read_text().splitlines()]


def test_who_accepts_has_the_next_fill_without_asking_the_model(uri: str, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with eager() as client:
        client.open(uri, script(journal=str(journal), fills=["foo()"]) + "x = \ny\n")
        [item] = ask(client, uri, 4)
        filled_ahead(client)
        shown, ahead = works(journal)
        assert ahead["text"] == shown["text"].replace("x = ", "x = foo()")
        assert ahead["gap"][0] == shown["gap"][0] + len("foo()")
        client.change(uri, 2, {"range": item["range"], "text": item["insertText"]})
        assert [item["insertText"] for item in ask(client, uri, 9)] == ["foo()"]
        filled_ahead(client)  # and so it goes on
        assert len(works(journal)) == 3


def test_what_was_filled_ahead_is_not_filled_again_while_the_user_types_along(
    uri: str, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    with eager() as client:
        client.open(uri, script(journal=str(journal), fills=["foo()"]) + "x = ")
        ask(client, uri, 4)
        filled_ahead(client)
        for index, character in enumerate("foo"):
            client.change(uri, 2 + index, typed(1, 4 + index, character))
            assert ask(client, uri, 5 + index)
        assert len(works(journal)) == 2


def test_the_first_keystroke_ends_it(uri: str, tmp_path: Path) -> None:
    with eager() as client:
        client.open(uri, script(gate=str(tmp_path), behind="foo()", steps=99, fills=["foo()"]) + "x = ")
        assert ask(client, uri, 4)
        wait_for(tmp_path / "begun")
        client.change(uri, 2, typed(1, 4, "f"))
        client.catch_up()
        (tmp_path / "step1").touch()  # the step that was running; there is no other
        wait_for(tmp_path / "closed")
        assert [item["insertText"] for item in ask(client, uri, 5)] == ["oo()"]


def test_whoever_is_told_not_to_fills_nothing_ahead(uri: str, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with serving() as client:
        client.ready()
        client.open(uri, script(journal=str(journal), fills=["foo()"]) + "x = \n")
        ask(client, uri, 4)
        client.ready()
        assert len(works(journal)) == 1


def test_a_client_that_can_is_told_what_is_better(uri: str) -> None:
    with serving(capabilities=EAGER) as client:
        client.ready()
        client.open(uri, script(fills=["a"], later=["ab(c)"]) + "x = ")
        request = client.request(*inline(uri, 1, 4))
        assert [item["insertText"] for item in client.result(request)] == ["a"]
        improved = client.incoming("dgls/improved")["params"]
        assert (improved["uri"], improved["version"], improved["id"]) == (uri, 1, request)
        [item] = improved["items"]
        assert (item["insertText"], item["range"]) == ("ab(c)", span((1, 4), (1, 4)))
        client.change(uri, 2, typed(1, 4, "ab"))
        assert [item["insertText"] for item in ask(client, uri, 6)] == ["(c)"]


def test_others_are_not(uri: str) -> None:
    with serving() as client:
        client.ready()
        client.open(uri, script(fills=["a"], later=["better"]) + "x = ")
        assert [item["insertText"] for item in ask(client, uri, 4)] == ["a"]
        client.ready()
        assert client.untaken("dgls/improved") == []


@pytest.mark.parametrize("later", [["a"], []])
def test_nobody_is_told_the_same_again(uri: str, later: list[str]) -> None:
    with serving(capabilities=EAGER, trace="messages") as client:
        client.ready()
        client.open(uri, script(fills=["a"], later=later) + "x = ")
        assert [item["insertText"] for item in ask(client, uri, 4)] == ["a"]
        client.message(lambda message: "looked again" in str(message.get("params", {}).get("message")))
        assert client.untaken("dgls/improved") == []
