"""dgls: a code-infilling language server that hosts a text-diffusion model in its own process."""

import os

__version__ = "0.1.0"

# Before anything loads torch. Its threads spin while they wait for each other, for milliseconds: where the machine has
# other work, they so keep the one that they wait for from running, and a fill takes ten times as long. Where they sleep
# too soon, they have to be woken many times in a step, which takes long on a virtual machine. Some microseconds of
# spinning are between: they cost a little on a busy machine, and on a quiet one save more.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# The number is for the OpenMP that torch brings on Linux; others have none.
os.environ.setdefault("GOMP_SPINCOUNT", "1500")
