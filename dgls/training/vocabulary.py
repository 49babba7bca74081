"""The tokenizer: a byte-level BPE in which a line break and the indentation behind it are one word.

Any text has an encoding, and an encoding of any text gives its bytes back. A word never crosses from one line into
the next, so that a change on one line leaves the tokens of the others as they are.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from dgls.infill.layout import BOS, CONTROL_TOKENS, EOS, MASK, PAD

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

WORDS = Regex(
    r"[\r\n]+[ \t]*"  # line breaks with the indentation behind them
    r"| ?[\p{L}\p{M}]+"  # letters; names split at underscores and digits
    r"|\p{N}{1,3}"
    r"| ?_+"
    r"| ?[^\s\p{L}\p{M}\p{N}_]+"  # operators and brackets
    r"|[ \t]+(?=[\r\n]|$)|[ \t]+?(?= ?[^ \t])|\s"
)


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> "PreTrainedTokenizerFast":
    """A tokenizer of ``vocabulary`` ids, control tokens first."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(WORDS, behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(CONTROL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=24,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=EOS,
        bos_token=BOS,
        mask_token=MASK,
        extra_special_tokens=[t for t in CONTROL_TOKENS if t not in (PAD, EOS, BOS, MASK)],
        clean_up_tokenization_spaces=False,
    )
