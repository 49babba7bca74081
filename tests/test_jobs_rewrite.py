"""Rewriting at a strength, and pins inside a selection, by real checkpoints: what is kept is kept to the letter."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dgls.config import InfillSettings, ModelSettings
from dgls.infill.fill import answer_of, fill_gaps
from dgls.infill.request import Answer, FillError, FillRequest, Gap, in_order, unpinned
from dgls.infill.rewrite import least_certain, open_draft
from dgls.model.host import Host, load_host

SOURCE = """def label(text, size):
    words = [word for word in text.split() if len(word) > size]
    return ", ".join(words)
"""
BODY = Gap(SOURCE.index("words ="), len(SOURCE))
FREELY = InfillSettings(validate=False, max_steps=3, candidates=2)


@pytest.fixture(scope="module")
def host(tiny_dgls: Path) -> Host:
    return load_host(ModelSettings(checkpoint=str(tiny_dgls), dtype="float32"), lambda fraction, what: None)


@pytest.fixture(scope="module")
def foreign(tiny_26b: Path) -> Host:
    return load_host(ModelSettings(checkpoint=str(tiny_26b), dtype="float32"), lambda fraction, what: None)


@pytest.fixture(scope="module")
def embedded() -> Host:
    return load_host(ModelSettings(threads=1), lambda fraction, what: None)


def rewrite(
    host: Host, strength: float | None, gaps: tuple[Gap, ...] = (BODY,), infill: InfillSettings = FREELY
) -> Answer:
    request = FillRequest(SOURCE, gaps, "python", "label.py", infill, strength=strength)
    return answer_of(fill_gaps(host, host.new_store(), request))


def common(one: str, other: str) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for a in one:
        before = 0
        for index, b in enumerate(other):
            before, row[index + 1] = row[index + 1], before + 1 if a == b else max(row[index], row[index + 1])
    return row[-1]


# Strength


def test_strength_0_draws_nothing(host: Host) -> None:
    assert rewrite(host, 0.0).fills == ()


@pytest.mark.parametrize("name", ["host", "foreign"])
@pytest.mark.parametrize("strength", [0.05, 0.2, 0.6])
def test_all_but_the_share_of_the_tokens_stays(
    name: str, strength: float, request: pytest.FixtureRequest
) -> None:
    chosen: Host = request.getfixturevalue(name)
    text = SOURCE[BODY.start : BODY.end]
    sizes = sorted(len(chosen.tokenizer.token_bytes[token]) for token in chosen.tokenizer.encode(text))
    freed = max(1, round(strength * len(sizes)))
    answer = rewrite(chosen, strength, infill=InfillSettings(validate=False, max_steps=3, candidates=4))
    assert answer.fills
    for fill in answer.fills:
        assert fill.texts[0] != text
        assert common(text, fill.texts[0]) >= len(text) - sum(sizes[-freed:])


def test_strength_1_starts_anew_as_a_fill_does(host: Host) -> None:
    assert rewrite(host, 1.0) == rewrite(host, None)


def test_the_same_strength_and_seed_give_the_same_bytes(host: Host) -> None:
    first, second = rewrite(host, 0.3), rewrite(host, 0.3)
    assert first.fills and first == second
    assert rewrite(host, 0.3, infill=InfillSettings(validate=False, max_steps=3, seed=9)).fills != first.fills


def test_a_faulty_rewrite_is_drawn_again_without_freeing_what_is_kept(embedded: Host) -> None:
    """Neither the check nor the tries after it may touch more than the share, nor offer a beginning of the span."""
    text = SOURCE[BODY.start : BODY.end]
    sizes = sorted(len(embedded.tokenizer.token_bytes[token]) for token in embedded.tokenizer.encode(text))
    tried = offered = 0
    for seed in range(4):
        answer = rewrite(embedded, 0.1, infill=InfillSettings(seed=seed, candidates=4))
        tried += answer.rejected
        offered += len(answer.fills)
        for fill in answer.fills:
            assert fill.validated
            assert common(text, fill.texts[0]) >= len(text) - sum(sizes[-round(0.1 * len(sizes)) :])
    assert tried and offered


def test_of_a_faulty_rewrite_the_changes_that_are_valid_stay(embedded: Host) -> None:
    before = "export function total(items) {\n  "
    body = (
        "let sum = 0;\n  for (const item of items) {\n    sum += item.price * item.count;\n  }\n  return sum;"
    )
    gap = Gap(len(before), len(before + body))
    request = FillRequest(f"{before}{body}\n}}\n", (gap,), "javascript", "cart.js", strength=0.2)
    sizes = sorted(len(embedded.tokenizer.token_bytes[token]) for token in embedded.tokenizer.encode(body))
    answer = answer_of(fill_gaps(embedded, embedded.new_store(), request))
    assert answer.fills and answer.rejected
    for fill in answer.fills:
        assert fill.validated and fill.repaired and fill.texts[0] != body
        assert common(body, fill.texts[0]) >= len(body) - sum(sizes[-round(0.2 * len(sizes)) :])


def test_a_span_that_cannot_stand_in_a_canvas_is_refused_with_a_way_out(host: Host) -> None:
    for text in ("x = 1\n" * 200, "x = 1\n" * 2000):
        request = FillRequest(text, (Gap(0, len(text)),), "python", strength=0.5)
        with pytest.raises(FillError, match="take a shorter span, start anew"):
            answer_of(fill_gaps(host, host.new_store(), request))


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_outside_its_bounds_is_refused(strength: float) -> None:
    with pytest.raises(ValueError, match="from 0"):
        FillRequest("abc", (Gap(0, 3),), "python", strength=strength)


@given(
    certainties=st.lists(st.lists(st.floats(0, 1), max_size=6), min_size=1, max_size=3),
    strength=st.floats(0, 1),
    spare=st.integers(0, 7),
)
def test_the_least_certain_are_freed_and_the_rest_keeps_its_order(
    certainties: list[list[float]], strength: float, spare: int
) -> None:
    chosen = least_certain(certainties, strength)
    flat = [(value, free) for row, frees in zip(certainties, chosen, strict=True)
            for value, free in zip(row, frees, strict=True)]  # fmt: skip
    freed = [value for value, free in flat if free]
    kept = [value for value, free in flat if not free]
    assert len(freed) == (min(len(flat), max(1, round(strength * len(flat)))) if strength else 0)
    assert not freed or not kept or max(freed) <= min(kept)
    for frees in chosen:
        tokens = list(range(len(frees)))
        draft = open_draft(tokens, frees, len(tokens) + spare, 99)
        assert len(draft.tokens) == len(draft.free) == len(tokens) + spare
        assert [token for token in draft.tokens if token != 99] == tokens
        assert [
            token for token, free in zip(draft.tokens, draft.free, strict=True) if not free and token != 99
        ] == [token for token in tokens if not frees[token]]
        assert open_draft(tokens, frees, len(tokens), None) == (tokens, frees)


# Pins

spans = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: Gap(*pair))


@given(selection=spans.filter(lambda gap: gap.start <= gap.end), pins=st.lists(spans, max_size=4))
def test_pins_split_a_selection_or_are_refused(selection: Gap, pins: list[Gap]) -> None:
    sound = all(selection.start <= pin.start < pin.end <= selection.end for pin in pins) and all(
        one.end <= other.start for one, other in pairwise(pins)
    )
    pinned = {offset for pin in pins for offset in range(*pin)}
    selected = set(range(*selection))
    try:
        gaps = unpinned(selection, pins)
    except FillError:
        assert not sound or pinned == selected
    else:
        assert sound
        assert {offset for gap in gaps for offset in range(*gap)} == selected - pinned
        assert in_order(gaps, "gap") == gaps


@pytest.mark.parametrize(
    ("pins", "message"),
    [
        ([Gap(5, 12)], "pin 1 is not inside its selection"),
        ([Gap(12, 12)], "pin 1 is empty"),
        ([Gap(15, 16), Gap(11, 12)], "pin 2 begins before pin 1 ends"),
        ([Gap(11, 14), Gap(13, 15)], "pin 2 begins before pin 1 ends"),
        ([Gap(10, 15), Gap(15, 20)], "nothing is left to fill"),
    ],
)
def test_wrong_pins_are_named(pins: list[Gap], message: str) -> None:
    with pytest.raises(FillError, match=message):
        unpinned(Gap(10, 20), pins)


@pytest.mark.parametrize("name", ["host", "foreign"])
@pytest.mark.parametrize("strength", [None, 0.5])
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(edges=st.lists(st.integers(BODY.start, BODY.end), min_size=2, max_size=4, unique=True).map(sorted))
def test_pins_survive_to_the_letter(
    name: str, strength: float | None, request: pytest.FixtureRequest, edges: list[int]
) -> None:
    chosen: Host = request.getfixturevalue(name)
    pins = [Gap(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False)]
    try:
        gaps = unpinned(BODY, pins)
    except FillError:
        return
    asked = FillRequest(SOURCE, gaps, "python", "label.py", FREELY, strength=strength)
    for fill in answer_of(fill_gaps(chosen, chosen.new_store(), asked)).fills:
        whole = fill.apply(asked)
        assert whole.startswith(SOURCE[: gaps[0].start]) and whole.endswith(SOURCE[gaps[-1].end :])
        end = gaps[0].start
        for gap, text in zip(gaps, fill.texts, strict=True):
            kept = SOURCE[end : gap.start] if gap is not gaps[0] else ""
            assert kept + text in whole
            end = gap.end
