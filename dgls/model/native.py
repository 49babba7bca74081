"""Torch's native libraries, bound while other threads go on.

To import torch binds them too, and registers their operators; but it holds the interpreter all that time, a quarter of
a second in which a server would answer nobody.
"""

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path


def load_native_libraries() -> None:
    """Have the dynamic linker load them, so that the import finds them there.

    Where it cannot, nothing is said: the import will say why. Does nothing but on Linux.
    """
    found = find_spec("torch")
    if sys.platform != "linux" or found is None or not found.submodule_search_locations:
        return
    library = Path(found.submodule_search_locations[0], "lib", "libtorch.so")
    # A foreign function runs without the interpreter; CDLL(library) would not.
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    dlopen(os.fsencode(library), os.RTLD_NOW)
