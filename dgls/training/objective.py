"""The loss: what is corrupted, what is predicted, and the three passes of one training step.

1. The encoder reads the contexts; its own next-token loss keeps it a language model.
2. In some steps, a first decoder pass without gradient gives self-conditioning logits; at pins they say what the preset
   wants. In the last phase it also gives noise: what it is surest of is drawn and stands in the canvas, right or wrong,
   as it does while denoising (on-policy corruption, DMax arXiv 2604.08302).
3. The decoder predicts every free position of the corrupted canvas: plain cross-entropy (arXiv 2602.15014).

Each canvas reads a prefix of its row's cache: rows are repeated for their canvases and masked behind the cut.
"""

from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F

from dgls.infill.denoise import draw, pin_logits
from dgls.infill.layout import CONTROL_TOKENS, DELETE_ID, MASK_ID
from dgls.training.examples import Batch

if TYPE_CHECKING:
    from transformers import DiffusionGemmaForBlockDiffusion

    from dgls.training.presets import Preset


class Losses(NamedTuple):
    """Scalars, in nats per token: what is minimised, and its two parts."""

    total: torch.Tensor
    decoder: torch.Tensor
    encoder: torch.Tensor


def corrupt(
    canvas: torch.Tensor,
    free: torch.Tensor,
    rate: torch.Tensor,
    uniform_share: float,
    vocabulary: int,
    generator: torch.Generator,
) -> torch.Tensor:
    """``canvas`` [N, K] with a share ``rate`` [N, 1] of its ``free`` [N, K] positions noised, at least one each.

    Hybrid corruption: a noised position holds the mask or, with ``uniform_share``, any ordinary token.
    """
    draw = torch.rand(canvas.shape, generator=generator, device=canvas.device)
    draw = draw.masked_fill(~free, 2.0)
    noised = (draw < rate) | (draw == draw.amin(-1, keepdim=True))
    noised &= free
    anything = torch.randint(
        len(CONTROL_TOKENS), vocabulary, canvas.shape, generator=generator, device=canvas.device
    )
    uniform = torch.rand(canvas.shape, generator=generator, device=canvas.device) < uniform_share
    noise = torch.where(uniform, anything, MASK_ID)
    return torch.where(noised, noise, canvas)


