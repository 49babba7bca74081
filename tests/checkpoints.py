"""Builders of tiny checkpoint folders with random weights: real files, loaded through the same door."""

import inspect
import json
import textwrap
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

CONTROL_TOKENS = ("<pad>", "<eos>", "<bos>", "<mask>", "<delete>", "<path>", "<far>", "<prefix>")
"""Control tokens of ``tiny_dgls``; a token's id is its place."""

CHAT_TOKENS = (
    *("<pad>", "<eos>", "<bos>", "<unk>", "<unused0>", "<|turn>", "<turn|>", "<|channel>", "<channel|>"),
    *("<|think|>", "<|image>", "<image|>"),
)
"""Control tokens of ``tiny_26b``; a token's id is its place. ``<unused0>`` is not marked as special."""

CHAT_EOS = [CHAT_TOKENS.index("<eos>"), CHAT_TOKENS.index("<turn|>")]


def build_tiny_dgls(folder: Path, seed: int = 0, **text_config: Any) -> Path:
    """The kind that dgls trains: byte-level BPE, hybrid corruption, a delete token, small canvases; it writes text.

    ``text_config`` overrides fields of the model's text configuration.
    """
    tokenizer = byte_level_tokenizer()
    config = {
        "vocab_size": tokenizer.get_vocab_size(),
        "num_hidden_layers": 2,
        "layer_types": ["sliding_attention", "full_attention"],
        "sliding_window": 1024,
        "max_position_embeddings": 1280,
        "num_experts": 1,
        "top_k_experts": 1,
        "num_key_value_heads": 4,
    }
    save_model(folder, config | text_config, canvas_length=256, seed=seed)
    silence(
        folder,
        [tokenizer.token_to_id(token) for token in pre_tokenizers.ByteLevel.alphabet() if is_half(token)],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    description = {
        "corruption": "hybrid",
        "mask_token": "<mask>",
        "delete_token": "<delete>",
        "canvas_lengths": [64, 128, 256],
        "context_format": "dgls",
        "context_tokens": 1024,
        "separate_boundaries": True,
        "sampler": {"max_steps": 8},
    }
    write_json(folder / "dgls.json", description)
    return folder


def build_tiny_26b(folder: Path, seed: int = 0) -> Path:
    """The 26B's kind, tiny in width: 5 sliding layers to 1 full one, 128 experts of which 8 are active, keys
    that serve as values in full layers, canvas 256, a chat tokenizer, no description."""
    tokenizer = sentencepiece_tokenizer()
    config = {
        "vocab_size": tokenizer.get_vocab_size() + 8,  # rounded up, as real ones are: ids without a token
        "num_hidden_layers": 6,
        "layer_types": ["sliding_attention"] * 5 + ["full_attention"],
        "sliding_window": 96,
        "max_position_embeddings": 4096,
        "num_experts": 128,
        "top_k_experts": 8,
        "num_key_value_heads": 2,
        "num_global_key_value_heads": 1,
        "global_head_dim": 32,
        "eos_token_id": CHAT_EOS[0],
        "use_bidirectional_attention": "vision",
    }
    save_model(
        folder, config, canvas_length=256, seed=seed, boi_token_id=10, eoi_token_id=11, image_token_id=10
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    path = folder / "generation_config.json"
    write_json(path, json.loads(path.read_text()) | {"eos_token_id": CHAT_EOS})
    return folder


def save_model(
    folder: Path, text_config: dict[str, Any], *, canvas_length: int, seed: int, **ids: int
) -> None:
    """Write a randomly initialised model: width 64, and a vision tower as small as the class allows."""
    from transformers import (
        DiffusionGemmaConfig,
        DiffusionGemmaForBlockDiffusion,
        DiffusionGemmaTextConfig,
        Gemma4VisionConfig,
    )

    text: dict[str, Any] = {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_attention_heads": 4,
        "head_dim": 16,
        "global_head_dim": 16,
        "moe_intermediate_size": 16,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "bos_token_id": 2,
    }
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
    torch.manual_seed(seed)
    model = DiffusionGemmaForBlockDiffusion(
        DiffusionGemmaConfig(
            text_config=DiffusionGemmaTextConfig(**text | text_config),
            vision_config=vision,
            canvas_length=canvas_length,
            **ids,
        )
    )
    model.save_pretrained(folder)


def silence(folder: Path, tokens: list[int]) -> None:
    """Let a model that was saved never hold one of these ``tokens`` for the likeliest."""
    path = folder / "model.safetensors"
    weights = load_file(path)
    weights["model.decoder.embed_tokens.weight"][tokens] = 0
    save_file(weights, path, {"format": "pt"})


def is_half(token: str) -> bool:
    """Whether a token of byte-level BPE that is one byte is no character by itself."""
    return bool(decoders.ByteLevel().decode([token]) == "\ufffd")


def byte_level_tokenizer() -> Tokenizer:
    """Byte-level BPE with the control tokens of dgls, trained on standard-library source."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=640,
        special_tokens=list(CONTROL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([inspect.getsource(textwrap)], trainer)
    return tokenizer


def sentencepiece_tokenizer() -> Tokenizer:
    """Gemma's kind of BPE: ``▁`` for spaces, byte fallback, chat control tokens, a few added tokens of plain
    text."""
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Replace(" ", "▁")
    trained.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=[*CHAT_TOKENS, *byte_tokens],
        max_token_length=12,
        show_progress=False,
    )
    trained.train_from_iterator(inspect.getsource(textwrap).splitlines(keepends=True), trainer)
    learned = json.loads(trained.to_str())["model"]
    tokenizer = Tokenizer(
        models.BPE(
            vocab=learned["vocab"],
            merges=[tuple(merge) for merge in learned["merges"]],
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = trained.normalizer
    tokenizer.pre_tokenizer = trained.pre_tokenizer
    pieces = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence(pieces)
    spare = CHAT_TOKENS.index("<unused0>")
    tokenizer.add_special_tokens([*CHAT_TOKENS[:spare], *CHAT_TOKENS[spare + 1 :]])
    tokenizer.add_tokens([CHAT_TOKENS[spare], "\n\n", "▁▁", "▁▁▁▁", "<table>"])
    return tokenizer


def write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def build_tokenizers(folder: Path) -> dict[str, Path]:
    """Folders that hold a tokenizer and nothing else: ``byte_level`` and ``sentencepiece``."""
    made = {"byte_level": byte_level_tokenizer(), "sentencepiece": sentencepiece_tokenizer()}
    for name, tokenizer in made.items():
        (folder / name).mkdir()
        tokenizer.save(str(folder / name / "tokenizer.json"))
    return {name: folder / name for name in made}
