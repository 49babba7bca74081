"""Where a model runs and in which precision: what the hardware says it has, never a timed probe.

The same machine always chooses the same, because answers are to repeat to the byte.
"""

from typing import Literal

import torch

from dgls.model.description import CheckpointError


def choose_device(wanted: Literal["auto", "cpu", "cuda", "mps"]) -> torch.device:
    """The device that is wanted, or for ``auto`` the best one there is."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, is_there in there.items() if is_there))
    if not there[wanted]:
        raise CheckpointError(
            f'device "{wanted}" is not available to this torch; set model.device to "auto" or "cpu", or '
            "install a torch that is built for it"
        )
    return torch.device(wanted)


def choose_dtype(wanted: Literal["auto", "bfloat16", "float32"], device: torch.device) -> torch.dtype:
    """The precision that is wanted, or for ``auto`` bfloat16 where the device has it natively."""
    if wanted != "auto":
        return torch.bfloat16 if wanted == "bfloat16" else torch.float32
    native = {"cpu": _cpu_has_bfloat16, "cuda": _cuda_has_bfloat16, "mps": _mps_has_bfloat16}
    return torch.bfloat16 if native[device.type]() else torch.float32


def _cpu_has_bfloat16() -> bool:
    features = torch.cpu.get_capabilities()
    return any(features.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def _cuda_has_bfloat16() -> bool:
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def _mps_has_bfloat16() -> bool:
    return bool(torch.backends.mps.is_macos_or_newer(14, 0))
