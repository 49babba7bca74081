"""When nothing is said, and how long is waited: pure functions, and the same over the real transport."""

from pathlib import Path
from typing import Any

import pytest
from lsp_client import (
    REQUEST_CANCELLED,
    Client,
    Json,
    changed,
    inline,
    script,
    serving,
    span,
    typed,
    wait_for,
)

from dgls.config import InlineSettings
from dgls.server.acceptance import Counts
from dgls.server.restraint import (
    LEAST_PAUSE,
    LONGEST_BEAT,
    PAUSE,
    Motion,
    Stroke,
    Typing,
    holds_back,
    motion_of,
    pause,
    strokes_of,
)
from dgls.text import Document, Edit, Position


def texts(items: list[Any]) -> list[str]:
    return [item["insertText"] for item in items]


# What the last change was


def edit(text: str, start: int, end: int) -> Edit:
    return Edit(text, Position(0, start), Position(0, end))


@pytest.mark.parametrize(
    ("edits", "motion"),
    [
        ([edit("x", 3, 3)], "typed"),
        ([edit("x", 0, 7)], "typed"),  # typed over a selection
        ([edit("\n    ", 4, 8)], "typed"),  # a new line, the blanks of the old one trimmed
        ([edit("", 3, 4)], "deleted"),
        ([edit("    ", 0, 8)], "deleted"),  # a level of indentation less
        ([edit("", 1, 2), edit("", 3, 4)], "deleted"),  # several cursors
        ([edit("a", 1, 2), edit("b", 3, 4)], "typed"),
        ([Edit("one tw three\n")], "deleted"),  # a client that sends whole documents
        ([Edit("one twoo three\n")], "typed"),
        ([Edit("one two three\n")], "typed"),  # nothing has changed
        ([edit("", 1, 2)] * 40, "typed"),  # a tool
        ([], "typed"),
    ],
)
def test_what_a_change_is(edits: list[Edit], motion: Motion) -> None:
    before = Document.of("file:///a", "python", 1, "one two three\n")
    assert motion_of(strokes_of(before, edits, "utf-16"), leads_back=False) == motion


def changes(*texts: str) -> list[Motion]:
    """What the steps from text to text are, to who remembers all before."""
    typing, motions = Typing(), list[Motion]()
    document = Document.of("file:///a", "python", 1, texts[0])
    for text in texts[1:]:
        after = Document.of("file:///a", "python", 2, text)
        typing.note(document, after, strokes_of(document, [Edit(text)], "utf-8"), 0.0)
        motions.append(typing.motion("file:///a"))
        document = after
    return motions


def test_undoing_and_redoing_is_seen_by_what_comes_back() -> None:
    assert changes("a = b", "a", "a = b") == ["deleted", "undone"]
    assert changes("a", "a = b", "a", "a = b") == ["typed", "deleted", "undone"]
    assert changes("let it be", "let us be", "let it be") == ["typed", "undone"]
    assert changes("a yes", "a ye", "a y", "a ", "a yes") == [
        *["deleted"] * 3,
        "undone",
    ]  # of several at once
    assert changes("a no", "a b", "a by", "a no") == ["typed", "typed", "undone"]  # typed over a selection
    assert changes("ab", "a", "ab") == ["deleted", "typed"]  # one letter may as well be typed again
    assert changes("a = b", "a", "a + b") == ["deleted", "typed"]


def test_a_removed_stretch_is_read_in_the_clients_units() -> None:
    before = Document.of("file:///a", "python", 1, "😀x\ny😀\nz")
    [stroke] = strokes_of(before, [Edit("", Position(0, 2), Position(1, 3))], "utf-16")
    assert stroke == Stroke(Position(0, 2), "x\ny😀", "")


@pytest.mark.parametrize("trigger", ["automatic", "manual", "off"])
@pytest.mark.parametrize("motion", ["typed", "deleted", "undone"])
@pytest.mark.parametrize("by_hand", [True, False])
def test_who_asks_by_hand_is_answered_unless_all_is_off(trigger: Any, motion: Motion, by_hand: bool) -> None:
    said = trigger != "off" and (by_hand or (trigger == "automatic" and motion == "typed"))
    assert holds_back(InlineSettings(trigger=trigger), motion, by_hand=by_hand) is not said


# How long is waited


def test_the_wait_follows_the_rhythm_up_to_the_setting() -> None:
    nobody = Counts()
    assert pause([0.1, 0.1, 0.4], nobody, 1.0) == pytest.approx(PAUSE * 0.1)
    assert pause([0.3] * 5, nobody, 0.25) == 0.25
    assert pause([], nobody, 0.25) == 0.125
    assert pause([0.1], nobody, 0) == 0
    assert pause([0.001], nobody, 1.0) == LEAST_PAUSE  # a held key, or a storm


def test_it_is_longer_where_offers_are_dismissed_and_shorter_where_they_are_taken() -> None:
    usual = pause([0.1], Counts(shown=50), 1)
    assert (
        pause([0.1], Counts(shown=50, rejected=50), 1)
        > usual
        > pause([0.1], Counts(shown=50, accepted=50), 1)
        > 0
    )


