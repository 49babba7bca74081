"""Type-along: what was shown goes on being shown as it is typed, without any work of the model."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsp_client import (
    CAPABILITIES,
    REQUEST_CANCELLED,
    Client,
    Json,
    ghost,
    inline,
    place,
    script,
    serving,
    span,
    typed,
)

from dgls.infill.request import Fill, Gap
from dgls.server.shown import KEPT, Answers, rests_of, shown
from dgls.text import Document, Edit, Position

numbers = count()


@pytest.fixture(scope="module", params=["utf-8", "utf-16", "utf-32"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with serving(capabilities={**CAPABILITIES, "general": {"positionEncodings": [request.param]}}) as client:
        client.ready()
        yield client


class Along:
    """A document with one request answered at the end of its line 1, and the model's journal."""

    def __init__(
        self, client: Client, folder: Path, before: str = "x = ", behind: str = "", **directives: Any
    ):
        self.client, self.journal = client, folder / "journal"
        self.uri = f"file:///project/along{next(numbers)}.py"
        self.version = 1
        client.open(self.uri, script(journal=str(self.journal), **directives) + before + behind)
        self.at = len(before)

    def ask(self, character: int, line: int = 1, invoked: bool = False) -> Any:
        return self.client.result(self.client.request(*inline(self.uri, line, character, invoked=invoked)))

    def change(self, *changes: Json) -> None:
        self.version += 1
        self.client.change(self.uri, self.version, *changes)

    @property
    def works(self) -> int:
        """How many requests the model has worked on."""
        return len(self.journal.read_text().splitlines())


def texts(items: list[Any]) -> list[str]:
    return [item["insertText"] for item in items]


def test_typing_along_asks_the_model_nothing(client: Client, tmp_path: Path) -> None:
    along = Along(client, tmp_path, fills=["foo(bar)"])
    [first] = along.ask(4)
    for index, character in enumerate("foo(ba"):
        along.change(typed(1, 4 + index, character))
        at = span((1, 5 + index), (1, 5 + index))
        assert along.ask(5 + index) == [ghost("foo(bar)"[index + 1 :], at, first["data"]["id"])]
    assert along.works == 1


def test_who_deletes_back_to_what_was_shown_and_asks_by_hand_gets_it(client: Client, tmp_path: Path) -> None:
    along = Along(client, tmp_path, fills=["foo(bar)"])
    along.ask(4)
    along.change(typed(1, 4, "foo"))
    along.change({"range": span((1, 5), (1, 7)), "text": ""})
    assert along.ask(5) == []
    assert texts(along.ask(5, invoked=True)) == ["oo(bar)"]
    along.change({"range": span((1, 4), (1, 5)), "text": ""})
    assert texts(along.ask(4, invoked=True)) == ["foo(bar)"]
    assert along.works == 1


def test_who_takes_back_a_slip_sees_again_what_was_shown(client: Client, tmp_path: Path) -> None:
    along = Along(client, tmp_path, fills=["value + 1"])
    assert texts(along.ask(4)) == ["value + 1"]
    along.change(typed(1, 4, "va"))
    assert texts(along.ask(6)) == ["lue + 1"]
    along.change(typed(1, 6, "k"))
    along.change({"range": span((1, 6), (1, 7)), "text": ""})
    assert texts(along.ask(6)) == ["lue + 1"]
    assert along.works == 1


def test_who_deletes_what_was_shown_is_not_offered_it_again(client: Client, tmp_path: Path) -> None:
    along = Along(client, tmp_path, fills=["value + 1"])
    assert texts(along.ask(4)) == ["value + 1"]
    along.change(typed(1, 4, "value + 1"))  # accepted
    for end in (13, 12):
        along.change({"range": span((1, end - 1), (1, end)), "text": ""})
        assert along.ask(end - 1) == []
    along.change({"range": span((1, 4), (1, 11)), "text": ""})
    assert along.ask(4) == []
    assert along.works == 1


def test_and_moving_within_what_was_typed(client: Client, tmp_path: Path) -> None:
    along = Along(client, tmp_path, fills=["foo(bar)"])
    along.ask(4)
    along.change(typed(1, 4, "foo"))
    [item] = along.ask(5)
    assert (item["insertText"], item["range"]) == ("oo(bar)", span((1, 5), (1, 7)))
    assert along.works == 1


def test_a_bracket_that_the_editor_closed_is_replaced(client: Client, tmp_path: Path) -> None:
    along = Along(client, tmp_path, fills=["foo(bar) + 1"])
    along.ask(4)
    along.change(typed(1, 4, "foo()"))
    [item] = along.ask(8)
    assert (item["insertText"], item["range"]) == ("bar) + 1", span((1, 8), (1, 9)))
    assert along.works == 1


def test_every_candidate_that_agrees_stays(client: Client, tmp_path: Path) -> None:
    along = Along(client, tmp_path, fills=["zoo", "fool", "food", "bar"])
    assert texts(along.ask(4, invoked=True)) == ["zoo", "fool", "food", "bar"]
    along.change(typed(1, 4, "fo"))
    assert texts(along.ask(6, invoked=True)) == ["ol", "od"]
    assert texts(along.ask(6)) == ["ol"]
    assert along.works == 1


