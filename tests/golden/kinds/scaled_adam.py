"""The optimiser: stored gradients in, parameters after each step out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from golden.comparison import Comparison
from voxcommons.train.scaled_adam import ScaledAdam

FIRST_RATE, LATER_RATE = 0.01, 0.002


def recognises(folder: Path) -> bool:
    tensors = folder / "tensors.safetensors"
    if not tensors.is_file():
        return False
    with safe_open(tensors, "pt") as file:
        return "grad.0.0" in file.keys()  # noqa: SIM118 - not a mapping


def comparisons(folder: Path) -> Iterator[Comparison]:
    stored = load_file(folder / "tensors.safetensors")
    count = sum(name.startswith("init.") for name in stored)
    steps = 1 + max(int(name.split(".")[1]) for name in stored if name.startswith("grad."))
    parameters = [torch.nn.Parameter(stored[f"init.{index}"].clone()) for index in range(count)]
    optimiser = ScaledAdam(parameters, lr=FIRST_RATE, betas=(0.9, 0.95), clipping_scale=2.0, clipping_update_period=1000)
    for step in range(steps):
        for index, parameter in enumerate(parameters):
            parameter.grad = stored[f"grad.{step}.{index}"].clone()
        optimiser.step()
        for group in optimiser.param_groups:
            group["lr"] = LATER_RATE
        for index, parameter in enumerate(parameters):
            name = f"after_step{step}.{index}"
            if name in stored:
                yield Comparison(name, parameter.detach().clone(), stored[name])
