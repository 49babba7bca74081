"""What the encoder reads of a document: cut where typing does not move it, and put in an order that the prefix
cache survives (stable parts first, the prefix last).

A window that begins a fixed distance before the cursor slides with every keystroke, and voids the cache. So the
prefix begins at an *anchor*: a line start near a multiple of a large block. The far suffix, which begins behind what
the canvas holds, is anchored from the document's end, since typing changes what is before it.
"""

from dgls.infill.layout import lay_out_context
from dgls.model.host import Host

CHARACTERS_PER_TOKEN = 3
"""How much text to tokenise for a budget of tokens; code takes 3 to 4 characters a token."""
PATH_TOKENS = 24
FAR_SHARE = 5
"""The far suffix takes at most one part in so many of the context."""
FAR_BLOCK = 512
PREFIX_BLOCKS = 4
"""The prefix moves on by one part in so many of its budget at a time."""

CHAT_INSTRUCTION = """\
Continue the source file {path} exactly where the reply leaves off. Write code only, in the style of the file."""
CHAT_FAR = "\n\nFurther down, the file goes on with:\n```{language}\n{far}\n```"


def encode_context(
    host: Host, text: str, start: int, head_end: int, path: str, language: str, budget: int
) -> list[int]:
    """The encoder's tokens (at most ``budget``) for a first gap at ``start``.

    The canvas holds the text up to ``head_end`` itself; the far suffix begins behind it.
    """
    tokenizer = host.tokenizer
    far_budget = budget // FAR_SHARE
    far_start = anchor_far(text, head_end)
    far = tokenizer.encode(text[far_start : far_start + 2 * CHARACTERS_PER_TOKEN * far_budget])[:far_budget]
    if host.description.context_format == "chat":
        return _chat_context(host, text, start, far, path, language, budget)
    path_tokens = tokenizer.encode(path)[-PATH_TOKENS:]
    taken = len(lay_out_context(path_tokens, far, []))
    return lay_out_context(path_tokens, far, encode_prefix(host, text, start, budget - taken))


def encode_prefix(host: Host, text: str, start: int, budget: int) -> list[int]:
    """Tokens of the text before ``start``, from an anchor that leaves at most ``budget`` of them."""
    block = max(1, budget * CHARACTERS_PER_TOKEN // PREFIX_BLOCKS)
    anchor = max(0, start - budget * CHARACTERS_PER_TOKEN)
    index = -(anchor // -block)
    while index * block < start:
        tokens = host.tokenizer.encode(text[line_start(text, index * block, start) : start])
        if len(tokens) <= budget:
            return tokens
        index += 1
    # Not one whole block fits (a single huge line, say): a plain window is all there is.
    return host.tokenizer.encode(text[max(0, start - budget * CHARACTERS_PER_TOKEN) : start])[-budget:]


def line_start(text: str, position: int, limit: int) -> int:
    """The first line start at or behind ``position``, or ``position`` itself where none comes before ``limit``."""
    if position == 0:
        return 0
    found = text.find("\n", position - 1, limit) + 1
    return found or position


def anchor_far(text: str, head_end: int) -> int:
    """The first anchored line start at or behind ``head_end``; anchors are counted from the document's end."""
    blocks = (len(text) - head_end) // FAR_BLOCK
    return line_start(text, len(text) - blocks * FAR_BLOCK, len(text)) if blocks else len(text)


def _chat_context(
    host: Host, text: str, start: int, far: list[int], path: str, language: str, budget: int
) -> list[int]:
    """The chat format: the far suffix in the user turn, the prefix as the opening of the reply's code block.

    The prefix stands in the reply, so that typing changes only the end of the context.
    """
    tokenizer = host.tokenizer
    user = CHAT_INSTRUCTION.format(path=path or "below")
    if far:
        user += CHAT_FAR.format(language=language, far=tokenizer.decode(far).decode(errors="ignore"))
    frame = tokenizer.chat(user, f"```{language}\n")
    if len(frame) >= budget:
        frame = tokenizer.chat(CHAT_INSTRUCTION.format(path="below"), f"```{language}\n")
    return [*frame, *encode_prefix(host, text, start, max(1, budget - len(frame)))]
