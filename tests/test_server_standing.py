"""What may be written of a draft, and where what was written stands after a change by somebody else."""

from hypothesis import given
from hypothesis import strategies as st

from dgls.infill.request import Gap, Run
from dgls.server.standing import Standing, agreed

RUNS = st.lists(
    st.tuples(st.text("ab \n", max_size=4), st.sampled_from([None, 0.5])).map(lambda run: Run(*run)),
    max_size=6,
)


@given(before=RUNS, after=RUNS)
def test_only_what_both_frames_have_settled_in_order_is_agreed_on(
    before: list[Run], after: list[Run]
) -> None:
    text = agreed(before, after)
    for draft in (before, after):
        rest = iter("".join(run.text for run in draft if run.confidence is not None))
        assert all(character in rest for character in text), "it is a part of both, in order"
    assert agreed(after, after) == "".join(run.text for run in after if run.confidence is not None)


@given(
    parts=st.tuples(st.text("op\n", max_size=6), st.text("gh", max_size=3), st.text("op\n", max_size=6)),
    change=st.tuples(st.integers(0, 15), st.integers(0, 15), st.text("XY\n", max_size=2)),
)
def test_what_a_stream_wrote_is_found_again_after_a_change_or_given_up(
    parts: tuple[str, str, str], change: tuple[int, int, str]
) -> None:
    before, own, after = parts
    standing = Standing(before + own + after, (Gap(len(before), len(before) + len(own)),))
    start, end = sorted(min(place, len(standing.text)) for place in change[:2])
    now = standing.text[:start] + change[2] + standing.text[end:]
    moved = standing.moved(now)
    if moved is not None:
        assert moved.own == (own,) and moved.text == now
    untouched = end <= len(before) or start >= len(before) + len(own)
    assert not untouched or moved is not None