def test_time_since_the_last_keystroke_counts() -> None:
    typing, settings = Typing(), InlineSettings(debounce_ms=1000)
    stroke = [Stroke(Position(0, 0), "", "x")]
    empty = Document.of("file:///a", "python", 1, "")
    assert typing.wait(settings, Counts(), 5.0) == 0  # nothing was ever typed
    for now in (10.0, 10.2, 10.4, 10.6 + 2 * LONGEST_BEAT):  # the last comes after a pause, which is no beat
        typing.note(empty, empty.edited(2, [Edit("x")], "utf-8"), stroke, now)
    last = 10.6 + 2 * LONGEST_BEAT
    assert typing.wait(settings, Counts(), last) == pytest.approx(PAUSE * 0.2)
    assert typing.wait(settings, Counts(), last + 0.1) == pytest.approx(PAUSE * 0.2 - 0.1)
    assert typing.wait(settings, Counts(), last + 1) == 0


# As served


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"range": span((1, 2), (1, 4)), "text": ""}, id="deleted"),
        pytest.param({"range": span((1, 0), (1, 4)), "text": "  "}, id="outdented"),
    ],
)
def test_after_a_deletion_only_who_asks_by_hand_is_answered(client: Client, uri: str, change: Json) -> None:
    client.open(uri, script() + "    ")
    client.change(uri, 2, change)
    assert client.result(client.request(*inline(uri, 1, 2))) == []
    assert texts(client.result(client.request(*inline(uri, 1, 2, invoked=True)))) == ["FILL"]
    client.change(uri, 3, typed(1, 2, "x"))
    assert texts(client.result(client.request(*inline(uri, 1, 3)))) == ["FILL"]


def test_after_the_one_undo_of_several_strokes(client: Client, uri: str) -> None:
    client.open(uri, script() + "x = yes\n")
    for version, end in ((2, 7), (3, 6), (4, 5)):
        client.change(uri, version, {"range": span((1, end - 1), (1, end)), "text": ""})
    client.change(uri, 5, typed(1, 4, "yes"))
    assert client.result(client.request(*inline(uri, 1, 7))) == []
    for version, end, text in ((6, 7, "n"), (7, 5, "no")):  # typed over a selection
        client.change(uri, version, {"range": span((1, 4), (1, end)), "text": text})
    client.change(uri, 8, {"range": span((1, 4), (1, 6)), "text": "yes"})
    assert client.result(client.request(*inline(uri, 1, 7))) == []


def test_after_an_undo_too(client: Client, uri: str) -> None:
    client.open(uri, script() + "x = yes\n")
    client.change(uri, 2, {"range": span((1, 4), (1, 7)), "text": ""})
    client.change(uri, 3, typed(1, 4, "yes"))
    assert client.result(client.request(*inline(uri, 1, 7))) == []
    client.change(uri, 4, typed(1, 7, "!"))
    assert texts(client.result(client.request(*inline(uri, 1, 8)))) == ["FILL"]


def test_a_request_that_is_held_back_supersedes_too(client: Client, uri: str, tmp_path: Path) -> None:
    client.open(uri, script(gate=str(tmp_path)) + "ab")
    client.open(f"{uri}x", "ab")
    older = client.request(*inline(uri, 1, 2))
    wait_for(tmp_path / "begun")
    client.change(f"{uri}x", 2, {"range": span((0, 0), (0, 2)), "text": ""})
    assert client.result(client.request(*inline(f"{uri}x", 0, 0))) == []
    assert client.error(older)["code"] == REQUEST_CANCELLED
    (tmp_path / "step1").touch()


@pytest.mark.parametrize(("trigger", "automatic", "by_hand"), [("manual", [], ["FILL"]), ("off", [], [])])
def test_manual_and_off(uri: str, trigger: str, automatic: list[str], by_hand: list[str]) -> None:
    with serving(initializationOptions={"inline": {"trigger": trigger}}) as client:
        client.ready()
        client.open(uri, script())
        assert texts(client.result(client.request(*inline(uri, 1, 0)))) == automatic
        assert texts(client.result(client.request(*inline(uri, 1, 0, invoked=True)))) == by_hand


def test_what_is_unlikely_is_offered_only_by_hand(uri: str) -> None:
    with serving(initializationOptions={"inline": {"min_confidence": 0.91}}) as client:
        client.ready()
        client.open(uri, script())
        assert client.result(client.request(*inline(uri, 1, 0))) == []
        assert texts(client.result(client.request(*inline(uri, 1, 0, invoked=True)))) == ["FILL"]


def test_a_superseded_request_costs_nothing(uri: str, tmp_path: Path) -> None:
    """The model is asked once: for what was wanted at last. What is asked by hand does not wait for a pause."""
    journal = tmp_path / "journal"
    with serving(environment={"DGLS_INLINE_DEBOUNCE_MS": "10000"}) as client:
        client.ready()
        client.open(uri, script(journal=str(journal)) + "x = ")
        older, newer = client.call(*inline(uri, 1, 5)), client.call(*inline(uri, 1, 5))
        by_hand = client.call(*inline(uri, 1, 6, invoked=True))
        client.send(
            changed(uri, 2, typed(1, 4, "w")), older, newer, changed(uri, 3, typed(1, 5, "o")), by_hand
        )
        assert texts(client.result(by_hand["id"])) == ["FILL"]
        assert client.error(older["id"])["message"] == "superseded by a newer request"
        error = client.error(newer["id"])
        assert error == {"code": REQUEST_CANCELLED, "message": "the document has changed"}
        assert len(journal.read_text().splitlines()) == 1
