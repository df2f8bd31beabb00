"""Training text-to-semantic to prefer the true tokens over stuttering or skipping ones.

Source: Rafailov et al. 2023, "Direct preference optimization" (arXiv 2305.18290), without
the reference model.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

STRENGTH = 0.2
"""Weight of the difference of log-probabilities in the public trainer."""


def preference_loss(chosen: Tensor, rejected: Tensor, strength: float = STRENGTH) -> Tensor:
    """Mean over items of -log sigmoid(strength (chosen - rejected)).

    Args:
        chosen: [B], log-probability of each item's true tokens.
        rejected: [B], that of a spoiled version.
        strength: How sharply they are told apart.

    Returns:
        Scalar.
    """
    return -F.logsigmoid(strength * (chosen - rejected)).mean()


def spoil(codes: Tensor, lengths: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Make a rejected version of each item: a random span is said twice, or left out.

    Args:
        codes: [B, S] int64, padded on the right.
        lengths: [B], each at least 1.
        generator: Decides span and kind, on the CPU.

    Returns:
        Codes [B, S'] padded on the right with 0, and their lengths [B].
    """
    spoiled = []
    for row, length in zip(codes, lengths.tolist(), strict=True):
        start, stop = sorted(torch.randint(0, length, (2,), generator=generator).tolist())
        own = row[:length]
        repeat = bool(torch.rand((), generator=generator) < 0.5)
        middle = own[start:stop].repeat(2) if repeat else own[:0]
        spoiled.append(torch.cat([own[:start], middle, own[stop:]]))
    return (
        torch.nn.utils.rnn.pad_sequence(spoiled, batch_first=True),
        torch.tensor([len(one) for one in spoiled], device=codes.device),
    )
