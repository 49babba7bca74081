"""What is drawn from a corpus: the tokenizer, the gaps, and examples in the formats that infilling sends."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from dgls.infill.layout import BOS_ID, DELETE_ID, PAD_ID, PREFIX_ID
from dgls.training.examples import Formats, Sampler
from dgls.training.gaps import sample_gap
from tests.training.tiny import TINY


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_every_text_comes_back_from_the_tokenizer(tokenizer, text):
    text = text.encode("utf-8", "replace").decode()
    backend = tokenizer.backend_tokenizer
    ids = backend.encode(text, add_special_tokens=False).ids
    assert backend.decode(ids, skip_special_tokens=False) == text


def test_a_line_break_and_its_indentation_are_one_word(tokenizer):
    pieces = tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str("if x:\n    return 1\n")
    assert "Ċ    ".replace(" ", "Ġ") in [piece for piece, _ in pieces]


def test_gaps_are_of_every_kind_and_cut_through_words(documents):
    generator = random.Random(0)
    kinds, inside = set(), 0
    for _ in range(300):
        document = generator.choice(documents)
        gap = sample_gap(document, 0, len(document.text), 200, generator)
        if gap is None:
            continue
        assert 0 <= gap.start < gap.end <= len(document.text)
        assert gap.end - gap.start <= 200
        kinds.add(gap.kind)
        around = document.text[gap.start - 1 : gap.start + 1]
        inside += len(around) == 2 and around.isalnum()
    assert kinds == {"node", "line", "span"}
    assert inside > 30


def test_examples_have_the_formats_that_infilling_sends(documents, tokenizer):
    """Whatever is drawn: the prefix leads up to the gap, and prefix, gap and suffix spell a piece of the file."""
    sampler = Sampler(documents, tokenizer.backend_tokenizer, Formats(hidden_suffix=0.0, nothing=0.0), seed=1)
    decode = tokenizer.backend_tokenizer.decode
    checked = 0
    for geometry in TINY.geometries * 6:
        batch = sampler.batch(geometry)
        assert batch.canvas.shape == (geometry.rows * geometry.canvases, geometry.canvas)
        for index, canvas in enumerate(batch.canvas):
            row = index // geometry.canvases
            read = batch.context[row, batch.padding[row] : batch.visible[index]].tolist()
            assert read[0] == BOS_ID
            assert PAD_ID not in read
            prefix = decode(read[read.index(PREFIX_ID) + 1 :])
            kept = [t for t in canvas.tolist() if t not in (DELETE_ID, PAD_ID, 1)]
            whole = prefix + decode(kept)
            assert any(whole in document.text for document in documents)
            assert not (batch.free[index] & (canvas == PAD_ID)).any()
            checked += 1
    assert checked == 6 * (4 + 2)