def test_several_lines_in_the_documents_own_line_ends(client: Client, tmp_path: Path) -> None:
    head = script(journal=str(tmp_path / "journal"), fills=["if a:\n    return é😀b\n"])
    along = Along(client, tmp_path)
    along.change({"text": f"{head.strip()}\r\n\r\nend\r\n"})
    assert texts(along.ask(0)) == ["if a:\r\n    return é😀b\r\n"]
    along.change(typed(1, 0, "if a:"))
    along.change(typed(1, 5, "\r\n    "))
    assert texts(along.ask(4, line=2)) == ["return é😀b\r\n"]
    along.change(typed(2, 4, "return é😀"))
    units = {"utf-8": 17, "utf-16": 14, "utf-32": 13}[client.answers["capabilities"]["positionEncoding"]]
    [item] = along.ask(units, line=2)
    assert item["insertText"] == "b\r\n"
    assert item["range"] == {"start": place(2, units), "end": place(2, units)}
    assert along.works == 1


def test_a_place_that_was_left_is_remembered(client: Client, tmp_path: Path) -> None:
    along = Along(client, tmp_path, behind="\ny = \n", fills=["foo"])
    along.ask(4)
    along.ask(4, line=2)
    assert along.works == 2
    assert texts(along.ask(4)) == texts(along.ask(4, line=2)) == ["foo"]
    assert along.works == 2


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(typed(1, 4, "g"), id="typed something else"),
        pytest.param(typed(1, 4, "foo"), id="typed all of it"),
        pytest.param(typed(2, 0, "f"), id="typed elsewhere"),
        pytest.param({"range": span((1, 3), (1, 4)), "text": ""}, id="deleted"),
    ],
)
def test_what_was_not_shown_is_asked_of_the_model(client: Client, tmp_path: Path, change: Json) -> None:
    along = Along(client, tmp_path, behind="\n\n", fills=["foo"])
    along.ask(4)
    along.change(change)
    along.ask({"g": 5, "foo": 7, "f": 4, "": 3}[change["text"]], invoked=True)
    assert along.works == 2


def test_a_closed_document_is_forgotten(client: Client, tmp_path: Path) -> None:
    along = Along(client, tmp_path, fills=["foo"])
    along.ask(4)
    client.notify("textDocument/didClose", {"textDocument": {"uri": along.uri}})
    client.open(along.uri, script(journal=str(along.journal), fills=["foo"]) + "x = ")
    along.ask(4)
    assert along.works == 2


def test_an_answer_from_what_was_shown_ends_what_is_running(tmp_path: Path) -> None:
    with serving() as client:
        client.ready()
        along = Along(client, tmp_path, behind="\n\n", fills=["foo"])
        along.ask(4)
        client.open(f"{along.uri}x", script(gate=str(tmp_path), steps=99))
        running = client.request(*inline(f"{along.uri}x", 1, 0))
        assert texts(along.ask(4)) == ["foo"]
        assert client.error(running)["code"] == REQUEST_CANCELLED


def test_so_many_answers_are_kept() -> None:
    answers = Answers()
    document = Document.of("file:///a", "python", 1, "\n" * 2 * KEPT)
    for offset in range(2 * KEPT):
        answers.remember(document.uri, shown(document, Gap(offset, offset), [fill("a")]))
    found = [offset for offset in range(2 * KEPT) if answers.find(document, offset)]
    assert found == list(range(KEPT, 2 * KEPT))


def fill(text: str) -> Fill:
    return Fill((text,), 0.9, True, False, 1)


LETTERS = st.text("ab(\r\n é😀", max_size=12)


@settings(deadline=None)
@given(
    before=LETTERS,
    old=st.sampled_from(["", ")", "ab"]),
    behind=LETTERS,
    fills=st.lists(LETTERS, min_size=1, max_size=3),
    along=st.integers(0, 12),
    closed=st.sampled_from(["", ")", "b", "\n"]),
    edits=st.lists(st.tuples(LETTERS, st.integers(0, 30), st.integers(0, 30)), max_size=2),
    cursor=st.integers(0, 40),
)
def test_whatever_is_accepted_the_text_is_what_was_judged(
    before: str,
    old: str,
    behind: str,
    fills: list[str],
    along: int,
    closed: str,
    edits: list[tuple[str, int, int]],
    cursor: int,
) -> None:
    document = Document.of("file:///a", "python", 1, before + old + behind)
    gap = Gap(len(before), len(before + old))
    answer = shown(document, gap, [fill(text) for text in fills])
    typed_text = fills[0][:along]
    now = Document.of(document.uri, "python", 2, before + typed_text + closed + behind)
    for text, start, end in edits:
        first, last = (now.position(min(len(now.text), place), "utf-32") for place in (start, end))
        now = now.edited(now.version + 1, [Edit(text, Position(*first), Position(*last))], "utf-32")
    if not edits:
        cursor = len(before + typed_text)
    for rest in rests_of(answer, now, min(cursor, len(now.text))):
        after = now.text[: rest.span.start] + rest.text + now.text[rest.span.end :]
        assert after == before + rest.fill.texts[0] + behind
        assert rest.span.start == min(cursor, len(now.text))
        assert not {"\r", "\n"} & set(now.text[rest.span.start : rest.span.end])
    if not edits and not closed and not old and typed_text != fills[0] and "\r" not in before + behind:
        assert rests_of(answer, now, cursor)[0].text == fills[0][along:]
