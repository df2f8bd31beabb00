"""Finite scalar quantisation: a codebook that cannot collapse because it is a fixed grid.

It is apart from the Euclidean codebook of the public models because it has no learned table and no moving
averages. Source: Mentzer et al., "Finite Scalar Quantization: VQ-VAE Made Simple", arXiv 2309.15505.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class FiniteScalarQuantizer(nn.Module):
    """Round each of a few bounded channels to one of ``levels`` values.

    Args:
        channels: width D of the features around the quantiser.
        levels: number of values of each scalar; their product is the number of codes.
    """

    _levels: Tensor
    _steps: Tensor

    def __init__(self, channels: int, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.levels = levels
        self.codes = math.prod(levels)
        self.project_in = nn.Linear(channels, len(levels))
        self.project_out = nn.Linear(len(levels), channels)
        steps = [math.prod(levels[:index]) for index in range(len(levels))]
        self.register_buffer("_levels", torch.tensor(levels), persistent=False)
        self.register_buffer("_steps", torch.tensor(steps), persistent=False)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Quantise with a straight-through gradient.

        Args:
            features: [B, S, D].

        Returns:
            (quantised features [B, S, D], codes [B, S] int64 in [0, codes)).
        """
        top = (self._levels - 1).to(torch.float32)  # [n]
        scalars = torch.sigmoid(self.project_in(features).float()) * top  # [B, S, n] in [0, level-1]
        rounded = scalars + (torch.round(scalars) - scalars).detach()
        codes = (torch.round(scalars).long() * self._steps).sum(-1)
        return self.project_out(rounded / top * 2 - 1), codes

    def embed(self, codes: Tensor) -> Tensor:
        """Return the features [..., D] that stand for ``codes`` [...]."""
        digits = codes.unsqueeze(-1).div(self._steps, rounding_mode="floor") % self._levels
        return self.project_out(digits.float() / (self._levels - 1) * 2 - 1)
