"""One training pass of the acoustic model as a value, and the random segments it renders.

Apart from the model because the training loop cuts its targets with the same functions. It knows no network.

Shapes: B batch, D channels, F frames, S semantic tokens, L latent channels, G style channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class TrainingPass:
    """Everything a training step needs, all from one forward pass.

    Attributes:
        wave: [B, 1, segment * hop] generated segment; None when rendering was not asked for.
        slice_start: [B] first frame of each segment.
        mask: [B, 1, F].
        z: [B, L, F] posterior sample.
        z_p: [B, L, F] the sample moved to the prior's side of the flow.
        m_p: [B, L, F] prior mean; logs_p its log deviation.
        logs_p: [B, L, F].
        m_q: [B, L, F] posterior mean; logs_q its log deviation.
        logs_q: [B, L, F].
        ge: [B, G, 1] style.
        codes: [B, S] tokens used.
    """

    wave: Tensor | None
    slice_start: Tensor
    mask: Tensor
    z: Tensor
    z_p: Tensor
    m_p: Tensor
    logs_p: Tensor
    m_q: Tensor
    logs_q: Tensor
    ge: Tensor
    codes: Tensor


def length_mask(lengths: Tensor, size: int) -> Tensor:
    """Float mask [B, 1, size], 1 below each of lengths [B]."""
    steps = torch.arange(size, device=lengths.device)
    return (steps < lengths[:, None]).unsqueeze(1).float()


def slice_starts(lengths: Tensor, size: int, rand: Tensor | None = None, generator: torch.Generator | None = None) -> Tensor:
    """First frames [B] of random segments that lie inside each of lengths [B] (0 where an item is shorter)."""
    if rand is None:
        rand = torch.rand(lengths.shape, device=lengths.device, generator=generator)
    return (rand * (lengths - size + 1).clamp_min(1)).long()


def take_slices(x: Tensor, start: Tensor, size: int) -> Tensor:
    """Cut [B, D, size] out of x [B, D, F] at start [B]; beyond the end the last value repeats."""
    index = start[:, None] + torch.arange(size, device=x.device)  # [B, size]
    index = index.clamp_max(x.shape[2] - 1)
    return x.gather(2, index[:, None].expand(-1, x.shape[1], -1))
