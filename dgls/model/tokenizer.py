"""Text to token ids and back, byte for byte: no text can spell a control token, and every id spells known
bytes.

A checkpoint's ``tokenizer.json`` is read with the tokenizers library alone, which takes milliseconds. Two
kinds of vocabulary are known: byte-level BPE, and SentencePiece-style BPE, where ``▁`` stands for a space and
``<0xNN>`` for a byte. Knows nothing of models, gaps or code.
"""

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import msgspec
from tokenizers import Tokenizer

from dgls.model.description import CheckpointError

TOKENIZER_FILE = "tokenizer.json"
CONFIG_FILE = "tokenizer_config.json"
TEMPLATE_FILE = "chat_template.jinja"

SURROGATE = re.compile("[\ud800-\udfff]")
CONTROL = re.compile(r"<\|\W?\w+\W?\|?>|<\w+\|>|<(start|end)_of_turn>|<unused\d+>")
"""Added tokens of chat formats, and spare ones, which some vocabularies do not mark as special."""
BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")
SPACE = "▁"
PROBE = " a  def f(x):\n\n\t\treturn 'A\u0301…\u20ac\U0001f40d'\r\n \x0c\u2028\ufeffﬁ" + SPACE
"""Text that normalisers like to change: what comes back differently would be pinned differently."""
CHAT_FORMAT = "<bos><|turn>user\n{user}<turn|>\n<|turn>model\n"
CHAT_TOKENS = ("<bos>", "<|turn>", "<turn|>")
"""DiffusionGemma's own format, for checkpoints without a template."""
USER_MARK = "\ue000user\ue001"
"""Stands for the user's text while a chat template is rendered, so that the text is never read as control
tokens."""


class AddedToken(msgspec.Struct):
    """One entry of ``added_tokens`` in ``tokenizer.json``."""

    id: int
    content: str
    special: bool = False


class TokenizerFile(msgspec.Struct):
    """The parts of ``tokenizer.json`` that say what a token spells."""

    decoder: Any = None
    added_tokens: list[AddedToken] = []


class TokenizerConfig(msgspec.Struct):
    """The parts of ``tokenizer_config.json`` that a chat format needs."""

    chat_template: str | list[dict[str, str]] | None = None
    bos_token: Any = None
    eos_token: Any = None
    pad_token: Any = None


