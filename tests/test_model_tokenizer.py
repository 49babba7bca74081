"""Text to ids and back: nothing is lost, and no text spells a control token."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgls.model.description import CheckpointError
from dgls.model.tokenizer import CodeTokenizer, load_tokenizer
from tests.checkpoints import CHAT_TOKENS, CONTROL_TOKENS, build_tokenizers, write_json

NASTY = [
    *CONTROL_TOKENS,
    *CHAT_TOKENS,
    "▁",
    "▁▁",
    "  ",
    "\n\n",
    "<0x41>",
    "\t",
    "\r",
    "Ġ",
    "é",
    "<table>",
    "\x00",
]
texts = st.lists(st.one_of(st.text(), st.sampled_from(NASTY))).map("".join)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build_tokenizers(tmp_path_factory.mktemp("tokenizers"))


@pytest.fixture(scope="module")
def tokenizers(folders: dict[str, Path]) -> dict[str, CodeTokenizer]:
    return {name: load(folder) for name, folder in folders.items()}


def load(folder: Path, **options: Any) -> CodeTokenizer:
    return load_tokenizer(folder, vocabulary=720, **options)


def altered(folder: Path, to: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A copy of a checkpoint folder whose tokenizer.json has undergone ``change``."""
    shutil.copytree(folder, to)
    content = json.loads((to / "tokenizer.json").read_text(encoding="utf-8"))
    change(content)
    write_json(to / "tokenizer.json", content)
    return to


@pytest.mark.parametrize("kind", ["byte_level", "sentencepiece"])
@given(text=texts)
def test_ids_spell_the_utf8_of_any_text(tokenizers: dict[str, CodeTokenizer], kind: str, text: str) -> None:
    tokenizer = tokenizers[kind]
    ids = tokenizer.encode(text)
    assert b"".join(tokenizer.token_bytes[i] for i in ids) == text.encode() == tokenizer.decode(ids)
    assert tokenizer.special_ids.isdisjoint(ids)


@pytest.mark.parametrize("kind", ["byte_level", "sentencepiece"])
def test_control_tokens_are_special_spell_nothing_and_cannot_be_written(
    tokenizers: dict[str, CodeTokenizer], kind: str
) -> None:
    tokenizer = tokenizers[kind]
    names = CONTROL_TOKENS if kind == "byte_level" else CHAT_TOKENS
    for name in names:
        own = tokenizer.id_of(name)
        assert own is not None
        assert own in tokenizer.special_ids
        assert tokenizer.token_bytes[own] == b""
        ids = tokenizer.encode(f"x = '{name}'")
        assert own not in ids
        assert tokenizer.decode(ids) == f"x = '{name}'".encode()


@pytest.mark.parametrize("kind", ["byte_level", "sentencepiece"])
def test_lone_surrogates_become_replacement_characters(
    tokenizers: dict[str, CodeTokenizer], kind: str
) -> None:
    tokenizer = tokenizers[kind]
    assert tokenizer.decode(tokenizer.encode("a\ud800b\udfff")) == "a\ufffdb\ufffd".encode()


def test_every_id_of_the_model_spells_something_or_is_special(tokenizers: dict[str, CodeTokenizer]) -> None:
    for tokenizer in tokenizers.values():
        assert len(tokenizer.token_bytes) == len(tokenizer) == 720
        assert {i for i, spelt in enumerate(tokenizer.token_bytes) if not spelt} == tokenizer.special_ids


def test_spaces_and_bytes_of_sentencepiece_names_are_spelt_out(tokenizers: dict[str, CodeTokenizer]) -> None:
    tokenizer = tokenizers["sentencepiece"]
    for name, spelt in (("▁▁", b"  "), ("<0xE2>", b"\xe2"), ("<table>", b"<table>"), ("\n\n", b"\n\n")):
        token = tokenizer.id_of(name)
        assert token is not None
        assert tokenizer.token_bytes[token] == spelt
    assert tokenizer.id_of("no such token") is None


def test_the_delete_token_may_be_drawn_but_not_written(folders: dict[str, Path]) -> None:
    tokenizer = load(folders["byte_level"], delete_token="<delete>")
    delete = tokenizer.id_of("<delete>")
    assert delete is not None
    assert delete not in tokenizer.special_ids
    assert tokenizer.token_bytes[delete] == b""
    assert delete not in tokenizer.encode("<delete>")