def take_step(
    corrupted: torch.Tensor, noised: torch.Tensor, logits: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """``corrupted`` [N, K] with the surest of the ``noised`` [N, K] positions drawn from ``logits`` [N, K, vocabulary].

    Which share of a canvas is drawn is drawn too, from nothing to most of it.
    """
    logits = logits.clone()
    deleting = logits[..., DELETE_ID].clone()
    logits[..., : len(CONTROL_TOKENS)] = -torch.inf
    logits[..., DELETE_ID] = deleting
    probabilities = logits.softmax(-1)
    order = probabilities.amax(-1).masked_fill(~noised, -1.0).argsort(-1, descending=True).argsort(-1)
    share = 0.8 * torch.rand((len(corrupted), 1), generator=generator, device=corrupted.device)
    accepted = noised & (order < share * noised.sum(-1, keepdim=True))
    uniform = torch.rand(corrupted.shape, generator=generator, device=corrupted.device)
    return torch.where(accepted, draw(probabilities, uniform), corrupted)


def training_losses(
    model: "DiffusionGemmaForBlockDiffusion",
    batch: Batch,
    preset: "Preset",
    generator: torch.Generator,
    *,
    self_conditioned: bool,
    on_policy: bool = False,
) -> Losses:
    """The losses of one batch; see the file's head for the passes."""
    canvases = batch.canvas.shape[0]
    rate = torch.rand((canvases, 1), generator=generator, device=batch.canvas.device)
    # A fill starts from noise alone, so a fifth of the canvases do too.
    rate = torch.where(torch.rand((canvases, 1), generator=generator, device=rate.device) < 0.2, 1.0, rate)
    vocabulary = model.config.text_config.vocab_size
    corrupted = corrupt(batch.canvas, batch.free, rate, preset.uniform_share, vocabulary, generator)

    encoded = encode(model, batch)
    targets = batch.context[:, 1:]
    scored = (batch.context_mask[:, :-1].bool()) & (targets >= len(CONTROL_TOKENS))
    encoder_logits = head(model, encoded.hidden[:, :-1][scored])
    encoder_loss = F.cross_entropy(encoder_logits, targets[scored])

    conditioning = None
    if self_conditioned or on_policy:
        with torch.no_grad():
            logits = head(model, decode(model, batch, encoded, corrupted, None))
            if on_policy:
                noised = batch.free & ((corrupted != batch.canvas) | (corrupted == MASK_ID))
                corrupted = take_step(corrupted, noised, logits, generator)
            if self_conditioned:
                conditioning = pin_logits(logits, batch.canvas, ~batch.free, preset.pin_conditioning)
    hidden = decode(model, batch, encoded, corrupted, conditioning)
    answers = batch.canvas[batch.free]
    losses = F.cross_entropy(head(model, hidden[batch.free]), answers, reduction="none")
    weights = torch.where(answers == DELETE_ID, preset.delete_weight, 1.0)
    decoder_loss = (losses * weights).sum() / weights.sum()
    return Losses(decoder_loss + preset.encoder_weight * encoder_loss, decoder_loss, encoder_loss)


class Encoded(NamedTuple):
    """The encoder's last hidden state [R, C, width] and, per layer, keys and values [R, heads, C, head width]."""

    hidden: torch.Tensor
    layers: list[tuple[torch.Tensor, torch.Tensor]]


def encode(model: "DiffusionGemmaForBlockDiffusion", batch: Batch) -> Encoded:
    """The encoder's pass over left-padded contexts."""
    from transformers import DynamicCache

    positions = (batch.context_mask.cumsum(-1) - 1).clamp(min=0)
    output = model.model.encoder(
        input_ids=batch.context,
        attention_mask=batch.context_mask,
        position_ids=positions,
        past_key_values=DynamicCache(),
    )
    layers = [(layer.keys, layer.values) for layer in output.past_key_values.layers]
    return Encoded(output.last_hidden_state, layers)


def decode(
    model: "DiffusionGemmaForBlockDiffusion",
    batch: Batch,
    encoded: Encoded,
    canvas: torch.Tensor,
    conditioning: torch.Tensor | None,
) -> torch.Tensor:
    """The decoder's pass over ``canvas`` [N, K], conditioned on [N, K, vocabulary]; hidden state [N, K, width]."""
    from transformers import DynamicCache

    count, length = canvas.shape
    repeats = count // batch.context.shape[0]
    cache = DynamicCache()
    for index, (keys, values) in enumerate(encoded.layers):
        cache.update(keys.repeat_interleave(repeats, 0), values.repeat_interleave(repeats, 0), index)
    mask = batch.context_mask.bool().repeat_interleave(repeats, 0)
    reach = torch.arange(batch.context.shape[1], device=canvas.device) < batch.visible[:, None]
    mask = torch.cat([mask & reach, torch.ones_like(canvas, dtype=torch.bool)], -1)
    mask = mask[:, None, None, :].expand(-1, 1, length, -1)
    start = batch.visible - batch.padding.repeat_interleave(repeats)
    positions = start[:, None] + torch.arange(length, device=canvas.device)
    output = model.model.decoder(
        decoder_input_ids=canvas,
        past_key_values=cache,
        self_conditioning_logits=conditioning,
        decoder_attention_mask={"sliding_attention": mask, "full_attention": mask},
        decoder_position_ids=positions,
    )
    hidden: torch.Tensor = output.last_hidden_state
    return hidden


def head(model: "DiffusionGemmaForBlockDiffusion", hidden: torch.Tensor) -> torch.Tensor:
    """Soft-capped float32 logits of ``hidden``, as the class computes them."""
    cap = model.final_logit_softcapping
    logits: torch.Tensor = torch.tanh(model.lm_head(hidden).float() / cap) * cap
    return logits
