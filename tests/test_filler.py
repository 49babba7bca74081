"""The filler of the real thing: what it keeps for a client stays within bounds, and goes with the model."""

import gc
import subprocess
import sys
import weakref
from pathlib import Path

import psutil
import pytest

from dgls.config import InfillSettings, ModelSettings
from dgls.filler import HostFiller, load_filler
from dgls.infill.fill import answer_of
from dgls.infill.kept import Kept
from dgls.infill.request import FillRequest, Gap
from dgls.model.host import Host, load_host
from dgls.model.prefix_store import CHUNK, PrefixStore, StoreTooSmall

LONG = "".join(f"total_{number} = {number}\n" for number in range(200))
REQUEST = FillRequest(LONG, (Gap(len(LONG), len(LONG)),), "python", settings=InfillSettings(max_steps=2))


@pytest.fixture(scope="module")
def host(tiny_dgls: Path) -> Host:
    return load_host(ModelSettings(checkpoint=str(tiny_dgls), dtype="float32"), lambda fraction, what: None)


def size(store: PrefixStore) -> int:
    return sum(tensor.nbytes for layer in store.buffers for tensor in layer)


def chunk_bytes(host: Host) -> int:
    store = host.new_store()
    for _ in host.prefill(store, [1]):
        pass
    return size(store)


@pytest.mark.parametrize("chunks", [1, 3])
def test_a_store_keeps_to_its_bytes_and_the_context_is_cut_to_what_fits(host: Host, chunks: int) -> None:
    most = (chunks + 1) * chunk_bytes(host) - 1
    kept, unbounded = Kept(host.new_store(most)), Kept(host.new_store())
    for one in (kept, unbounded):
        answer_of(HostFiller(host).fill(REQUEST, one))
    assert 0 < len(kept.store.tokens) <= kept.store.limit == chunks * CHUNK < len(unbounded.store.tokens)
    assert size(kept.store) <= most


def test_a_store_that_could_hold_nothing_says_what_would(host: Host) -> None:
    with pytest.raises(StoreTooSmall, match=f"64 tokens take {chunk_bytes(host):,}"):
        host.new_store(chunk_bytes(host) - 1)


def test_what_a_window_may_take_is_counted_in_megabytes(host: Host) -> None:
    assert HostFiller(host).new_kept(1).store.limit == min(
        host.context_limit, 2**20 // chunk_bytes(host) * CHUNK
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of other systems cannot be told")
def test_memory_that_was_freed_goes_back_when_a_fill_ends(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dgls.filler.TIDY_SECONDS", 0)
    filler, kept, server = HostFiller(host), Kept(host.new_store()), psutil.Process()
    answer_of(filler.fill(REQUEST, kept))
    blocks = [b"x" * 2**15 for _ in range(2_000)]
    last = blocks.pop()  # what is freed stays with the process below it
    del blocks
    before = server.memory_info().rss
    answer_of(filler.fill(REQUEST, kept))
    assert server.memory_info().rss < before - 1_000 * len(last)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the import loads them")
def test_native_libraries_are_there_before_torch_is_imported() -> None:
    program = (
        "import pathlib, sys\n"
        "from dgls.model.native import load_native_libraries\n"
        "load_native_libraries()\n"
        "assert 'torch' not in sys.modules\n"
        "assert 'libtorch_cpu' in pathlib.Path('/proc/self/maps').read_text()\n"
        "import torch\n"
        "print(int(torch.ones(2).sum()))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"


def test_unloading_frees_the_model(tiny_dgls: Path) -> None:
    filler = load_filler(ModelSettings(checkpoint=str(tiny_dgls)))(lambda fraction, what: None)
    assert isinstance(filler, HostFiller)
    kept = filler.new_kept(None)
    answer_of(filler.fill(REQUEST, kept))
    model, store = weakref.ref(filler.host.model), weakref.ref(kept.store)
    del kept
    filler.unload()
    gc.collect()
    assert model() is None and store() is None
