"""A device that is not the CPU, for machines without one: its tensors compute on the CPU, but refuse to meet the CPU's.

What runs here mixes up no devices, which is what code that never saw a GPU gets wrong first. How fast a GPU is, and
what its own kernels do, this does not say.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map

from dgls.model.host import Host

ELSEWHERE = torch.device("meta")
"""What the tensors say of themselves: of torch's devices the only other one that is everywhere."""
MOVES = ("aten::_to_copy", "aten::copy_")


class Elsewhere(torch.Tensor):
    """A tensor that says it is on ``ELSEWHERE``; ``here`` holds its numbers."""

    here: torch.Tensor

    @staticmethod
    def __new__(cls, here: torch.Tensor) -> "Elsewhere":
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            here.shape,
            strides=here.stride(),
            storage_offset=here.storage_offset(),
            dtype=here.dtype,
            device=ELSEWHERE,
        )
        made.here = here
        return made

    def tolist(self) -> Any:
        return self.here.tolist()

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _computed(function, args, kwargs or {})


class _Factories(TorchDispatchMode):
    """Lets ``torch.zeros(..., device=ELSEWHERE)`` and its like make tensors of ours."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _computed(function, args, kwargs or {})


class _Generator(torch.Generator):
    """Random numbers of any device are drawn on the CPU."""

    def __new__(cls, device: Any = "cpu") -> "_Generator":
        return super().__new__(cls)


@contextmanager
def elsewhere() -> Iterator[None]:
    """In this block the device exists."""
    tensor, histogram = torch.tensor, torch.histc

    def made(data: Any, *, device: Any = None, **more: Any) -> torch.Tensor:
        own = tensor(data, **more)
        return Elsewhere(own) if device is not None and _is_elsewhere(device) else own

    def counted(values: torch.Tensor, **more: Any) -> torch.Tensor:
        return histogram(values.float(), **more)  # the CPU counts no integers

    with patch.multiple(torch, Generator=_Generator, tensor=made, histc=counted), _Factories():
        yield


def moved(module: nn.Module) -> None:
    """Move parameters and buffers; what was one tensor stays one."""
    known: dict[int, nn.Parameter] = {}
    for part in module.modules():
        for name, own in part._parameters.items():
            if own is not None:
                known.setdefault(id(own), nn.Parameter(Elsewhere(own.data), own.requires_grad))
                part._parameters[name] = known[id(own)]
        for name, buffer in part._buffers.items():
            if buffer is not None:
                part._buffers[name] = Elsewhere(buffer)


def moved_host(host: Host) -> Host:
    """The host on ``ELSEWHERE``; the one that is given is used up."""
    moved(host.model)
    return replace(host, device=ELSEWHERE)


def _computed(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    name = function.overloadpacket._qualified_op_name
    leaves = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    theirs = any(isinstance(leaf, Elsewhere) for leaf in leaves)
    ours = any(not isinstance(leaf, Elsewhere) and leaf.ndim > 0 for leaf in leaves)
    if theirs and ours and name not in MOVES:
        raise RuntimeError(f"{name}: tensors of two devices meet")
    device = kwargs.get("device")
    leaves_there = theirs if device is None else _is_elsewhere(device)
    if leaves_there and device is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    found = function(*tree_map(_here, args), **tree_map(_here, kwargs))
    if name == "aten::copy_":
        return args[0]
    if leaves_there:
        found = tree_map(lambda leaf: Elsewhere(leaf) if isinstance(leaf, torch.Tensor) else leaf, found)
    return (
        return_and_correct_aliasing(function, args, kwargs, found) if function._schema.is_mutable else found
    )


def _here(leaf: Any) -> Any:
    return leaf.here if isinstance(leaf, Elsewhere) else leaf


def _is_elsewhere(device: Any) -> bool:
    return torch.device(device).type == ELSEWHERE.type
