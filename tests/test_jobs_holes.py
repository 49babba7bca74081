"""Filling holes: jointly where they fit one canvas, else in order; everything but the holes stays to the letter."""

import time
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dgls.config import InfillSettings, ModelSettings
from dgls.infill.fill import fill_gaps
from dgls.infill.jobs import work_on
from dgls.infill.kept import Kept
from dgls.infill.request import Answer, FillError, FillRequest, Frame, Gap, Prefilled, filled
from dgls.model.host import Host, load_host
from dgls.model.prefix_store import PrefixStore
from dgls.syntax import Language, find_holes, fragment_around, language_of, verdict

python = language_of("python", "")
assert python is not None
PYTHON: Language = python
SOURCE = '''def area(width, height):
    """The area of a rectangle."""
    ...


def label(text, size):
    def short():
        pass

    def long():
        # TODO: words that are longer
        ...

    return ", ".join(filter(short if size else long, text))


def later():
    raise NotImplementedError
'''
FREELY = InfillSettings(validate=False, max_steps=2, candidates=4, free_tokens=8)


@pytest.fixture(scope="module")
def host(tiny_dgls: Path) -> Host:
    return load_host(ModelSettings(checkpoint=str(tiny_dgls), dtype="float32"), lambda fraction, what: None)


@pytest.fixture(scope="module")
def embedded() -> Host:
    return load_host(ModelSettings(threads=1), lambda fraction, what: None)


def run(host: Host, request: FillRequest) -> tuple[list[Frame | Prefilled], Answer]:
    steps = work_on(host, Kept(host.new_store()), request)
    seen: list[Frame | Prefilled] = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return seen, end.value


def asked(
    text: str, span: Gap | None = None, infill: InfillSettings = FREELY, deadline: float | None = None
) -> FillRequest:
    return FillRequest(
        text, (span or Gap(0, len(text)),), "python", "a.py", infill, find="holes", deadline=deadline
    )


def outside(text: str, gaps: tuple[Gap, ...]) -> list[str]:
    """What stands before, between and behind the gaps."""
    ends = [0, *(gap.end for gap in gaps)]
    starts = [*(gap.start for gap in gaps), len(text)]
    return [text[end:start] for end, start in zip(ends, starts, strict=True)]


def test_all_holes_that_fit_one_canvas_are_one_fill_per_candidate(host: Host) -> None:
    request = asked(SOURCE)
    seen, answer = run(host, request)
    assert answer.gaps is not None
    assert len(answer.gaps) == len(find_holes(SOURCE, PYTHON)) >= 4 and answer.left == 0
    assert answer.fills and len(answer.fills) + answer.rejected == FREELY.candidates
    for fill in answer.fills:
        whole = filled(SOURCE, answer.gaps, fill.texts)
        for piece in outside(SOURCE, answer.gaps):
            assert piece in whole
    last = [event for event in seen if isinstance(event, Frame)][-1]
    assert last.state == "done"


def test_a_cursor_means_the_function_around_it_and_a_span_its_own_holes(host: Host) -> None:
    cursor = SOURCE.index("filter(")
    _, answer = run(host, asked(SOURCE, Gap(cursor, cursor)))
    assert answer.gaps == tuple(
        find_holes(SOURCE, PYTHON, Gap(SOURCE.index("def label"), SOURCE.index("\n\n\ndef later")))
    )
    _, answer = run(host, asked(SOURCE, Gap(0, SOURCE.index("def label"))))
    assert answer.gaps is not None and len(answer.gaps) == 1


def test_no_holes_cost_nothing(host: Host) -> None:
    seen, answer = run(host, asked("x = 1\n"))
    assert (seen, answer) == ([], Answer((), 0, 0, 0, (), 0))


