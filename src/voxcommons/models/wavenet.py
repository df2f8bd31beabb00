"""WaveNet residual stack without causality: the workhorse of the flow and of the posterior encoder.

Gated dilated convolutions with skip connections (van den Oord et al., arXiv 1609.03499), conditioned on one style vector
per utterance as in Glow-based speech models. It knows nothing of what its channels mean.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from voxcommons.models.weight_norm import NormConv1d


class WaveNet(nn.Module):
    """Stack of gated convolutions of one width.

    Its sight to each side is `layers * (kernel // 2)` frames when dilation_rate is 1.
    """

    def __init__(self, hidden: int, kernel: int, layers: int, gin: int = 0, dilation_rate: int = 1, dropout: float = 0.0) -> None:
        """Build the stack.

        Args:
            hidden: Channels D of input, output and skip.
            kernel: Odd kernel width in frames.
            layers: Number of gated layers.
            gin: Channels of the style vector; 0 for none.
            dilation_rate: Layer i dilates by dilation_rate ** i.
            dropout: Probability after each gate, training only.
        """
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"WaveNet kernel must be odd, found {kernel}")
        self.hidden = hidden
        self.layers = layers
        self.dropout = nn.Dropout(dropout)
        if gin:
            self.cond_layer = NormConv1d(gin, 2 * hidden * layers, 1)
        dilations = [dilation_rate**i for i in range(layers)]
        self.receptive_frames = sum(d * (kernel // 2) for d in dilations)  # frames seen on each side
        self.in_layers = nn.ModuleList(NormConv1d(hidden, 2 * hidden, kernel, dilation=d, padding=d * (kernel // 2)) for d in dilations)
        self.res_skip_layers = nn.ModuleList(NormConv1d(hidden, 2 * hidden if i < layers - 1 else hidden, 1) for i in range(layers))

    def forward(self, x: Tensor, mask: Tensor | None = None, g: Tensor | None = None) -> Tensor:
        """Run the stack.

        Args:
            x: [B, D, F], already zero where masked.
            mask: [B, 1, F] float, 1 at real frames; None when all are real.
            g: [B, gin, 1] (or [B, gin, F]) style.

        Returns:
            [B, D, F] sum of the skips, zero where masked.
        """
        conditions = None
        if g is not None:
            conditions = self.cond_layer(g).split(2 * self.hidden, dim=1)  # layers x [B, 2D, 1]
        skips: Tensor | None = None
        for i, (gated, res_skip) in enumerate(zip(self.in_layers, self.res_skip_layers, strict=True)):
            pre = gated(x)  # [B, 2D, F]
            if conditions is not None:
                pre = pre + conditions[i]
            filtered, gate = pre.chunk(2, dim=1)
            out = res_skip(self.dropout(torch.tanh(filtered) * torch.sigmoid(gate)))
            skip = out
            if i < self.layers - 1:
                residual, skip = out.chunk(2, dim=1)
                x = x + residual
                x = x if mask is None else x * mask
            skips = skip if skips is None else skips + skip
        assert skips is not None  # layers >= 1
        return skips if mask is None else skips * mask
