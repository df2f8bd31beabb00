"""Normalising flow between the prior's latents and the posterior's.

Volume-preserving affine couplings (only the mean moves) with a flip between them, as in VITS (Kim et al., arXiv
2106.06103). Training runs it forward, speaking runs it backward.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from voxcommons.models.wavenet import WaveNet


class Coupling(nn.Module):
    """Shift the upper half of the channels by a function of the lower half and the style."""

    def __init__(self, channels: int, hidden: int, kernel: int, layers: int, gin: int, dilation_rate: int = 1) -> None:
        super().__init__()
        self.moved = channels // 2
        self.pre = nn.Conv1d(self.moved, hidden, 1)
        self.enc = WaveNet(hidden, kernel, layers, gin, dilation_rate)
        self.post = nn.Conv1d(hidden, self.moved, 1)
        nn.init.zeros_(self.post.weight)  # starts as the identity
        if self.post.bias is not None:
            nn.init.zeros_(self.post.bias)

    def forward(self, x: Tensor, mask: Tensor | None, g: Tensor | None, reverse: bool) -> Tensor:
        """Shift [B, channels, F] forward or back."""
        lower, upper = x.split(self.moved, dim=1)
        h = self.pre(lower)
        h = self.enc(h if mask is None else h * mask, mask, g)
        shift = self.post(h)
        shift = shift if mask is None else shift * mask
        upper = upper - shift if reverse else upper + shift
        upper = upper if mask is None else upper * mask
        return torch.cat((lower, upper), dim=1)


class CouplingFlow(nn.Module):
    """`count` couplings, each followed by a flip of the channel order.

    A frame of the result depends on `receptive_frames` input frames to each side.
    """

    def __init__(
        self,
        channels: int = 192,
        hidden: int = 192,
        kernel: int = 5,
        layers: int = 4,
        count: int = 4,
        gin: int = 512,
        dilation_rate: int = 1,
    ) -> None:
        super().__init__()
        couplings = [Coupling(channels, hidden, kernel, layers, gin, dilation_rate) for _ in range(count)]
        self.receptive_frames = sum(coupling.enc.receptive_frames for coupling in couplings)  # on each side
        self.flows = nn.ModuleDict(  # public files number the flips too, so couplings have the even numbers
            {str(2 * i): coupling for i, coupling in enumerate(couplings)}
        )

    def forward(self, x: Tensor, mask: Tensor | None = None, g: Tensor | None = None, *, reverse: bool = False) -> Tensor:
        """Map posterior latents to prior latents, or back.

        Args:
            x: [B, channels, F].
            mask: [B, 1, F] float, or None when all frames are real.
            g: [B, gin, 1] style.
            reverse: True when speaking (prior -> posterior).

        Returns:
            [B, channels, F].
        """
        couplings = list(self.flows.values())
        if reverse:
            for coupling in reversed(couplings):
                x = coupling(x.flip(1), mask, g, True)
            return x
        for coupling in couplings:
            x = coupling(x, mask, g, False).flip(1)
        return x