class CodeTokenizer:
    """A checkpoint's tokenizer.

    ``token_bytes[id]`` are the bytes that a token spells, b"" for control tokens; the list is as long as the
    model's vocabulary. ``special_ids`` must never be drawn at a free position: control tokens, ids without a
    token, but not the delete token, which spells nothing either.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        described: TokenizerFile,
        config: TokenizerConfig,
        *,
        vocabulary: int,
        control: Collection[str | int],
        delete_token: str | None,
    ) -> None:
        self._tokenizer = tokenizer
        self._config = config
        self._template = _default_template(config)
        kinds = repr(described.decoder)
        if "ByteLevel" in kinds:
            self._sentencepiece = False
        elif "ByteFallback" in kinds:
            self._sentencepiece = True
        else:
            raise CheckpointError(
                "its tokenizer does not spell text byte for byte (no ByteLevel or ByteFallback decoder in "
                f"{TOKENIZER_FILE}); use a byte-level BPE or a BPE with byte fallback"
            )

        names = tokenizer.get_vocab(with_added_tokens=True)
        size = max(names.values(), default=-1) + 1
        if size > vocabulary:
            raise CheckpointError(
                f"its tokenizer has {size} tokens, its model knows {vocabulary}: they do not belong "
                f"together; put back the {TOKENIZER_FILE} that the model was trained with"
            )
        added = {token.id: token for token in described.added_tokens}
        self._control = {
            name: i
            for name, i in names.items()
            if name in control
            or i in control
            or (i in added and (added[i].special or CONTROL.fullmatch(name)))
        }
        self.token_bytes: list[bytes] = [b""] * vocabulary
        for name, i in names.items():
            if name not in self._control:
                self.token_bytes[i] = self._spell(name, is_added=i in added)
        known = set(names.values())
        unknown = {i for i in range(vocabulary) if i not in known}
        delete = {i for i in (self.id_of(delete_token) if delete_token else None,) if i is not None}
        self.special_ids: frozenset[int] = frozenset({*self._control.values(), *unknown} - delete)

        # Text that spells a control token must stay text, also where the file does not say it is special.
        tokenizer.add_special_tokens([name for name, i in self._control.items() if i in added])
        tokenizer.encode_special_tokens = True
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._control_ids = frozenset(self._control.values())
        self._space_bytes = [self._byte_id(byte) for byte in SPACE.encode()] if self._sentencepiece else []
        if self.decode(self.encode(PROBE)) != PROBE.encode():
            raise CheckpointError(
                f"its tokenizer changes text (a normalizer in {TOKENIZER_FILE}); dgls needs one that spells "
                "every text byte for byte"
            )

    def __len__(self) -> int:
        return len(self.token_bytes)

    @property
    def has_chat_template(self) -> bool:
        """Whether the checkpoint brings its own chat template."""
        return self._template is not None

    @property
    def knows_chat(self) -> bool:
        """Whether :meth:`chat` has a format to use: a template, or the control tokens of DiffusionGemma's."""
        return self.has_chat_template or all(token in self._control for token in CHAT_TOKENS)

    def encode(self, text: str) -> list[int]:
        """Ids of ``text`` as text: never a control token; lone surrogates become U+FFFD."""
        text = SURROGATE.sub("\ufffd", text)
        if not self._sentencepiece or SPACE not in text:
            return self._encode(text)
        # This alphabet uses the character for spaces, so the character itself is spelt in bytes.
        ids: list[int] = []
        for index, piece in enumerate(text.split(SPACE)):
            ids += ([] if index == 0 else self._space_bytes) + self._encode(piece)
        return ids

    def decode(self, ids: Iterable[int]) -> bytes:
        """The bytes that ``ids`` spell; they need not be valid UTF-8."""
        return b"".join([self.token_bytes[i] for i in ids])

    def id_of(self, token: str) -> int | None:
        """The id of a token by its name in the vocabulary, or None where there is no such token."""
        found: int | None = self._tokenizer.token_to_id(token)
        return found

    def chat(self, user: str, opening: str) -> list[int]:
        """Ids of one user turn and the beginning of the reply, which starts with ``opening``.

        The checkpoint's own chat template is used where it has one, else DiffusionGemma's format.
        """
        own = self._template
        frame = CHAT_FORMAT.format(user=USER_MARK) if own is None else self._render(own)
        before, mark, after = frame.partition(USER_MARK)
        if not mark:
            raise CheckpointError("its chat template drops the user's text; remove or repair the template")
        return [
            *self._encode_frame(before),
            *self.encode(user),
            *self._encode_frame(after),
            *self.encode(opening),
        ]

    def _encode(self, text: str) -> list[int]:
        # A batch of one: for that the library lets other threads run meanwhile, and takes a quarter less.
        [encoding] = self._tokenizer.encode_batch_fast([text], add_special_tokens=False)
        ids: list[int] = encoding.ids
        if self._control_ids.isdisjoint(ids):
            return ids
        # A vocabulary that looks whole words up before it merges finds control tokens by their spelling.
        pieces = self._split_at_control(text)
        cut = len(pieces[0]) + 1
        return self._encode(text[:cut]) + self._encode(text[cut:])

    def _split_at_control(self, text: str) -> list[str]:
        """``text`` as [text, control token, text, …, text]."""
        there = sorted((name for name in self._control if name in text), key=len, reverse=True)
        return re.split("(" + "|".join(map(re.escape, there)) + ")", text) if there else [text]

    def _encode_frame(self, text: str) -> list[int]:
        """Ids of a part of a rendered chat, where control tokens mean themselves."""
        ids: list[int] = []
        for index, piece in enumerate(self._split_at_control(text)):
            ids += [self._control[piece]] if index % 2 else self.encode(piece)
        return ids

    def _render(self, template: str) -> str:
        from transformers.utils.chat_template_utils import render_jinja_template

        names = {
            name: _token_name(getattr(self._config, name)) for name in ("bos_token", "eos_token", "pad_token")
        }
        turn = [{"role": "user", "content": USER_MARK}]
        try:
            rendered, _ = render_jinja_template(
                [turn], chat_template=template, add_generation_prompt=True, **names
            )
        except (
            Exception
        ) as error:  # a template is a program of the checkpoint's: it may raise whatever it likes
            raise CheckpointError(f"its chat template cannot be rendered: {error}") from error
        return str(rendered[0])

    def _spell(self, name: str, is_added: bool) -> bytes:
        if self._sentencepiece:
            byte = BYTE_TOKEN.fullmatch(name)
            return bytes([int(byte[1], 16)]) if byte else name.replace(SPACE, " ").encode()
        if is_added or not all(character in BYTE_OF for character in name):
            return name.encode()
        return bytes([BYTE_OF[character] for character in name])

    def _byte_id(self, byte: int) -> int:
        found = self.id_of(f"<0x{byte:02X}>")
        if found is None:
            raise CheckpointError(
                f"its tokenizer lacks the byte token <0x{byte:02X}>; repair {TOKENIZER_FILE}"
            )
        return found


