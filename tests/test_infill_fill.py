"""Requests filled by real (random) checkpoints through the whole path: what is pinned, offered, repeated."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dgls.config import InfillSettings, ModelSettings
from dgls.infill.candidate import likelihood_of
from dgls.infill.canvas import plan_request
from dgls.infill.drawing import Drawing
from dgls.infill.fill import fill_gaps
from dgls.infill.request import Answer, FillError, FillRequest, Frame, Gap, Prefilled
from dgls.model.host import Host, load_host
from dgls.syntax import fragment_around, language_of, verdict

SOURCE = '''"""A module."""


def area(width, height):
    """The area of a rectangle."""
    return width * height


def label(text, size):
    words = [word for word in text.split() if len(word) > size]
    return ", ".join(words)
'''
FREELY = InfillSettings(validate=False, max_steps=4, free_tokens=8)


@pytest.fixture(scope="module")
def host(tiny_dgls) -> Host:
    return load_host(ModelSettings(checkpoint=str(tiny_dgls), dtype="float32"), lambda fraction, what: None)


@pytest.fixture(scope="module")
def foreign(tiny_26b) -> Host:
    return load_host(ModelSettings(checkpoint=str(tiny_26b), dtype="float32"), lambda fraction, what: None)


def marked(document: str) -> tuple[str, tuple[Gap, ...]]:
    """A document whose gaps are marked: ├ opens one, ┤ closes it."""
    gaps: list[Gap] = []
    text = ""
    for index, piece in enumerate(document.replace("┤", "├").split("├")):
        if index % 2:
            gaps.append(Gap(len(text), len(text) + len(piece)))
        text += piece
    return text, tuple(gaps)


def run(host: Host, request: FillRequest, store=None) -> tuple[list[Frame | Prefilled], Answer]:
    steps = fill_gaps(host, store or host.new_store(), request)
    seen: list[Frame | Prefilled] = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as finished:
            return seen, finished.value


def request_for(document: str, infill: InfillSettings = FREELY, **more) -> FillRequest:
    text, gaps = marked(document)
    return FillRequest(text, gaps, "python", "shop/area.py", infill, **more)


def middle_gaps(text: str) -> Iterator[Gap]:
    for start in range(0, len(text), 37):
        yield Gap(start, min(len(text), start + 5))


@pytest.mark.parametrize("name", ["host", "foreign"])
def test_everything_outside_the_gaps_stays_and_frames_lead_to_the_fill(name, request):
    chosen = request.getfixturevalue(name)
    wanted = request_for(SOURCE.replace("width * height", "wi├dth * hei┤ght"))
    seen, answer = run(chosen, wanted)
    assert answer.fills
    for fill in answer.fills:
        whole = fill.apply(wanted)
        gap = wanted.gaps[0]
        assert whole.startswith(wanted.text[: gap.start])
        assert whole.endswith(wanted.text[gap.end :])
        assert len(whole) == len(wanted.text) - (gap.end - gap.start) + len(fill.texts[0])
    frames = [event for event in seen if isinstance(event, Frame)]
    assert frames[-1].state == "done"
    assert "".join(run.text for run in frames[-1].drafts[0]) == answer.fills[0].texts[0]
    assert answer.nfe == max(frame.step for frame in frames)
    assert not answer.fills[0].validated, "validation was switched off"


def test_two_gaps_are_filled_jointly(host):
    wanted = request_for(SOURCE.replace("width * height", "├┤ * ├┤"))
    _, answer = run(host, wanted)
    assert len(answer.fills[0].texts) == 2
    whole = answer.fills[0].apply(wanted)
    assert (
        "    return " + answer.fills[0].texts[0] + " * " + answer.fills[0].texts[1] + "\n\n\ndef label"
        in whole
    )


@pytest.mark.parametrize("name", ["host", "foreign"])
def test_the_same_request_gives_the_same_bytes_with_a_warm_and_a_cold_cache(name, request):
    chosen = request.getfixturevalue(name)
    wanted = request_for(SOURCE.replace("return width", "ret├urn wid┤th"))
    _, cold = run(chosen, wanted)
    store = chosen.new_store()
    run(chosen, request_for(SOURCE.replace("text.split()", "te├xt.spl┤it()")), store)
    seen, warm = run(chosen, wanted, store)
    assert warm.fills == cold.fills
    seen, again = run(chosen, wanted, store)
    assert again.fills == cold.fills
    assert not any(isinstance(event, Prefilled) for event in seen), "nothing is read twice"


def test_another_seed_gives_another_answer(host):
    document = SOURCE.replace("width * height", "├┤")
    drawn = set()
    for seed in range(3):
        settings = InfillSettings(validate=False, max_steps=4, candidates=4, seed=seed)
        drawn.add(tuple(fill.texts for fill in run(host, request_for(document, settings))[1].fills))
    assert len(drawn) == 3


def test_a_single_line_gets_no_line_break(host):
    document = SOURCE.replace("width * height", "├┤")
    for seed in range(3):
        settings = InfillSettings(validate=False, max_steps=3, seed=seed, candidates=4)
        _, answer = run(host, request_for(document, settings, single_line=True))
        assert answer.fills
        assert not any("\n" in text or "\r" in text for fill in answer.fills for text in fill.texts)


@pytest.mark.parametrize("name", ["host", "foreign"])
@pytest.mark.parametrize("gaps", ["├┤", "├┤ + (├┤)"])
def test_only_what_the_parser_accepts_is_offered(name, gaps, request):
    """A random checkpoint writes nonsense; what passes must be without fault, and repair must have been tried."""
    chosen = request.getfixturevalue(name)
    quick = InfillSettings(max_steps=3, candidates=2, repair_rounds=3, repair_steps=2)
    wanted = request_for(SOURCE.replace("width * height", gaps), quick)
    seen, answer = run(chosen, wanted)
    fragment = fragment_around(wanted.text, wanted.gaps, language_of("python", ""))
    for fill in answer.fills:
        assert fill.validated
        assert verdict(fragment, fill.texts).ok
    assert {event.state for event in seen if isinstance(event, Frame)} >= {"denoising", "repairing"}
    assert run(chosen, wanted)[1].fills == answer.fills


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_drawing_anew_gets_the_passes_of_the_repair_and_no_more(host, rounds):
    """A random checkpoint does not happen to write what parses here, so that both spend all that they are given."""
    document = SOURCE.replace("width * height", "(├width┤ * height)")
    spent = {}
    for repair in ("renoise", "resample"):
        settings = InfillSettings(max_steps=4, repair=repair, repair_rounds=rounds, repair_steps=5)
        seen, answer = run(host, request_for(document, settings, single_line=True))
        assert not answer.fills
        frames = [event for event in seen if isinstance(event, Frame)]
        assert answer.nfe == len(frames)
        spent[repair] = sum(frame.state == "repairing" for frame in frames)
    assert spent["resample"] == rounds * 5
    assert spent["renoise"] <= rounds * 5


def test_a_language_without_a_grammar_is_filled_unvalidated(host):
    text, gaps = marked("fn main() { ├┤ }\n")
    _, answer = run(
        host, FillRequest(text, gaps, "a language that nobody knows", settings=InfillSettings(max_steps=2))
    )
    assert answer.fills
    assert not answer.fills[0].validated


def test_a_deadline_in_the_past_ends_the_work_at_once(host):
    wanted = request_for(SOURCE.replace("width * height", "├┤"), deadline=time.monotonic() - 1)
    seen, answer = run(host, wanted)
    assert len(seen) == 1
    assert answer.fills == ()


def test_closing_the_generator_leaves_a_store_that_is_right(host):
    wanted = request_for(SOURCE * 20 + "x = ├┤\n")
    store = host.new_store()
    steps = fill_gaps(host, store, wanted)
    next(steps)
    steps.close()
    _, after = run(host, wanted, store)
    assert after.fills == run(host, wanted)[1].fills


def test_typing_on_recomputes_only_the_last_chunks(host):
    store = host.new_store()
    run(host, request_for(SOURCE * 12 + "total = ├┤\n" + SOURCE), store)
    seen, answer = run(host, request_for(SOURCE * 12 + "total = are├┤\n" + SOURCE), store)
    assert len([event for event in seen if isinstance(event, Prefilled)]) <= 2
    assert answer.prefill_tokens > 300


def test_gaps_that_do_not_fit_are_refused_with_a_way_out(host):
    with pytest.raises(FillError, match="fill fewer at a time"):
        run(host, request_for("├┤ " * 200))
    with pytest.raises(FillError, match="too far for one canvas"):
        run(host, request_for("├┤" + "x = 1\n" * 1000 + "├┤"))


def test_a_foreign_gap_inside_a_word_keeps_the_characters_before_it(foreign):
    """The token that the cursor cuts is drawn again, constrained to begin with what stands before the cursor."""
    wanted = request_for(
        SOURCE.replace("return width", "return wid├┤th"), InfillSettings(validate=False, max_steps=3)
    )
    plan = plan_request(foreign, wanted)
    edge = plan.edges[0]
    assert edge is not None
    assert wanted.text[: wanted.gaps[0].start].encode().endswith(edge.cut)
    _, answer = run(foreign, wanted)
    assert "return wid" in answer.fills[0].apply(wanted)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.text(max_size=40),
    gap=st.text(max_size=12),
    after=st.text(max_size=40),
)
def test_any_text_keeps_everything_outside_the_gap(host, before, gap, after):
    """Surrogates, astral characters, control characters, any line ends: all come back as they were."""
    text = before + gap + after
    quick = InfillSettings(max_steps=2, free_tokens=4, candidates=1, repair_rounds=1, repair_steps=1)
    wanted = FillRequest(text, (Gap(len(before), len(before) + len(gap)),), "python", "a.py", quick)
    _, answer = run(host, wanted)
    for fill in answer.fills:
        whole = fill.apply(wanted)
        assert whole.startswith(before)
        assert whole.endswith(after)
        fill.texts[0].encode()


def test_a_request_checks_its_gaps():
    with pytest.raises(ValueError, match="out of order or outside"):
        FillRequest("abc", (Gap(2, 9),), "python")
    with pytest.raises(ValueError, match="out of order or outside"):
        FillRequest("abc", (Gap(2, 3), Gap(0, 1)), "python")
    with pytest.raises(ValueError, match="at least one gap"):
        FillRequest("abc", (), "python")


def test_candidates_for_a_gap_of_unknown_length_have_half_the_room_each(host, foreign):
    """What stands there tells the room it needs; a checkpoint that cannot delete has one length alone."""

    def rooms(host: Host, document: str, **changes) -> list[list[int]]:
        wanted = InfillSettings(free_tokens=32, candidates=5, **changes)
        plan = plan_request(host, request_for(SOURCE.replace("width * height", document), wanted))
        canvases = Drawing(host, host.new_store(), plan).canvases
        assert {len(canvas.tokens) for canvas in canvases} == {plan.length}
        return [[len(span) for span in canvas.free] for canvas in canvases]

    assert rooms(host, "├┤") == [[32], [16], [8], [4], [32]]
    assert rooms(host, "├┤", lengths=2) == [[32], [16], [32], [16], [32]]
    assert len({tuple(room) for room in rooms(host, "├width * height┤")}) == 1
    assert len({tuple(room) for room in rooms(foreign, "├┤")}) == 1


def test_likelihood_prefers_certainty_at_any_length_and_counts_where_a_text_ends():
    assert likelihood_of([0.9, 0.9], 2) > likelihood_of([0.5, 0.5], 2)
    assert likelihood_of([0.9] * 8, 8) > likelihood_of([0.5], 1), (
        "a long certain fill beats a short doubtful one"
    )
    assert likelihood_of([0.9, 0.9, 1.0], 2) > likelihood_of([0.9, 0.9, 0.5], 2)
    assert likelihood_of([0.0], 0) < likelihood_of([0.1], 0)
