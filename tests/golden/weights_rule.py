"""Network weights computed from their names, so that fixtures of large networks need not store them.

A state-dict key seeds a frozen random stream; the last part of the key decides scale and offset, so that activations stay
in a healthy range. `weights_manifest.json` beside a fixture holds the sums to check against.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn


def make(key: str, shape: Sequence[int]) -> np.ndarray:
    """The float32 array that belongs to a key and a shape."""
    shape = tuple(shape)
    noise = np.asarray(np.random.RandomState(zlib.crc32(key.encode())).standard_normal(shape), dtype=np.float64)
    return np.asarray(_shaped(key.split("."), noise), dtype=np.float64).astype(np.float32)


def _shaped(path: list[str], noise: np.ndarray) -> np.ndarray:
    last = path[-1]
    if last == "inited":
        return np.ones(noise.shape)
    if last == "num_batches_tracked":
        return np.zeros(noise.shape)
    if last == "weight" and noise.ndim == 1:
        return 0.25 + 0.05 * noise if "prelu" in path else 1 + 0.1 * noise
    if last in _BY_LAST:
        return _BY_LAST[last](noise)
    if any("embedding" in part for part in path):
        return 0.5 * noise
    if noise.ndim >= 2:
        return noise / np.sqrt(int(np.prod(noise.shape[1:])))
    return noise


_BY_LAST = {
    "cluster_size": lambda n: 10 + np.abs(n),
    "embed": lambda n: n,
    "embed_avg": lambda n: n,
    "running_var": lambda n: 1 + 0.1 * np.abs(n),
    "running_mean": lambda n: 0.1 * n,
    "weight_g": lambda n: 0.6 + 0.2 * np.abs(n),
    "bias": lambda n: 0.05 * n,
    "beta": lambda n: 0.05 * n,
    "in_proj_bias": lambda n: 0.05 * n,
    "gamma": lambda n: 1 + 0.1 * n,
    "alpha": lambda n: 1 + 0.1 * n,
}


def fill(module: nn.Module) -> nn.Module:
    """Give a module the weights of its keys, in place; returns it in evaluation mode."""
    module.load_state_dict({key: torch.from_numpy(make(key, value.shape)) for key, value in module.state_dict().items()})
    return module.eval()
