"""The encoder as the causal language model that it also is: logits of the next token, read from left to right.

This is what denoising is measured against. It uses the library's own cache, which grows by single tokens at no cost;
the prefix store would read its last chunk again for each.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from dgls.model.host import Host


class CausalReader:
    """The encoder with its head, and the tokens that it has read so far."""

    def __init__(self, host: Host) -> None:
        from transformers import DynamicCache  # here: it takes seconds, and not every command reads

        self.host = host
        self._cache = DynamicCache()

    @torch.no_grad()
    def read(self, tokens: Sequence[int]) -> Tensor:
        """Read ``tokens`` behind those read before; the logits behind each, [tokens, vocabulary] in float32."""
        output = self.host.model.model.encoder(
            input_ids=torch.tensor([list(tokens)], device=self.host.device), past_key_values=self._cache
        )
        return self.host.logits(output.last_hidden_state[0])
