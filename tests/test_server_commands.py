"""All commands over a real subprocess with a scripted model: what each asks of it, the one edit, what is refused."""

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lsp_client import (
    INVALID_PARAMS,
    REQUEST_CANCELLED,
    Client,
    Json,
    changed,
    script,
    span,
    typed,
    wait_for,
)

from dgls.infill.request import Gap, filled
from dgls.server.last_fill import LastFill, filled_once
from dgls.text import Document, Edit, Position

numbers = count()


@pytest.fixture
def uri() -> str:
    return f"file:///project/command{next(numbers)}.py"


def command(name: str, uri: str, **arguments: Any) -> tuple[str, Json]:
    return "workspace/executeCommand", {"command": f"dgls.{name}", "arguments": [{"uri": uri, **arguments}]}


def run(client: Client, name: str, uri: str, **arguments: Any) -> tuple[Json, Json]:
    """The command's edit, which is applied, and its result."""
    request = client.request(*command(name, uri, **arguments))
    edit = client.incoming("workspace/applyEdit")
    client.reply(edit, {"applied": True})
    return edit["params"], client.result(request)


def told(client: Client, uri: str, text: str, edits: list[Json], version: int) -> str:
    """Tell the server of edits as an editor does that applied them, last first; answers the text then."""
    document = Document.of(uri, "python", 0, text)
    changes = [{"range": edit["range"], "text": edit["newText"]} for edit in reversed(edits)]
    client.change(uri, version, *changes)
    places = [
        (Position(**change["range"]["start"]), Position(**change["range"]["end"])) for change in changes
    ]
    texts = [Edit(change["text"], *ends) for change, ends in zip(changes, places, strict=True)]
    return document.edited(1, texts, "utf-16").text


def echoed(edit: Json) -> Json:
    """What the model was asked, which it answered in the first gap."""
    answer: Json = json.loads(edit["edit"]["documentChanges"][0]["edits"][0]["newText"])
    return answer


@pytest.mark.parametrize(
    ("name", "arguments", "asked"),
    [
        ("fill", {"range": span((1, 0), (1, 4)), "candidates": 7}, {"candidates": 7, "gaps": [[0, 4]]}),
        (
            "fill",
            {"range": span((1, 0), (2, 4)), "pins": [span((1, 1), (1, 2)), span((2, 2), (2, 4))]},
            {"gaps": [[0, 1], [2, 7]], "find": None, "strength": None},
        ),
        ("rewrite", {"range": span((1, 0), (1, 4)), "strength": 0.25}, {"gaps": [[0, 4]], "strength": 0.25}),
        (
            "rewrite",
            {"range": span((1, 0), (1, 4)), "strength": 1, "pins": [span((1, 0), (1, 2))]},
            {"gaps": [[2, 4]], "strength": 1.0},
        ),
        ("fillHoles", {"range": span((1, 0), (2, 2))}, {"gaps": [[0, 7]], "find": "holes"}),
        ("repair", {"range": span((2, 1), (2, 1))}, {"gaps": [[6, 6]], "find": "faults"}),
    ],
)
def test_each_command_says_what_is_free(
    client: Client, uri: str, name: str, arguments: Json, asked: Json
) -> None:
    first = script(echo=True)
    client.open(uri, first + "abcd\nefgh\n")
    edit, _ = run(client, name, uri, **arguments)
    seen = echoed(edit)
    expected = {**asked, "gaps": [[start + len(first), end + len(first)] for start, end in asked["gaps"]]}
    assert {field: seen[field] for field in expected} == expected


def test_without_a_range_the_whole_document_is_looked_at(client: Client, uri: str) -> None:
    text = script(echo=True) + "abcd\n"
    client.open(uri, text)
    for name in ("fillHoles", "repair"):
        assert echoed(run(client, name, uri)[0])["gaps"] == [[0, len(text)]]


