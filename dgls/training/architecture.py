"""Models of class ``DiffusionGemmaForBlockDiffusion``, made small: wide and shallow, one expert, a token of vision.

The class always has experts and a vision tower, so both are kept as small as they can be. All layers attend to the
whole context (the window is as long as it); the last one is a full-attention layer because the class says so.
"""

from typing import TYPE_CHECKING

import msgspec
import torch

from dgls.infill.layout import BOS_ID, EOS_ID, PAD_ID

OFFSETS = (-1, 1, -2, 2)
"""Where neighbour heads look, in tokens."""
FAST_PAIRS = 5
"""Rotary pairs of a head that tell neighbours apart: those that turn by a radian to a quarter per token."""

if TYPE_CHECKING:
    from transformers import DiffusionGemmaForBlockDiffusion


class Architecture(msgspec.Struct, frozen=True):
    """Sizes of a model: widths in features, lengths in tokens."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    feed_forward: int
    head_width: int = 64
    expert_width: int = 16
    context: int = 1024
    canvas: int = 256


def build_model(architecture: Architecture, seed: int) -> "DiffusionGemmaForBlockDiffusion":
    """A freshly initialised model, in float32 on the CPU.

    Attention scores of this class are not scaled by ``head_width ** -0.5``; the query norms start there instead, so
    that attention starts soft. Every block ends in a norm, which would undo a zero-initialised projection, so the
    gains of those norms start small instead, and smaller still for the one expert, which is there for form's sake.
    """
    from transformers import (
        DiffusionGemmaConfig,
        DiffusionGemmaForBlockDiffusion,
        DiffusionGemmaTextConfig,
        Gemma4VisionConfig,
    )

    a = architecture
    text = DiffusionGemmaTextConfig(
        vocab_size=a.vocabulary,
        hidden_size=a.width,
        intermediate_size=a.feed_forward,
        num_hidden_layers=a.layers,
        num_attention_heads=a.heads,
        num_key_value_heads=a.heads,
        head_dim=a.head_width,
        global_head_dim=a.head_width,
        sliding_window=a.context,
        max_position_embeddings=a.context + a.canvas,
        layer_types=["sliding_attention"] * (a.layers - 1) + ["full_attention"],
        rope_parameters={
            kind: {"rope_type": "default", "rope_theta": 10_000.0}
            for kind in ("sliding_attention", "full_attention")
        },
        num_experts=1,
        top_k_experts=1,
        moe_intermediate_size=a.expert_width,
        pad_token_id=PAD_ID,
        eos_token_id=EOS_ID,
        bos_token_id=BOS_ID,
    )
    vision = Gemma4VisionConfig(
        hidden_size=4,
        intermediate_size=4,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=4,
        patch_size=1,
        position_embedding_size=1,
    )
    config = DiffusionGemmaConfig(text_config=text, vision_config=vision, canvas_length=a.canvas)
    torch.manual_seed(seed)
    model = DiffusionGemmaForBlockDiffusion(config)
    with torch.no_grad():
        for layer in model.model.decoder.layers:
            layer.self_attn.q_norm.weight.fill_(a.head_width**-0.5)
            layer.post_attention_layernorm.weight.fill_((2 * a.layers) ** -0.5)
            layer.post_feedforward_layernorm.weight.fill_((2 * a.layers) ** -0.5)
            layer.post_feedforward_layernorm_2.weight.fill_(0.1)
        _look_around(model, a)
    return model


def _look_around(model: "DiffusionGemmaForBlockDiffusion", a: Architecture) -> None:
    """Start heads of all layers but the last as neighbour heads: head i attends near the offset OFFSETS[i].

    A masked position has nothing but its place to attend by, and a short run is over before attention by place has
    emerged from random weights. All embeddings get one direction in common; queries and keys map it to the same
    vector, the keys' turned back by the offset, so that their rotary product peaks there. Only fast rotations take
    part: slow ones do not tell neighbours apart. The shift that this gives all logits alike changes no probability.
    """
    half, pairs = a.head_width // 2, FAST_PAIRS
    common = torch.full((a.width,), a.width**-0.5)
    embeddings = model.model.decoder.embed_tokens.weight
    embeddings += common * embeddings.norm(dim=-1).mean()
    frequencies = 10_000.0 ** -(torch.arange(pairs) / half)
    for index, layer in enumerate(model.model.decoder.layers[:-1]):
        attention = layer.self_attn
        attention.q_norm.weight.mul_(2)
        # A row of the projections maps the direction to this length; random parts make up the rest.
        length = attention.q_proj.weight.norm(dim=-1).mean() * (a.head_width / pairs / 2) ** 0.5
        # Behind the first layer, half of the heads are left to attend by content.
        for head in range(a.heads if index == 0 else a.heads // 2):
            turn = frequencies * -OFFSETS[head % len(OFFSETS)]
            start = head * a.head_width
            attention.q_proj.weight[start : start + pairs] += common * length
            attention.k_proj.weight[start : start + pairs] += common * (length * turn.cos())[:, None]
            attention.k_proj.weight[start + half : start + half + pairs] += (
                common * (length * turn.sin())[:, None]
            )
