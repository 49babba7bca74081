"""What is drawn from a corpus: the tokenizer, the gaps, and examples in the formats that infilling sends."""

import itertools
import random
import re
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dgls.infill.layout import BOS_ID, DELETE_ID, FAR_ID, PAD_ID, PREFIX_ID
from dgls.syntax import language_of
from dgls.syntax.spans import node_spans
from dgls.training.corpus import Document
from dgls.training.examples import Formats, Geometry, Sampler
from dgls.training.gaps import sample_gap
from dgls.training.vocabulary import train_tokenizer
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


def test_a_canvas_has_one_to_four_gaps_and_room_to_spare_in_each(documents, tokenizer):
    formats = Formats(several_gaps=0.5, dense=0.0, nothing=0.0, exact_length=0.0, hidden_suffix=0.0)
    sampler = Sampler(documents, tokenizer.backend_tokenizer, formats, seed=2)
    counted: Counter[int] = Counter()
    with_deletes: Counter[int] = Counter()
    for _ in range(30):
        batch = sampler.batch(Geometry(context=256, canvas=128, rows=2, canvases=4, share=1.0))
        for canvas, free in zip(batch.canvas, batch.free, strict=True):
            gaps = [
                [token for token, _ in group]
                for is_free, group in itertools.groupby(
                    zip(canvas.tolist(), free.tolist(), strict=True), key=lambda pair: pair[1]
                )
                if is_free
            ]
            counted[len(gaps)] += 1
            with_deletes[len(gaps)] += sum(DELETE_ID in gap for gap in gaps[:-1])
    assert set(counted) == {1, 2, 3, 4}
    assert 0.35 < counted[1] / counted.total() < 0.75
    assert all(with_deletes[count] for count in (2, 3, 4)), "gaps before the last are over-allocated too"


def test_gaps_that_fill_most_of_a_canvas_are_of_the_same_kinds_as_others(documents, tokenizer):
    """Most of them end where a syntax node or a line does, which may be the same place."""
    formats = Formats(dense=1.0, nothing=0.0, hidden_suffix=0.0, path=0.0, far_suffix=0.0)
    (document,) = [document for document in documents if document.name.endswith("imaplib.py")]
    text = document.text
    ends = set(document.spans()[:, 1].tolist())
    sampler = Sampler([document], tokenizer.backend_tokenizer, formats, seed=3)
    decode = tokenizer.backend_tokenizer.decode
    at_nodes = at_lines = found = 0
    for _ in range(40):
        batch = sampler.batch(Geometry(context=160, canvas=64, rows=2, canvases=4, share=1.0))
        for index, (canvas, free) in enumerate(zip(batch.canvas, batch.free, strict=True)):
            row = index // 4
            read = batch.context[row, batch.padding[row] : batch.visible[index]].tolist()
            before = decode(read[read.index(PREFIX_ID) + 1 :])
            answer = decode(canvas[free].tolist())
            if text.count(before + answer) != 1:
                continue
            start = text.index(before + answer) + len(before)
            end = start + len(answer)
            found += 1
            at_nodes += end in ends
            at_lines += text.startswith("\n", end)
            assert 0.4 * 64 * 3.2 - 1 <= len(answer) <= 0.8 * 64 * 3.2 + 1
    assert found > 200
    assert 0.5 < at_nodes / found < 0.9
    assert 0.2 < at_lines / found < 0.8


def test_the_far_suffix_shows_nothing_that_is_missing():
    text = "".join(f"remembered({number}, considerable, arithmetical)\n" for number in range(1000, 1200))
    tokenizer = train_tokenizer([text], 400)
    language = language_of("python", "code.py")
    assert language is not None
    nodes = np.array(node_spans(text, language, 2, 800), dtype="<i4").tobytes()
    document = Document("own", "code.py", "python", text, nodes)
    formats = Formats(far_suffix=1.0, path=0.0, nothing=0.0, several_gaps=0.5)
    sampler = Sampler([document], tokenizer.backend_tokenizer, formats, seed=4)
    decode = tokenizer.backend_tokenizer.decode
    checked = 0
    for _ in range(30):
        batch = sampler.batch(Geometry(context=256, canvas=128, rows=2, canvases=3, share=1.0))
        for index, (canvas, free) in enumerate(zip(batch.canvas, batch.free, strict=True)):
            context = batch.context[index // 3].tolist()
            if FAR_ID in context:
                far = decode(context[context.index(FAR_ID) + 1 : context.index(PREFIX_ID)])
                missing = set(re.findall(r"\((\d{4}), cons", decode(canvas[free].tolist())))
                assert not missing & set(re.findall(r"\((\d{4}), cons", far))
                checked += len(missing)
    assert checked > 50


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