def test_holes_that_the_model_found_are_one_versioned_edit(client: Client, uri: str) -> None:
    first = script(gaps=[[70, 71], [73, 73], [74, 75]], fills=["y"], left=2)
    client.open(uri, first.ljust(69).replace("\n", "") + "\n" + "ab\ncydef")
    edit, result = run(client, "fillHoles", uri)
    assert edit["label"] == "dgls: fill holes"
    [change] = edit["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": uri, "version": 1}
    assert change["edits"] == [
        {"range": span((1, 0), (1, 1)), "newText": "y"},
        {"range": span((2, 0), (2, 0)), "newText": "y"},
    ], "what keeps its text has no edit"
    assert (result["applied"], result["left"]) == (True, 2)
    assert client.shown() == "dgls.fillHoles: holes that stay as they are: 2"


def test_a_client_may_choose_from_all_fills_and_apply_one_itself(client: Client, uri: str) -> None:
    client.open(uri, script(fills=["b", "c"]) + "a = x * y\n")
    pins = [span((1, 5), (1, 8))]
    params = command("fill", uri, range=span((1, 4), (1, 9)), pins=pins, apply=False, candidates=2)
    result = client.result(client.request(*params))
    assert (result["applied"], result["reason"], result["version"]) == (False, None, 1)
    edits = [[(edit["range"], edit["newText"]) for edit in fill["edits"]] for fill in result["fills"]]
    assert edits == [[(span((1, 4), (1, 5)), text), (span((1, 8), (1, 9)), text)] for text in ("b", "c")]
    assert client.untaken("workspace/applyEdit") == []
    assert client.untaken("window/showMessage") == []


@pytest.mark.parametrize(
    ("name", "left", "reason"),
    [
        ("fillHoles", 0, "there are no holes here"),
        ("fillHoles", 3, "3 holes were found, and nothing valid for them"),
        ("repair", 0, "there is nothing here that does not parse"),
        ("repair", 1, "no edit was found that mends this"),
    ],
)
def test_nothing_found_says_what_there_was(
    client: Client, uri: str, name: str, left: int, reason: str
) -> None:
    client.open(uri, script(fills=[], gaps=[], left=left))
    assert client.result(client.request(*command(name, uri)))["reason"] == reason
    assert client.shown() == f"dgls.{name}: {reason}"


def test_a_command_is_cancelled_and_a_changed_document_left_alone(
    client: Client, uri: str, tmp_path: Path
) -> None:
    for name, more in (
        ("fillHoles", {}),
        ("repair", {}),
        ("rewrite", {"range": span((1, 0), (1, 1)), "strength": 0.5}),
    ):
        gate = tmp_path / name
        gate.mkdir()
        here = f"{uri}{name}"
        client.open(here, script(gate=str(gate), steps=9) + "x")
        request = client.request(*command(name, here, **more))
        wait_for(gate / "begun")
        client.cancel(request)
        assert client.error(request)["code"] == REQUEST_CANCELLED
        (gate / "step1").touch()
        wait_for(gate / "closed")
        later = tmp_path / f"{name}-later"
        later.mkdir()
        client.open(here, script(gate=str(later)) + "x")
        request = client.request(*command(name, here, **more))
        wait_for(later / "begun")
        client.change(here, 2, typed(1, 0, "y"))
        client.catch_up()
        (later / "step1").touch()
        assert "changed meanwhile" in client.result(request)["reason"]
        assert client.shown().startswith(f"dgls.{name}: the document was changed meanwhile")
    assert client.untaken("workspace/applyEdit") == []


def test_several_cursors_get_a_text_each_by_one_edit(client: Client, uri: str) -> None:
    """vscode#237000: every cursor got the same text, or only one got any."""
    text = script(echo=True) + "a = \nb = \n\nc = 1\n"
    client.open(uri, text)
    cursors = [
        span((4, 4), (4, 5)),
        span((1, 4), (1, 4)),
        span((2, 4), (2, 4)),
    ]  # in the order they were made
    edit, result = run(client, "fill", uri, ranges=cursors)
    [change] = edit["edit"]["documentChanges"]
    assert [own["range"] for own in change["edits"]] == [cursors[1], cursors[2], cursors[0]]
    asked = echoed(edit)
    first = len(script(echo=True))
    assert asked["gaps"] == [[first + 4, first + 4], [first + 9, first + 9], [first + 15, first + 16]]
    assert asked["find"] == "each" and result["applied"]