def test_a_control_token_that_the_file_does_not_mark_is_still_barred(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    def unmark(content: dict[str, Any]) -> None:
        for token in content["added_tokens"]:
            token["special"] = False

    folder = altered(folders["byte_level"], tmp_path / "unmarked", unmark)
    tokenizer = load(folder, control=["<mask>", 1])
    assert {tokenizer.id_of("<mask>"), 1} <= tokenizer.special_ids
    assert tokenizer.decode(tokenizer.encode("<mask><eos>")) == b"<mask><eos>"
    assert tokenizer.special_ids.isdisjoint(tokenizer.encode("<mask><eos>"))


def test_text_stays_text_where_the_vocabulary_looks_whole_words_up(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    def look_up(content: dict[str, Any]) -> None:
        content["model"]["ignore_merges"] = True
        content["pre_tokenizer"]["use_regex"] = False

    tokenizer = load(altered(folders["byte_level"], tmp_path / "words", look_up))
    assert tokenizer.special_ids.isdisjoint(tokenizer.encode("<mask>"))
    assert tokenizer.decode(tokenizer.encode("<mask>")) == b"<mask>"


def test_chat_falls_back_to_the_format_of_diffusiongemma(tokenizers: dict[str, CodeTokenizer]) -> None:
    tokenizer = tokenizers["sentencepiece"]
    bos, turn, end = (tokenizer.id_of(name) for name in ("<bos>", "<|turn>", "<turn|>"))
    assert not tokenizer.has_chat_template
    ids = tokenizer.chat("say <turn|>", "```python\n")
    assert [i for i in ids if i in tokenizer.special_ids] == [bos, turn, end, turn]
    assert tokenizer.decode(ids) == b"user\nsay <turn|>\nmodel\n```python\n"


def test_chat_uses_the_checkpoint_s_own_template(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "templated"
    shutil.copytree(folders["sentencepiece"], folder)
    template = (
        "{{ bos_token }}{% for m in messages %}<|turn>{{ m.role }}: {{ m.content | trim }}<turn|>{% endfor %}"
        "{% if add_generation_prompt %}<|turn>bot:{% endif %}"
    )
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    write_json(folder / "tokenizer_config.json", {"bos_token": {"content": "<bos>"}, "eos_token": "<eos>"})
    tokenizer = load(folder)
    assert tokenizer.has_chat_template
    ids = tokenizer.chat(" <|turn>\n", "def")
    bos, turn, end = (tokenizer.id_of(name) for name in ("<bos>", "<|turn>", "<turn|>"))
    assert [i for i in ids if i in tokenizer.special_ids] == [bos, turn, end, turn]
    assert tokenizer.decode(ids) == b"user:  <|turn>\nbot:def"


@pytest.mark.parametrize("template", ["{{ bos_token }}hello", "{% for %}", "{{ raise_exception('no') }}"])
def test_a_chat_template_that_fails_is_one_clear_error(
    folders: dict[str, Path], tmp_path: Path, template: str
) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(folders["sentencepiece"], folder)
    write_json(
        folder / "tokenizer_config.json", {"chat_template": [{"name": "default", "template": template}]}
    )
    with pytest.raises(CheckpointError, match="chat template"):
        load(folder).chat("x", "y")


def test_a_tokenizer_that_changes_text_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    def normalise(content: dict[str, Any]) -> None:
        content["normalizer"] = {"type": "NFKC"}

    with pytest.raises(CheckpointError, match="changes text"):
        load(altered(folders["byte_level"], tmp_path / "nfkc", normalise))


def test_a_tokenizer_without_bytes_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = altered(folders["byte_level"], tmp_path / "wordpiece", lambda content: content.pop("decoder"))
    with pytest.raises(CheckpointError, match="byte for byte"):
        load(folder)


@pytest.mark.parametrize("content", ["", '{"decoder":', "[]", '{"decoder": {"type": "ByteLevel"}}'])
def test_a_damaged_tokenizer_file_is_one_clear_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokenizer.json").write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"tokenizer cannot be read.*copy the files again"):
        load(tmp_path)


def test_a_missing_tokenizer_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no tokenizer.json; put the one"):
        load(tmp_path)


def test_a_tokenizer_larger_than_the_model_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(CheckpointError, match="640 tokens, its model knows 600"):
        load_tokenizer(folders["byte_level"], vocabulary=600)
