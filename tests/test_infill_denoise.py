"""The step loop over made-up logits: what it keeps, what it draws, and that it ends."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dgls.infill.denoise import Noise, Step, denoise, pin_logits
from dgls.model.description import SamplerRules

VOCABULARY, MASK = 40, 3
RULES = SamplerRules(
    max_steps=8,
    entropy_bound=0.1,
    temperature_start=0.8,
    temperature_end=0.4,
    stability=1,
    confidence=0.005,
)


def random_model(seed: int, sharpness: float):
    """A decoder whose logits depend on the canvas and nothing else."""
    table = torch.randn((VOCABULARY, VOCABULARY), generator=torch.Generator().manual_seed(seed)) * sharpness

    def decode(canvas, conditioning, wanted):
        neighbours = table[canvas.roll(1, -1)] + table[canvas.roll(-1, -1)]
        return (neighbours + torch.arange(canvas.shape[1])[None, :, None] * 0.01)[wanted]

    return decode


def run(free, corruption, *, seed=0, sharpness=1.0, rules=RULES, barred=(), greedy_lead=True) -> list[Step]:
    tokens = torch.arange(free.numel()).reshape(free.shape) % 30 + 8
    marked = torch.zeros(VOCABULARY, dtype=torch.bool)
    marked[list(barred)] = True
    noise = Noise(MASK if corruption == "hybrid" else None, marked, {})
    generator = torch.Generator().manual_seed(seed)
    return list(
        denoise(random_model(seed, sharpness), tokens, free, noise, rules, generator, greedy=int(greedy_lead))
    )


masks = st.lists(st.lists(st.booleans(), min_size=12, max_size=12), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(masks, st.sampled_from(["hybrid", "uniform"]), st.integers(0, 1000), st.floats(0.1, 8))
def test_pins_survive_every_step_and_the_loop_ends(rows, corruption, seed, sharpness):
    free = torch.tensor(rows)
    tokens = torch.arange(free.numel()).reshape(free.shape) % 30 + 8
    steps = run(free, corruption, seed=seed, sharpness=sharpness, barred=range(8))
    assert len(steps) <= RULES.max_steps
    for step in steps:
        assert torch.equal(step.answer[~free], tokens[~free])
        assert step.settled[~free].all()
        assert (step.confidence[~free] == 1).all()
    if free.any():
        assert (steps[-1].answer[free] >= 8).all(), "barred tokens are never in an answer"


@settings(max_examples=40, deadline=None)
@given(masks, st.integers(0, 1000), st.floats(0.1, 8))
def test_what_is_accepted_under_a_mask_stays_and_everything_is_settled(rows, seed, sharpness):
    free = torch.tensor(rows)
    steps = run(free, "hybrid", seed=seed, sharpness=sharpness, barred=range(8))
    for before, after in itertools.pairwise(steps):
        assert (after.settled | ~before.settled).all()
        assert torch.equal(after.answer[before.settled], before.answer[before.settled])
    if steps:
        assert steps[-1].settled.all()


@pytest.mark.parametrize("corruption", ["hybrid", "uniform"])
def test_the_same_seed_gives_the_same_canvas_and_another_seed_another(corruption):
    free = torch.ones((2, 24), dtype=torch.bool)
    first = run(free, corruption, seed=7)[-1].answer
    assert torch.equal(first, run(free, corruption, seed=7)[-1].answer)
    assert not torch.equal(first, run(free, corruption, seed=8)[-1].answer)


def test_what_is_done_and_what_is_pinned_costs_no_logits():
    free = torch.zeros((3, 24), dtype=torch.bool)
    free[0, :2], free[1, :20] = True, True
    rules = SamplerRules(8, 1e-6, 1.0, 1.0, 1, 0.005)
    tokens, asked = torch.full((3, 24), 9), []

    def decode(canvas, conditioning, wanted):
        asked.append((len(canvas), int(wanted.sum())))
        assert conditioning is None or conditioning.shape == (len(canvas), 24, VOCABULARY)
        return random_model(0, 0.0)(canvas, conditioning, wanted)

    noise = Noise(MASK, torch.zeros(VOCABULARY, dtype=torch.bool), {})
    steps = list(denoise(decode, tokens, free, noise, rules, torch.Generator().manual_seed(0), greedy=1))
    assert len(steps) == 8
    assert asked[0] == (2, 22), "the last row has nothing free"
    assert asked[2:] == [(1, 20)] * 6, "the first row is done after two steps"


@pytest.mark.parametrize("corruption", ["hybrid", "uniform"])
def test_a_row_is_what_it_would_be_without_the_rows_that_are_done(corruption):
    """Row 0 has one free position and is done at once; what row 1 sees of its own last step stays its own."""
    free = torch.zeros((2, 24), dtype=torch.bool)
    free[0, 0], free[1, 4:20] = True, True
    tokens = torch.arange(48).reshape(2, 24) % 30 + 8
    model, noise = random_model(5, 2.0), Noise(None, torch.zeros(VOCABULARY, dtype=torch.bool), {})
    if corruption == "hybrid":
        noise = noise._replace(mask_id=MASK)
    seen = []

    def decode(canvas, conditioning, wanted):
        logits = model(canvas, conditioning, wanted)
        if conditioning is not None:
            assert torch.equal(conditioning[-1][wanted[-1]], seen[-1])
            assert (conditioning[-1][~wanted[-1]].softmax(-1).amax(-1) > 0.999).all()
        temperature = 0.8 - 0.4 * len(seen) / 7
        seen.append(logits[-int(wanted[-1].sum()) :] / temperature)
        return logits

    steps = list(denoise(decode, tokens, free, noise, RULES, torch.Generator().manual_seed(0), greedy=2))
    assert len(steps) > 2


def test_the_quota_spreads_an_uncertain_canvas_over_all_steps():
    free = torch.ones((1, 24), dtype=torch.bool)
    steps = run(free, "hybrid", sharpness=0.0)
    assert [int(step.settled.sum()) for step in steps] == [3, 6, 9, 12, 15, 18, 21, 24]


def test_certain_pins_take_nothing_from_the_entropy_budget():
    """Over the whole canvas, 200 pins would count; over the free positions, one uncertain token fits the bound."""
    free = torch.zeros((1, 200), dtype=torch.bool)
    free[0, :4] = True
    one = run(free, "hybrid", sharpness=0.0)[0]
    assert int((one.settled & free).sum()) == 1


def test_a_certain_canvas_is_done_in_one_step():
    free = torch.ones((1, 24), dtype=torch.bool)
    assert len(run(free, "hybrid", sharpness=500.0, barred=range(8))) == 1


def test_the_lead_is_greedy_and_the_others_are_drawn():
    free = torch.ones((3, 24), dtype=torch.bool)
    rules = SamplerRules(8, 100.0, 1.0, 1.0, 1, 0.005)
    first = run(free, "hybrid", rules=rules, sharpness=0.3)[0].answer
    other = run(free, "hybrid", rules=rules, sharpness=0.3, seed=0, greedy_lead=False)[0].answer
    assert not torch.equal(first[0], other[0])
    assert torch.equal(first[1:], other[1:])


def test_a_constraint_holds_at_its_position_alone():
    free = torch.ones((2, 10), dtype=torch.bool)
    allowed = torch.zeros(VOCABULARY, dtype=torch.bool)
    allowed[[11, 12]] = True
    noise = Noise(MASK, torch.zeros(VOCABULARY, dtype=torch.bool), {4: allowed})
    tokens = torch.full((2, 10), 9)
    generator = torch.Generator().manual_seed(0)
    *_, last = denoise(random_model(0, 1.0), tokens, free, noise, RULES, generator, greedy=1)
    assert {*last.answer[:, 4].tolist()} <= {11, 12}
    assert not {*last.answer[:, :4].flatten().tolist()} <= {11, 12}


def test_self_conditioning_sees_the_pinned_token_and_the_models_own_view_elsewhere():
    logits = torch.randn((1, 3, VOCABULARY))
    tokens = torch.tensor([[5, 6, 7]])
    conditioned = pin_logits(logits, tokens, torch.tensor([[True, False, True]]), "token").softmax(-1)
    assert conditioned[0, 0, 5] > 0.999
    assert conditioned[0, 2, 7] > 0.999
    assert torch.allclose(conditioned[0, 1], logits[0, 1].softmax(-1))


def test_self_conditioning_sees_every_token_alike_at_a_flat_pin():
    logits = torch.randn((1, 2, VOCABULARY))
    tokens, pinned = torch.tensor([[5, 6]]), torch.tensor([[True, False]])
    conditioned = pin_logits(logits, tokens, pinned, "flat").softmax(-1)
    assert torch.allclose(conditioned[0, 0], torch.full((VOCABULARY,), 1 / VOCABULARY))
    assert torch.allclose(conditioned[0, 1], logits[0, 1].softmax(-1))