def test_lines_are_replaced_by_other_lines_in_one_edit(client: Client, uri: str) -> None:
    """vscode#211501: a suggestion could not replace more than one line."""
    client.open(uri, script(fills=["one\ntwo\nthree"]) + "a\nb\nc\nd\n")
    edit, _ = run(client, "fill", uri, range=span((2, 0), (3, 1)))
    [change] = edit["edit"]["documentChanges"]
    assert change["edits"] == [{"range": span((2, 0), (3, 1)), "newText": "one\ntwo\nthree"}]


# The last fill


def test_the_last_fill_is_drawn_again_where_it_stands_now_with_another_seed(client: Client, uri: str) -> None:
    text = script(echo=True) + "a = 1\n"
    client.open(uri, text)
    edit, _ = run(client, "fill", uri, range=span((1, 4), (1, 5)))
    [change] = edit["edit"]["documentChanges"]
    first = echoed(edit)
    text = told(client, uri, text, change["edits"], 2)
    client.change(uri, 3, typed(1, 0, "bc"))  # the fill moves on
    edit, _ = run(client, "redenoise", uri)
    again = echoed(edit)
    end = len(text) + 2 - 1
    assert again["gaps"] == [[text.index("a = ") + 6, end]]
    assert again["seed"] == first["seed"] + 1
    part = span((1, 8), (1, 10))
    text = told(client, uri, again["text"], edit["edit"]["documentChanges"][0]["edits"], 4)
    edit, _ = run(client, "redenoise", uri, ranges=[part])
    assert echoed(edit)["gaps"] == [[text.index("bca = ") + 8, text.index("bca = ") + 10]]
    assert echoed(edit)["seed"] == first["seed"] + 2
    told(client, uri, text, edit["edit"]["documentChanges"][0]["edits"], 5)
    edit, _ = run(client, "redenoise", uri)
    assert echoed(edit)["gaps"][0][0] == again["gaps"][0][0], "after a part the whole fill is still known"


def test_without_a_last_fill_there_is_nothing_to_draw_again(client: Client, uri: str) -> None:
    client.open(uri, "abc = 1")
    error = client.error(client.request(*command("redenoise", uri)))
    assert error["code"] == INVALID_PARAMS and "there is no last fill in this document" in error["message"]
    assert client.shown() == error["message"]
    edit, _ = run(client, "fill", uri, range=span((0, 2), (0, 5)))
    told(client, uri, "abc = 1", edit["edit"]["documentChanges"][0]["edits"], 2)
    error = client.error(client.request(*command("redenoise", uri, ranges=[span((0, 0), (0, 3))])))
    assert "range 1 is not inside the last fill" in error["message"]
    client.send(changed(uri, 3, {"range": span((0, 1), (0, 4)), "text": ""}))  # across its edge
    error = client.error(client.request(*command("redenoise", uri)))
    assert "changed beyond its edges since" in error["message"]
    for _ in "12":
        client.shown()


