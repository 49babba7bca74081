"""Prefill and the prefix store: reuse changes no bit, and what is computed is what the library computes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dgls.config import ModelSettings
from dgls.model.host import Host, load_host
from dgls.model.prefix_store import CHUNK, PrefixStore, StaleView
from tests.checkpoints import build_tiny_dgls

LAYOUTS: dict[str, dict[str, Any]] = {
    "full": {"layer_types": ["full_attention", "full_attention"]},
    "window_within_a_chunk": {"sliding_window": 24},
    "window_over_chunks": {"sliding_window": 100},
    "experts": {"num_experts": 8, "top_k_experts": 2},
}
DTYPES = ("float32", "bfloat16")
FIRST_TEXT_TOKEN = 8

Hosts = Callable[[str, str], Host]


@pytest.fixture(scope="session")
def hosts(tmp_path_factory: pytest.TempPathFactory, tiny_26b: Path) -> Hosts:
    """Hosts by layout and dtype, each loaded once."""
    root = tmp_path_factory.mktemp("layouts")
    folders = {name: build_tiny_dgls(root / name, **config) for name, config in LAYOUTS.items()}
    folders["26b"] = tiny_26b
    loaded: dict[tuple[str, str], Host] = {}

    def host(layout: str, dtype: str) -> Host:
        if (layout, dtype) not in loaded:
            wanted = ModelSettings(checkpoint=str(folders[layout]), device="cpu", dtype=dtype)  # type: ignore[arg-type] # a string of the table above
            loaded[layout, dtype] = load_host(wanted, lambda fraction, what: None)
        return loaded[layout, dtype]

    return host


def some_tokens(count: int, seed: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(FIRST_TEXT_TOKEN, 600, (count,), generator=generator).tolist()


def some_canvas(length: int, batch: int = 1, seed: int = 7) -> torch.Tensor:
    return torch.tensor(some_tokens(length * batch, seed)).view(batch, length)


def logits_of(host: Host, store: PrefixStore, tokens: list[int], canvas: torch.Tensor) -> torch.Tensor:
    for _ in host.prefill(store, tokens):
        pass
    assert store.tokens == tuple(tokens)
    return host.decode(store.view(len(tokens), len(canvas)), canvas)


def fresh_logits(host: Host, tokens: list[int], canvas: torch.Tensor) -> torch.Tensor:
    return logits_of(host, host.new_store(), tokens, canvas)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", [*LAYOUTS, "26b"])
def test_reuse_is_equal_to_the_bit(hosts: Hosts, layout: str, dtype: str) -> None:
    host = hosts(layout, dtype)
    canvas = some_canvas(64)
    store = host.new_store()
    start = some_tokens(230, seed=1)
    new = some_tokens(90, seed=2)
    edits = {
        "first": start,
        "append one": [*start, new[0]],
        "append over a boundary": [*start, *new],
        "delete at the end": start[:201],
        "delete to a boundary": start[: 3 * CHUNK],
        "same again": start[: 3 * CHUNK],
        "replace in the middle": [*start[:100], new[0], *start[101:]],
        "insert in the middle": [*start[:70], *new[:5], *start[70:]],
        "delete in the middle": [*start[:70], *start[90:]],
        "change the first token": [new[0], *start[1:]],
        "shorter than a chunk": start[:5],
        "back": start,
    }
    for name, tokens in edits.items():
        reused = logits_of(host, store, tokens, canvas)
        assert torch.equal(reused, fresh_logits(host, tokens, canvas)), name


@settings(max_examples=15, deadline=None)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, 80), st.integers(0, 80)), min_size=1, max_size=4
    ),
    cancel_after=st.integers(0, 3),
)
def test_reuse_after_any_edits_and_cancellations_is_equal_to_the_bit(
    hosts: Hosts, edits: list[tuple[int, int, int]], cancel_after: int
) -> None:
    host = hosts("window_over_chunks", "bfloat16")
    canvas = some_canvas(16)
    store = host.new_store()
    tokens = some_tokens(180, seed=3)
    for round_, (at, removed, added) in enumerate(edits):
        abandoned = host.prefill(store, [*tokens[:at], *some_tokens(150, seed=100 + round_)])
        for _ in zip(range(cancel_after), abandoned, strict=False):
            pass
        tokens = [*tokens[:at], *some_tokens(added, seed=200 + round_), *tokens[at + removed :]] or [9]
        reused = logits_of(host, store, tokens, canvas)
        assert torch.equal(reused, fresh_logits(host, tokens, canvas))


@pytest.mark.parametrize("canvas_length", [16, 128])
@pytest.mark.parametrize("context_length", [10, 64, 150])
@pytest.mark.parametrize("layout", [*LAYOUTS, "26b"])
def test_logits_are_those_of_a_plain_forward_of_the_library(
    hosts: Hosts, layout: str, context_length: int, canvas_length: int
) -> None:
    host = hosts(layout, "float32")
    tokens = some_tokens(context_length, seed=4)
    canvas = some_canvas(canvas_length, batch=1)
    conditioning = torch.randn(1, canvas_length, host.vocabulary, generator=torch.Generator().manual_seed(5))
    store = host.new_store()
    for _ in host.prefill(store, tokens):
        pass
    for given_logits in (None, conditioning):
        ours = host.decode(store.view(len(tokens), 1), canvas, given_logits)
        with torch.no_grad():
            theirs = host.model(
                input_ids=torch.tensor([tokens]),
                decoder_input_ids=canvas,
                self_conditioning_logits=given_logits,
            ).logits
        assert ours.dtype == torch.float32
        assert ours.shape == (1, canvas_length, host.vocabulary)
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-4)
        wanted = torch.arange(canvas_length)[None] % 5 == 2
        some = host.decode(store.view(len(tokens), 1), canvas, given_logits, wanted)
        torch.testing.assert_close(some, theirs[wanted], atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("layout", ["window_within_a_chunk", "26b"])
def test_a_batch_of_canvases_reads_one_prefix(hosts: Hosts, layout: str) -> None:
    host = hosts(layout, "float32")
    tokens = some_tokens(150, seed=6)
    canvas = some_canvas(32, batch=3)
    store = host.new_store()
    batch = logits_of(host, store, tokens, canvas)
    single = torch.cat([host.decode(store.view(len(tokens), 1), row[None]) for row in canvas])
    torch.testing.assert_close(batch, single, atol=2e-5, rtol=1e-4)


def test_a_view_copies_nothing_and_cuts_sliding_layers_to_their_window(hosts: Hosts) -> None:
    host = hosts("window_within_a_chunk", "float32")
    store = host.new_store()
    for _ in host.prefill(store, some_tokens(150, seed=6)):
        pass
    sliding, full = store.view(140, batch=4).layers
    assert sliding.keys.shape[:3] == (4, 4, 23)
    assert full.values.shape[:3] == (4, 4, 140)
    for seen, kept in zip((sliding, full), store.buffers, strict=True):
        assert seen.keys.untyped_storage().data_ptr() == kept.keys.untyped_storage().data_ptr()
        assert torch.equal(seen.keys[0, :, -1], kept.keys[0, :, 139])


def test_only_what_the_store_lacks_is_computed(hosts: Hosts) -> None:
    host = hosts("full", "float32")
    store = host.new_store()
    tokens = some_tokens(200, seed=8)
    assert store.missing(tokens) == 200
    assert list(host.prefill(store, tokens)) == [64, 128, 192, 200]
    assert store.missing(tokens) == 0
    assert list(host.prefill(store, tokens)) == []
    assert list(host.prefill(store, [*tokens, 9])) == [201]
    assert list(host.prefill(store, [*tokens[:130], 9, *tokens[131:]])) == [192, 200]
    assert store.missing(tokens[:70]) == 6


def test_an_abandoned_prefill_keeps_the_chunks_that_were_computed(hosts: Hosts) -> None:
    host = hosts("full", "float32")
    store = host.new_store()
    tokens = some_tokens(200, seed=8)
    prefill = host.prefill(store, tokens)
    next(prefill)
    next(prefill)
    assert store.tokens == tuple(tokens[:128])
    assert list(host.prefill(store, tokens)) == [192, 200]


def test_a_view_of_dropped_tokens_is_refused(hosts: Hosts) -> None:
    host = hosts("full", "float32")
    store = host.new_store()
    tokens = some_tokens(100, seed=9)
    canvas = some_canvas(16)
    logits_of(host, store, tokens, canvas)
    view = store.view(100, 1)
    logits_of(host, store, [9, *tokens], canvas)
    with pytest.raises(StaleView):
        host.decode(view, canvas)


@pytest.mark.parametrize("n", [0, 101])
def test_a_view_of_tokens_that_are_not_there_is_refused(hosts: Hosts, n: int) -> None:
    host = hosts("full", "float32")
    store = host.new_store()
    logits_of(host, store, some_tokens(100, seed=9), some_canvas(16))
    with pytest.raises(ValueError, match="holds 100"):
        store.view(n, 1)


def test_more_context_than_the_model_can_read_is_refused(hosts: Hosts) -> None:
    host = hosts("full", "float32")
    store = host.new_store()
    with pytest.raises(ValueError, match="1025 context tokens, the prefix store holds at most 1024"):
        next(host.prefill(store, some_tokens(1025, seed=1)))
    assert store.tokens == ()
