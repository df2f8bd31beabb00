"""The block that the light models are made of: a depthwise convolution that looks around, and a dense part that thinks.

Source: Liu et al., "A ConvNet for the 2020s", arXiv 2201.03545; as a vocoder's trunk: Siuzdak, "Vocos", arXiv 2306.00814.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution, LayerNorm that a style may shift, pointwise expansion, learned residual scale."""

    def __init__(self, channels: int, *, kernel: int, expansion: int, style_channels: int = 0) -> None:
        """Build the block.

        Args:
            channels: Channels C of input and output.
            kernel: Frames the convolution sees, odd.
            expansion: How many times as wide the dense part is.
            style_channels: Channels of the style that shifts the norm; 0 for a block without style.
        """
        super().__init__()
        self.depthwise = nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.expand = nn.Linear(channels, expansion * channels)
        self.contract = nn.Linear(expansion * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), 0.1))
        if style_channels:
            self.style = nn.Linear(style_channels, 2 * channels)
            nn.init.zeros_(self.style.weight)
            nn.init.zeros_(self.style.bias)

    def forward(self, x: Tensor, style: Tensor | None = None) -> Tensor:
        """Map [B, C, F] to [B, C, F], under a style [B, style_channels] where the block takes one."""
        y = self.norm(self.depthwise(x).transpose(1, 2))  # [B, F, C]
        if style is not None:
            gain, shift = self.style(style).unsqueeze(1).chunk(2, -1)  # [B, 1, C]
            y = y * (1 + gain) + shift
        y = self.contract(F.gelu(self.expand(y)))
        return x + (self.scale * y).transpose(1, 2)
