"""dgls: a code-infilling language server that hosts a text-diffusion model in its own process."""

import os

__version__ = "0.1.0"

# Before anything loads torch: its threads spin while they wait for each other, and where the machine has other work
# they so keep the one that they wait for from running. Asleep, a fill on a busy machine takes a tenth of the time.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
