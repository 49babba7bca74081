"""One step of training: corruption, the model's own noise, rates, the optimisers, on whatever device."""

from collections.abc import Sequence
from contextlib import nullcontext

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dgls.infill.layout import CONTROL_TOKENS, DELETE_ID, MASK_ID
from dgls.training.architecture import build_model
from dgls.training.examples import Batch, Formats, Sampler
from dgls.training.muon import Float32Muon
from dgls.training.objective import corrupt, take_step, training_losses
from dgls.training.presets import PRESETS, changed
from dgls.training.trainer import build_optimisers, rate_at, validate
from tests.elsewhere import ELSEWHERE, elsewhere, moved
from tests.training.tiny import TINY


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 1))
def test_corruption_touches_free_positions_alone_and_one_at_least(seed, rate):
    generator = torch.Generator().manual_seed(seed)
    canvas = torch.randint(8, 400, (3, 32), generator=generator)
    free = torch.rand((3, 32), generator=generator) < 0.5
    free[:, 5] = True
    corrupted = corrupt(canvas, free, torch.full((3, 1), rate), 0.0, 400, generator)
    assert torch.equal(corrupted[~free], canvas[~free])
    assert ((corrupted == MASK_ID).sum(-1) >= 1).all()
    if rate == 1.0:
        assert (corrupted[free] == MASK_ID).all()


def test_hybrid_corruption_also_draws_ordinary_tokens():
    generator = torch.Generator().manual_seed(0)
    canvas = torch.full((20, 50), 9)
    corrupted = corrupt(
        canvas, torch.ones_like(canvas, dtype=torch.bool), torch.ones(20, 1), 0.2, 400, generator
    )
    drawn = corrupted[corrupted != MASK_ID]
    assert 120 < len(drawn) < 280
    assert (drawn >= len(CONTROL_TOKENS)).all()


def test_drawing_the_surest_positions_changes_noised_ones_alone():
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn((50, 16, 40), generator=generator)
    corrupted = torch.full((50, 16), MASK_ID)
    noised = torch.rand((50, 16), generator=generator) < 0.7
    stepped = take_step(corrupted, noised, logits, generator)
    assert (stepped[~noised] == MASK_ID).all()
    drawn = stepped[stepped != MASK_ID]
    assert 0.2 < len(drawn) / int(noised.sum()) < 0.6
    assert ((drawn >= len(CONTROL_TOKENS)) | (drawn == DELETE_ID)).all()


def test_the_gpu_preset_leaves_out_noise_of_its_own_and_can_have_it():
    assert PRESETS["gpu"].on_policy_from == 1.0, "what was measured to be better: docs/results.md"
    assert changed(PRESETS["gpu"], ["on_policy_from=0.75"]).on_policy_from == 0.75


def test_rates_rise_stay_and_fall_to_zero():
    assert rate_at(0.0, TINY) == 0.0
    assert rate_at(TINY.warm_up, TINY) == 1.0
    assert rate_at(1 - TINY.anneal, TINY) == 1.0
    assert rate_at(1.0, TINY) == 0.0
    assert rate_at(1 - TINY.anneal / 2, TINY) == pytest.approx(0.5)


@pytest.mark.parametrize("shape", [(24, 64), (64, 24)])
def test_muon_in_float32_moves_matrices_as_torch_does_in_bfloat16(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    start, gradients = torch.randn(shape), [torch.randn(shape) for _ in range(3)]
    ended = []
    for optimiser in (torch.optim.Muon, Float32Muon):
        matrix = torch.nn.Parameter(start.clone())
        muon = optimiser([matrix], lr=0.02, weight_decay=0.01, momentum=0.95)
        for gradient in gradients:
            matrix.grad = gradient.clone()
            muon.step()
        ended.append((matrix.detach() - start, muon.state[matrix]["momentum_buffer"]))
    (theirs, their_average), (ours, our_average) = ended
    assert torch.allclose(ours, theirs, atol=2e-3)
    assert not torch.allclose(ours, torch.zeros_like(ours), atol=1e-2)
    assert torch.allclose(our_average, their_average, atol=1e-6)


def test_a_step_of_training_mixes_up_no_devices(documents, tokenizer, monkeypatch):
    monkeypatch.setattr("dgls.training.trainer._autocast", lambda device: nullcontext())
    sampler = Sampler(documents, tokenizer.backend_tokenizer, Formats(), seed=0)
    batches = [sampler.batch(TINY.geometries[0]) for _ in range(2)]
    here = _two_steps(batches, torch.device("cpu"))
    with elsewhere():
        there = _two_steps(
            [Batch(*(tensor.to(ELSEWHERE) for tensor in batch)) for batch in batches], ELSEWHERE
        )
    assert there == pytest.approx(here, rel=1e-5)


def _two_steps(batches: Sequence[Batch], device: torch.device) -> list[float]:
    """Losses of two steps, the second with noise of the model's own, and what validation says after them."""
    model = build_model(TINY.architecture, seed=0)
    if device == ELSEWHERE:
        moved(model)
    optimisers = build_optimisers(model, TINY, torch.float32)
    losses = []
    for number, batch in enumerate(batches):
        generator = torch.Generator(device).manual_seed(number)
        found = training_losses(model, batch, TINY, generator, self_conditioned=True, on_policy=number > 0)
        found.total.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad()
        losses.append(found.total.item())
    return [*losses, *validate(model, batches, TINY)]
