"""Memory that tensors leave: kept by the process while that makes it faster, and given back while it rests.

On Linux, the C library gives every large block back to the kernel when it is freed, and fetches it again page by page:
a third of what a decoder pass takes in a program's main thread. In other threads it is next to nothing; but there
smaller blocks stay with the process, which seems to grow with them.
"""

import ctypes
import sys
import threading

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""What ``mallopt`` calls them (malloc.h)."""
LARGEST_KEPT = 64 * 2**20
"""Bytes of one block; what is larger is used for too long for that to matter."""
MOST_KEPT = 512 * 2**20


def keep_freed_memory() -> None:
    """Have the C library keep what is freed, up to ``MOST_KEPT`` bytes of it.

    Does nothing where it cannot be told, nor where another thread than the main one is about to work with tensors.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, LARGEST_KEPT)
        mallopt(TRIM_THRESHOLD, MOST_KEPT)


def give_back_freed_memory() -> None:
    """Have the C library give the kernel back what is freed: 10 to 30 MB after a fill, in 2 to 4 ms.

    Other threads go on meanwhile. Does nothing where the C library cannot be told.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
