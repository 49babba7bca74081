"""Which tokens may stand where, by what they spell; kept per tokenizer, since a vocabulary may have 262,144 tokens."""

from functools import lru_cache

import torch

from dgls.model.tokenizer import CodeTokenizer


@lru_cache(maxsize=8)
def barred_ids(
    tokenizer: CodeTokenizer, device: torch.device, *, single_line: bool, whole_characters: bool
) -> torch.Tensor:
    """Which ids are never drawn at a free position, [vocabulary].

    Control tokens always; tokens with a line break, or with a part of a character, where asked.
    """
    barred = [
        (single_line and (b"\n" in token or b"\r" in token)) or (whole_characters and not _is_utf8(token))
        for token in tokenizer.token_bytes
    ]
    for token_id in tokenizer.special_ids:
        barred[token_id] = True
    return torch.tensor(barred, device=device)


@lru_cache(maxsize=64)
def beginning_with(tokenizer: CodeTokenizer, device: torch.device, cut: bytes) -> torch.Tensor:
    """Which ids spell something that begins with ``cut``, [vocabulary]."""
    return torch.tensor([token.startswith(cut) for token in tokenizer.token_bytes], device=device)


@lru_cache(maxsize=8)
def barring(tokenizer: CodeTokenizer, device: torch.device, token_id: int) -> torch.Tensor:
    """What is added to logits so that ``token_id`` is not drawn, [vocabulary]."""
    leaning = torch.zeros(len(tokenizer), device=device)
    leaning[token_id] = -torch.inf
    return leaning


def _is_utf8(token: bytes) -> bool:
    try:
        token.decode()
    except UnicodeDecodeError:
        return False
    return True
