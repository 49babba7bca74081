"""Other open documents and recent edits as context: which are read, and that typing changes nothing about it."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgls.server.recent import AROUND, MOST, RecentEdits
from dgls.text import Document
from tests.lsp_client import Client, changed, inline, script, serving, typed

PRICING = "def gross(net):\n    return net * 1.19\n"
RATES = "RATE = 19\n\n\ndef rate_of(country):\n    return RATE\n"
SHOP = script(echo=True) + "total = gross(1)\n\n\ndef receipt(net):\n    return \n"
OWN, PRICES, TAXES = (f"file:///shop/{name}.py" for name in ("receipt", "pricing", "taxes"))
ON = {"context": {"related_tokens": 256}}


@pytest.fixture
def client() -> Iterator[Client]:
    with serving(initializationOptions=ON) as client:
        client.ready()
        client.open(PRICES, PRICING)
        client.open(OWN, SHOP)
        settle(client)
        yield client


def settle(client: Client, pieces: int = 1, first: int = 2) -> None:
    """Ask until other documents are read: first it is found out whether they may be."""
    for version in range(first, first + 200):
        client.change(OWN, version, typed(2, 0, "#"))
        if len(related(client)) >= pieces:
            return
    raise AssertionError("the other document is never read")


def related(client: Client, line: int = 5, character: int = 11, uri: str = OWN) -> list[Any]:
    """Path and text of what the model was given of other texts."""
    items = client.result(client.request(*inline(uri, line, character)))
    pieces: list[Any] = json.loads(items[0]["insertText"])["related"]
    return pieces


def test_a_fill_reads_what_is_related_in_other_open_documents(client: Client) -> None:
    assert related(client) == [["pricing.py", PRICING.strip("\n")]]


def test_nothing_is_read_unless_the_user_wants_it() -> None:
    with serving() as client:
        client.ready()
        client.open(PRICES, PRICING)
        client.open(OWN, SHOP)
        assert related(client) == []


def test_a_document_is_read_as_it_stands_now_and_no_longer_once_it_is_closed(client: Client) -> None:
    client.change(PRICES, 2, typed(1, 4, "tax = 0.19; "))
    client.change(OWN, 300, typed(2, 0, "#"))
    assert related(client)[0][1].endswith("tax = 0.19; return net * 1.19")
    client.notify("textDocument/didClose", {"textDocument": {"uri": PRICES}})
    assert related(client, 5, 10) == []


def test_no_secret_and_nothing_ignored_is_ever_read(tmp_path: Path) -> None:
    """The client cannot watch files: what `.dglsignore` says is looked up as it asks."""
    ignored = tmp_path / ".dglsignore"
    ignored.write_text("private/\n")
    names = (".env", "private/pricing.py", "keys/id_rsa.pem", "taxes.py", "receipt.py")
    *others, own = [(tmp_path / name).as_uri() for name in names]
    read: list[set[str]] = []

    def ask_until(wanted: set[str]) -> None:
        for _ in range(200):
            client.change(own, len(read) + 2, typed(2, 0, "#"))
            read.append({path for path, _ in related(client, uri=own)})
            if read[-1] == wanted:
                return
        raise AssertionError(read)

    with serving(initializationOptions=ON, rootUri=tmp_path.as_uri()) as client:
        client.ready()
        for uri in others:
            client.open(uri, PRICING)
            client.change(uri, 2, typed(1, 4, "SECRET = 1; "))
        client.open(own, SHOP)
        ask_until({"taxes.py"})
        ignored.write_text("private/\ntaxes.py\n")
        ask_until(set())
        ignored.write_text("private/\n#\n")
        ask_until({"taxes.py"})
    assert set().union(*read) == {"taxes.py"}


def test_while_the_user_types_the_choice_stays(client: Client) -> None:
    client.open(TAXES, RATES)
    settle(client, 2, first=300)
    before = related(client)
    assert before[0][0] == "pricing.py"
    line = "rate_of(country) + RATE"  # now the other file would be worth more
    for count, character in enumerate(line):
        client.send(changed(OWN, count + 601, typed(5, 11 + count, character)))
        assert related(client, 5, 12 + count) == before
    client.change(OWN, 700, typed(6, 0, "\n" * 50 + "rate = rate_of(country)"))
    assert related(client, 56, 23)[0][0] == "taxes.py"


@pytest.mark.parametrize("said_by", ["the editor", "the project"])
def test_an_edited_place_far_off_in_the_same_document_is_read(tmp_path: Path, said_by: str) -> None:
    if said_by == "the project":
        (tmp_path / "pyproject.toml").write_text("[tool.dgls.context]\nrelated_tokens = 256\n")
    options = ON if said_by == "the editor" else {}
    with serving(initializationOptions=options, rootUri=tmp_path.as_uri()) as client:
        client.ready()
        reads_an_edited_place_far_off(client, (tmp_path / "long.py").as_uri())


def reads_an_edited_place_far_off(client: Client, uri: str) -> None:
    filler = "".join(f"value_{number} = {number}\n" for number in range(600))
    client.open(
        uri, script(echo=True) + "def discount(price):\n    return price\n\n\n" + filler + "discount()\n"
    )
    assert related(client, 605, 9, uri) == []
    client.change(uri, 2, typed(2, 16, " * 0.9"))
    [[path, text], *_] = related(client, 605, 9, uri)
    assert (path, text) == ("long.py", "def discount(price):\n    return price * 0.9")


def test_the_other_cells_of_a_notebook_are_not_read_twice(client: Client) -> None:
    book = "file:///shop/book.ipynb"
    cells = [f"{book}#{number}" for number in range(2)]
    texts = [script(echo=True) + PRICING, "gross()"]
    client.notify(
        "notebookDocument/didOpen",
        {
            "notebookDocument": {
                "uri": book,
                "notebookType": "jupyter-notebook",
                "version": 1,
                "cells": [{"kind": 2, "document": uri} for uri in cells],
            },
            "cellTextDocuments": [
                {"uri": uri, "languageId": "python", "version": 1, "text": text}
                for uri, text in zip(cells, texts, strict=True)
            ],
        },
    )
    assert all(path != "book.ipynb" for path, _ in related(client, 0, 6, cells[1]))


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n"]), max_size=120)


def document(uri: str, version: int, text: str) -> Document:
    return Document.of(uri, "python", version, text)


def test_a_place_moves_along_and_goes_with_its_document() -> None:
    recent = RecentEdits()
    text = [f"{number}\n" for number in range(200)]
    recent.follow("a", document("a", 1, "".join(text)), noted=True)
    text[100] = "edited\n"
    recent.follow("a", document("a", 2, "".join(text)), noted=True)
    assert recent.lines("a") == (100,)
    recent.follow("a", document("a", 3, "".join(["new\n"] * 10 + text)), noted=True)
    assert recent.lines("a") == (0, 110)
    recent.follow("a", document("a", 4, "".join(["new\n"] * 10 + text[:50])), noted=True)
    assert recent.lines("a") == (0, 60)
    recent.follow("a", None, noted=True)
    assert recent.lines("a") == ()


@given(st.lists(st.tuples(st.sampled_from("ab"), LINES), max_size=60))
def test_places_are_few_apart_and_inside_their_documents(versions: list[tuple[str, list[str]]]) -> None:
    recent = RecentEdits()
    now = {"a": [""], "b": [""]}
    for version, (uri, lines) in enumerate(versions):
        made = document(uri, version, "".join(lines))
        recent.follow(uri, made, noted=True)
        now[uri] = made.lines
        places = {each: recent.lines(each) for each in now}
        assert sum(map(len, places.values())) <= MOST
        for each, found in places.items():
            assert all(0 <= line <= len(now[each]) for line in found)
            assert all(later - line > AROUND for line, later in itertools.pairwise(found))