@given(
    text=st.text("ab\n", max_size=12),
    cuts=st.lists(st.integers(0, 12), min_size=4, max_size=4),
    fills=st.tuples(st.text("xy", max_size=3), st.text("xy", max_size=3)),
    change=st.tuples(st.integers(0, 18), st.integers(0, 18), st.text("abxy", max_size=3)),
)
def test_a_fill_moves_with_a_change_or_ends(
    text: str, cuts: list[int], fills: tuple[str, str], change: tuple[int, int, str]
) -> None:
    places = sorted(min(cut, len(text)) for cut in cuts)
    gaps = (Gap(*places[:2]), Gap(*places[2:]))
    last = filled_once(text, gaps, fills)
    assert last.text == filled(text, gaps, fills)
    assert [last.text[span.start : span.end] for span in last.spans] == list(fills)
    start, end = sorted(min(place, len(last.text)) for place in change[:2])
    after = last.text[:start] + change[2] + last.text[end:]
    moved = last.moved(after)
    if moved is None:
        return
    assert moved.text == after
    outside = [
        last.text[: last.spans[0].start],
        last.text[last.spans[0].end : last.spans[1].start],
        last.text[last.spans[1].end :],
    ]
    inside = [after[span.start : span.end] for span in moved.spans]
    around = [
        after[: moved.spans[0].start],
        after[moved.spans[0].end : moved.spans[1].start],
        after[moved.spans[1].end :],
    ]
    changed_stretches = sum(
        one != other for one, other in zip([*outside, *fills], [*around, *inside], strict=True)
    )
    assert changed_stretches <= 1, "one change changes one stretch"
    assert filled(after, moved.spans, inside) == after


@given(
    parts=st.lists(st.integers(0, 6), min_size=2, max_size=4).map(sorted),
    texts=st.lists(st.text("z", max_size=3), min_size=2, max_size=2),
)
def test_a_part_drawn_again_grows_its_fill_and_moves_what_follows(parts: list[int], texts: list[str]) -> None:
    last = LastFill("ab" + "123456" + "cd" + "78" + "e", (Gap(2, 8), Gap(10, 12)))
    gaps = [Gap(2 + start, 2 + end) for start, end in zip(parts[::2], parts[1::2], strict=False)]
    again = last.redrawn(gaps, texts[: len(gaps)])
    first, second = again.spans
    assert again.text[: first.start] == "ab"
    assert again.text[first.end : second.start] == "cd"
    assert again.text[second.start : second.end] == "78"
    assert again.text[first.start : first.end] == filled(last.text, gaps, texts[: len(gaps)])[2:-5]
    assert again.draws == last.draws + 1


# What is refused


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("fill", {"pins": [span((0, 0), (0, 3))]}, "pin 1 is not inside its selection"),
        ("fill", {"pins": [span((0, 4), (0, 6)), span((0, 3), (0, 4))]}, "pin 2 begins before pin 1 ends"),
        ("fill", {"pins": [span((0, 4), (0, 6)), span((0, 5), (0, 7))]}, "pin 2 begins before pin 1 ends"),
        ("fill", {"pins": [span((0, 5), (0, 4))]}, "pin 1 ends before it starts"),
        ("fill", {"pins": [span((0, 2), (0, 8))]}, "the pins hold the whole selection"),
        ("fill", {"pins": span((0, 2), (0, 8))}, "Expected `array`, got `object` - at `$.pins`"),
        ("fill", {"ranges": [span((0, 0), (0, 1))]}, "say what to fill: a range, or several as ranges"),
        ("fill", {"range": None}, "say what to fill: a range, or several as ranges"),
        (
            "fill",
            {"range": None, "ranges": [span((0, 0), (0, 3)), span((0, 2), (0, 4))]},
            "range 2 begins before range 1 ends",
        ),
        (
            "fill",
            {"range": None, "ranges": [span((0, 0), (0, 3))], "pins": [span((0, 0), (0, 1))]},
            "pins go with one range",
        ),
        ("fill", {"candidates": 17}, "Expected `int` <= 16 - at `$.candidates`"),
        ("rewrite", {}, "missing required field `strength`"),
        ("rewrite", {"strength": 1.5}, "Expected `float` <= 1.0 - at `$.strength`"),
        ("rewrite", {"strength": -0.1}, "Expected `float` >= 0.0 - at `$.strength`"),
        ("rewrite", {"strength": float("nan")}, "strength"),
        ("rewrite", {"strength": "much"}, "Expected `float`, got `str` - at `$.strength`"),
        (
            "rewrite",
            {"strength": 0.5, "range": span((0, 2), (0, 2))},
            "an empty range has nothing to rewrite",
        ),
        ("fillHoles", {"range": span((0, 3), (0, 1))}, "the range ends before it starts"),
        ("fillHoles", {"range": 3}, "Expected `object | null`, got `int` - at `$.range`"),
        ("repair", {"range": span((9, 0), (9, 1))}, "line 9 is outside the document"),
        ("redenoise", {"strength": 0.3}, "unknown field `strength`"),
    ],
)
def test_wrong_wishes_are_answered_and_shown(
    client: Client, uri: str, name: str, arguments: Json, reason: str
) -> None:
    client.open(uri, "abcdefghij")
    usual = {"range": span((0, 2), (0, 8))} if name in ("fill", "rewrite") else {}
    error = client.error(client.request(*command(name, uri, **{**usual, **arguments})))
    assert error["code"] == INVALID_PARAMS
    assert reason in error["message"]
    assert client.shown() == error["message"]


