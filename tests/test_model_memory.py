"""A decoder pass in the server's model thread uses again what the passes before it have left."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, threading
from dgls.config import ModelSettings
from dgls.filler import load_filler

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def work():
    host = load(lambda fraction, what: None).host
    store = host.new_store(None)
    tokens = host.tokenizer.encode("x = 1\\n" * 64)
    for _ in host.prefill(store, tokens):
        pass
    import torch
    canvas = torch.randint(1000, 2000, (4, 64), generator=torch.Generator().manual_seed(0))
    for number in range(30):
        if number == 10:
            before = faults()
        host.decode(store.view(len(tokens), 4), canvas)
    print(faults() - before)

load = load_filler(ModelSettings())
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
PASSES = 20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are not told")
def test_a_pass_in_a_thread_has_no_pages_brought_by_the_kernel() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=300
    )
    # Hundreds a pass where the C library gives back what is freed.
    assert int(ended.stdout) < 100 * PASSES
