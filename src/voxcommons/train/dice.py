"""Random numbers that belong to an item of a batch, not to the process that works on it.

An exact resume, a batch worked through in parts and a batch shared by several processes all need one rule: what is drawn
for an item depends on the recipe's seed, the step and the item's place in the batch alone. Everything is drawn on the
processor, so that a GPU sees the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def seed_of(*numbers: int) -> int:
    """A seed that depends on all the numbers and their order (numpy's seed sequence, 63 bits)."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))


class Dice:
    """One generator per item.

    Args:
        seeds: of the items, in their order.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def uniform(self, *shape: int, device: torch.device | str = "cpu") -> Tensor:
        """Values in [0, 1), [B, *shape]."""
        return torch.stack([torch.rand(shape, generator=one) for one in self.generators]).to(device)

    def normal(self, *shape: int, device: torch.device | str = "cpu") -> Tensor:
        """Standard normal values, [B, *shape]."""
        return torch.stack([torch.randn(shape, generator=one) for one in self.generators]).to(device)

    def below(self, limit: int, *shape: int, device: torch.device | str = "cpu") -> Tensor:
        """Whole numbers from 0 to below ``limit``, [B, *shape]."""
        return torch.stack([torch.randint(0, limit, shape, generator=one) for one in self.generators]).to(device)
