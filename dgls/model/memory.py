"""Memory that tensors leave: kept by the process while that makes it faster, and given back while it rests.

On Linux, the C library gives every large block back to the kernel when it is freed, and fetches it again page by page:
two fifths of what a decoder pass takes. And it keeps what each thread has freed for that thread, so that the process
grows with blocks that are of no use to the others.
"""

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
"""What ``mallopt`` calls them (malloc.h)."""
LARGEST_KEPT = 64 * 2**20
"""Bytes of one block; what is larger is used for too long for that to matter."""
MOST_KEPT = 512 * 2**20


def keep_freed_memory() -> None:
    """Have the C library keep what is freed, up to ``MOST_KEPT`` bytes of it, for all threads that begin after this.

    Does nothing where it cannot be told.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(MMAP_THRESHOLD, LARGEST_KEPT)
            mallopt(TRIM_THRESHOLD, MOST_KEPT)
            mallopt(ARENA_MAX, 1)


def give_back_freed_memory() -> None:
    """Have the C library give the kernel back what is freed: 10 to 30 MB after a fill, in 2 to 4 ms.

    Who wants memory meanwhile waits. Does nothing where the C library cannot be told.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
