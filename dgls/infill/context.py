"""What the encoder reads of a document: cut where typing does not move it, and put in an order that the prefix
cache survives (stable parts first, the prefix last).

A window that begins a fixed distance before the cursor slides with every keystroke, and voids the cache. So the
prefix begins at an *anchor*: a line start near a multiple of a large block. What is related in other texts comes
first of all: it stays the same while the user stays at one place. The far suffix, which begins behind what
the canvas holds, is anchored from the document's end, since typing changes what is before it.
"""

from collections.abc import Callable

from dgls.infill.layout import lay_out_context, lay_out_related
from dgls.infill.request import FillRequest, Piece, Related
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
CHAT_RELATED = "\n\nFrom other files of the project:"
CHAT_PIECE = "\n\n{path}\n```\n{text}\n```"
CHAT_FAR = "\n\nFurther down, the file goes on with:\n```{language}\n{far}\n```"


def encode_context(host: Host, request: FillRequest, head_end: int, budget: int) -> list[int]:
    """The encoder's tokens (at most ``budget``) for ``request``.

    The canvas holds the text up to ``head_end`` itself; the far suffix begins behind it.
    """
    text, start = request.text, request.gaps[0].start
    tokenizer = host.tokenizer
    far_budget = budget // FAR_SHARE
    far_start = anchor_far(text, head_end)
    far = tokenizer.encode(text[far_start : far_start + 2 * CHARACTERS_PER_TOKEN * far_budget])[:far_budget]
    if host.description.context_format == "chat":
        return _chat_context(host, request, far, budget)
    pieces = fit_related(request.related, budget // 2, lambda piece: len(_related_tokens(host, piece)))
    related = [token for piece in pieces for token in _related_tokens(host, piece)]
    path_tokens = tokenizer.encode(request.path)[-PATH_TOKENS:]
    taken = len(lay_out_context(path_tokens, far, [], related))
    return lay_out_context(path_tokens, far, encode_prefix(host, text, start, budget - taken), related)


def fit_related(related: Related, most: int, size: Callable[[Piece], int]) -> list[Piece]:
    """The pieces, or their first lines, that fit into their budget and ``most`` tokens, the best first to be taken.

    They come sorted, so that a new choice of much the same pieces leaves a long beginning as it was. ``size`` counts
    the tokens of a piece.
    """
    room = min(related.tokens, most)
    taken: list[Piece] = []
    for piece in related.pieces:
        fitting = piece
        while fitting.text and (tokens := size(fitting)) > room:
            lines = fitting.text.split("\n")
            fitting = piece._replace(text="\n".join(lines[: len(lines) * room // tokens]))
        if fitting.text:
            taken.append(fitting)
            room -= size(fitting)
    return sorted(taken)


def _related_tokens(host: Host, piece: Piece) -> list[int]:
    path = host.tokenizer.encode(piece.path)[-PATH_TOKENS:]
    return lay_out_related(path, host.tokenizer.encode(piece.text + "\n"))


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


def _chat_context(host: Host, request: FillRequest, far: list[int], budget: int) -> list[int]:
    """The chat format: other files and the far suffix in the user turn, the prefix as the opening of the reply's code.

    The prefix stands in the reply, so that typing changes only the end of the context.
    """
    tokenizer, language = host.tokenizer, request.language
    pieces = fit_related(request.related, budget // 2, lambda piece: len(tokenizer.encode(_shown(piece))))
    user = CHAT_INSTRUCTION.format(path=request.path or "below")
    if pieces:
        user += CHAT_RELATED + "".join(map(_shown, pieces))
    if far:
        user += CHAT_FAR.format(language=language, far=tokenizer.decode(far).decode(errors="ignore"))
    frame = tokenizer.chat(user, f"```{language}\n")
    if len(frame) >= budget:
        frame = tokenizer.chat(CHAT_INSTRUCTION.format(path="below"), f"```{language}\n")
    return [*frame, *encode_prefix(host, request.text, request.gaps[0].start, max(1, budget - len(frame)))]


def _shown(piece: Piece) -> str:
    """A piece of another file in the chat format."""
    return CHAT_PIECE.format(path=piece.path, text=piece.text)
