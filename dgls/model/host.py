"""A loaded checkpoint: its model, its tokenizer, what it is trained for, and the two passes that infilling
needs.

The encoder's pass (:meth:`Host.prefill`) fills a prefix store chunk by chunk; the decoder's pass
(:meth:`Host.decode`) turns a canvas into logits and reads that store through a view. Nothing here knows gaps,
code or a sampler.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from dgls.config import ModelSettings
from dgls.model.checkpoint import (
    CheckpointConfig,
    Report,
    find_checkpoint,
    import_model_class,
    load_model,
    read_config,
    read_generation_config,
)
from dgls.model.description import (
    CheckpointError,
    Description,
    SamplerAdvice,
    SamplerRules,
    first_of,
    read_description,
)
from dgls.model.memory import keep_freed_memory
from dgls.model.placement import choose_device, choose_dtype
from dgls.model.prefix_store import (
    CHUNK,
    ChunkWriter,
    LayerShape,
    PrefixStore,
    StoreTooSmall,
    View,
    token_bytes,
)
from dgls.model.tokenizer import CodeTokenizer, load_tokenizer

if TYPE_CHECKING:
    from transformers import DiffusionGemmaForBlockDiffusion, DiffusionGemmaTextConfig

CONTEXT_ON_CPU = 1_024
CONTEXT_ON_GPU = 8_192
"""Tokens the encoder reads where neither user nor checkpoint say."""


@dataclass(frozen=True, eq=False)
class Host:
    """A checkpoint that is ready.

    ``rules`` are the checkpoint's sampler values, to be laid under the user's. ``canvas_lengths`` ascend
    (tokens). ``context_tokens`` is what the encoder reads where the user says nothing, ``context_limit`` what
    it can read at all. ``eos_ids`` end a text. One thread at a time may use a host.
    """

    name: str
    model: "DiffusionGemmaForBlockDiffusion"
    tokenizer: CodeTokenizer
    description: Description
    rules: SamplerRules
    canvas_lengths: tuple[int, ...]
    context_tokens: int
    context_limit: int
    mask_id: int | None
    delete_id: int | None
    eos_ids: frozenset[int]
    device: torch.device
    dtype: torch.dtype

    @property
    def vocabulary(self) -> int:
        """How many token ids the model knows: the last dimension of logits."""
        return len(self.tokenizer)

    def new_store(self, most_bytes: int | None = None) -> PrefixStore:
        """An empty prefix store for this model, of whole chunks in ``most_bytes`` at most.

        Raises :class:`dgls.model.prefix_store.StoreTooSmall` where that holds none.
        """
        shapes = layer_shapes(self.model.config.text_config)
        limit = self.context_limit
        if most_bytes is not None:
            chunk_bytes = CHUNK * token_bytes(shapes, self.dtype)
            if most_bytes < chunk_bytes:
                raise StoreTooSmall(
                    f"a prefix store of {most_bytes:,} bytes holds no context; {CHUNK} tokens take {chunk_bytes:,}"
                )
            limit = min(limit, most_bytes // chunk_bytes * CHUNK)
        return PrefixStore(shapes, limit, self.dtype, self.device)

    def prefill(self, store: PrefixStore, tokens: Sequence[int]) -> Iterator[int]:
        """Bring ``store`` to hold exactly ``tokens``; yields how many it holds after each chunk computed.

        Tokens that the store already has cost nothing, and where it has them all nothing is yielded. An
        iterator that is dropped half-way leaves a store that is right, with fewer tokens. Raises ValueError
        on more tokens than ``context_limit``.
        """
        for start, end in store.plan(tokens):
            self._encode(store, tokens[start:end], start)
            store.extend(tokens[start:end])
            yield end

    @torch.no_grad()
    def decode(
        self,
        view: View,
        canvas: Tensor,
        self_conditioning: Tensor | None = None,
        wanted: Tensor | None = None,
    ) -> Tensor:
        """Logits [batch, canvas, vocabulary] in float32, behind the library's soft cap.

        ``canvas`` holds ids [batch, canvas]; ``self_conditioning`` are logits of the step before, scaled by
        the temperature, [batch, canvas, vocabulary], or None in the first step. The batch must be the view's.
        Where ``wanted`` marks positions [batch, canvas], theirs alone, [positions, vocabulary]: over a vocabulary,
        what nobody looks at is most of the work.
        """
        positions = torch.arange(view.tokens, view.tokens + canvas.shape[1], device=self.device).unsqueeze(0)
        hidden: Tensor = self.model.model(
            decoder_input_ids=canvas.to(self.device),
            past_key_values=view,
            self_conditioning_logits=self_conditioning,
            decoder_position_ids=positions,
        ).last_hidden_state
        return self.logits(hidden if wanted is None else hidden[wanted])

    def logits(self, hidden: Tensor) -> Tensor:
        """What the head makes of last hidden states [..., width]: [..., vocabulary] in float32, softly capped."""
        cap = self.model.final_logit_softcapping
        logits: Tensor = self.model.lm_head(hidden).float()
        return logits.div_(cap).tanh_().mul_(cap)

    @torch.no_grad()
    def _encode(self, store: PrefixStore, chunk: Sequence[int], start: int) -> None:
        positions = torch.arange(start, start + len(chunk), device=self.device)
        self.model.model.encoder.language_model(
            input_ids=torch.tensor([list(chunk)], device=self.device),
            attention_mask=self._masks(store, positions, start),
            position_ids=positions.unsqueeze(0),
            past_key_values=ChunkWriter(store, start),
        )

    def _masks(self, store: PrefixStore, positions: Tensor, start: int) -> dict[str, Tensor]:
        """Per kind of layer, what is added to the scores of ``positions`` [new]: [1, 1, new, past + new].

        The library would build its masks twice per call, and throw one set away.
        """
        hidden = torch.finfo(self.dtype).min
        masks = {}
        for index, kind in enumerate(self.model.config.text_config.layer_types):
            if kind not in masks:
                first = store.past_start(index, start)
                seen = torch.arange(first, start + len(positions), device=self.device)
                distance = positions[:, None] - seen[None, :]
                window = store.shapes[index].window
                sees = (distance >= 0) if window is None else (distance >= 0) & (distance < window)
                mask = torch.zeros(sees.shape, dtype=self.dtype, device=self.device)
                masks[kind] = mask.masked_fill_(~sees, hidden)[None, None]
        return masks


def load_host(settings: ModelSettings, report: Report) -> Host:
    """Load what ``settings`` name; blocks for seconds, most of which are imports.

    Raises :class:`CheckpointError` on anything that is missing, damaged, foreign or does not fit together;
    what can be checked without the library is checked first.
    """
    report(0.0, "looking for the checkpoint")
    keep_freed_memory()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    device = choose_device(settings.device)
    dtype = choose_dtype(settings.dtype, device)
    folder = find_checkpoint(settings.checkpoint, settings.allow_download)
    config = read_config(folder)
    generation = read_generation_config(folder)
    description = read_description(folder)
    report(0.02, "reading the tokenizer")
    eos_ids = _ids(config.text_config.eos_token_id, generation.eos_token_id)
    tokenizer = _read_tokenizer(folder, config, description, eos_ids)
    model_class = import_model_class(lambda fraction, what: report(0.05 + 0.75 * fraction, what))
    report(0.8, "loading weights")
    model = load_model(model_class, folder, device, dtype)
    canvas_lengths = lengths_of(config, description)
    limit = context_limit(config, description)
    if limit <= 0:
        raise CheckpointError(
            f'checkpoint "{folder}" has {config.text_config.max_position_embeddings} positions, which leaves '
            f"no context beside a canvas of {canvas_lengths[-1]}; correct canvas_lengths in dgls.json"
        )
    host = Host(
        name=settings.checkpoint,
        model=model,
        tokenizer=tokenizer,
        description=description,
        rules=first_of(description.sampler, generation.advice(), _library_advice(model)),
        canvas_lengths=canvas_lengths,
        context_tokens=usual_context(device, limit),
        context_limit=limit,
        mask_id=_named_id(tokenizer, description.mask_token),
        delete_id=_named_id(tokenizer, description.delete_token),
        eos_ids=eos_ids,
        device=device,
        dtype=dtype,
    )
    report(1.0, "ready")
    return host


def layer_shapes(text: "DiffusionGemmaTextConfig") -> list[LayerShape]:
    """What each layer of a model with this config keeps per token."""
    shapes = []
    for index, kind in enumerate(text.layer_types):
        layer = text.per_layer_config[index]
        window = text.sliding_window if kind == "sliding_attention" else None
        shapes.append(LayerShape(layer.num_key_value_heads, layer.head_dim, window))
    return shapes


def lengths_of(config: CheckpointConfig, description: Description) -> tuple[int, ...]:
    """The canvas lengths of a checkpoint, ascending (tokens)."""
    return description.canvas_lengths or (config.canvas_length,)


def context_limit(config: CheckpointConfig, description: Description) -> int:
    """How many tokens its encoder can read beside the longest canvas; not above 0 where there is no room."""
    limit = config.text_config.max_position_embeddings - lengths_of(config, description)[-1]
    return limit if description.context_tokens is None else min(limit, description.context_tokens)


def usual_context(device: torch.device, limit: int) -> int:
    """How many tokens the encoder reads where the user says nothing."""
    return min(CONTEXT_ON_CPU if device.type == "cpu" else CONTEXT_ON_GPU, limit)


def _read_tokenizer(
    folder: Path, config: CheckpointConfig, description: Description, eos_ids: frozenset[int]
) -> CodeTokenizer:
    text = config.text_config
    images = _ids(config.boi_token_id, config.eoi_token_id, config.image_token_id)
    named = {name for name in (description.mask_token, description.delete_token) if name is not None}
    tokenizer = load_tokenizer(
        folder,
        vocabulary=text.vocab_size,
        control={*named, *eos_ids, *images, *_ids(text.pad_token_id, text.bos_token_id)},
        delete_token=description.delete_token,
    )
    for name in sorted(named):
        if tokenizer.id_of(name) is None:
            raise CheckpointError(
                f'checkpoint "{folder}": dgls.json names the token {name}, which its tokenizer lacks; '
                "correct dgls.json, or put back the tokenizer that the model was trained with"
            )
    if description.context_format == "chat" and not tokenizer.knows_chat:
        raise CheckpointError(
            f'checkpoint "{folder}" has neither a chat template nor DiffusionGemma\'s chat tokens; add its '
            "chat_template.jinja, or say in dgls.json how it was trained"
        )
    return tokenizer


def _named_id(tokenizer: CodeTokenizer, token: str | None) -> int | None:
    return None if token is None else tokenizer.id_of(token)


def _ids(*given: int | list[int] | None) -> frozenset[int]:
    """All ids in fields that hold one, several or none."""
    ids: set[int] = set()
    for value in given:
        if value is not None:
            ids.update(value if isinstance(value, list) else [value])
    return frozenset(ids)


def _library_advice(model: "DiffusionGemmaForBlockDiffusion") -> SamplerAdvice:
    """The library's own defaults, which hold where nobody says otherwise."""
    defaults = model.generation_config._get_default_generation_params()
    return SamplerAdvice(
        max_steps=defaults["max_denoising_steps"],
        entropy_bound=defaults["sampler_config"].entropy_bound,
        temperature_start=defaults["t_max"],
        temperature_end=defaults["t_min"],
        stability=defaults["stability_threshold"],
        confidence=defaults["confidence_threshold"],
        pin_conditioning="token",  # the library pins nothing, so it has no say in this
    )