def load_tokenizer(
    folder: Path, *, vocabulary: int, control: Collection[str | int] = (), delete_token: str | None = None
) -> CodeTokenizer:
    """The tokenizer in ``folder`` for a model that knows ``vocabulary`` ids.

    ``control`` names further tokens, by name or id, that text must not spell. Raises :class:`CheckpointError`
    where the file is missing, unreadable, does not fit the model or does not spell text byte for byte.
    """
    path = folder / TOKENIZER_FILE
    if not path.is_file():
        raise CheckpointError(
            f'checkpoint "{folder}" has no {TOKENIZER_FILE}; put the one that its model was trained with '
            "beside the weights (a tokenizer.model is converted by transformers' AutoTokenizer)"
        )
    try:
        content = path.read_bytes()
        described = msgspec.json.decode(content, type=TokenizerFile)
        tokenizer = Tokenizer.from_buffer(content)
        config = _read_config(folder)
    except Exception as error:  # tokenizers raises bare Exceptions
        raise CheckpointError(
            f'checkpoint "{folder}": its tokenizer cannot be read: {error}; copy the files again'
        ) from error
    extra = {name for name in (delete_token,) if name is not None}
    try:
        return CodeTokenizer(
            tokenizer,
            described,
            config,
            vocabulary=vocabulary,
            control={*control, *extra},
            delete_token=delete_token,
        )
    except CheckpointError as error:
        raise CheckpointError(f'checkpoint "{folder}": {error}') from error


def _read_config(folder: Path) -> TokenizerConfig:
    path = folder / CONFIG_FILE
    config = TokenizerConfig()
    if path.is_file():
        config = msgspec.json.decode(path.read_bytes(), type=TokenizerConfig)
    template = folder / TEMPLATE_FILE
    if template.is_file():
        config.chat_template = template.read_text(encoding="utf-8")
    return config


def _default_template(config: TokenizerConfig) -> str | None:
    if config.chat_template is None or isinstance(config.chat_template, str):
        return config.chat_template
    named = {entry.get("name"): entry.get("template") for entry in config.chat_template}
    return named.get("default")


def _token_name(token: Any) -> str:
    """The text of a special token, which the file holds as a string, an object or null."""
    name = token.get("content") if isinstance(token, dict) else token
    return name if isinstance(name, str) else ""


def _byte_alphabet() -> dict[str, int]:
    """The byte that each character of a byte-level vocabulary stands for: printable ones stand for
    themselves."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + i): byte for i, byte in enumerate(rest)}


BYTE_OF = _byte_alphabet()