@pytest.mark.parametrize(
    ("ranges", "reason"),
    [
        ([((0, 4), (0, 6)), ((0, 5), (0, 7))], "range 2 begins before range 1 ends"),
        ([((0, 6), (0, 4))], "range 1 ends before it starts"),
    ],
)
def test_parts_of_the_last_fill_are_sorted_and_do_not_overlap(
    client: Client, uri: str, ranges: list[tuple[Any, Any]], reason: str
) -> None:
    client.open(uri, "abcd")
    edit, _ = run(client, "fill", uri, range=span((0, 4), (0, 4)))
    told(client, uri, "abcd", edit["edit"]["documentChanges"][0]["edits"], 2)
    error = client.error(client.request(*command("redenoise", uri, ranges=[span(*ends) for ends in ranges])))
    assert reason in error["message"]
    client.shown()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.text(st.sampled_from("ab \t\r\n\u2028é中😀"), max_size=30),
    edges=st.lists(st.integers(0, 30), min_size=4, max_size=6).map(sorted),
)
def test_pins_and_all_outside_the_selection_survive_to_the_letter(
    client: Client, text: str, edges: list[int]
) -> None:
    here = f"file:///project/command{next(numbers)}.py"
    first = script(fills=["<\n>"])
    whole = first + text
    document = Document.of(here, "python", 1, whole)
    # An offset inside a line end has no position of its own: all are taken as the protocol can say them.
    positions = [document.position(len(first) + min(edge, len(text)), "utf-16") for edge in edges]
    offsets = [document.offset(position, "utf-16") for position in positions]
    selection, inner = (positions[0], positions[-1]), positions[1:-1]
    pins = [
        span(one, other)
        for one, other in zip(inner[::2], inner[1::2], strict=False)
        if document.offset(one, "utf-16") < document.offset(other, "utf-16")
    ]
    pinned = {
        (
            document.offset(Position(**pin["start"]), "utf-16"),
            document.offset(Position(**pin["end"]), "utf-16"),
        )
        for pin in pins
    }
    client.open(here, whole)
    request = client.request(*command("fill", here, range=span(*selection), pins=pins))
    if pinned and sum(end - start for start, end in pinned) == offsets[-1] - offsets[0]:
        assert "nothing is left" in client.error(request)["message"]
        client.shown()
        return
    edit = client.incoming("workspace/applyEdit")
    client.reply(edit, {"applied": True})
    assert client.result(request)["applied"]
    edits = edit["params"]["edit"]["documentChanges"][0]["edits"]
    assert edits == sorted(
        edits, key=lambda one: (one["range"]["start"]["line"], one["range"]["start"]["character"])
    )
    after = told(client, here, whole, edits, 2)
    rest = after.replace("<\n>", "\0")
    expected = whole[: offsets[0]] + "\0"
    end = offsets[0]
    for start, stop in sorted(pinned):
        expected = (expected if start > end else expected.removesuffix("\0")) + whole[start:stop] + "\0"
        end = stop
    if pinned and end == offsets[-1]:
        expected = expected.removesuffix("\0")
    line_end = document.line_end
    assert rest.replace(f"<{line_end}>", "\0") == expected + whole[offsets[-1] :]