def test_holes_that_do_not_fit_are_filled_in_order_each_seeing_the_earlier_answers(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"def f{number}(a, b):\n    ...\n\n\n" for number in range(12))
    texts: list[str] = []

    def observed(
        host: Host, store: PrefixStore, request: FillRequest
    ) -> Generator[Frame | Prefilled, None, Answer]:
        texts.append(request.text)
        return fill_gaps(host, store, request)

    monkeypatch.setattr("dgls.infill.holes.fill_gaps", observed)
    seen, answer = run(host, asked(text))
    assert answer.gaps is not None and len(answer.gaps) == 12 and answer.left == 0
    [fill] = answer.fills
    assert 1 < len(texts) < 12, "several at a time, but not all"
    assert texts[0] == text
    assert filled(text, answer.gaps, fill.texts).startswith(texts[-1][: texts[-1].index("    ...")])
    frames = [event for event in seen if isinstance(event, Frame)]
    assert all(len(frame.drafts) == 12 and frame.gaps == answer.gaps for frame in frames)
    assert [frame.state for frame in frames].count("done") == 1
    assert [frame.step for frame in frames] == sorted(frame.step for frame in frames)
    assert run(host, asked(text))[1] == answer, "the same request gives the same bytes"


def test_what_finds_no_valid_text_stays_as_it_is_and_is_counted(host: Host) -> None:
    """Random weights write nothing valid; joint holes are then tried in halves and one by one."""
    quick = InfillSettings(max_steps=2, candidates=1, repair_rounds=0, free_tokens=16)
    _, answer = run(host, asked(SOURCE, infill=quick))
    assert answer.gaps is not None
    assert answer.left == len(find_holes(SOURCE, PYTHON)) - len(answer.gaps) > 0
    for fill in answer.fills:
        assert verdict(fragment_around(SOURCE, answer.gaps, PYTHON), fill.texts).ok


def test_the_embedded_checkpoint_fills_holes_that_parse(embedded: Host) -> None:
    _, answer = run(embedded, asked(SOURCE, infill=InfillSettings()))
    assert answer.fills and answer.gaps
    compile(filled(SOURCE, answer.gaps, answer.fills[0].texts), "filled", "exec")
    assert answer.fills[0].validated


def test_the_time_limit_bounds_the_answer(host: Host) -> None:
    text = "".join(f"def f{number}():\n    ...\n\n\n" for number in range(200))
    _, answer = run(host, asked(text, deadline=time.monotonic()))
    assert answer.gaps is not None
    assert len(answer.gaps) + answer.left == 200 and answer.left > 190
    assert answer.nfe <= 1


def test_without_a_grammar_or_a_function_there_is_a_reason(host: Host) -> None:
    with pytest.raises(FillError, match="dgls has no grammar for klingon"):
        run(host, FillRequest("...", (Gap(0, 3),), "klingon", find="holes"))
    with pytest.raises(FillError, match="no function encloses the cursor"):
        run(host, asked("x = ...\n", Gap(2, 2)))


pieces = st.sampled_from(
    ["    ...\n", "    pass\n", "    x = 1\n", "é = '\U0001f600'\n", "def f():\n", "# TODO: later\n", "\r\n"]
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(pieces, max_size=8).map("".join))
def test_every_character_outside_the_holes_stays(host: Host, text: str) -> None:
    _, answer = run(
        host, asked(text, infill=InfillSettings(max_steps=2, candidates=1, repair_rounds=0, free_tokens=4))
    )
    assert answer.gaps is not None
    for fill in answer.fills:
        whole = filled(text, answer.gaps, fill.texts)
        rest = whole
        for piece in outside(text, answer.gaps):
            assert piece in rest
            rest = rest[rest.index(piece) + len(piece) :]
        assert whole.startswith(outside(text, answer.gaps)[0]) and whole.endswith(
            outside(text, answer.gaps)[-1]
        )


def test_gaps_of_several_cursors_are_filled_even_where_no_canvas_holds_them_all(host: Host) -> None:
    text = "a = \n" + "# far\n" * 2_000 + "b = \n"
    gaps = (Gap(4, 4), Gap(len(text) - 1, len(text) - 1))
    for language in ("python", "klingon"):
        request = FillRequest(text, gaps, language, settings=FREELY, find="each")
        _, answer = run(host, request)
        assert answer.gaps == gaps and answer.left == 0
        assert all(len(fill.texts) == 2 for fill in answer.fills)
    with pytest.raises(FillError, match="too far for one canvas"):
        run(host, FillRequest(text, gaps, "python", settings=FREELY))
