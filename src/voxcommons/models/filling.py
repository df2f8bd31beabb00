"""Filling networks from files without work or memory that the file makes needless.

PyTorch draws every new layer's start at random: half a second for a model of the public size, then overwritten. A file that is
read whole, and what was freed on the way, stay in the process's memory: hundreds of megabytes.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch.overrides import TorchFunctionMode

_READ_AT_ONCE = 16


class Unfilled(TorchFunctionMode):
    """Inside it, `torch.nn.init` leaves tensors as the memory happens to be; whoever uses it must fill every one of them."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None  # noqa: ANN401 - torch's call
    ) -> Any:  # noqa: ANN401
        """Skip what starts a tensor, do everything else."""
        told = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return told["tensor"] if "tensor" in told else args[0]
        return func(*args, **told)


def fill(wanted: Mapping[str, torch.Tensor], path: Path, own: Mapping[str, torch.Tensor] | None = None) -> list[str]:
    """Copy the tensors of a file into a network, a few at a time.

    An open file is mapped, and what was read of it counts as memory until it is closed: at the size of v2ProPlus 173 MB.

    Args:
        wanted: name -> tensor to fill; the file must have each in that shape.
        path: a safetensors file.
        own: tensors that take the place of the file's.

    Returns:
        What is not finite, a line each.
    """
    faults, names, own = [], list(wanted), own or {}
    for start in range(0, len(names), _READ_AT_ONCE):
        with safe_open(path, "pt") as file:
            for name in names[start : start + _READ_AT_ONCE]:
                value = own[name] if name in own else file.get_tensor(name)
                if value.is_floating_point() and value.numel() and not all(end.isfinite() for end in torch.aminmax(value.flatten())):
                    faults.append(f"{name} is not finite")
                wanted[name].copy_(value)
    return faults


def return_memory() -> None:
    """Give memory that was freed while loading back to the system.

    The C library of Linux keeps it otherwise: 85 MB after a model of the public size whose weight normalisation was folded.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not every C library has it
        if trim is not None:
            trim(0)
