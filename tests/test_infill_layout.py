"""What the encoder and the canvas get: budgets, anchors, and room for everything that is pinned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgls.infill.candidate import spell
from dgls.infill.context import FAR_BLOCK, anchor_far, line_start
from dgls.infill.layout import (
    BOS_ID,
    EOS_ID,
    FAR_ID,
    MASK_ID,
    PAD_ID,
    PATH_ID,
    PREFIX_ID,
    lay_out_canvas,
    lay_out_context,
)
from dgls.infill.reopen import reopen, reopen_behind
from dgls.syntax import Fault

DELETE = 4


def test_a_context_names_its_parts_and_leaves_empty_ones_out():
    assert lay_out_context([10], [11, 12], [13]) == [BOS_ID, PATH_ID, 10, FAR_ID, 11, 12, PREFIX_ID, 13]
    assert lay_out_context([], [], []) == [BOS_ID, PREFIX_ID]


def test_a_canvas_holds_gaps_code_between_and_the_head_of_the_suffix():
    canvas = lay_out_canvas([2, 3], [[20]], [30, 31], 10, at_end=True, fill=MASK_ID)
    assert canvas.tokens == [MASK_ID] * 2 + [20] + [MASK_ID] * 3 + [30, 31, EOS_ID, PAD_ID]
    assert canvas.free == (range(0, 2), range(3, 6))


def test_a_long_suffix_is_cut_and_not_ended():
    assert lay_out_canvas([2], [], [30] * 9, 6, at_end=True, fill=MASK_ID).tokens[2:] == [30] * 4


def test_a_hidden_suffix_is_padding_without_an_end():
    assert lay_out_canvas([2], [], None, 5, at_end=True, fill=MASK_ID).tokens[2:] == [PAD_ID] * 3


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="take 9 tokens, the canvas has 8"):
        lay_out_canvas([4, 4], [[20]], [], 8, at_end=False, fill=MASK_ID)


@given(st.text(alphabet="ab\n", max_size=3000), st.data())
def test_typing_does_not_move_the_far_suffix(text, data):
    """Its anchor depends on what comes behind it alone."""
    end = data.draw(st.integers(0, len(text)))
    anchor = anchor_far(text, end)
    assert end <= anchor <= len(text)
    typed = text[:end] + "typed" + text[end:]
    assert anchor_far(typed, end + 5) == anchor + 5
    assert anchor == len(text) or anchor - end <= FAR_BLOCK + 3000
    assert anchor in (0, len(text)) or text[anchor - 1] == "\n" or "\n" not in text[anchor - 1 :]


@given(st.text(alphabet="ab\n", max_size=50), st.integers(0, 50))
def test_a_line_start_is_one(text, position):
    position = min(position, len(text))
    start = line_start(text, position, len(text))
    assert start >= position
    assert start in (0, position) or text[start - 1] == "\n"


class BytesTokenizer:
    """Spells one byte per token, but for those that are deleted; enough to place characters."""

    def __init__(self, deleted=()):
        self.token_bytes = [b"" if byte in deleted else bytes([byte]) for byte in range(256)]

    def decode(self, ids):
        return b"".join(self.token_bytes[i] for i in ids)


@given(st.text(max_size=30).filter(lambda text: all(not 0xD800 <= ord(c) <= 0xDFFF for c in text)), st.data())
def test_tokens_under_a_span_spell_at_least_the_span(text, data):
    spelled = spell(BytesTokenizer(), list(text.encode()))
    assert spelled.text == text
    assert spelled.ends == sorted(spelled.ends)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    under = spelled.under(start, end)
    covered = b"".join(bytes([spelled.tokens[i]]) for i in under).decode(errors="ignore")
    assert text[start:end] in covered


def test_bytes_that_are_no_text_become_surrogates_and_keep_their_places():
    spelled = spell(BytesTokenizer(), [0x61, 0xFF, 0x62])
    assert spelled.text == "a\udcffb"
    assert spelled.ends == [1, 2, 3]


@given(
    st.integers(0, 12).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(0, 6))),
    st.integers(0, 12),
    st.integers(0, 12),
    st.integers(1, 3),
)
def test_a_repair_frees_what_is_faulty_and_keeps_the_rest_in_order(sizes, length, sound, round_number):
    count, start, deletes = sizes
    text = "abcdefghijkl"[:count]

    spelled = spell(BytesTokenizer(deleted=[DELETE]), [*text.encode(), *[DELETE] * deletes])
    fault = Fault(0, start, min(count, start + length), "error", "here")
    opened = reopen(spelled, [fault], sound, round_number, DELETE)
    assert len(opened.tokens) == len(opened.free) == len(spelled.tokens)
    assert any(opened.free) or not spelled.tokens
    pairs = list(zip(opened.tokens, opened.free, strict=True))
    kept = [token for token, free in pairs if not free and token != DELETE]
    freed = [token for token, free in pairs if free and token != DELETE]
    assert sorted(kept + freed) == sorted(text.encode())
    assert [t for t in opened.tokens if t != DELETE] == list(text.encode())
    behind = max(start, sound) if sound < fault.end else start
    for token in text[behind : fault.end].encode():
        assert token in freed


def test_a_repair_keeps_what_is_right_by_itself_and_frees_more_each_round():
    spelled = spell(BytesTokenizer(deleted=[DELETE]), [*b"abc)de\nfgh", *[DELETE] * 9])
    faults = [Fault(0, 0, 10, "error", "around"), Fault(0, 0, 6, "error", "inside")]
    freed = []
    for round_number in (1, 2, 3):
        opened = reopen(spelled, faults, 3, round_number, DELETE)
        pairs = zip(opened.tokens, opened.free, strict=True)
        freed.append("".join(chr(token) if free else "." for token, free in pairs if token != DELETE))
        assert sum(opened.free) < len(opened.free), "even the whole gap gets less room than before"
    assert freed == ["..c)de....", ".bc)de....", "abc)de\nfgh"]


def test_a_repair_of_what_says_nothing_keeps_its_white_space():
    spelled = spell(BytesTokenizer(deleted=[DELETE]), [DELETE, 32, 32, DELETE])
    opened = reopen_behind(spelled, DELETE)
    assert opened.tokens == [32, 32, DELETE, DELETE]
    assert opened.free == [False, False, True, True]
