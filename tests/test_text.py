"""Documents: positions in every encoding, and edits that change nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgls.text import Document, Edit, Encoding, OutsideDocument, Position, split_lines, typed_since, units

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")

# What trips a document store: line ends, what only looks like one, every width of character, lone surrogates.
tricky = st.sampled_from("ab \t\r\n\f\v\x1c\x85\u2028\u2029\ufeffé中𝄞😀\ud83d\ude00\x00")
texts = st.lists(st.one_of(tricky, st.characters(), st.just("\r\n")), max_size=40).map("".join)
encodings = st.sampled_from(ENCODINGS)


def document(text: str) -> Document:
    return Document.of("file:///a.py", "python", 1, text)


def reference_offset(text: str, position: Position, encoding: Encoding) -> int:
    """Where ``position`` lies, found by walking the text one character at a time."""
    line = column = 0
    for offset, character in enumerate(text):
        ends_line = character == "\n" or (character == "\r" and text[offset + 1 : offset + 2] != "\n")
        in_end = character in "\r\n"
        if line == position.line and (in_end or column + units(character, encoding) > position.character):
            return offset
        column += units(character, encoding)
        if ends_line:
            line, column = line + 1, 0
    return len(text)


@given(texts)
def test_lines_are_cut_at_the_protocols_line_ends_only(text: str) -> None:
    lines = split_lines(text)
    assert "".join(lines) == text
    assert len(lines) == 1 + text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


@given(texts, encodings, st.data())
def test_offset_to_position_and_back(text: str, encoding: Encoding, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    position = document(text).position(offset, encoding)
    back = document(text).offset(position, encoding)
    inside_line_end = text[offset - 1 : offset + 1] == "\r\n"
    assert back == (offset - 1 if inside_line_end else offset)


@given(texts, encodings, st.integers(0, 8), st.integers(0, 20))
def test_offset_agrees_with_a_walk_over_the_text(text: str, encoding: Encoding, line: int, unit: int) -> None:
    position = Position(line, unit)
    if line < len(split_lines(text)):
        assert document(text).offset(position, encoding) == reference_offset(text, position, encoding)
    else:
        with pytest.raises(OutsideDocument, match=f"line {line} is outside the document"):
            document(text).offset(position, encoding)


@given(texts, encodings, st.data())
def test_an_edit_changes_its_span_and_nothing_else(
    text: str, encoding: Encoding, data: st.DataObject
) -> None:
    before = document(text)
    count = data.draw(st.integers(1, 4))
    now, expected = before, text
    for version in range(2, count + 2):
        places = st.tuples(st.integers(0, len(now.lines)), st.integers(0, 20)).map(
            lambda pair: Position(*pair)
        )
        start, end = sorted((data.draw(places), data.draw(places)))
        new = data.draw(texts)
        head = reference_offset(expected, start, encoding)
        tail = reference_offset(expected, end, encoding)
        expected = expected[:head] + new + expected[tail:]
        now = now.edited(version, [Edit(new, start, end)], encoding)
        assert now.version == version
        assert now.text == expected
        assert now.length == len(expected)
        anew = document(expected)
        for offset in range(len(expected) + 1):
            assert now.position(offset, encoding) == anew.position(offset, encoding)
        assert [now.line_start(line) for line in range(len(now.lines))] == now.starts[:-1]
        assert now.lines == split_lines(expected)  # a \r and a \n that meet have become one line end
    assert before.text == text  # a snapshot stays what it was


@given(texts, texts, encodings)
def test_edits_of_one_change_apply_in_order(text: str, new: str, encoding: Encoding) -> None:
    top = Position(0, 0)
    edits = [Edit("x", top, top), Edit(new), Edit("y", top, top)]
    assert document(text).edited(2, edits, encoding).text == "y" + new


@pytest.mark.parametrize(
    ("encoding", "unit", "offset"),
    [
        ("utf-8", 4, 1), ("utf-8", 3, 0), ("utf-8", 6, 2), ("utf-8", 99, 3),
        ("utf-16", 2, 1), ("utf-16", 1, 0), ("utf-16", 3, 2), ("utf-16", 99, 3),
        ("utf-32", 1, 1), ("utf-32", 2, 2), ("utf-32", 99, 3),
    ],
)  # fmt: skip
def test_a_position_is_clamped_to_characters_and_lines(encoding: Encoding, unit: int, offset: int) -> None:
    assert document("😀éx\r\nnext").offset(Position(0, unit), encoding) == offset


def test_past_the_end_of_a_last_line_without_newline_is_its_very_end() -> None:
    assert document("ab").offset(Position(0, 99), "utf-16") == 2


def test_form_feed_and_unicode_separators_end_no_line() -> None:
    assert document("a\fb\u2028c\x85\nd").offset(Position(1, 0), "utf-16") == 7


def test_an_edit_to_past_the_end_reaches_the_end_and_swapped_ends_are_put_right() -> None:
    now = document("a\nb\n").edited(2, [Edit("x", Position(99, 0), Position(0, 0))], "utf-16")
    assert now.text == "x"


def test_half_an_astral_character_may_be_typed_at_a_time() -> None:
    now = document("").edited(2, [Edit("\ud83d", Position(0, 0), Position(0, 0))], "utf-16")
    now = now.edited(3, [Edit("\ude00!", Position(0, 1), Position(0, 1))], "utf-16")
    assert now.offset(Position(0, 2), "utf-16") == 2 and now.text[2] == "!"


@pytest.mark.parametrize(
    ("text", "end"), [("a\r\nb", "\r\n"), ("a\rb", "\r"), ("a\nb\r\n", "\n"), ("a", "\n")]
)
def test_a_document_ends_its_lines_as_its_first_line_does(text: str, end: str) -> None:
    assert document(text).line_end == end


@given(texts, texts, st.data())
def test_what_was_typed_at_an_offset_is_told_from_other_changes(
    text: str, typed: str, data: st.DataObject
) -> None:
    offset = data.draw(st.integers(0, len(text)))
    before, now = document(text), document(text[:offset] + typed + text[offset:])
    assert typed_since(before, now, offset) == typed
    if typed:
        assert typed_since(now, before, offset) is None


@pytest.mark.parametrize("now", ["xab", "abx", "b", "abb!", "aXc"])
def test_a_change_elsewhere_is_not_typing(now: str) -> None:
    assert typed_since(document("ab"), document(now), 1) is None


def test_a_snapshot_never_shows_its_text() -> None:
    assert "secret" not in repr(document("secret"))


def test_one_line_of_5_mb_is_split_at_once() -> None:
    """A search for the line's end from each of its characters would take hours."""
    text = "x" * 5_000_000
    assert split_lines(text) == [text]
    assert split_lines(f"{text}\r") == [f"{text}\r", ""]
